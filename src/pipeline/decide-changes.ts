import { decide } from '../model/decide.ts'
import type { DecidedException, Decision } from '../model/decision.ts'
import { accountDomain } from '../model/matching/keys.ts'
import { canonicalJson } from '../model/policy/canonical.ts'
import type { ConnectionId, Crm } from '../model/record/change-event.ts'
import { type CrmRecord, refKey } from '../model/record/crm-record.ts'
import { objectShape } from '../model/record/object-shape.ts'
import { recordTitle } from '../model/record/record-title.ts'
import { baselinesDone } from '../store/connections.ts'
import type { Database, DatabaseTransaction } from '../store/database.ts'
import { type DirtyRecord, markDecided, takeDirtyRecords } from '../store/dirty-records.ts'
import {
  type ExceptionUpdate,
  exceptionDigest,
  insertExceptions,
  type NewException,
  type OpenException,
  openExceptionsOf,
  resolveExceptions,
  setReceipts,
  timesSeen,
  updateExceptions,
} from '../store/exceptions.ts'
import { insertOwnerIntents, requestTaskWrites, setIntentReceipts } from '../store/intents.ts'
import { appendLedger, type LedgerEntry } from '../store/ledger.ts'
import { type NeighbourQuery, readNeighbours } from '../store/neighbours.ts'
import { type OwnerIntents, ownerIntentsOf, type RefusedIntent } from '../store/owner-intents.ts'
import { listUsers } from '../store/people.ts'
import { closeEmptyTasks, ensureTasks, linkExceptions, openTaskCounts, setTaskOwners } from '../store/tasks.ts'
import { buildDirectory, type CountingDirectory } from './directory.ts'
import { type RunningWorkflow, workflowsFor } from './workflows.ts'

/** Records per transaction. Bounded, because a transaction holds the ledger's head while it appends. */
export const DECIDE_BATCH = 250

export type Decided = {
  readonly taken: number
  /** Something is to be written to this CRM. */
  readonly toAct: boolean
  /** False: not every CRM has been read once yet, so nothing was decided. */
  readonly ready: boolean
}

export type DecideDependencies = {
  readonly db: Database
  readonly workflows: () => Promise<RunningWorkflow[]>
  readonly nowMs: () => number
}

/** Decides one batch of changed records of one connection: exceptions, intents and ledger in one transaction. */
export async function decideBatch(
  connection: { readonly id: ConnectionId; readonly crm: Crm },
  { db, workflows, nowMs }: DecideDependencies,
): Promise<Decided> {
  if (!(await baselinesDone(db))) return { taken: 0, toAct: false, ready: false }
  const running = await workflows()
  return db.transaction().execute(async (trx) => {
    const dirty = await takeDirtyRecords(trx, connection.id, DECIDE_BATCH)
    if (dirty.length === 0) return { taken: 0, toAct: false, ready: true }
    const directory = buildDirectory(await listUsers(trx), await openTaskCounts(trx))
    const toAct = await decideRecords(trx, connection, dirty, running, directory, nowMs())
    return { taken: dirty.length, toAct, ready: true }
  })
}

type DecidedRecord = { readonly record: CrmRecord; readonly workflow: RunningWorkflow; readonly decision: Decision }

async function decideRecords(
  trx: DatabaseTransaction,
  connection: { readonly id: ConnectionId; readonly crm: Crm },
  dirty: readonly DirtyRecord[],
  running: readonly RunningWorkflow[],
  directory: CountingDirectory,
  nowMs: number,
): Promise<boolean> {
  const watched = dirty.filter(({ record }) => workflowsFor(running, record.crm, record.objectType).length > 0)
  const neighbours = await readNeighbours(trx, connection.id, watched.map(neighbourQuery))
  const refs = watched.map(({ record }) => ({ objectType: record.objectType, recordId: record.recordId }))
  const open = new Map<string, OpenException>()
  for (const exception of await openExceptionsOf(trx, connection.id, refs)) open.set(identity(exception), exception)
  const ownerIntents = await ownerIntentsOf(trx, connection.id, refs)
  const results: DecidedRecord[] = []
  const recheck = new Map<string, number | null>()
  for (const { record } of watched) {
    const key = refKey(record)
    const intents = ownerIntents.get(`${record.objectType}/${record.recordId}`)
    for (const workflow of workflowsFor(running, record.crm, record.objectType)) {
      const refused = standingRefusal(intents, workflow)
      const decision = decide({
        record,
        neighbours: neighbours.get(key)!,
        directory,
        version: workflow.version,
        refused,
        nowMs,
      })
      for (const exception of decision.exceptions) {
        const isNew = !open.has(identity({ ...exception, workflow: workflow.version.policy.workflow }))
        if (isNew && exception.status === 'open') directory.handOut(exception.owner)
      }
      results.push({ record, workflow, decision })
      recheck.set(key, earliest(recheck.get(key) ?? null, decision.recheckAtMs))
      // When the refusal has stood its day, the write is decided afresh, although nothing changed.
      if (refused !== null) recheck.set(key, earliest(recheck.get(key) ?? null, nowMs + refused.standsForMs))
    }
  }
  const plan = planChanges(results, open, ownerIntents, directory)
  const toAct = await writeDecisions(trx, connection.id, plan, nowMs)
  await markDecided(
    trx,
    connection.id,
    dirty.map(({ record }) => ({
      objectType: record.objectType,
      recordId: record.recordId,
      recheckAtMs: recheck.get(refKey(record)) ?? null,
    })),
  )
  return toAct
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
  const accountObject = record.crm === 'hubspot' ? 'companies' : 'Account'
  const domain = record.objectType === 'Lead' && accountId === null ? accountDomain(record) : null
  return {
    record,
    keys,
    account: accountId === null ? null : { objectType: accountObject, recordId: accountId },
    accountKey: domain === null ? null : { objectType: accountObject, key: `domain:${domain}` },
    isAccount: shape.about === 'account',
    dealObject: record.crm === 'hubspot' ? 'deals' : 'Opportunity',
  }
}

