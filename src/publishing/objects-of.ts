import type { Policy } from '../model/policy/policy.ts'
import type { Crm } from '../model/record/change-event.ts'

/** Objects of this CRM that any of the policies watches, in the order of their names. */
export function objectsOf(policies: readonly Policy[], crm: Crm): string[] {
  const objects = policies.flatMap((policy) => policy.objects.filter((ref) => ref.crm === crm))
  return [...new Set(objects.map(({ object }) => object))].sort()
}
