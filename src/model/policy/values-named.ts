import type { Crm } from '../record/change-event.ts'
import { objectShape } from '../record/object-shape.ts'
import type { Conditions } from '../rules/condition.ts'
import { readFieldName } from '../rules/field-name.ts'
import type { Policy } from './policy.ts'

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
        (isWatched || policy.customers?.includes(condition) === true) &&
        (name.only === null || (name.only.crm === crm && name.only.object === objectType))
      if (isOwn || (name.kind === 'account' && isAccount)) add(name.field, condition.values)
    }
  }
  return named
}

/** The conditions of every part of a policy. */
export function everyCondition(policy: Policy): Conditions[] {
  return [
    policy.scope,
    ...(policy.action.when === 'never' ? [] : [policy.action.when]),
    ...(policy.pilot === null ? [] : [policy.pilot.when]),
    policy.customers ?? [],
    ...policy.classes.map(({ when }) => when),
    ...policy.boundary.flatMap(({ when, rules }) => [when, ...rules.map((rule) => rule.when)]),
    ...policy.territories.map(({ when }) => when),
  ]
}
