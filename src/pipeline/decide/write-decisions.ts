import type { DecidedException } from '../../model/decision/decided-exception.ts'
import type { ConnectionId } from '../../model/record/change-event.ts'
import { recordTitle } from '../../model/record/record-title.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import {
  insertExceptions,
  type NewException,
  newExceptionIds,
  noteChangedFacts,
  resolveExceptions,
  setEvidenceKeys,
  settleExceptions,
  timesSeen,
  updateExceptions,
} from '../../store/decisions/exceptions.ts'
import { closeEmptyTasks, linkExceptions } from '../../store/decisions/tasks.ts'
import { type ChangedCase, noteUpgradeCases } from '../../store/upgrades/upgrade-cases.ts'
import { requestTaskWrites, type TaskToWrite } from '../../store/writes/request-task-writes.ts'
import type { DecisionBatch } from './decision-batch.ts'
import { caseKey, writeKey } from './decision-keys.ts'
import type { GrantedWrites } from './grant-owner-writes.ts'
import { placeInTasks, type TaskPlacement } from './place-in-tasks.ts'
import {
  causeOf,
  type FreshCase,
  isChanged,
  type KeptCase,
  nameOf,
  type Plan,
  type ResolvedCase,
  type SettledCase,
} from './plan-changes.ts'
import { recordDecisions, type SavedCases } from './record-decisions.ts'

export type PlannedBatch = GrantedWrites & {
  readonly plan: Plan
  /** By `writeKey`: decisions that an upgrade alone asks for. */
  readonly forUpgrade: ReadonlySet<string>
}

/**
 * Writes the difference between the decisions and the open cases. Rows are locked in one order, tasks before intents
 * before the ledger's head, and each kind by its key. A new case comes last and is written once: by then its task and its
 * receipt are known. Returns whether act has a task to write.
 */
export async function writeDecisions(
  trx: DatabaseTransaction,
  batch: DecisionBatch,
  planned: PlannedBatch,
): Promise<boolean> {
  const { plan } = planned
  const connectionId = batch.connection.id
  const placement = await placeInTasks(trx, connectionId, plan, batch.directory)
  const seenBefore = await timesSeen(trx, connectionId, plan.fresh.map(identityOf))
  const saved = await saveKnownCases(trx, plan, placement)
  const upgradeOf: UpgradeOf = (workflow, record) =>
    planned.forUpgrade.has(writeKey(workflow, record)) ? batch.upgrade!.id : null
  const toWrite = await saveTasks(trx, connectionId, plan, placement, saved, upgradeOf)
  const receipts = await recordDecisions(trx, batch, planned, saved)
  await insertExceptions(
    trx,
    plan.fresh.map((one, n) => ({
      ...newException(connectionId, { ...one, exception: saved.fresh[n]!.exception }, seenBefore),
      id: saved.ids[n]!,
      taskId: placement.placed.has(one) ? placement.taskOf(one)!.id : null,
      receiptSeq: receipts[n]!,
    })),
  )
  await noteChangedFacts(
    trx,
    saved.ids.filter((_, n) =>
      seenBefore.has(caseKey({ ...plan.fresh[n]!.exception, workflow: nameOf(plan.fresh[n]!) })),
    ),
  )
  if (batch.upgrade !== null) {
    await noteUpgradeCases(trx, batch.upgrade.id, connectionId, changedByUpgrade(saved, plan, upgradeOf))
  }
  return toWrite
}

/** The upgrade that alone asks for the decision of a workflow on a record. Null: none does. */
type UpgradeOf = (workflow: string, record: { readonly objectType: string; readonly recordId: string }) => number | null

/** What an upgrade did to cases. One that a rule settled as it was found was never open. */
function changedByUpgrade(
  { fresh, ids, settled, resolved }: SavedCases,
  { kept }: Plan,
  upgradeOf: UpgradeOf,
): ChangedCase[] {
  const isOf = (one: FreshCase) => upgradeOf(nameOf(one), one.record) !== null
  return [
    ...fresh.flatMap((one, n): ChangedCase[] =>
      isOf(one) && one.exception.status === 'open' ? [{ id: ids[n]!, change: 'opened', classBefore: null }] : [],
    ),
    ...kept.flatMap((one): ChangedCase[] => {
      const { existing, exception, waits } = one
      const isAskedAgain = existing.waits && !waits
      if (!isOf(one) || (existing.class === exception.class && !isAskedAgain)) return []
      return [{ id: existing.id, change: isAskedAgain ? 'asked-again' : 'changed', classBefore: existing.class }]
    }),
    ...[...settled.filter(isOf).map(({ existing }) => existing), ...resolved.filter(isResolvedFor(upgradeOf))].map(
      ({ id, class: classBefore }): ChangedCase => ({ id, change: 'closed', classBefore }),
    ),
  ]
}

function isResolvedFor(upgradeOf: UpgradeOf) {
  return (gone: ResolvedCase) => upgradeOf(gone.workflow, gone) !== null
}

