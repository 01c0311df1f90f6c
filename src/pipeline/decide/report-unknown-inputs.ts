import type { DecidedException } from '../../model/decision/decided-exception.ts'
import { type HeldInput, inputCase, inputTitle } from '../../model/decision/input-case.ts'
import { buildDirectory } from '../../model/people/directory.ts'
import { canonicalJson } from '../../model/policy/canonical.ts'
import { isKnownCrm } from '../../model/record/crm-profile.ts'
import type { Database, DatabaseTransaction } from '../../store/database/database.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import {
  insertExceptions,
  type OpenInputCase,
  openExceptionsById,
  resolveExceptions,
  setReceipts,
  updateExceptions,
} from '../../store/decisions/exceptions.ts'
import { type DueInput, isAnyInputDue, setCaseOfInput, takeDueInputs } from '../../store/decisions/held-records.ts'
import { requestTaskWrites } from '../../store/decisions/intents.ts'
import { listUsers } from '../../store/decisions/people.ts'
import { frozenWorkflows } from '../../store/decisions/policies.ts'
import {
  closeEmptyTasks,
  ensureTasks,
  linkExceptions,
  openTaskCounts,
  reassignTasks,
} from '../../store/decisions/tasks.ts'
import { appendLedger, type LedgerEntry } from '../../store/ledger/ledger.ts'
import { causeOf, writesTasks } from './plan-changes.ts'
import type { RunningWorkflow } from './running-workflows.ts'

/** Inputs in one transaction. There are as many as fields and reasons, so hardly ever more. */
const BATCH = 50

const EXPLAINED = 'explained-by-reading'

export type ReportDependencies = {
  readonly db: Database
  readonly workflows: () => Promise<RunningWorkflow[]>
  readonly nowMs: () => number
}

/**
 * Opens, updates and closes the cases of inputs that are not known: one for each input, however many records it holds.
 * True: a task has to be written.
 */
export async function reportUnknownInputs(deps: ReportDependencies): Promise<boolean> {
  if (!(await isAnyInputDue(deps.db))) return false
  let toAct = false
  for (;;) {
    const batch = await reportBatch(deps)
    if (batch.toAct) toAct = true
    if (batch.taken < BATCH) return toAct
  }
}

async function reportBatch({ db, workflows, nowMs }: ReportDependencies): Promise<{ taken: number; toAct: boolean }> {
  return inTransaction(db, async (trx) => {
    const taken = await takeDueInputs(trx, BATCH)
    const due = taken.filter(({ crm }) => isKnownCrm(crm))
    if (due.length === 0) return { taken: taken.length, toAct: false }
    const running = await workflows()
    const open = await openExceptionsById(
      trx,
      due.flatMap(({ exceptionId }) => (exceptionId === null ? [] : [exceptionId])),
    )
    const report: Report = {
      trx,
      running,
      frozen: await frozenWorkflows(trx),
      open,
      directory: buildDirectory(await listUsers(trx), await openTaskCounts(trx)),
      nowMs: nowMs(),
      ledger: [],
      toWrite: [],
    }
    for (const input of due) await reportInput(report, input)
    return { taken: taken.length, toAct: await finish(report) }
  })
}

type Report = {
  readonly trx: DatabaseTransaction
  readonly running: readonly RunningWorkflow[]
  readonly frozen: ReadonlySet<string>
  readonly open: ReadonlyMap<number, OpenInputCase>
  readonly directory: ReturnType<typeof buildDirectory>
  readonly nowMs: number
  readonly ledger: { readonly entry: LedgerEntry; readonly exceptionId: number | null }[]
  readonly toWrite: {
    readonly connectionId: string
    readonly taskId: number
    readonly workflow: string
    readonly policyHash: string
  }[]
}

async function reportInput(report: Report, input: DueInput): Promise<void> {
  // It stays as it is until the policy can be read, which looks at it again.
  if (input.workflows.some((workflow) => report.frozen.has(workflow))) return
  const existing = input.exceptionId === null ? undefined : report.open.get(input.exceptionId)
  const workflow = workflowOf(report, input, existing)
  if (existing !== undefined && workflow?.version.policy.workflow !== existing.workflow) {
    await closeCase(report, input, existing, input.held === 0 ? EXPLAINED : 'workflow-retired')
  }
  if (workflow === undefined) return
  const decided = inputCase(input, workflow.version, report.directory, report.nowMs)
  if (existing === undefined || workflow.version.policy.workflow !== existing.workflow) {
    await openCase(report, input, workflow, decided)
  } else {
    await updateCase(report, input, workflow, decided, existing)
  }
}

/** The workflow whose people get the case: that of the open one while it still holds records, else the first by name. */
function workflowOf(
  { running }: Report,
  { held, workflows }: DueInput,
  existing: OpenInputCase | undefined,
): RunningWorkflow | undefined {
  if (held === 0) return undefined
  const holding = running.filter(({ version }) => workflows.includes(version.policy.workflow))
  const [first] = holding.toSorted((a, b) => (a.version.policy.workflow < b.version.policy.workflow ? -1 : 1))
  return holding.find(({ version }) => version.policy.workflow === existing?.workflow) ?? first
}

