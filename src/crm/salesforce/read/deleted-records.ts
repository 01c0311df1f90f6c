import type { DeletedResult } from 'jsforce'
import { CrmRefusedError, CrmUnknownError } from '../../crm-client.ts'
import { longId } from '../http/record-id.ts'
import type { SalesforceCall } from '../rest/call.ts'
import { timeMs } from '../rest/field-text.ts'
import { text } from '../rest/query.ts'

const MINUTE_MS = 60_000
/** Salesforce answers for 30 days; one less, so that its clock and ours may differ. */
const DAYS_BACK = 29
/** Ids that one look keeps; an org that deletes more in a month is asked each time. */
const KEPT_MAX = 50_000

/** When each of these records was deleted, by Salesforce's own log. Absent: the log does not say that it was. */
export type DeletedRecords = (objectType: string, ids: readonly string[]) => Promise<Map<string, number>>

/**
 * Records that were deleted and then purged from the recycle bin are in no query, and look like records that are hidden
 * from us. Salesforce's delete log tells them apart. One call an object and minute, whatever the number of ids.
 */
export function deletedRecords(call: SalesforceCall, nowMs: () => number): DeletedRecords {
  const kept = new Map<string, { readonly minute: number; readonly log: ReadonlyMap<string, number> }>()
  return async (objectType, ids) => {
    if (ids.length === 0) return new Map()
    const minute = Math.floor(nowMs() / MINUTE_MS)
    const known = kept.get(objectType)
    const log = known?.minute === minute ? known.log : await readLog(call, objectType, minute * MINUTE_MS)
    if (log.size <= KEPT_MAX) kept.set(objectType, { minute, log })
    return new Map(ids.flatMap((id) => (log.has(id) ? [[id, log.get(id)!] as const] : [])))
  }
}

async function readLog(call: SalesforceCall, objectType: string, untilMs: number): Promise<Map<string, number>> {
  const sinceMs = untilMs - DAYS_BACK * 86_400_000
  let answer: Partial<DeletedResult>
  try {
    answer = await call.read((org) => org.deleted(objectType, new Date(sinceMs), new Date(untilMs)))
  } catch (error) {
    // More deletions than Salesforce lists, or an object without a log: then nothing is proven, and nobody waits for it.
    if (error instanceof CrmRefusedError || error instanceof CrmUnknownError) return new Map()
    throw error
  }
  const rows = Array.isArray(answer.deletedRecords) ? answer.deletedRecords : []
  return new Map(
    rows.flatMap((row) => {
      const id = longId(text(row.id) ?? '')
      const atMs = timeMs(row.deletedDate)
      return id === null || atMs === null ? [] : [[id, atMs] as const]
    }),
  )
}
