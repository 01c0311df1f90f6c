import type { ObjectTypeName } from './object-type.ts'
import type { Written } from './write-validation.ts'

/** The properties that HubSpot computes from a write. */
export function derivedProperties(
  type: ObjectTypeName,
  before: Readonly<Record<string, string>>,
  written: Written,
  atMs: number,
): Written {
  const derived: Record<string, string> = {}
  const now = new Date(atMs).toISOString()
  const owner = written.hubspot_owner_id
  if (owner !== undefined && owner !== (before.hubspot_owner_id ?? '')) {
    derived.hubspot_owner_assigneddate = owner === '' ? '' : now
  }
  if (type === 'deals' && written.dealstage !== undefined) {
    derived.hs_is_closed = String(['closedwon', 'closedlost'].includes(written.dealstage))
    derived.hs_is_closed_won = String(written.dealstage === 'closedwon')
  }
  if (type === 'tasks' && written.hs_task_status !== undefined && written.hs_task_status !== before.hs_task_status) {
    derived.hs_task_completion_date = written.hs_task_status === 'COMPLETED' ? now : ''
  }
  return derived
}
