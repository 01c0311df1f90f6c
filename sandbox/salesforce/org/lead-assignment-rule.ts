import { type Org, textOf } from './org.ts'
import type { StoredRecord } from './record-store.ts'

/**
 * Brightwater's forgotten lead assignment rule sends every unconverted lead to the first queue. It runs on API creates
 * and updates unless the caller sends `Sforce-Auto-Assign: FALSE`. A client that corrects an owner without the header
 * sees its correction undone at once, as in a real org.
 */
export function assignedOwner(org: Org, lead: StoredRecord): string | null {
  if (!org.settings.assignmentRule || lead.IsConverted === true) return null
  const queues = [...org.store.table('Group').values()].filter((group) => group.Type === 'Queue')
  queues.sort((a, b) => (textOf(a, 'DeveloperName') < textOf(b, 'DeveloperName') ? -1 : 1))
  return queues[0]?.Id ?? null
}
