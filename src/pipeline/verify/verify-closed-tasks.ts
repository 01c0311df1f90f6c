import { canonicalJson } from '../../model/policy/canonical.ts'
import type { ConnectionId } from '../../model/record/change-event.ts'
import { mayWrite } from '../../store/connections/write-permission.ts'
import type { Database } from '../../store/database/database.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import {
  type ClosedTask,
  closedTasks,
  coolDownTaskWrites,
  failedChecks,
  reopenTasks,
  startChecks,
} from '../../store/decisions/closed-tasks.ts'
import { requestTaskWrites } from '../../store/decisions/intents.ts'
import { appendLedger } from '../../store/ledger/ledger.ts'
import { markDirty } from '../../store/records/mark-dirty.ts'
import { requestRead } from '../../store/records/records-to-read.ts'

/**
 * Checks tasks of ours that were closed or deleted in the CRM. Decide finds out whether the problem is gone, on values read
 * from the CRM after the task was closed: so verify requests that read, and runs again when the decision is there. Where
 * the case is still open, its task opens again and says what is still wrong.
 */
export async function verifyClosedTasks(
  db: Database,
  connectionId: ConnectionId,
  nowMs: number,
): Promise<{ readonly toRead: boolean; readonly reopened: number }> {
  return inTransaction(db, async (trx) => {
    const closed = await closedTasks(trx, connectionId)
    const records = recordsOf(connectionId, closed)
    // Records before tasks, and each in order, as a decision locks them.
    await requestRead(trx, records, 'task-closed')
    await markDirty(trx, records)
    await startChecks(trx, closed)
    // A read-only connection cannot reopen its tasks, so they count as closed until it can.
    const failed = (await mayWrite(trx, connectionId)) ? await failedChecks(trx, connectionId) : []
    await reopenTasks(
      trx,
      failed.map((task) => ({
        id: task.id,
        deleted: task.deleted,
        reason: `the task was ${task.deleted ? 'deleted' : 'closed'}, but the problem remains: ${task.stillWrong}`,
      })),
    )
    await requestTaskWrites(
      trx,
      connectionId,
      failed.map((task) => ({ taskId: task.id, workflow: task.workflow, policyHash: task.policyHash })),
    )
    await coolDownTaskWrites(
      trx,
      failed.filter((task) => task.deleted).map((task) => task.id),
    )
    await appendLedger(
      trx,
      failed.map((task) => ({
        at: new Date(nowMs),
        kind: 'task-reopened',
        actor: 'lanekeeper',
        subject: `${connectionId}/task/${task.id}`,
        body: canonicalJson({
          task: task.id,
          workflow: task.workflow,
          policy: task.policyHash,
          stillWrong: task.stillWrong,
        }),
      })),
    )
    return { toRead: records.length > 0, reopened: failed.length }
  })
}

function recordsOf(connectionId: ConnectionId, closed: readonly ClosedTask[]) {
  const records = new Map(closed.flatMap((task) => task.records.map((r) => [`${r.objectType}/${r.recordId}`, r])))
  return [...records].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, record]) => ({ connectionId, ...record }))
}
