import { buildDirectory } from '../../model/people/directory.ts'
import type { ConnectionId, Crm } from '../../model/record/change-event.ts'
import { refKey } from '../../model/record/crm-record.ts'
import { mayWrite } from '../../store/connections/write-permission.ts'
import { count } from '../../store/database/counters.ts'
import type { Database, DatabaseTransaction } from '../../store/database/database.ts'
import { failureText } from '../../store/database/failure-text.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { addUpOpenTasks, openTaskCounts } from '../../store/decisions/open-tasks.ts'
import { listUsers } from '../../store/decisions/people.ts'
import { markNextRedecisions } from '../../store/decisions/redecide-queue.ts'
import { begunWorkflows } from '../../store/decisions/workflow-connections.ts'
import { isStillJoined, joinConnections, markNextJoined } from '../../store/lifecycle/join-connections.ts'
import { type DirtyRecord, markDecided, takeDirtyRecords, withinReach } from '../../store/records/dirty-records.ts'
import { markDirty } from '../../store/records/mark-dirty.ts'
import { makeNextMatchKeys } from '../../store/records/match-key-versions.ts'
import { saveWakeUps } from '../../store/records/wake-ups.ts'
import { askForOwners } from './ask-for-owners.ts'
import { beginWorkflows } from './begin-workflows.ts'
import { continueUpgrade } from './continue-upgrade.ts'
import { decideRecords, FAILED_AGAIN_MS, type OnFailed } from './decide-records.ts'
import { loadBatch, type TakenBatch } from './decision-batch.ts'
import { grantOwnerWrites } from './grant-owner-writes.ts'
import { decidedForUpgrade } from './hold-backlog.ts'
import { markBacklogDue } from './mark-backlog-due.ts'
import { planChanges } from './plan-changes.ts'
import { reportUnknownInputs } from './report-unknown-inputs.ts'
import { type RunningWorkflow, readingOnly, type WorkflowReader, watchesCrm } from './running-workflows.ts'
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
  /** False: this connection is not imported yet or was ended, or all its workflows wait, so nothing was decided. */
  readonly ready: boolean
  /** A connection came in, and workflows of all of them may begin or have something to compare with. */
  readonly joined: boolean
}

const NOT_READY = { taken: 0, more: false, toAct: false, toAsk: false, ready: false } as const

export type DecideDependencies = {
  readonly db: Database
  readonly workflows: WorkflowReader
  readonly nowMs: () => number
  readonly onFailed?: OnFailed
}

type Connection = { readonly id: ConnectionId; readonly crm: Crm }

/**
 * Decides one batch of changed records of one connection: exceptions, intents and ledger in one transaction. Where the
 * connection may not be written to, every workflow only observes.
 */
export async function decideBatch(connection: Connection, deps: DecideDependencies): Promise<Decided> {
  const joined = await unlessItFails(deps, 'a connection that is to join the others', ({ db }) => joinConnections(db))
  // Also those of another connection, whose own process may be away.
  const moreJoined = await unlessItFails(deps, 'the matches of one that joined', ({ db }) => markNextJoined(db))
  const decided = await decideReady(connection, deps, { joined, more: moreJoined })
  // After the batch, each in transactions of its own: they are about many records and not about those of the batch.
  const inputs = decided.ready && (await unlessItFails(deps, 'inputs that are not known', reportUnknownInputs))
  const upgrade = await unlessItFails(deps, 'the report of an upgrade', ({ db }) => continueUpgrade(db))
  return inputs || upgrade ? { ...decided, toAct: true } : decided
}

/** The records are decided whatever becomes of it; the next batch tries it again. */
async function unlessItFails(
  deps: DecideDependencies,
  what: string,
  work: (deps: DecideDependencies) => Promise<boolean>,
): Promise<boolean> {
  try {
    return await work(deps)
  } catch (error) {
    deps.onFailed?.(what, error)
    return false
  }
}

async function decideReady(
  connection: Connection,
  deps: DecideDependencies,
  { joined, more }: Pick<Decided, 'joined' | 'more'>,
): Promise<Decided> {
  const mayDecide = await beginWorkflows(deps.db, connection, await deps.workflows(connection.id))
  const decided = mayDecide ? await decideRecordsOf(connection, deps) : NOT_READY
  return { ...decided, joined, more: decided.more || more }
}