async function writeDecisions(
  trx: DatabaseTransaction,
  connectionId: ConnectionId,
  plan: Plan,
  nowMs: number,
): Promise<boolean> {
  const seenBefore = await timesSeen(
    trx,
    connectionId,
    plan.fresh.map(({ record, workflow, exception }) => ({
      workflow: workflow.version.policy.workflow,
      pattern: exception.pattern,
      subject: exception.subject,
      objectType: record.objectType,
      recordId: record.recordId,
    })),
  )
  const inserts: NewException[] = plan.fresh.map(({ record, workflow, exception }) => ({
    connectionId,
    workflow: workflow.version.policy.workflow,
    objectType: record.objectType,
    recordId: record.recordId,
    title: recordTitle(record),
    decided: exception,
    cause: causeOf(exception),
    causeTitle: exception.finding.causeTitle,
    ownerEmail: exception.owner,
    dueAtMs: exception.dueAtMs,
    policyHash: workflow.version.hash,
    reopened: seenBefore.get(identity({ ...exception, workflow: workflow.version.policy.workflow })) ?? 0,
  }))
  const ids = await insertExceptions(trx, inserts)
  await updateExceptions(trx, plan.updates)
  await resolveExceptions(trx, plan.resolved)

  // Tasks: one per cause of every open exception that is new or moved to another cause.
  const needTask: { exceptionId: number; insert: NewException }[] = []
  plan.fresh.forEach(({ workflow, exception }, n) => {
    if (exception.status === 'open' && writesTasks(workflow))
      needTask.push({ exceptionId: ids[n]!, insert: inserts[n]! })
  })
  for (const { record, workflow, exception, existing, ownerEmail, dueAtMs } of plan.kept) {
    if (!writesTasks(workflow) || (existing.taskId !== null && existing.cause === causeOf(exception))) continue
    needTask.push({
      exceptionId: existing.id,
      insert: {
        connectionId,
        workflow: workflow.version.policy.workflow,
        objectType: record.objectType,
        recordId: record.recordId,
        title: recordTitle(record),
        decided: exception,
        cause: causeOf(exception),
        causeTitle: exception.finding.causeTitle,
        ownerEmail,
        dueAtMs,
        policyHash: workflow.version.hash,
        reopened: 0,
      },
    })
  }
  const tasks = await ensureTasks(
    trx,
    needTask.map(({ insert }) => insert),
  )
  const taskOf = (insert: NewException) => tasks.get(`${insert.workflow}\n${insert.cause}`)!
  await linkExceptions(
    trx,
    needTask.map(({ exceptionId, insert }) => ({ exceptionId, taskId: taskOf(insert) })),
  )

  const movedOwners = plan.kept.filter((k) => k.existing.taskId !== null && k.ownerEmail !== k.existing.ownerEmail)
  await setTaskOwners(
    trx,
    movedOwners.map((k) => ({ taskId: k.existing.taskId!, ownerEmail: k.ownerEmail })),
  )

  const touched = new Map<number, { workflow: string; policyHash: string }>()
  for (const { insert } of needTask) touched.set(taskOf(insert), insert)
  for (const k of plan.kept) {
    if (k.existing.taskId !== null && k.changed) {
      touched.set(k.existing.taskId, { workflow: k.existing.workflow, policyHash: k.workflow.version.hash })
    }
  }
  for (const gone of plan.resolvedOpen) {
    if (gone.taskId !== null) touched.set(gone.taskId, { workflow: gone.workflow, policyHash: gone.policyHash })
  }
  await closeEmptyTasks(trx, [...touched.keys()])
  await requestTaskWrites(
    trx,
    connectionId,
    [...touched].map(([taskId, { workflow, policyHash }]) => ({ taskId, workflow, policyHash })),
  )

  const ownerItems = plan.writes.map(({ record, workflow, decision }) => ({
    workflow: workflow.version.policy.workflow,
    objectType: record.objectType,
    recordId: record.recordId,
    write: decision.write!,
    policyHash: workflow.version.hash,
  }))
  const ownerIds = await insertOwnerIntents(trx, connectionId, ownerItems)

  await record(trx, { connectionId, nowMs, plan, ids, ownerItems, ownerIds })
  return touched.size > 0 || ownerIds.size > 0
}

