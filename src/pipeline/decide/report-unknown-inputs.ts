import type { DecidedException } from '../../model/decision/decided-exception.ts'
import { type HeldInput, inputCase, inputTitle } from '../../model/decision/input-case.ts'
import { buildDirectory } from '../../model/people/directory.ts'
import { canonicalJson } from '../../model/policy/canonical.ts'
import { isKnownCrm } from '../../model/record/crm-profile.ts'
import { writableAmong } from '../../store/connections/write-permission.ts'
import { count } from '../../store/database/counters.ts'
import type { Database, DatabaseTransaction } from '../../store/database/database.ts'
import { failureText } from '../../store/database/failure-text.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import {
  insertExceptions,
  newExceptionIds,
  type OpenInputCase,
  openExceptionsById,
  resolveExceptions,
  setReceipts,
  updateExceptions,
} from '../../store/decisions/exceptions.ts'
import {
  type DueInput,
  isAnyInputDue,
  postponeInput,
  setCaseOfInput,
  takeDueInputs,
} from '../../store/decisions/held-records.ts'
import { openTaskCounts } from '../../store/decisions/open-tasks.ts'
import { listUsers } from '../../store/decisions/people.ts'
import { frozenWorkflows } from '../../store/decisions/policies.ts'
import { closeEmptyTasks, ensureTasks, linkExceptions, reassignTasks } from '../../store/decisions/tasks.ts'
import { appendLedger, type LedgerEntry } from '../../store/ledger/ledger.ts'
import { openUpgrades } from '../../store/upgrades/upgrades.ts'
import { requestTaskWrites, type TaskToWrite } from '../../store/writes/request-task-writes.ts'
import { entryOf, subjectOf } from './input-entries.ts'
import { causeOf, EXPLAINED, writesTasks } from './plan-changes.ts'
import type { RunningWorkflow, WorkflowReader } from './running-workflows.ts'
import { type ToReport, withUnseen } from './unseen-of-input.ts'

/** Inputs in one transaction. There are as many as fields and reasons, so hardly ever more. */
const BATCH = 50

const FAILED_AGAIN_S = 300

export type ReportDependencies = {
  readonly db: Database
  readonly workflows: WorkflowReader
  readonly nowMs: () => number
}

/**
 * Opens, updates and closes the cases of inputs that are not known: one for each input, however many records it holds.
 * True: a task has to be written.
 */
export async function reportUnknownInputs(deps: ReportDependencies): Promise<boolean> {
  if (!(await isAnyInputDue(deps.db))) return false
  let toAct = false
  // One input that cannot be reported must not hold up the others: it is found alone, and looked at again later.
  for (let limit = BATCH; ; ) {
    let inputs: readonly DueInput[] = []
    try {
      const batch = await reportBatch(deps, limit, (due) => {
        inputs = due
      })
      if (batch.toAct) toAct = true
      if (batch.taken < limit) return toAct
    } catch (error) {
      const [first] = inputs
      if (first === undefined) throw error
      if (limit === 1) await setAside(deps.db, first, error)
      limit = 1
    }
  }
}

async function setAside(db: Database, { id, connectionId }: DueInput, error: unknown): Promise<void> {
  await inTransaction(db, async (trx) => {
    await postponeInput(trx, id, FAILED_AGAIN_S)
    await count(trx, 'record-failed', 1, { connectionId, detail: `input: ${failureText(error)}` })
  })
}

async function reportBatch(
  { db, workflows, nowMs }: ReportDependencies,
  limit: number,
  onTaken: (inputs: readonly DueInput[]) => void,
): Promise<{ taken: number; toAct: boolean }> {
  return inTransaction(db, async (trx) => {
    const taken = await takeDueInputs(trx, limit)
    onTaken(taken)
    const due = taken.filter(({ crm }) => isKnownCrm(crm))
    if (due.length === 0) return { taken: taken.length, toAct: false }
    const running = new Map<string, RunningWorkflow[]>()
    for (const { connectionId } of due) {
      if (!running.has(connectionId)) running.set(connectionId, await workflows(connectionId))
    }
    const open = await openExceptionsById(
      trx,
      due.flatMap(({ exceptionId }) => (exceptionId === null ? [] : [exceptionId])),
    )
    const report: Report = {
      trx,
      running,
      frozen: await frozenWorkflows(trx),
      writable: await writableAmong(
        trx,
        due.map(({ connectionId }) => connectionId),
      ),
      open,
      directory: buildDirectory(await listUsers(trx), await openTaskCounts(trx)),
      nowMs: nowMs(),
      ledger: [],
      toWrite: [],
    }
    for (const input of due) await reportInput(report, await withUnseen(trx, input))
    return { taken: taken.length, toAct: await finish(report) }
  })
}

type Report = {
  readonly trx: DatabaseTransaction
  /** By connection, where a workflow may run less far than in another. */
  readonly running: ReadonlyMap<string, readonly RunningWorkflow[]>
  readonly frozen: ReadonlySet<string>
  /** Connections that may be written to. Elsewhere a case has no task, which would wait for ever. */
  readonly writable: ReadonlySet<string>
  readonly open: ReadonlyMap<number, OpenInputCase>
  readonly directory: ReturnType<typeof buildDirectory>
  readonly nowMs: number
  readonly ledger: { readonly entry: LedgerEntry; readonly exceptionId: number | null }[]
  readonly toWrite: (TaskToWrite & { readonly connectionId: string })[]
}

