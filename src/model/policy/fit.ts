import type { Crm } from '../record/change-event.ts'
import type { FieldSchema } from '../record/crm-facts.ts'
import { objectShape } from '../record/object-shape.ts'
import type { Condition, Unfit } from '../rules/condition.ts'
import { nameInHomeCurrency, readFieldName } from '../rules/field-name.ts'
import { misfits } from './misfits.ts'
import { type PolicyPath, placedConditions } from './placed-conditions.ts'
import type { Policy } from './policy.ts'

export type DescribedObject = {
  readonly objectType: string
  readonly fields: readonly FieldSchema[]
  /** Fields that are not to be judged for another reason. */
  readonly skip: ReadonlySet<string>
}

/**
 * The policy as one connection can answer it: a condition that asks of a field what it can never hold there, by the CRM's own
 * description, says so, and is unknown for records of that object; a range over one of its numbers says that it is one. The
 * same policy where nothing is to say.
 */
export function fitPolicy(policy: Policy, crm: Crm, objects: readonly DescribedObject[]): Policy {
  const unfit = new Map<string, { readonly path: PolicyPath; readonly of: Unfit[] }>()
  const unpriced = new Map<string, PolicyPath>()
  for (const { objectType, fields, skip } of objects) {
    for (const { path, kind, stops } of misfits(policy, crm, objectType, fields, skip)) {
      // A field that is not there is unknown by itself.
      if (kind === 'no-currency') unpriced.set(JSON.stringify(path), path)
      if (!stops || kind === 'no-such-field' || kind === 'no-currency' || kind === 'never-holds') continue
      const key = JSON.stringify(path)
      const known = unfit.get(key) ?? { path, of: [] }
      known.of.push({ objectType, why: kind })
      unfit.set(key, known)
    }
  }
  let fitted: unknown = policy
  for (const { path, of } of unfit.values()) {
    fitted = changedAt(fitted, path, (condition) => ({ ...(condition as Condition), unfit: of }))
  }
  for (const path of unpriced.values()) fitted = changedAt(fitted, path, inHomeCurrency)
  for (const { path, condition } of placedConditions(fitted as Policy)) {
    if (condition.op !== 'range' || !isNumberField(condition.field, crm, objects)) continue
    fitted = changedAt(fitted, path, (one) => ({ ...(one as Condition), isNumber: true }))
  }
  return fitted as Policy
}

/** Whether every object here that has the field describes it as a number. */
function isNumberField(name: string, crm: Crm, objects: readonly DescribedObject[]): boolean {
  const parsed = readFieldName(name)
  if (parsed === null || parsed.kind === 'fact') return false
  const types = objects.flatMap(({ objectType, fields }) => {
    const isAsked =
      parsed.kind === 'account'
        ? objectShape(crm, objectType)?.about === 'account'
        : parsed.only === null || (parsed.only.crm === crm && parsed.only.object === objectType)
    return isAsked ? fields.filter((field) => field.name === parsed.field) : []
  })
  return types.length > 0 && types.every(({ type }) => type === 'number')
}

/** What says no currency where there are several is asked in the company's own, so that no other amount is compared with it. */
function inHomeCurrency(value: unknown): Condition {
  const condition = value as Condition
  return { ...condition, field: nameInHomeCurrency(condition.field) }
}

/** A copy with the value at the path replaced; what is beside the path stays the same object. */
function changedAt(value: unknown, [key, ...rest]: PolicyPath, change: (value: unknown) => unknown): unknown {
  if (key === undefined) return change(value)
  if (Array.isArray(value)) return value.map((one, i) => (i === key ? changedAt(one, rest, change) : one))
  const object = value as Record<string, unknown>
  return { ...object, [key]: changedAt(object[key], rest, change) }
}
