import { z } from 'zod'
import type { Condition, Conditions } from '../../model/rules/condition.ts'
import { nameInCurrency } from '../../model/rules/field-name.ts'
import { checkCondition } from './condition-checks.ts'
import { Currency } from './currency.ts'
import { fieldNameMistake } from './field-path-check.ts'

const OLDEST_DAYS = 36_525
const OPERATORS = ['equals', 'not', 'in', 'not-in', 'range', 'prefix', 'contains', 'blank', 'older-than-days'] as const

/** YAML reads 500 and true as themselves; the model speaks of text only. */
const Value = z
  .union([z.string(), z.number(), z.boolean()], { error: 'must be text, a number, true or false' })
  .transform(String)
const Values = z
  .union([Value, z.array(Value).min(1, { error: 'must list at least one value' })], {
    error: 'must be one value, or a list like [DE, AT]',
  })
  .transform((value) => (Array.isArray(value) ? value : [value]))

const Field = z
  .string({ error: 'must name a field, for example country or account.industry' })
  .superRefine((name, context) => {
    const message = fieldNameMistake(name)
    if (message !== null) context.addIssue({ code: 'custom', message })
  })

const RANGE =
  'needs from (included), below (not included) or both, for example { from: 500 } or { from: 10, below: 20 }'
const Range = z
  .strictObject(
    { from: Value.optional(), below: Value.optional() },
    { error: ({ code }) => (code === 'invalid_type' ? RANGE : undefined) },
  )
  .refine(({ from, below }) => from !== undefined || below !== undefined, {
    error: RANGE,
  })

const ConditionFields = z.strictObject({
  field: Field,
  equals: Value.optional(),
  not: Value.optional(),
  in: Values.optional(),
  'not-in': Values.optional(),
  range: Range.optional(),
  prefix: Values.optional(),
  contains: Values.optional(),
  blank: z.boolean({ error: 'must be true or false' }).optional(),
  'older-than-days': z
    .number({ error: 'must be a number of days without unit or quotes, for example 30' })
    .positive({ error: 'must be more than 0 days, for example 30' })
    .max(OLDEST_DAYS, { error: `must be at most ${OLDEST_DAYS} days, which is a hundred years` })
    .optional(),
  currency: Currency.optional(),
})

/** `{ field: country, in: [DE, AT] }`: one field and exactly one operator. */
export const ConditionDocument = ConditionFields.superRefine((written, context) => {
  const used = OPERATORS.filter((operator) => written[operator] !== undefined)
  if (used.length === 1) return checkCondition(written, context)
  const said = used.length === 0 ? 'says nothing about it' : `has ${used.length} of them (${used.join(', ')})`
  const message = `needs exactly one of ${OPERATORS.join(', ')} and ${said}`
  context.addIssue({ code: 'custom', message })
}).transform(toCondition)

export const ConditionsDocument = z.array(ConditionDocument, {
  error: 'must be a list of conditions, for example [{ field: country, in: [DE, AT] }]',
})

/** False: one of them was refused. The whole is checked all the same, and then finds it as it is written. */
export function areRead(when: Conditions): boolean {
  return when.every((condition) => condition.op !== undefined)
}

function toCondition(written: z.output<typeof ConditionFields>): Condition {
  const field = written.currency === undefined ? written.field : nameInCurrency(written.field, written.currency)
  if (written.equals !== undefined) return { field, op: 'in', values: [written.equals] }
  if (written.not !== undefined) return { field, op: 'not-in', values: [written.not] }
  if (written.in !== undefined) return { field, op: 'in', values: written.in }
  if (written['not-in'] !== undefined) return { field, op: 'not-in', values: written['not-in'] }
  if (written.prefix !== undefined) return { field, op: 'prefix', values: written.prefix }
  if (written.contains !== undefined) return { field, op: 'contains', values: written.contains }
  if (written.range !== undefined) {
    return { field, op: 'range', from: written.range.from ?? null, below: written.range.below ?? null }
  }
  if (written['older-than-days'] !== undefined) return { field, op: 'older-than', days: written['older-than-days'] }
  return { field, op: written.blank === false ? 'not-blank' : 'blank' }
}
