import { decide } from '../../model/decision/decide.ts'
import { accountDomain } from '../../model/matching/keys.ts'
import { buildDirectory, type CountingDirectory } from '../../model/people/directory.ts'
import type { ConnectionId, Crm } from '../../model/record/change-event.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import { refKey } from '../../model/record/crm-record.ts'
import { objectShape } from '../../model/record/object-shape.ts'
import { baselinesDone } from '../../store/connections/connections.ts'
import { isStillConnected } from '../../store/connections/lifecycle-lock.ts'
import { mayWrite } from '../../store/connections/write-permission.ts'
import { count } from '../../store/database/counters.ts'
import type { Database, DatabaseTransaction } from '../../store/database/database.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { beginDeciding } from '../../store/decisions/decision-start.ts'
import { type OpenException, openExceptionsOf } from '../../store/decisions/exceptions.ts'
import { requestTaskWrites } from '../../store/decisions/intents.ts'
import {
  insertOwnerIntents,
  type OwnerIntents,
  ownerIntentsOf,
  type RefusedIntent,
} from '../../store/decisions/owner-intents.ts'
import { listUsers } from '../../store/decisions/people.ts'
import { frozenWorkflows } from '../../store/decisions/policies.ts'
import { openTaskCounts } from '../../store/decisions/tasks.ts'
import { type DirtyRecord, markDecided, takeDirtyRecords } from '../../store/records/dirty-records.ts'
import { type ErasedTask, eraseTraces } from '../../store/records/erase-traces.ts'
import { type NeighbourQuery, readNeighbours } from '../../store/records/neighbours.ts'
import { markNextRedecisions } from '../../store/records/redecide-queue.ts'
import { type DecidedFrom, withinDailyCaps } from './pilot-cap.ts'
import { causeOf, type DecidedRecord, identity, planChanges, writeKey, writesTasks } from './plan-changes.ts'
import { type RunningWorkflow, readingOnly, workflowsFor } from './running-workflows.ts'
import { writeDecisions } from './write-decisions.ts'

/** Records per transaction. Bounded, because a transaction holds the ledger's head while it appends. */
export const DECIDE_BATCH = 250

/** A record that could not be decided is tried again after this; until then its cases stand as they are. */
const FAILED_AGAIN_MS = 300_000

/** Another workflow's write to the record is under way: what this one would do is decided when that is over. */
const UNDECIDED_AGAIN_MS = 30_000

export type Decided = {
  readonly taken: number
  /** As many as were asked for, or not all are marked yet that are to be decided again: there are probably more. */
  readonly more: boolean
  /** Something is to be written to this CRM. */
  readonly toAct: boolean
  /** False: not every CRM has been read once yet, or this one was ended, so nothing was decided. */
  readonly ready: boolean
}

export type DecideDependencies = {
  readonly db: Database
  readonly workflows: () => Promise<RunningWorkflow[]>
  readonly nowMs: () => number
  /** Told of each record that could not be decided. It is also counted, and tried again later. */
  readonly onFailed?: (record: string, error: unknown) => void
}

type Connection = { readonly id: ConnectionId; readonly crm: Crm }

/**
 * Decides one batch of changed records of one connection: exceptions, intents and ledger in one transaction. Where the
 * connection may not be written to, every workflow only observes.
 */
