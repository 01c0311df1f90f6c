import { crmProfile } from './crm-profile.ts'
import type { CrmRecord } from './crm-record.ts'

/** A CRM that says that a task is closed, and not since when: earlier than any time that it does say. */
const UNKNOWN_TIME = 1

/**
 * When the CRM says that the task of this record was closed or deleted, whichever came last. 0: it is open. Null: the
 * record is no task.
 */
export function taskClosedAtMs({ crm, objectType, values, stamps, deleted }: CrmRecord): number | null {
  const { taskObject, taskClosed } = crmProfile(crm)
  if (objectType !== taskObject) return null
  const isClosed = taskClosed.values.includes(values[taskClosed.field] ?? '')
  const closedAtMs = isClosed ? (stamps[taskClosed.field]?.atMs ?? UNKNOWN_TIME) : 0
  const deletedAtMs = deleted ? (stamps['@deleted']?.atMs ?? UNKNOWN_TIME) : 0
  return Math.max(closedAtMs, deletedAtMs)
}