type Fresh = { readonly record: CrmRecord; readonly workflow: RunningWorkflow; readonly exception: DecidedException }
type Kept = Fresh & {
  readonly existing: OpenException
  readonly ownerEmail: string
  readonly dueAtMs: number
  readonly changed: boolean
}
type Plan = {
  readonly fresh: Fresh[]
  readonly kept: Kept[]
  readonly updates: ExceptionUpdate[]
  readonly resolved: { id: number; resolution: string }[]
  readonly resolvedOpen: (OpenException & { readonly policyHash: string; readonly resolution: string })[]
  readonly writes: DecidedRecord[]
}

/** Holds what was decided against what stands: no I/O, so that the order of the writes below is the only order. */
function planChanges(
  results: readonly DecidedRecord[],
  open: ReadonlyMap<string, OpenException>,
  ownerIntents: ReadonlyMap<string, OwnerIntents>,
  directory: CountingDirectory,
): Plan {
  const plan: Plan = { fresh: [], kept: [], updates: [], resolved: [], resolvedOpen: [], writes: [] }
  const found = new Set<string>()
  const decidedRecords = new Map<
    string,
    { readonly decision: Decision; readonly hash: string; readonly record: CrmRecord }
  >()
  for (const result of results) {
    const { record, workflow, decision } = result
    const name = workflow.version.policy.workflow
    decidedRecords.set(`${name}\n${record.objectType}/${record.recordId}`, {
      decision,
      hash: workflow.version.hash,
      record,
    })
    const underWay = ownerIntents.get(`${record.objectType}/${record.recordId}`)?.underWay ?? false
    const write = decision.write !== null && writesTasks(workflow) && !underWay
    if (write) plan.writes.push(result)
    for (const exception of decision.exceptions) {
      const key = identity({ ...exception, workflow: name })
      const existing = open.get(key)
      // Settled: written down once, with the write that settles it. While that write is under way there is no news.
      if (exception.status === 'settled-by-rule') {
        if (write) plan.fresh.push({ record, workflow, exception })
        if (existing) found.delete(key)
        continue
      }
      found.add(key)
      if (!existing) {
        plan.fresh.push({ record, workflow, exception })
        continue
      }
      plan.kept.push(keep(record, workflow, exception, existing, directory))
    }
  }
  for (const kept of plan.kept) {
    if (!kept.changed) continue
    plan.updates.push({
      id: kept.existing.id,
      decided: kept.exception,
      cause: causeOf(kept.exception),
      ownerEmail: kept.ownerEmail,
      dueAtMs: kept.dueAtMs,
      policyHash: kept.workflow.version.hash,
    })
  }
  for (const [key, exception] of open) {
    if (found.has(key)) continue
    const decided = decidedRecords.get(`${exception.workflow}\n${exception.objectType}/${exception.recordId}`)
    const resolution = !decided
      ? 'workflow-retired'
      : decided.record.deleted || decided.record.mergedInto !== null
        ? 'record-gone'
        : !decided.decision.inScope
          ? 'out-of-scope'
          : decided.decision.exceptions.some((e) => e.status === 'settled-by-rule' && e.pattern === exception.pattern)
            ? 'settled-by-rule'
            : 'condition-cleared'
    plan.resolved.push({ id: exception.id, resolution })
    plan.resolvedOpen.push({ ...exception, policyHash: decided?.hash ?? '', resolution })
  }
  return plan
}

/** A case stays with whoever has it while the class is the same and they are still there: work does not wander. */
function keep(
  record: CrmRecord,
  workflow: RunningWorkflow,
  exception: DecidedException,
  existing: OpenException,
  directory: CountingDirectory,
): Kept {
  const sameClass = existing.class === exception.class
  const stillThere = directory.personByEmail(record.connectionId, existing.ownerEmail) !== undefined
  const ownerEmail = sameClass && stillThere ? existing.ownerEmail : exception.owner
  const dueAtMs = sameClass ? existing.dueAt.getTime() : exception.dueAtMs
  const digest = exceptionDigest(exception.class, exception.finding.what, exception.finding.todo, exception.wouldHave)
  const changed =
    digest !== existing.digest || ownerEmail !== existing.ownerEmail || causeOf(exception) !== existing.cause
  return { record, workflow, exception, existing, ownerEmail, dueAtMs, changed }
}

