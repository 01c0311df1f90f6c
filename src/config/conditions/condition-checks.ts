import type { z } from 'zod'
import { readFieldName } from '../../model/rules/field-name.ts'
import { FACT_VALUES } from './fact-values.ts'
import { rangeMistakes } from './range-check.ts'

/** A condition as it is written, its values as lists. */
type WrittenCondition = {
  readonly field: string
  readonly equals?: string | undefined
  readonly not?: string | undefined
  readonly in?: readonly string[] | undefined
  readonly 'not-in'?: readonly string[] | undefined
  readonly range?: { readonly from?: string | undefined; readonly below?: string | undefined } | undefined
  readonly prefix?: readonly string[] | undefined
  readonly contains?: readonly string[] | undefined
  readonly blank?: boolean | undefined
  readonly 'older-than-days'?: number | undefined
  readonly currency?: string | undefined
}

/** As word processors and chats write them; YAML knows only the straight ones. */
const QUOTED = /^[“”„«‘’‚](.*)[“”»«‘’]$/u

const LISTS = ['equals', 'not', 'in', 'not-in', 'prefix', 'contains'] as const

/** Refuses a condition that could never hold, or never fail, whatever the record says. */
export function checkCondition(written: WrittenCondition, context: z.RefinementCtx): void {
  const refuse = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message })
  for (const operator of LISTS) {
    for (const { value, path } of valuesOf(written, operator)) {
      const inner = QUOTED.exec(value.trim())?.[1]
      if (inner !== undefined) {
        refuse(path, `${value} has typographic quotes, which count as part of the value; write "${inner}"`)
      }
      if (value.trim() === '') {
        refuse(
          path,
          'is blank, which no value is; ask for a blank field with blank: true, for a filled one with blank: false',
        )
      }
    }
  }
  if (written.range !== undefined) {
    for (const { end, message } of rangeMistakes(written.field, written.range)) refuse(['range', end], message)
  }
  checkFact(written, refuse)
  checkCurrency(written, refuse)
}

/** Only an amount has a currency, and only a range compares amounts. */
function checkCurrency(
  { field, range, currency }: WrittenCondition,
  refuse: (path: (string | number)[], message: string) => void,
): void {
  if (currency === undefined) return
  const name = readFieldName(field)
  const isAmount = name?.kind !== 'fact' || name.fact === 'fact.openPipeline'
  if (range === undefined) refuse(['currency'], 'is only allowed beside range: { from: ..., below: ... }')
  else if (!isAmount) refuse(['currency'], `is not asked of ${field}, which is no amount; leave it out`)
  else if ([range.from, range.below].some((end) => end !== undefined && /^\d{4}-\d{2}-\d{2}/.test(end)))
    refuse(['currency'], 'is of amounts, and the range is of days; leave it out')
}

/** Amounts and numbers of people begin at 0. */
function checkNumbers(
  fact: string,
  { from, below }: { readonly from?: string | undefined; readonly below?: string | undefined },
  mayBeBlank: boolean,
  refuse: (path: (string | number)[], message: string) => void,
): void {
  for (const [end, text] of Object.entries({ from, below })) {
    if (text !== undefined && /^\d{4}-\d{2}-\d{2}/.test(text)) {
      refuse(['range', end], `is a day, and ${fact} is a number; write one like 500`)
      return
    }
  }
  if (below !== undefined && Number(below) <= 0) {
    refuse(['range', 'below'], `is ${below}, and ${fact} is never less than 0`)
  }
  if (from === undefined || below !== undefined) return
  if (Number(from) < 0) refuse(['range', 'from'], `is ${from}, and ${fact} is never less than 0; leave it out`)
  else if (Number(from) === 0 && !mayBeBlank) {
    refuse(['range', 'from'], `holds for every record, because ${fact} is never less than 0; leave it out`)
  }
}

function valuesOf(written: WrittenCondition, operator: (typeof LISTS)[number]) {
  const value = written[operator]
  if (value === undefined) return []
  return typeof value === 'string'
    ? [{ value, path: [operator] as (string | number)[] }]
    : value.map((one, i) => ({ value: one, path: [operator, i] as (string | number)[] }))
}

function checkFact(written: WrittenCondition, refuse: (path: (string | number)[], message: string) => void): void {
  const name = readFieldName(written.field)
  if (name?.kind !== 'fact') return
  const { fact } = name
  const { kind, mayBeBlank, mistake } = FACT_VALUES[fact]
  for (const operator of ['equals', 'not', 'in', 'not-in'] as const) {
    for (const { value, path } of valuesOf(written, operator)) {
      const message = value.trim() === '' ? null : mistake(value)
      if (message !== null) refuse(path, message)
    }
  }
  const useIn = `is not asked of ${fact}; list whole values with in`
  if (kind !== 'text')
    for (const part of ['prefix', 'contains'] as const) if (written[part] !== undefined) refuse([part], useIn)
  if (written.range !== undefined && kind !== 'number')
    refuse(['range'], `is of numbers or days, and ${fact} is neither; list its values with in`)
  if (written.range !== undefined && kind === 'number') checkNumbers(fact, written.range, mayBeBlank, refuse)
  if (written['older-than-days'] !== undefined) refuse(['older-than-days'], `is asked of days, and ${fact} is none`)
  if (written.blank === true && !mayBeBlank) refuse(['blank'], `can never hold: ${fact} is never blank`)
}
