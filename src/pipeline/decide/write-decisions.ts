import type { DecidedException } from '../../model/decision/decided-exception.ts'
import type { ConnectionId } from '../../model/record/change-event.ts'
import { recordTitle } from '../../model/record/record-title.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import {
  insertExceptions,
  type NewException,
  resolveExceptions,
  timesSeen,
  updateExceptions,
} from '../../store/decisions/exceptions.ts'
import { requestTaskWrites } from '../../store/decisions/intents.ts'
import { closeEmptyTasks, linkExceptions } from '../../store/decisions/tasks.ts'
import type { DecisionBatch } from './decision-batch.ts'
import type { GrantedWrites } from './grant-owner-writes.ts'
import { placeInTasks, type TaskPlacement } from './place-in-tasks.ts'
import { caseKey, causeOf, type FreshCase, isChanged, type KeptCase, type Plan } from './plan-changes.ts'
import { recordDecisions, type SavedCases } from './record-decisions.ts'

export type PlannedBatch = GrantedWrites & { readonly plan: Plan }

/**
 * Writes the difference between the decisions and the open cases. Rows are locked in one order, tasks before intents
 * before the ledger's head, and each kind by its key. Returns whether act has a task to write.
 */
export async function writeDecisions(
  trx: DatabaseTransaction,
  batch: DecisionBatch,
  planned: PlannedBatch,
): Promise<boolean> {
  const { plan } = planned
  const connectionId = batch.connection.id
  const placement = await placeInTasks(trx, connectionId, plan, batch.directory)
  const saved = await saveCases(trx, connectionId, plan, placement)
  const toWrite = await saveTasks(trx, connectionId, plan, placement, saved)
  await recordDecisions(trx, batch, planned, saved)
  return toWrite
}

async function saveCases(
  trx: DatabaseTransaction,
  connectionId: ConnectionId,
  plan: Plan,
  { ownerOf }: TaskPlacement,
): Promise<SavedCases> {
  const seenBefore = await timesSeen(trx, connectionId, plan.fresh.map(identityOf))
  const fresh = plan.fresh.map((one) => ({ ...one, exception: ownedBy(one.exception, ownerOf(one)) }))
  const changed = plan.kept
    .map((one) => ({ ...one, exception: ownedBy(one.exception, ownerOf(one)) }))
    .filter((one) => isChanged(one, one.exception.owner))
  const inserts = fresh.map((one) => newException(connectionId, one, seenBefore))
  const ids = await insertExceptions(trx, inserts)
  await updateExceptions(trx, changed.map(exceptionUpdate))
  await resolveExceptions(trx, plan.resolved)
  return { fresh, ids, changed, resolved: plan.resolved }
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
  { record, workflow, exception }: FreshCase,
  seenBefore: ReadonlyMap<string, number>,
): NewException {
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
  }
}

function exceptionUpdate({ existing, exception, dueAtMs, workflow }: KeptCase) {
  return {
    id: existing.id,
    decided: exception,
    cause: causeOf(exception),
    ownerEmail: exception.owner,
    dueAtMs,
    policyHash: workflow.version.hash,
  }
}

/** Puts cases into their tasks, closes tasks without a case, and asks act to write each task that changed. */
async function saveTasks(
  trx: DatabaseTransaction,
  connectionId: ConnectionId,
  plan: Plan,
  { placed, taskOf }: TaskPlacement,
  { ids, changed }: SavedCases,
): Promise<boolean> {
  const touched = new Map<number, { readonly workflow: string; readonly policyHash: string }>()
  const links: { exceptionId: number; taskId: number }[] = []
  const link = (one: FreshCase | KeptCase, exceptionId: number) => {
    if (!placed.has(one)) return
    const { version } = one.workflow
    const taskId = taskOf(one)!.id
    links.push({ exceptionId, taskId })
    touched.set(taskId, { workflow: version.policy.workflow, policyHash: version.hash })
  }
  for (const [n, one] of plan.fresh.entries()) link(one, ids[n]!)
  for (const one of plan.kept) link(one, one.existing.id)
  await linkExceptions(trx, links)
  for (const { existing, workflow } of changed) {
    if (existing.taskId === null) continue
    touched.set(existing.taskId, { workflow: existing.workflow, policyHash: workflow.version.hash })
  }
  for (const { taskId, workflow, policyHash } of plan.resolved) {
    if (taskId !== null) touched.set(taskId, { workflow, policyHash })
  }
  const toWrite = [...touched].map(([taskId, of]) => ({ taskId, ...of })).sort((a, b) => a.taskId - b.taskId)
  await closeEmptyTasks(
    trx,
    toWrite.map(({ taskId }) => taskId),
  )
  await requestTaskWrites(trx, connectionId, toWrite)
  return toWrite.length > 0
}