async function openCase(
  report: Report,
  input: DueInput,
  workflow: RunningWorkflow,
  decided: DecidedException,
): Promise<void> {
  const { trx } = report
  const { policy, hash } = workflow.version
  const { connectionId, objectType } = input
  const [id] = await insertExceptions(trx, [
    {
      connectionId,
      workflow: policy.workflow,
      objectType,
      recordId: '',
      title: inputTitle(input),
      decided,
      cause: causeOf(decided),
      causeTitle: null,
      ownerEmail: decided.owner,
      dueAtMs: decided.dueAtMs,
      policyHash: hash,
      reopened: 0,
    },
  ])
  await setCaseOfInput(trx, input.id, id!)
  await placeInTask(report, input, workflow, decided, id!)
  report.ledger.push(entryOf(report, 'exception-opened', input, decided, id!))
}

async function updateCase(
  report: Report,
  input: DueInput,
  workflow: RunningWorkflow,
  decided: DecidedException,
  existing: OpenInputCase,
): Promise<void> {
  const isSame = existing.what === decided.finding.what && existing.ownerEmail === decided.owner
  const isMissingTask = existing.taskId === null && writesTasks(workflow)
  if (isSame && !isMissingTask) return
  const { trx } = report
  const { hash } = workflow.version
  const dueAtMs = existing.dueAt.getTime()
  const update = { id: existing.id, decided, cause: causeOf(decided), ownerEmail: decided.owner, dueAtMs }
  await updateExceptions(trx, [{ ...update, policyHash: hash }])
  if (isMissingTask) await placeInTask(report, input, workflow, decided, existing.id)
  else if (existing.taskId !== null) {
    const { taskId, ownerEmail: from } = existing
    if (from !== decided.owner) await reassignTasks(trx, [{ taskId, from, to: decided.owner }])
    report.toWrite.push({ connectionId: input.connectionId, taskId, workflow: existing.workflow, policyHash: hash })
  }
  if (!isSame) report.ledger.push(entryOf(report, 'exception-changed', input, decided, existing.id))
}

async function placeInTask(
  { trx, toWrite }: Report,
  { connectionId }: HeldInput,
  workflow: RunningWorkflow,
  decided: DecidedException,
  exceptionId: number,
): Promise<void> {
  if (!writesTasks(workflow)) return
  const { policy, hash } = workflow.version
  const cause = causeOf(decided)
  const where = { connectionId, workflow: policy.workflow, cause, objectType: null, recordId: null }
  const tasks = await ensureTasks(trx, [{ ...where, ownerEmail: decided.owner, dueAtMs: decided.dueAtMs }])
  const { id: taskId } = tasks.get(`${policy.workflow}\n${cause}`)!
  await linkExceptions(trx, [{ exceptionId, taskId }])
  toWrite.push({ connectionId, taskId, workflow: policy.workflow, policyHash: hash })
}

async function closeCase(report: Report, input: DueInput, existing: OpenInputCase, resolution: string): Promise<void> {
  const { trx } = report
  await resolveExceptions(trx, [{ id: existing.id, resolution }])
  await setCaseOfInput(trx, input.id, null)
  const { connectionId } = input
  if (existing.taskId !== null) {
    const { taskId, workflow, policyHash } = existing
    await closeEmptyTasks(trx, [taskId])
    report.toWrite.push({ connectionId, taskId, workflow, policyHash })
  }
  report.ledger.push({
    entry: {
      at: new Date(report.nowMs),
      kind: 'exception-resolved',
      actor: 'lanekeeper',
      subject: subjectOf(input),
      body: canonicalJson({
        exception: existing.id,
        workflow: existing.workflow,
        pattern: 'unknown-input',
        resolution,
        policy: existing.policyHash,
      }),
    },
    exceptionId: null,
  })
}

function entryOf(
  { nowMs }: Report,
  kind: string,
  input: DueInput,
  decided: DecidedException,
  exceptionId: number,
): { readonly entry: LedgerEntry; readonly exceptionId: number } {
  const body = canonicalJson({
    exception: exceptionId,
    workflow: decided.receipt.workflow,
    pattern: decided.pattern,
    class: decided.class,
    classBecause: decided.classBecause,
    posture: decided.posture,
    owner: decided.owner,
    passedOver: decided.passedOver,
    what: decided.finding.what,
    evidence: decided.finding.evidence,
    involves: [],
    receipt: decided.receipt,
  })
  const entry = { at: new Date(nowMs), kind, actor: 'lanekeeper', subject: subjectOf(input), body }
  return { entry, exceptionId }
}

function subjectOf({ connectionId, objectType, field, why }: HeldInput): string {
  return `${connectionId}/${objectType}/${field}/${why}`
}

/** The ledger last, because its head stays locked until the commit. */
async function finish({ trx, ledger, toWrite }: Report): Promise<boolean> {
  const tasks = toWrite.toSorted((a, b) => a.taskId - b.taskId)
  for (const { connectionId, ...task } of tasks) await requestTaskWrites(trx, connectionId, [task])
  const seqs = await appendLedger(
    trx,
    ledger.map(({ entry }) => entry),
  )
  const receipts = ledger.flatMap(({ exceptionId: id }, n) => (id === null ? [] : [{ id, seq: seqs[n]! }]))
  await setReceipts(trx, receipts)
  return tasks.length > 0
}
