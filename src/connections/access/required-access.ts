import type { AccessNeeds } from '../../crm/crm-setup.ts'
import { fieldsNeeded } from '../../model/patterns/contract/fields-needed.ts'
import type { Policy } from '../../model/policy/policy.ts'
import type { Crm } from '../../model/record/change-event.ts'
import { objectShape, watchedObjects } from '../../model/record/object-shape.ts'

/**
 * What these policies need from a CRM: every watched object with the fields that anybody may look at, and the owner field
 * where a table may write it. Tasks are not among them: whoever connects writes those in any case.
 */
export function accessNeeds(policies: readonly Policy[], crm: Crm): AccessNeeds {
  return {
    objects: watchedObjects(crm)
      .filter((objectType) => objectShape(crm, objectType)?.about !== 'task')
      .map((objectType) => ({
        objectType,
        fields: fieldsNeeded(policies, crm, objectType).fields,
        ownerField: writesOwner(policies, crm, objectType) ? (objectShape(crm, objectType)?.owner ?? null) : null,
      })),
  }
}

/** An owner is written where a table decides; review and manual branches leave it to people. */
function writesOwner(policies: readonly Policy[], crm: Crm, objectType: string): boolean {
  return policies.some(
    ({ objects, boundary }) =>
      objects.some((ref) => ref.crm === crm && ref.object === objectType) &&
      boundary.some(({ mode }) => mode === 'rules'),
  )
}