/** Brings the cases up to date that were there before, and gives the new ones their owners and ids. */
async function saveKnownCases(
  trx: DatabaseTransaction,
  plan: Plan,
  { placed, taskOf, ownerOf }: TaskPlacement,
): Promise<SavedCases> {
  const fresh = plan.fresh.map((one) => ({ ...one, exception: ownedBy(one.exception, ownerOf(one)) }))
  const changed = plan.kept
    .map((one) => ({ ...one, exception: ownedBy(one.exception, ownerOf(one)) }))
    .filter((one) => isChanged(one, one.exception.owner))
  const ids = await newExceptionIds(trx, fresh.length)
  await updateExceptions(trx, changed.map(exceptionUpdate))
  await setEvidenceKeys(trx, changedKeys(plan))
  await linkExceptions(
    trx,
    plan.kept.flatMap((one) => (placed.has(one) ? [{ exceptionId: one.existing.id, taskId: taskOf(one)!.id }] : [])),
  )
  await updateExceptions(trx, plan.settled.map(asDecidedLast))
  await settleExceptions(
    trx,
    plan.settled.map(({ existing, exception }) => ({ id: existing.id, rule: exception.settledByRule })),
  )
  await resolveExceptions(trx, plan.resolved)
  return { fresh, ids, changed, settled: plan.settled, resolved: plan.resolved }
}

/** Also of cases of which nobody is told: what they rest on may be less, or more, than what their words say. */
function changedKeys({ kept }: Plan): { id: number; evidenceKey: string }[] {
  return kept.flatMap(({ existing, key }) =>
    key === null || key === existing.evidenceKey ? [] : [{ id: existing.id, evidenceKey: key }],
  )
}

function identityOf({ record, workflow, exception }: FreshCase) {
  return {
    workflow: workflow.version.policy.workflow,
    pattern: exception.pattern,
    subject: exception.subject,
    objectType: record.objectType,
    recordId: record.recordId,
  }
}

function ownedBy(exception: DecidedException, owner: string): DecidedException {
  if (exception.owner === owner) return exception
  return { ...exception, owner, passedOver: exception.passedOver.filter(({ email }) => email !== owner) }
}

function newException(
  connectionId: ConnectionId,
  { record, workflow, exception, key }: FreshCase,
  seenBefore: ReadonlyMap<string, number>,
): Omit<NewException, 'id' | 'taskId' | 'receiptSeq'> {
  const name = workflow.version.policy.workflow
  return {
    connectionId,
    workflow: name,
    objectType: record.objectType,
    recordId: record.recordId,
    title: recordTitle(record),
    decided: exception,
    cause: causeOf(exception),
    causeTitle: exception.finding.causeTitle,
    ownerEmail: exception.owner,
    dueAtMs: exception.dueAtMs,
    policyHash: workflow.version.hash,
    reopened: seenBefore.get(caseKey({ ...exception, workflow: name })) ?? 0,
    evidenceKey: key,
  }
}

function exceptionUpdate({ existing, exception, dueAtMs, workflow, key, waits }: KeptCase) {
  return {
    id: existing.id,
    decided: exception,
    cause: causeOf(exception),
    ownerEmail: exception.owner,
    dueAtMs,
    policyHash: workflow.version.hash,
    evidenceKey: key,
    waits,
  }
}

/** As the rule found it: its class is the one that the rule may settle. Owner and deadline stay those of the open case. */
function asDecidedLast(settled: SettledCase) {
  const { ownerEmail, dueAt } = settled.existing
  const exception = ownedBy(settled.exception, ownerEmail)
  return exceptionUpdate({ ...settled, exception, ownerEmail, dueAtMs: dueAt.getTime(), waits: false })
}

type OfRecord = { readonly workflow: string; readonly objectType: string; readonly recordId: string }

/**
 * Closes tasks without a case, and asks act to write each task that changed. The tasks of new cases are not among those
 * that may be empty, although the cases are not written yet: this batch has touched them, so nobody else closes them.
 */
async function saveTasks(
  trx: DatabaseTransaction,
  connectionId: ConnectionId,
  plan: Plan,
  { placed, taskOf }: TaskPlacement,
  { changed }: SavedCases,
  upgradeOf: UpgradeOf,
): Promise<boolean> {
  const touched = new Map<number, Omit<TaskToWrite, 'taskId'>>()
  const note = (taskId: number, policyHash: string, { workflow, ...record }: OfRecord) => {
    // Whatever else is wanted of the task waits with what an upgrade wants: it is written as a whole.
    const upgradeId = upgradeOf(workflow, record) ?? touched.get(taskId)?.upgradeId ?? null
    touched.set(taskId, { workflow, policyHash, upgradeId })
  }
  const touch = ({ workflow: { version }, record }: FreshCase | KeptCase, taskId: number) =>
    note(taskId, version.hash, { ...record, workflow: version.policy.workflow })
  const freshIn = new Set(plan.fresh.flatMap((one) => (placed.has(one) ? [taskOf(one)!.id] : [])))
  for (const one of [...plan.fresh, ...plan.kept]) if (placed.has(one)) touch(one, taskOf(one)!.id)
  for (const { existing, workflow } of changed) {
    if (existing.taskId !== null) note(existing.taskId, workflow.version.hash, existing)
  }
  const ended = [...plan.settled.map(({ existing }) => existing), ...plan.resolved]
  for (const one of ended) if (one.taskId !== null) note(one.taskId, one.policyHash, one)
  const toWrite = [...touched].map(([taskId, of]) => ({ taskId, ...of })).sort((a, b) => a.taskId - b.taskId)
  await closeEmptyTasks(
    trx,
    toWrite.map(({ taskId }) => taskId).filter((taskId) => !freshIn.has(taskId)),
  )
  await requestTaskWrites(trx, connectionId, toWrite)
  return toWrite.length > 0
}