async function decideRecordsOf(connection: Connection, deps: DecideDependencies): Promise<Omit<Decided, 'joined'>> {
  const { db } = deps
  if (await makeNextMatchKeys(db)) return { taken: 0, more: true, toAct: false, toAsk: false, ready: true }
  const moreToMark = await markNextRedecisions(db, connection.id)
  await markBacklogDue(db, connection.id)
  await addUpOpenTasks(db)
  // One record that cannot be saved must not hold up the others: the batch shrinks until that record is alone, and then
  // it is set aside. If the database itself fails, setting aside fails too.
  for (let limit = DECIDE_BATCH; ; limit = Math.max(1, limit >> 2)) {
    let dirty: readonly DirtyRecord[] = []
    try {
      return await inTransaction(db, async (trx) => {
        // Asked again under the lock: an end of the connection waits for this batch.
        if (!(await isStillJoined(trx, connection.id))) return NOT_READY
        const taken = await takeDirtyRecords(trx, connection.id, limit)
        dirty = await withinReach(trx, taken)
        if (dirty.length === 0) return { taken: 0, more: moreToMark, toAct: false, toAsk: false, ready: true }
        const batch = await withDeciders(trx, connection, dirty, deps)
        const { toDecide, ...next } = await decideAndSave(trx, batch, deps.onFailed)
        const isMoreTaken = taken.length === limit || dirty.length < taken.length
        return { taken: dirty.length, more: moreToMark || toDecide || isMoreTaken, ...next, ready: true }
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

/**
 * Reads workflows after the records are taken: a change of workflows marks these records, and this batch clears marks. One
 * that has not begun here leaves what is there as it is.
 */
async function withDeciders(
  trx: DatabaseTransaction,
  connection: Connection,
  dirty: readonly DirtyRecord[],
  { workflows, nowMs }: DecideDependencies,
): Promise<TakenBatch> {
  const directory = buildDirectory(await listUsers(trx), await openTaskCounts(trx))
  const begun = await begunWorkflows(trx, connection.id)
  const inForce = (await workflows(connection.id)).filter((workflow) => watchesCrm(workflow, connection.crm))
  const hasBegun = ({ version }: RunningWorkflow) => begun.has(version.policy.workflow)
  const ready = inForce.filter(hasBegun)
  return {
    connection,
    dirty,
    running: (await mayWrite(trx, connection.id)) ? ready : readingOnly(ready),
    waiting: new Map(
      inForce.filter((one) => !hasBegun(one)).map(({ version, versionId }) => [version.policy.workflow, versionId]),
    ),
    directory,
    nowMs: nowMs(),
  }
}

/** Load, decide, plan, save. Returns what is to be done next. */
async function decideAndSave(
  trx: DatabaseTransaction,
  taken: TakenBatch,
  onFailed: OnFailed | undefined,
): Promise<Pick<Decided, 'toAct' | 'toAsk'> & { readonly toDecide: boolean }> {
  const batch = await loadBatch(trx, taken)
  const toAsk = await askForOwners(trx, batch)
  const { results: decided, open, failures } = decideRecords(batch, onFailed)
  const writes = await grantOwnerWrites(trx, batch, decided)
  const forUpgrade = decidedForUpgrade(batch, writes.results)
  const plan = planChanges(writes.results, open, writes.ownerIntents, writes.granted, forUpgrade, batch)
  const toAct = await saveBatch(trx, batch, { ...writes, plan, forUpgrade, failures })
  // The cases that held these records hold them no more, but did until now: only the next decision may write.
  const freed = [
    ...plan.resolved,
    ...plan.kept.flatMap(({ existing, exception }) => (exception.finding.holdsField === undefined ? existing : [])),
  ].filter(({ holdsField }) => holdsField !== null)
  await markDirty(
    trx,
    freed.map(({ objectType, recordId }) => ({ connectionId: batch.connection.id, objectType, recordId })),
  )
  return { toAct, toAsk, toDecide: freed.length > 0 }
}

async function setAside(
  db: Database,
  connectionId: ConnectionId,
  { record: { objectType, recordId } }: DirtyRecord,
  error: unknown,
  nowMs: number,
): Promise<void> {
  await inTransaction(db, async (trx) => {
    const atMs = nowMs + FAILED_AGAIN_MS
    const ref = { objectType, recordId }
    await saveWakeUps(trx, connectionId, [], [{ ...ref, workflow: '', reason: 'failed', atMs }], [])
    await markDecided(trx, connectionId, [{ ...ref, inStepWith: null }])
    await count(trx, 'record-failed', 1, { connectionId, detail: failureText(error) })
  })
}
