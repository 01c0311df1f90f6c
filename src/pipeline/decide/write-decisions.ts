import type { DecidedException } from '../../model/decision/decision.ts'
import type { CountingDirectory } from '../../model/people/directory.ts'
import { canonicalJson } from '../../model/policy/canonical.ts'
import type { ConnectionId } from '../../model/record/change-event.ts'
import { type CrmRecord, refKey } from '../../model/record/crm-record.ts'
import { recordTitle } from '../../model/record/record-title.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import {
  insertExceptions,
  type NewException,
  resolveExceptions,
  setReceipts,
  timesSeen,
  updateExceptions,
} from '../../store/decisions/exceptions.ts'
import { requestTaskWrites, setIntentReceipts } from '../../store/decisions/intents.ts'
import {
  closeEmptyTasks,
  ensureTasks,
  linkExceptions,
  reassignTasks,
  type TaskForCause,
} from '../../store/decisions/tasks.ts'
import { appendLedger, type LedgerEntry } from '../../store/ledger/ledger.ts'
import {
  causeOf,
  type DecidedRecord,
  type FreshCase,
  identity,
  isChanged,
  type KeptCase,
  type Plan,
  type ResolvedCase,
  writeKey,
  writesTasks,
} from './plan-changes.ts'
import type { RunningWorkflow } from './running-workflows.ts'

type Written = {
  readonly connectionId: ConnectionId
  readonly nowMs: number
  readonly results: readonly DecidedRecord[]
  /** Owner writes made by this batch, by `writeKey`. */
  readonly granted: ReadonlyMap<string, number>
}

/**
 * Writes the difference between what was decided and what stands. Rows are locked in one order, tasks before intents
 * before the ledger's head, and each kind by its key. Returns whether a task has to be looked at by act.
 */
