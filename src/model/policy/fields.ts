import type { Crm } from '../record/change-event.ts'
import { crmProfile, type ObjectShape } from '../record/crm-profile.ts'
import { objectShape } from '../record/object-shape.ts'
import { hasTerritories, isFieldOfOurs, TERRITORIES } from '../record/territories-field.ts'
import type { Conditions } from '../rules/condition.ts'
import { readFieldName } from '../rules/field-name.ts'
import type { Policy } from './policy.ts'

export type FieldsNeeded = {
  /** What the CRM is asked for. */
  readonly fields: string[]
  /** Fields whose own age counts. */
  readonly historyFields: string[]
  /** What the CRM keeps beside the record, and we among its values: see `territories-field.ts`. */
  readonly ours: string[]
}

/**
 * Every field of one object that any policy may look at: its shape, the patterns' fields, and whatever conditions name,
 * also when the object is only the linked account of what a workflow watches.
 */
export function fieldsNeeded(policies: readonly Policy[], crm: Crm, objectType: string): FieldsNeeded {
  const shape = objectShape(crm, objectType)
  if (shape === undefined) return { fields: [], historyFields: [], ours: [] }
  const fields = new Set(fieldsOfShape(shape))
  // A closed task is noticed by its status, also where the CRM is polled.
  if (shape.about === 'task') fields.add(crmProfile(crm).taskClosed.field)
  const history = new Set([shape.owner])
  for (const policy of policies) {
    const isWatched = policy.objects.some((ref) => ref.crm === crm && ref.object === objectType)
    const isAccountOfWatched = shape.about === 'account' && policy.objects.some((ref) => ref.crm === crm)
    if (!isWatched && !isAccountOfWatched) continue
    for (const conditions of everyCondition(policy)) {
      for (const condition of conditions) {
        const name = readFieldName(condition.field)
        if (name === null || name.kind === 'fact') continue
        if (name.kind === 'account') {
          if (isAccountOfWatched) fields.add(name.field)
        } else if (isWatched && (name.only === null || (name.only.crm === crm && name.only.object === objectType))) {
          fields.add(name.field)
        }
      }
    }
    if (!isWatched) continue
    for (const setting of policy.patterns) {
      const only = 'only' in setting ? setting.only : undefined
      if (only !== undefined && (only.crm !== crm || only.object !== objectType)) continue
      if (setting.pattern === 'missing-field' || setting.pattern === 'stale-field') {
        for (const field of setting.fields) fields.add(field)
      }
      if (setting.pattern === 'stale-field') for (const field of setting.fields) history.add(field)
      if (setting.pattern === 'stale-territory') fields.add(setting.field)
    }
  }
  const named = [...fields].sort()
  return {
    fields: named.filter((field) => !isFieldOfOurs(field)),
    historyFields: [...history].sort(),
    ours: named.filter((field) => field === TERRITORIES && hasTerritories(crm, objectType)),
  }
}

/** Values that a field of this object is compared with, by name in conditions or by what the product itself knows. */
export function valuesNamed(policies: readonly Policy[], crm: Crm, objectType: string): Map<string, string[]> {
  const named = valuesNamedByPolicies(policies, crm, objectType)
  const customer = objectShape(crm, objectType)?.customer
  if (customer) named.set(customer.field, [...customer.values, ...(named.get(customer.field) ?? [])])
  return named
}

/** Values that a policy itself compares a field of this object with. */
export function valuesNamedByPolicies(
  policies: readonly Policy[],
  crm: Crm,
  objectType: string,
): Map<string, string[]> {
  const shape = objectShape(crm, objectType)
  const named = new Map<string, string[]>()
  const add = (field: string, values: readonly string[]) => named.set(field, [...(named.get(field) ?? []), ...values])
  for (const policy of policies) {
    const isWatched = policy.objects.some((ref) => ref.crm === crm && ref.object === objectType)
    const isAccount = shape?.about === 'account' && policy.objects.some((ref) => ref.crm === crm)
    for (const condition of everyCondition(policy).flat()) {
      if (condition.op !== 'in' && condition.op !== 'not-in') continue
      const name = readFieldName(condition.field)
      if (name === null || name.kind === 'fact') continue
      const isOwn =
        name.kind === 'own' &&
        isWatched &&
        (name.only === null || (name.only.crm === crm && name.only.object === objectType))
      if (isOwn || (name.kind === 'account' && isAccount)) add(name.field, condition.values)
    }
  }
  return named
}

function fieldsOfShape(shape: ObjectShape): string[] {
  const { owner, name, email, phones, domain, companyName, country, employees, account, parent } = shape
  const { createdAt, modifiedAt, amount, closedFlag, customer } = shape
  const all = [owner, ...name, email, ...phones, domain, companyName, country, employees, account, parent]
  all.push(createdAt, modifiedAt, amount, closedFlag, customer?.field ?? null)
  return all.filter((field): field is string => field !== null)
}

function everyCondition(policy: Policy): Conditions[] {
  return [
    policy.scope,
    ...(policy.action.when === 'never' ? [] : [policy.action.when]),
    ...(policy.pilot === null ? [] : [policy.pilot.when]),
    ...policy.classes.map(({ when }) => when),
    ...policy.boundary.flatMap(({ when, rules }) => [when, ...rules.map((rule) => rule.when)]),
    ...policy.territories.map(({ when }) => when),
  ]
}
