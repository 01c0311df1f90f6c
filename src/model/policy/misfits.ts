import { nearestText } from '../matching/places/nearest-text.ts'
import type { Crm } from '../record/change-event.ts'
import { comparableText } from '../record/comparable-text.ts'
import type { FieldSchema } from '../record/crm-facts.ts'
import { objectNoun } from '../record/object-noun.ts'
import { objectShape } from '../record/object-shape.ts'
import { isOwnField } from '../record/own-fields.ts'
import { isFieldOfOurs } from '../record/territories-field.ts'
import { zoneOf } from '../record/wall-clock.ts'
import type { Condition } from '../rules/condition.ts'
import { isOfDates, valueReader, valueTest } from '../rules/evaluate.ts'
import { readFieldName } from '../rules/field-name.ts'
import { membersOf } from '../rules/list-values.ts'
import { either, renderCondition } from '../rules/render.ts'
import { excludedBy } from './excluding-lists.ts'
import { type PlacedCondition, placedConditions } from './placed-conditions.ts'
import type { Policy } from './policy.ts'

/** A condition that the CRM's own description of its fields contradicts. */
export type Misfit = Pick<PlacedCondition, 'path' | 'part'> & {
  readonly kind: 'no-such-field' | 'no-such-value' | 'wrong-type' | 'no-currency' | 'never-holds'
  readonly objectType: string
  readonly field: string
  /** What is wrong, one sentence without its end. */
  readonly says: string
  readonly remedy: string
  /** The condition decides nothing there. One that only excludes what is not there holds for every record instead. */
  readonly stops: boolean
}

/** What a policy asks of an object that the object, as the CRM describes it, cannot answer. `skip`: said otherwise. */
export function misfits(
  policy: Policy,
  crm: Crm,
  objectType: string,
  fields: readonly FieldSchema[],
  skip: ReadonlySet<string> = new Set(),
): Misfit[] {
  // An object that was never described says nothing about its fields.
  if (fields.length === 0) return []
  const byName = new Map(fields.map((field) => [field.name, field]))
  const all = placedConditions(policy)
  return all.flatMap((placed) => {
    const { path, part, condition } = placed
    const field = fieldAsked(policy, condition.field, crm, objectType, path[0] === 'customers')
    if (field === null || isFieldOfOurs(field) || skip.has(field)) return []
    const schema = byName.get(field)
    const about = { path, part, objectType, field, stops: condition.op !== 'not-in' && path[0] !== 'customers' }
    if (schema !== undefined) {
      const unpriced = withoutCurrency(condition, schema, currenciesOf(crm, objectType, byName))
      if (unpriced !== null) return [{ ...about, ...unpriced, stops: false }]
      const found = contradicted(condition, schema).map((one) => ({ ...about, ...one }))
      const other = found.length === 0 ? excludedBy(placed, all, schema) : undefined
      return other === undefined ? found : [{ ...about, ...neverBoth(placed, other), stops: false }]
    }
    return isOwnField(crm, objectType, field)
      ? []
      : [{ ...about, stops: true, ...noSuchField(field, crm, objectType, fields) }]
  })
}

/** The field of this object that a condition asks about; null: it asks about something else. */
function fieldAsked(
  { objects }: Policy,
  name: string,
  crm: Crm,
  objectType: string,
  /** It is asked of every record of its object, whatever the workflow watches. */
  ofAny: boolean,
): string | null {
  const parsed = readFieldName(name)
  if (parsed === null || parsed.kind === 'fact') return null
  if (parsed.kind === 'account') {
    const isAccount = objectShape(crm, objectType)?.about === 'account'
    return isAccount && objects.some((ref) => ref.crm === crm) ? parsed.field : null
  }
  const isWatched = ofAny || objects.some((ref) => ref.crm === crm && ref.object === objectType)
  const isMeant = parsed.only === null || (parsed.only.crm === crm && parsed.only.object === objectType)
  return isWatched && isMeant ? parsed.field : null
}

type Found = Pick<Misfit, 'kind' | 'says' | 'remedy'> & {
  /** A value of the list differs from it by a slip of the keys. */
  readonly isNear?: boolean
}

