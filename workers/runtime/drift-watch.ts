import { placeInPolicy } from '../../src/config/policies/policy-place.ts'
import type { CrmClient } from '../../src/crm/crm-client.ts'
import { watchedObjects } from '../../src/model/record/object-shape.ts'
import { checkEveryMs } from '../../src/pipeline/read/check-interval.ts'
import { checkMisfits } from '../../src/pipeline/read/policy-misfits.ts'
import { checkDrift } from '../../src/pipeline/read/schema-drift.ts'
import { callsOfDay } from '../../src/store/connections/call-budget.ts'
import type { ConnectionRow } from '../../src/store/connections/connections.ts'
import type { WorkerContext } from './context.ts'
import { noticesOf } from './notices.ts'

/** The poll and the quick checks of a process share when each connection was checked. */
const checkedBy = new WeakMap<WorkerContext, Map<string, number>>()

/** Checks for drift before and after a poll: when it is due, and at once after the CRM refused or hid something. */
export function driftWatch(context: WorkerContext): (connection: ConnectionRow, client: CrmClient) => Promise<void> {
  const checkedMs = checkedBy.get(context) ?? new Map<string, number>()
  checkedBy.set(context, checkedMs)
  return async (row, client) => {
    const connected = context.clientOf(row.id)
    if (connected === undefined || !row.baseline.done) return
    const { board, of } = noticesOf(context)
    const { connection, calls } = of(connected)
    const isInDoubt = calls.takeDoubt()
    const lastMs = checkedMs.get(row.id)
    if (!isInDoubt && lastMs !== undefined) {
      const everyMs = checkEveryMs(watchedObjects(row.crm).length, await callsOfDay(context.db, row.id))
      if (context.nowMs() < lastMs + everyMs) return
    }
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
    const misfits = await checkMisfits({ db, connection: { ...connection, id: row.id }, board, placeIn: placeInPolicy })
    for (const misfit of misfits) context.logger.error(misfit)
    checkedMs.set(row.id, context.nowMs())
    if (changed.length + misfits.length > 0) for (const id of context.connectionIds()) context.queues.wake('decide', id)
  }
}
