import { buildDirectory } from '../../model/people/directory.ts'
import type { ConnectionId, Crm } from '../../model/record/change-event.ts'
import { refKey } from '../../model/record/crm-record.ts'
import { baselinesDone } from '../../store/connections/baseline.ts'
import { isStillConnected } from '../../store/connections/lifecycle-lock.ts'
import { mayWrite } from '../../store/connections/write-permission.ts'
import { count } from '../../store/database/counters.ts'
import type { Database, DatabaseTransaction } from '../../store/database/database.ts'
import { failureText } from '../../store/database/failure-text.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { beginDeciding } from '../../store/decisions/decision-start.ts'
import { listUsers } from '../../store/decisions/people.ts'
import { openTaskCounts } from '../../store/decisions/tasks.ts'
import { type DirtyRecord, markDecided, takeDirtyRecords } from '../../store/records/dirty-records.ts'
import { markNextRedecisions } from '../../store/records/redecide-queue.ts'
import { askForOwners } from './ask-for-owners.ts'
import { decideRecords, FAILED_AGAIN_MS, type OnFailed } from './decide-records.ts'
import { loadBatch, type TakenBatch } from './decision-batch.ts'
import { grantOwnerWrites } from './grant-owner-writes.ts'
import { planChanges } from './plan-changes.ts'
import { reportUnknownInputs } from './report-unknown-inputs.ts'
import { type RunningWorkflow, readingOnly } from './running-workflows.ts'
import { saveBatch } from './save-batch.ts'

/** Records per transaction. Bounded, because a transaction holds the ledger's head while it appends. */
export const DECIDE_BATCH = 250

export type Decided = {
  readonly taken: number
  /** The batch was full, or records still have to be marked for another decision: there are probably more. */
  readonly more: boolean
  /** Something is to be written to this CRM. */
  readonly toAct: boolean
  /** An owner is to be asked for by id. */
  readonly toAsk: boolean
  /** False: a CRM has not been imported yet, or this connection was ended, so nothing was decided. */
  readonly ready: boolean
}

const NOT_READY: Decided = { taken: 0, more: false, toAct: false, toAsk: false, ready: false }

export type DecideDependencies = {
  readonly db: Database
  readonly workflows: () => Promise<RunningWorkflow[]>
  readonly nowMs: () => number
  readonly onFailed?: OnFailed
}

type Connection = { readonly id: ConnectionId; readonly crm: Crm }

/**
 * Decides one batch of changed records of one connection: exceptions, intents and ledger in one transaction. Where the
 * connection may not be written to, every workflow only observes.
 */
export async function decideBatch(connection: Connection, deps: DecideDependencies): Promise<Decided> {
  if (!(await baselinesDone(deps.db))) return NOT_READY
  const decided = await decideRecordsOf(connection, deps)
  // After the batch, in a transaction of its own: it is about many records and not about those of the batch.
  try {
    return (await reportUnknownInputs(deps)) ? { ...decided, toAct: true } : decided
  } catch (error) {
    // The records are decided; the inputs are looked at again with the next batch.
    deps.onFailed?.('inputs that are not known', error)
    return decided
  }
}

async function decideRecordsOf(connection: Connection, deps: DecideDependencies): Promise<Decided> {
  const { db } = deps
  const moreToMark = await markNextRedecisions(db, connection.id)
  // One record that cannot be saved must not hold up the others: the batch shrinks until that record is alone, and then
  // it is set aside. If the database itself fails, setting aside fails too.
  for (let limit = DECIDE_BATCH; ; limit = Math.max(1, limit >> 2)) {
    let dirty: readonly DirtyRecord[] = []
    try {
      return await inTransaction(db, async (trx) => {
        const isReady = await beginBatch(trx, connection.id)
        if (!isReady) return NOT_READY
        dirty = await takeDirtyRecords(trx, connection.id, limit)
        if (dirty.length === 0) return { taken: 0, more: moreToMark, toAct: false, toAsk: false, ready: true }
        const asked = await decideAndSave(trx, await withDeciders(trx, connection, dirty, deps), deps.onFailed)
        return { taken: dirty.length, more: moreToMark || dirty.length === limit, ...asked, ready: true }
      })
    } catch (error) {
      const [first] = dirty
      if (limit > 1 && dirty.length > 1) continue
      if (first === undefined) throw error
      await setAside(db, connection.id, first, error, deps.nowMs())
      deps.onFailed?.(refKey(first.record), error)
      return { taken: 1, more: true, toAct: false, toAsk: false, ready: true }
    }
  }
}

async function beginBatch(trx: DatabaseTransaction, connectionId: ConnectionId): Promise<boolean> {
  if (!(await isStillConnected(trx, connectionId))) return false
  await beginDeciding(trx, connectionId)
  // Checked again under the lock: now no import can be saving a page in the belief that nothing is decided yet.
  return baselinesDone(trx)
}

/** Reads workflows after the records are taken: a change of workflows marks these records, and this batch clears marks. */
async function withDeciders(
  trx: DatabaseTransaction,
  connection: Connection,
  dirty: readonly DirtyRecord[],
  { workflows, nowMs }: DecideDependencies,
): Promise<TakenBatch> {
  const directory = buildDirectory(await listUsers(trx), await openTaskCounts(trx))
  const inForce = await workflows()
  const running = (await mayWrite(trx, connection.id)) ? inForce : readingOnly(inForce)
  return { connection, dirty, running, directory, nowMs: nowMs() }
}

/** Load, decide, plan, save. Returns whether act has something to write, and whether an owner is to be asked for. */
async function decideAndSave(
  trx: DatabaseTransaction,
  taken: TakenBatch,
  onFailed: OnFailed | undefined,
): Promise<Pick<Decided, 'toAct' | 'toAsk'>> {
  const batch = await loadBatch(trx, taken)
  const toAsk = await askForOwners(trx, batch)
  const { results: decided, open, failures } = decideRecords(batch, onFailed)
  const { results, granted } = await grantOwnerWrites(trx, batch, decided)
  const plan = planChanges(results, open, batch.ownerIntents, granted, batch)
  return { toAct: await saveBatch(trx, batch, { plan, results, granted, failures }), toAsk }
}

async function setAside(
  db: Database,
  connectionId: ConnectionId,
  { record: { objectType, recordId } }: DirtyRecord,
  error: unknown,
  nowMs: number,
): Promise<void> {
  await inTransaction(db, async (trx) => {
    await markDecided(trx, connectionId, [{ objectType, recordId, recheckAtMs: nowMs + FAILED_AGAIN_MS }])
    await count(trx, 'record-failed', 1, { connectionId, detail: failureText(error) })
  })
}