function noSuchField(field: string, crm: Crm, objectType: string, fields: readonly FieldSchema[]): Found {
  const near = nearestFields(field, fields)
  const correct = near.length === 0 ? `Correct the name ${field}` : `Write ${either(near)}`
  return {
    kind: 'no-such-field',
    // A CRM may describe a field that it hides from our user as little as one that it does not have.
    says: `the CRM shows us no field ${field} on the ${objectNoun(crm, objectType)}`,
    remedy: `${correct}. If ${objectType} does have a field of that name, let the integration user read it.`,
  }
}

/** Those that a record of the object may be in; one or none where the CRM has no more. */
function currenciesOf(crm: Crm, objectType: string, fields: ReadonlyMap<string, FieldSchema>): readonly string[] {
  const field = objectShape(crm, objectType)?.currency
  return field === undefined ? [] : (fields.get(field)?.options ?? [])
}

/** 50,000 is another amount in each currency. Null: one is named, or there is one alone. */
function withoutCurrency(
  condition: Condition,
  { name, isAmount }: FieldSchema,
  currencies: readonly string[],
): Found | null {
  if (condition.op !== 'range' || isOfDates(condition) || isAmount !== true || currencies.length < 2) return null
  if (readFieldName(condition.field)?.currency !== undefined) return null
  const shown = currencies.slice(0, OPTIONS_SHOWN_MAX)
  return {
    kind: 'no-currency',
    says: `${name} is an amount in ${either(shown)}, and the range does not say in which`,
    remedy: `Say the currency beside the range, for example currency: ${shown[0]}. Until then it is the company's own, and amounts in another one are unknown.`,
  }
}

function neverBoth({ condition }: PlacedCondition, { condition: other, part }: PlacedCondition): Found {
  return {
    kind: 'never-holds',
    says: `"${renderCondition(condition)}" can never hold beside "${renderCondition(other)}" of ${part}, because the field holds one value`,
    remedy: 'Leave one of them out, or put their values into one list.',
  }
}

const NEAREST_MAX = 3

/** The same letters first, then the same label, then a slip of the keys. */
function nearestFields(written: string, fields: readonly FieldSchema[]): string[] {
  const letters = (text: string) =>
    comparableText(text)
      .replace(/__c$/, '')
      .replaceAll(/[^\p{L}\p{N}]/gu, '')
  const key = letters(written)
  const same = fields
    .filter(({ name, label }) => letters(name) === key || letters(label) === key)
    .map(({ name }) => name)
  const byKey = new Map(fields.map(({ name }) => [letters(name), name]))
  const slip = nearestText(key, byKey.keys())
  const within = fields.filter(({ name }) => key.length > 3 && letters(name).includes(key)).map(({ name }) => name)
  return [...new Set([...same, ...(slip === null ? [] : [byKey.get(slip)!]), ...within])].slice(0, NEAREST_MAX)
}

function contradicted(condition: Condition, schema: FieldSchema): Found[] {
  const { name, type } = schema
  if (condition.op === 'older-than') {
    return type === 'day' || type === 'instant'
      ? []
      : [wrongType(name, type, 'has no age', 'Name a field that holds a day')]
  }
  if (condition.op === 'range') {
    const isOfDays = isOfDates(condition)
    if (type === 'day' || type === 'instant') {
      return isOfDays ? [] : [wrongType(name, type, 'lies in no range of numbers', 'Write days like 2026-12-25')]
    }
    if (type === 'number') {
      return isOfDays ? [wrongType(name, type, 'lies in no range of days', 'Write numbers like 500')] : []
    }
    const isText = type === 'text' || (type === 'picklist' && !isNoneInRange(condition, schema))
    return isText ? [] : [wrongType(name, type, 'lies in no range', 'List its values with in')]
  }
  if (condition.op === 'prefix' || condition.op === 'contains') return wrongParts(condition, schema)
  if (condition.op !== 'in' && condition.op !== 'not-in') return []
  const found = wrongValues(condition.values, schema)
  return condition.op === 'not-in' ? found.filter(isSlip) : found
}

type Range = Extract<Condition, { op: 'range' }>

/** A list of grades may be numbers, and a list of words has none. */
function isNoneInRange(range: Range, { options }: FieldSchema): boolean {
  const read = valueReader(range, zoneOf('UTC'))
  const test = valueTest(range, zoneOf('UTC'))
  const isNumber = (known: ReturnType<typeof read>) => typeof known === 'number' || (known !== null && known.length > 0)
  return options.length > 0 && !options.some((option) => isNumber(read(option)) && test(option, 0, false) !== false)
}