export async function writeDecisions(
  trx: DatabaseTransaction,
  plan: Plan,
  directory: CountingDirectory,
  batch: Written,
): Promise<boolean> {
  const { connectionId } = batch
  const needTask = [
    ...plan.fresh.filter(({ workflow, exception }) => exception.status === 'open' && writesTasks(workflow)),
    ...plan.kept.filter((kept) => writesTasks(kept.workflow) && !staysInItsTask(kept)),
  ]
  const ensured = await ensureTasks(
    trx,
    needTask.map((one) => taskFor(connectionId, one)),
  )
  const taskOf = (one: FreshCase | KeptCase) => {
    if ('existing' in one && staysInItsTask(one)) {
      return { id: one.existing.taskId!, ownerEmail: one.existing.taskOwnerEmail ?? one.existing.ownerEmail }
    }
    return ensured.get(`${one.workflow.version.policy.workflow}\n${causeOf(one.exception)}`)
  }
  // A task has one owner, and its cases are that person's, whatever each of them alone would have been.
  const moves = new Map<number, { taskId: number; from: string; to: string }>()
  for (const one of [...plan.kept, ...plan.fresh]) {
    const task = taskOf(one)
    if (!task || one.exception.status !== 'open' || moves.has(task.id)) continue
    if (directory.personByEmail(connectionId, task.ownerEmail) !== undefined) continue
    const to = wantedOwner(one)
    if (to !== task.ownerEmail) moves.set(task.id, { taskId: task.id, from: task.ownerEmail, to })
  }
  const moved = await reassignTasks(trx, [...moves.values()])
  const ownerOf = (one: FreshCase | KeptCase): string => {
    const task = one.exception.status === 'open' ? taskOf(one) : undefined
    return task ? (moved.get(task.id) ?? task.ownerEmail) : wantedOwner(one)
  }

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
  const fresh = plan.fresh.map((one) => ({ ...one, exception: ownedBy(one.exception, ownerOf(one)) }))
  const kept = plan.kept
    .map((one) => ({ ...one, exception: ownedBy(one.exception, ownerOf(one)) }))
    .map((one) => ({ ...one, changed: isChanged(one, one.exception.owner) }))
  const changed = kept.filter((one) => one.changed)
  const inserts: NewException[] = fresh.map(({ record, workflow, exception }) => ({
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
  await updateExceptions(
    trx,
    changed.map(({ existing, exception, dueAtMs, workflow }) => ({
      id: existing.id,
      decided: exception,
      cause: causeOf(exception),
      ownerEmail: exception.owner,
      dueAtMs,
      policyHash: workflow.version.hash,
    })),
  )
  await resolveExceptions(trx, plan.resolved)

  const touched = new Map<number, { workflow: string; policyHash: string }>()
  const links: { exceptionId: number; taskId: number }[] = []
  const isNeeded = new Set<FreshCase | KeptCase>(needTask)
  const link = (one: FreshCase | KeptCase, exceptionId: number) => {
    if (!isNeeded.has(one)) return
    const { version } = one.workflow
    const taskId = taskOf(one)!.id
    links.push({ exceptionId, taskId })
    touched.set(taskId, { workflow: version.policy.workflow, policyHash: version.hash })
  }
  plan.fresh.forEach((one, n) => {
    link(one, ids[n]!)
  })
  for (const one of plan.kept) link(one, one.existing.id)
  await linkExceptions(trx, links)
  for (const { existing, workflow } of changed) {
    if (existing.taskId !== null) {
      touched.set(existing.taskId, { workflow: existing.workflow, policyHash: workflow.version.hash })
    }
  }
  for (const gone of plan.resolved) {
    if (gone.taskId !== null) touched.set(gone.taskId, { workflow: gone.workflow, policyHash: gone.policyHash })
  }
  const toWrite = [...touched].sort(([a], [b]) => a - b)
  await closeEmptyTasks(
    trx,
    toWrite.map(([taskId]) => taskId),
  )
  await requestTaskWrites(
    trx,
    connectionId,
    toWrite.map(([taskId, { workflow, policyHash }]) => ({ taskId, workflow, policyHash })),
  )
  await recordDecisions(trx, batch, { fresh, ids, changed, resolved: plan.resolved })
  return toWrite.length > 0
}

function staysInItsTask({ existing, exception }: KeptCase): boolean {
  return existing.taskId !== null && existing.cause === causeOf(exception)
}

function wantedOwner(one: FreshCase | KeptCase): string {
  return 'existing' in one ? one.ownerEmail : one.exception.owner
}

function taskFor(connectionId: ConnectionId, one: FreshCase | KeptCase): TaskForCause {
  return {
    connectionId,
    workflow: one.workflow.version.policy.workflow,
    cause: causeOf(one.exception),
    ownerEmail: wantedOwner(one),
    objectType: one.record.objectType,
    recordId: one.record.recordId,
    dueAtMs: 'existing' in one ? one.dueAtMs : one.exception.dueAtMs,
  }
}

function ownedBy(exception: DecidedException, owner: string): DecidedException {
  if (exception.owner === owner) return exception
  return { ...exception, owner, passedOver: exception.passedOver.filter(({ email }) => email !== owner) }
}

async function recordDecisions(
  trx: DatabaseTransaction,
  { connectionId, nowMs, results, granted }: Written,
  {
    fresh,
    ids,
    changed,
    resolved,
  }: {
    readonly fresh: readonly FreshCase[]
    readonly ids: readonly number[]
    readonly changed: readonly KeptCase[]
    readonly resolved: readonly ResolvedCase[]
  },
): Promise<void> {
  const at = new Date(nowMs)
  const entries: LedgerEntry[] = []
  const receiptOf: { exceptionId: number; index: number }[] = []
  fresh.forEach(({ record, workflow, exception }, n) => {
    receiptOf.push({ exceptionId: ids[n]!, index: entries.length })
    const kind = exception.status === 'open' ? 'exception-opened' : 'exception-settled'
    entries.push(exceptionEntry(at, kind, record, workflow, exception, ids[n]!))
  })
  for (const { record, workflow, exception, existing } of changed) {
    receiptOf.push({ exceptionId: existing.id, index: entries.length })
    entries.push(exceptionEntry(at, 'exception-changed', record, workflow, exception, existing.id))
  }
  for (const gone of resolved) {
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
  for (const { record, workflow, decision } of results) {
    const intentId = granted.get(writeKey(workflow.version.policy.workflow, record))
    if (intentId === undefined) continue
    intentReceipts.push({ intentId, index: entries.length })
    const { receipt, ...write } = decision.write!
    entries.push({
      at,
      kind: 'rule-decided',
      actor: `rule:${write.rule}`,
      subject: refKey(record),
      body: canonicalJson({ intent: intentId, workflow: workflow.version.policy.workflow, write, receipt }),
    })
  }
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
      owner: exception.owner,
      passedOver: exception.passedOver,
      what: exception.finding.what,
      evidence: exception.finding.evidence,
      involves: exception.finding.involves,
      receipt: exception.receipt,
    }),
  }
}
