import type { CrmClient } from '../../src/crm/crm-client.ts'
import { checkDrift } from '../../src/pipeline/read/schema-drift.ts'
import type { ConnectionRow } from '../../src/store/connections/connections.ts'
import type { WorkerContext } from '../runtime/context.ts'
import { noticesOf } from '../runtime/notices.ts'

/** A check costs one call per object. After an admin removes a field, the first cases appear within this time. */
const DRIFT_EVERY_MS = 600_000

/** Checks for drift before a poll: when it is due, and at once after the CRM refused a read. */
export function driftWatch(context: WorkerContext): (connection: ConnectionRow, client: CrmClient) => Promise<void> {
  const checkedMs = new Map<string, number>()
  return async (row, client) => {
    const connected = context.clientOf(row.id)
    if (connected === undefined || !row.baseline.done) return
    const { board, of } = noticesOf(context)
    const { connection, calls } = of(connected)
    const isInDoubt = calls.takeDoubt()
    const dueMs = (checkedMs.get(row.id) ?? Number.NEGATIVE_INFINITY) + DRIFT_EVERY_MS
    if (!isInDoubt && context.nowMs() < dueMs) return
    const workflows = await context.workflows()
    const { fieldsOf, db } = context
    const changed = await checkDrift({
      db,
      client,
      connection: { ...connection, id: row.id },
      workflows,
      fieldsOf,
      board,
      seenOf: calls.seenOf,
    })
    checkedMs.set(row.id, context.nowMs())
    if (changed.length > 0) for (const id of context.connectionIds()) context.queues.wake('decide', id)
  }
}