/** Parts of values that no value of the list has; of several values a part is one of them. */
function wrongParts(condition: Extract<Condition, { values: readonly string[] }>, schema: FieldSchema): Found[] {
  const { name, type, options } = schema
  if (type === 'boolean') return [wrongType(name, type, 'has no parts', 'Ask for true or false with equals')]
  if (type === 'multi-picklist' && condition.op === 'contains') return wrongValues(condition.values, schema)
  if ((type !== 'picklist' && type !== 'multi-picklist') || options.length === 0) return []
  const has = condition.op === 'prefix' ? 'starts with' : 'contains'
  const wrong = condition.values.filter((part) => {
    const test = valueTest({ ...condition, values: [part] } as Condition, zoneOf('UTC'))
    return !options.some((option) => test(option, 0, false))
  })
  if (wrong.length === 0) return []
  return [
    {
      kind: 'no-such-value',
      says: `no value of the list of ${name} ${has} ${quoted(wrong)}`,
      remedy: `Its values are ${shownOptions(options)}.`,
    },
  ]
}

/** To exclude a value that a CRM does not have costs nothing there, unless another one was meant. */
function isSlip({ kind, isNear }: Found): boolean {
  return kind !== 'no-such-value' || isNear === true
}

const TYPES: Readonly<Record<FieldSchema['type'], string>> = {
  text: 'text',
  number: 'a number',
  boolean: 'true or false',
  instant: 'a moment in time',
  day: 'a day',
  picklist: 'one of a list',
  'multi-picklist': 'several of a list',
  reference: 'the id of a record',
}

function wrongType(field: string, type: FieldSchema['type'], why: string, remedy: string): Found {
  return { kind: 'wrong-type', says: `${field} holds ${TYPES[type]} and ${why}`, remedy: `${remedy}.` }
}

function wrongValues(values: readonly string[], { name, type, options }: FieldSchema): Found[] {
  const isList = type === 'multi-picklist'
  const asked = isList ? values.flatMap(membersOf) : values
  if ((type === 'picklist' || isList) && options.length > 0) return wrongOptions(asked, name, options)
  if (type === 'boolean') return wrongOptions(asked, name, ['true', 'false'])
  const noIds = type === 'reference' ? asked.filter((value) => /[@\s]/.test(value.trim())) : []
  if (noIds.length > 0) {
    const remedy = 'Write the id that the CRM gives the record, or ask for the e-mail of the owner with fact.owner'
    return [wrongType(name, type, `is never ${quoted(noIds)}`, remedy)]
  }
  const fits = type === 'number' ? isNumber : type === 'day' || type === 'instant' ? isDate : null
  const wrong = fits === null ? [] : asked.filter((value) => !fits(value))
  if (wrong.length === 0) return []
  const like = type === 'number' ? 'Write numbers like 500' : 'Write days like 2026-12-25'
  return [wrongType(name, type, `is never ${quoted(wrong)}`, like)]
}

function isNumber(value: string): boolean {
  return /^[+-]?\d+(?:\.\d+)?$/.test(value.trim())
}

function isDate(value: string): boolean {
  return /^\d{4}-\d{2}-\d{2}(?:T|$)/.test(value.trim())
}

const OPTIONS_SHOWN_MAX = 12

function wrongOptions(asked: readonly string[], field: string, options: readonly string[]): Found[] {
  const known = new Map(options.map((option) => [comparableText(option), option]))
  const wrong = asked.filter((value) => !known.has(comparableText(value)))
  if (wrong.length === 0) return []
  const near = wrong.flatMap((value) => known.get(nearestText(comparableText(value), known.keys()) ?? '') ?? [])
  return [
    {
      kind: 'no-such-value',
      // "Unqualified" is no slip for "Qualified".
      isNear: near.some((one) => wrong.some((value) => comparableText(one)[0] === comparableText(value)[0])),
      says: `the list of ${field} has no value ${quoted(wrong)}`,
      remedy: `${near.length === 0 ? 'Write a value of the list' : `Write ${quoted(near)}`}. Its values are ${shownOptions(options)}.`,
    },
  ]
}

function shownOptions(options: readonly string[]): string {
  const shown = options.slice(0, OPTIONS_SHOWN_MAX)
  return `${shown.join(', ')}${options.length > shown.length ? ` and ${options.length - shown.length} more` : ''}`
}

function quoted(values: readonly string[]): string {
  return either(values.map((value) => `"${value}"`))
}