async function reportInput(report: Report, input: ToReport): Promise<void> {
  // It stays as it is until the policy can be read, which looks at it again.
  if (input.workflows.some((workflow) => report.frozen.has(workflow))) return
  const existing = input.exceptionId === null ? undefined : report.open.get(input.exceptionId)
  const workflow = workflowOf(report, input, existing)
  if (existing !== undefined && workflow?.version.policy.workflow !== existing.workflow) {
    await closeCase(report, input, existing, input.held === 0 ? EXPLAINED : 'workflow-retired')
  }
  if (workflow === undefined) return
  const isWritable = report.writable.has(input.connectionId)
  const decided = inputCase(input, workflow.version, report.directory, report.nowMs, isWritable)
  if (existing === undefined || workflow.version.policy.workflow !== existing.workflow) {
    await openCase(report, input, workflow, decided)
  } else {
    await updateCase(report, input, workflow, decided, existing)
  }
}

/** The workflow whose people get the case: that of the open one while it still holds records, else the first by name. */
function workflowOf(
  { running }: Report,
  { connectionId, held, workflows }: DueInput,
  existing: OpenInputCase | undefined,
): RunningWorkflow | undefined {
  if (held === 0) return undefined
  const holding = (running.get(connectionId) ?? []).filter(({ version }) => workflows.includes(version.policy.workflow))
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
  const [id = 0] = await newExceptionIds(trx, 1)
  const taskId = await taskFor(report, input, workflow, decided)
  await insertExceptions(trx, [
    {
      id,
      taskId,
      receiptSeq: null,
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
      evidenceKey: null,
    },
  ])
  await setCaseOfInput(trx, input.id, id)
  report.ledger.push(entryOf(report, 'exception-opened', input, decided, id))
}

async function updateCase(
  report: Report,
  input: DueInput,
  workflow: RunningWorkflow,
  decided: DecidedException,
  existing: OpenInputCase,
): Promise<void> {
  const { what, todo } = decided.finding
  const isSame = existing.what === what && existing.todo === todo && existing.ownerEmail === decided.owner
  const isMissingTask = existing.taskId === null && isTaskWritten(report, input, workflow)
  if (isSame && !isMissingTask) return
  const { trx } = report
  const { hash } = workflow.version
  const dueAtMs = existing.dueAt.getTime()
  const update = {
    id: existing.id,
    decided,
    cause: causeOf(decided),
    ownerEmail: decided.owner,
    dueAtMs,
    evidenceKey: null,
    waits: false,
  }
  await updateExceptions(trx, [{ ...update, policyHash: hash }])
  if (isMissingTask) {
    const taskId = await taskFor(report, input, workflow, decided)
    await linkExceptions(trx, [{ exceptionId: existing.id, taskId: taskId! }])
  } else if (existing.taskId !== null) {
    const { taskId, ownerEmail: from } = existing
    if (from !== decided.owner) await reassignTasks(trx, [{ taskId, from, to: decided.owner }])
    report.toWrite.push({ connectionId: input.connectionId, taskId, workflow: existing.workflow, policyHash: hash })
  }
  if (!isSame) report.ledger.push(entryOf(report, 'exception-changed', input, decided, existing.id))
}

function isTaskWritten({ writable }: Report, { connectionId }: HeldInput, workflow: RunningWorkflow): boolean {
  return writesTasks(workflow) && writable.has(connectionId)
}

/** The task of the input's case, to be written. Null: its workflow only observes, or nothing may be written there. */
async function taskFor(
  report: Report,
  input: HeldInput,
  workflow: RunningWorkflow,
  decided: DecidedException,
): Promise<number | null> {
  if (!isTaskWritten(report, input, workflow)) return null
  const { trx, toWrite } = report
  const { connectionId } = input
  const { policy, hash } = workflow.version
  const cause = causeOf(decided)
  const where = { connectionId, workflow: policy.workflow, cause, objectType: null, recordId: null }
  const tasks = await ensureTasks(trx, [{ ...where, ownerEmail: decided.owner, dueAtMs: decided.dueAtMs }])
  const { id: taskId } = tasks.get(`${policy.workflow}\n${cause}`)!
  toWrite.push({ connectionId, taskId, workflow: policy.workflow, policyHash: hash })
  return taskId
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

/** The ledger last, because its head stays locked until the commit. */
async function finish({ trx, ledger, toWrite }: Report): Promise<boolean> {
  const tasks = toWrite.toSorted((a, b) => a.taskId - b.taskId)
  const upgrades = await openUpgrades(trx, [...new Set(tasks.map(({ connectionId }) => connectionId))])
  for (const { connectionId, ...task } of tasks) {
    // Nobody can say whether an upgrade made the difference, so its report comes first.
    const upgrade = upgrades.get(connectionId)
    const upgradeId = upgrade?.workflows.has(task.workflow) ? upgrade.id : null
    await requestTaskWrites(trx, connectionId, [{ ...task, upgradeId }])
  }
  const seqs = await appendLedger(
    trx,
    ledger.map(({ entry }) => entry),
  )
  const receipts = ledger.flatMap(({ exceptionId: id }, n) => (id === null ? [] : [{ id, seq: seqs[n]! }]))
  await setReceipts(trx, receipts)
  return tasks.length > 0
}