export async function decideBatch(connection: Connection, deps: DecideDependencies): Promise<Decided> {
  const { db, workflows, nowMs } = deps
  if (!(await baselinesDone(db))) return { taken: 0, more: false, toAct: false, ready: false }
  const moreToMark = await markNextRedecisions(db, connection.id)
  // One record that cannot be written must not keep the others back: the batch shrinks until it is alone, and then it
  // is set aside. Where the database is what fails, setting aside fails too.
  for (let limit = DECIDE_BATCH; ; limit = Math.max(1, limit >> 2)) {
    let dirty: DirtyRecord[] = []
    try {
      return await inTransaction(db, async (trx) => {
        if (!(await isStillConnected(trx, connection.id))) return { taken: 0, more: false, toAct: false, ready: false }
        await beginDeciding(trx, connection.id)
        // Once more, now that no import can be in the middle of a page that it takes for the first to be decided.
        if (!(await baselinesDone(trx))) return { taken: 0, more: false, toAct: false, ready: false }
        dirty = await takeDirtyRecords(trx, connection.id, limit)
        if (dirty.length === 0) return { taken: 0, more: moreToMark, toAct: false, ready: true }
        const directory = buildDirectory(await listUsers(trx), await openTaskCounts(trx))
        // After the records are taken: who changes what runs marks them with it or later, and we clear that mark.
        const inForce = await workflows()
        const running = (await mayWrite(trx, connection.id)) ? inForce : readingOnly(inForce)
        const toAct = await decideRecords(trx, connection, dirty, running, directory, nowMs(), deps.onFailed)
        return { taken: dirty.length, more: moreToMark || dirty.length === limit, toAct, ready: true }
      })
    } catch (error) {
      const [first] = dirty
      if (limit > 1 && dirty.length > 1) continue
      if (first === undefined) throw error
      await setAside(db, connection.id, first, error, nowMs())
      deps.onFailed?.(refKey(first.record), error)
      return { taken: 1, more: true, toAct: false, ready: true }
    }
  }
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

async function decideRecords(
  trx: DatabaseTransaction,
  connection: Connection,
  dirty: readonly DirtyRecord[],
  running: readonly RunningWorkflow[],
  directory: CountingDirectory,
  nowMs: number,
  onFailed: DecideDependencies['onFailed'],
): Promise<boolean> {
  const watched = dirty.filter(({ record }) => workflowsFor(running, record.crm, record.objectType).length > 0)
  const neighbours = await readNeighbours(trx, connection.id, watched.map(neighbourQuery))
  // Also of records that no workflow watches any more: what a retired one left open is closed here.
  const refs = dirty.map(({ record }) => ({ objectType: record.objectType, recordId: record.recordId }))
  const open = new Map<string, OpenException>()
  const frozen = await frozenWorkflows(trx)
  for (const exception of await openExceptionsOf(trx, connection.id, refs)) {
    if (!frozen.has(exception.workflow)) open.set(identity(exception), exception)
  }
  const ownerIntents = await ownerIntentsOf(trx, connection.id, refs)
  const decided: DecidedFrom[] = []
  const recheck = new Map<string, number>()
  const scheduleRecheck = (key: string, atMs: number | null) => {
    if (atMs !== null) recheck.set(key, Math.min(atMs, recheck.get(key) ?? atMs))
  }
  const failures = new Map<string, number>()
  const newCauses = new Set<string>()
  for (const { record } of watched) {
    const key = refKey(record)
    const intents = ownerIntents.get(`${record.objectType}/${record.recordId}`)
    for (const workflow of workflowsFor(running, record.crm, record.objectType)) {
      const name = workflow.version.policy.workflow
      const refused = standingRefusal(intents, workflow)
      try {
        const { version } = workflow
        const input = { record, neighbours: neighbours.get(key)!, directory, version, refused, nowMs }
        const decision = decide(input)
        for (const exception of decision.exceptions) {
          if (exception.status !== 'open' || !writesTasks(workflow)) continue
          const cause = `${name}\n${causeOf(exception)}`
          // Capacity is counted in tasks, and cases of one cause are one task.
          if (open.has(identity({ ...exception, workflow: name })) || newCauses.has(cause)) continue
          newCauses.add(cause)
          directory.handOut(exception.owner)
        }
        decided.push({ record, workflow, decision, input })
        // When the refusal has stood its day, the write is decided afresh, although nothing changed.
        if (refused !== null) scheduleRecheck(key, nowMs + refused.standsForMs)
      } catch (error) {
        const detail = `${name}: ${failureText(error)}`
        failures.set(detail, (failures.get(detail) ?? 0) + 1)
        scheduleRecheck(key, nowMs + FAILED_AGAIN_MS)
        onFailed?.(key, error)
        for (const [id, exception] of open) if (isOf(exception, name, record)) open.delete(id)
      }
    }
  }

  const isWanted = ({ record, decision }: DecidedRecord) => {
    const intents = ownerIntents.get(`${record.objectType}/${record.recordId}`)
    return decision.write !== null && (intents === undefined || intents.underWay.size === 0)
  }
  const results = await withinDailyCaps(trx, decided, isWanted)
  for (const { record, decision } of results) scheduleRecheck(refKey(record), decision.recheckAtMs)
  const wanted = results.filter(isWanted)
  const granted = await insertOwnerIntents(
    trx,
    connection.id,
    wanted.map(({ record, workflow, decision }) => ({
      workflow: workflow.version.policy.workflow,
      objectType: record.objectType,
      recordId: record.recordId,
      write: decision.write!,
      policyHash: workflow.version.hash,
    })),
  )
  for (const { record, workflow, decision } of results) {
    const name = workflow.version.policy.workflow
    const intents = ownerIntents.get(`${record.objectType}/${record.recordId}`)
    // The end of a write that is on its way is news by itself, or is heard of; one that is never heard of is asked about.
    const isFollowed = intents?.underWay.has(name) && !intents.unheard.has(name)
    if (decision.write === null || isFollowed || granted.has(writeKey(name, record))) continue
    scheduleRecheck(refKey(record), nowMs + UNDECIDED_AGAIN_MS)
  }

  // Before the resolutions are told: those name nobody, and stay.
  const erased: ErasedTask[] = []
  for (const { record } of dirty) {
    if (record.stamps['@erased'] !== undefined) erased.push(...(await eraseTraces(trx, record)))
  }
  const plan = planChanges(results, open, ownerIntents, granted, directory)
  const toWrite = await writeDecisions(trx, plan, directory, {
    connectionId: connection.id,
    nowMs,
    results,
    granted,
  })
  await requestTaskWrites(trx, connection.id, erased)
  for (const [detail, n] of failures) await count(trx, 'record-failed', n, { connectionId: connection.id, detail })
  await markDecided(
    trx,
    connection.id,
    dirty.map(({ record }) => ({
      objectType: record.objectType,
      recordId: record.recordId,
      recheckAtMs: recheck.get(refKey(record)) ?? null,
    })),
  )
  return toWrite || granted.size > 0 || erased.length > 0
}

function isOf(exception: OpenException, workflow: string, record: { objectType: string; recordId: string }): boolean {
  return (
    exception.workflow === workflow &&
    exception.objectType === record.objectType &&
    exception.recordId === record.recordId
  )
}

/** Short, because it is the key of a counter. Which record it was goes to the log. */
function failureText(error: unknown): string {
  return (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, 200)
}

/**
 * What the CRM said to this workflow's last write, where asking again would only be refused again. Under another policy
 * version, or a day later, nothing is passed on, and so the write is tried once more.
 */
function standingRefusal(intents: OwnerIntents | undefined, { version }: RunningWorkflow): RefusedIntent | null {
  const refused = intents?.refused.get(version.policy.workflow)
  return refused === undefined || refused.policyHash !== version.hash ? null : refused
}

function neighbourQuery({ record, keys, accountId }: DirtyRecord): NeighbourQuery {
  const shape = objectShape(record.crm, record.objectType)!
  const { accountObject, dealObject } = crmProfile(record.crm)
  const domain = shape.accountByDomain && accountId === null ? accountDomain(record) : null
  return {
    record,
    keys,
    account: accountId === null ? null : { objectType: accountObject, recordId: accountId },
    accountKey: domain === null ? null : { objectType: accountObject, key: `domain:${domain}` },
    isAccount: shape.about === 'account',
    dealObject,
  }
}