async function record(
  trx: DatabaseTransaction,
  {
    connectionId,
    nowMs,
    plan,
    ids,
    ownerItems,
    ownerIds,
  }: {
    readonly connectionId: ConnectionId
    readonly nowMs: number
    readonly plan: Plan
    readonly ids: readonly number[]
    readonly ownerItems: readonly { objectType: string; recordId: string; workflow: string }[]
    readonly ownerIds: ReadonlyMap<string, number>
  },
): Promise<void> {
  const at = new Date(nowMs)
  const entries: LedgerEntry[] = []
  const receiptOf: { exceptionId: number; index: number }[] = []
  plan.fresh.forEach(({ record: subject, workflow, exception }, n) => {
    receiptOf.push({ exceptionId: ids[n]!, index: entries.length })
    entries.push(
      exceptionEntry(
        at,
        exception.status === 'open' ? 'exception-opened' : 'exception-settled',
        subject,
        workflow,
        exception,
        ids[n]!,
        exception.owner,
      ),
    )
  })
  for (const kept of plan.kept) {
    if (!kept.changed) continue
    receiptOf.push({ exceptionId: kept.existing.id, index: entries.length })
    entries.push(
      exceptionEntry(
        at,
        'exception-changed',
        kept.record,
        kept.workflow,
        kept.exception,
        kept.existing.id,
        kept.ownerEmail,
      ),
    )
  }
  for (const gone of plan.resolvedOpen) {
    entries.push({
      at,
      kind: 'exception-resolved',
      actor: 'lanekeeper',
      subject: `${connectionId}/${gone.objectType}/${gone.recordId}`,
      body: canonicalJson({
        exception: gone.id,
        workflow: gone.workflow,
        pattern: gone.pattern,
        resolution: gone.resolution,
        policy: gone.policyHash,
      }),
    })
  }
  const intentReceipts: { intentId: number; index: number }[] = []
  plan.writes.forEach(({ record: subject, workflow, decision }, n) => {
    const item = ownerItems[n]!
    const intentId = ownerIds.get(`${item.objectType}/${item.recordId}`)
    if (intentId === undefined) return
    intentReceipts.push({ intentId, index: entries.length })
    const { receipt, ...write } = decision.write!
    entries.push({
      at,
      kind: 'rule-decided',
      actor: `rule:${write.rule}`,
      subject: refKey(subject),
      body: canonicalJson({ intent: intentId, workflow: workflow.version.policy.workflow, write, receipt }),
    })
  })
  const seqs = await appendLedger(trx, entries)
  await setReceipts(
    trx,
    receiptOf.map(({ exceptionId, index }) => ({ id: exceptionId, seq: seqs[index]! })),
  )
  await setIntentReceipts(
    trx,
    intentReceipts.map(({ intentId, index }) => ({ id: intentId, seq: seqs[index]! })),
  )
}

function exceptionEntry(
  at: Date,
  kind: string,
  subject: CrmRecord,
  workflow: RunningWorkflow,
  exception: DecidedException,
  id: number,
  owner: string,
): LedgerEntry {
  return {
    at,
    kind,
    actor: exception.settledByRule === null ? 'lanekeeper' : `rule:${exception.settledByRule}`,
    subject: refKey(subject),
    body: canonicalJson({
      exception: id,
      workflow: workflow.version.policy.workflow,
      pattern: exception.pattern,
      class: exception.class,
      classBecause: exception.classBecause,
      posture: exception.posture,
      owner,
      passedOver: exception.passedOver,
      what: exception.finding.what,
      evidence: exception.finding.evidence,
      involves: exception.finding.involves,
      receipt: exception.receipt,
    }),
  }
}

/** Cases of one cause and one class share a task: a class decides who works it and by when. */
function causeOf(exception: DecidedException): string {
  return `${exception.finding.cause ?? `${exception.pattern}/${exception.subject}`}|${exception.class}`
}

function identity({ workflow, pattern, subject }: { workflow: string; pattern: string; subject: string }): string {
  return `${workflow}\n${pattern}\n${subject}`
}

/** Only a workflow that is live, or its pilot, writes anything to a CRM. */
function writesTasks({ effectiveMode }: RunningWorkflow): boolean {
  return effectiveMode === 'live' || effectiveMode === 'pilot'
}

function earliest(a: number | null, b: number | null): number | null {
  if (a === null) return b
  return b === null ? a : Math.min(a, b)
}
