import { companyDirectory } from '../../model/people/company-directory.ts'
import type { CountingDirectory } from '../../model/people/directory.ts'
import { keepsCases } from '../../model/people/job-holder.ts'
import type { ConnectionId } from '../../model/record/change-event.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import { ensureTasks, reassignTasks, type TaskForCause } from '../../store/decisions/tasks.ts'
import { causeOf, type KeptCase, type Plan, type PlannedCase, writesTasks } from './plan-changes.ts'

/** Where each case of a plan is worked. */
export type TaskPlacement = {
  /** The cases that this batch puts into a task: new ones, and those whose cause changed. */
  readonly placed: ReadonlySet<PlannedCase>
  /** Undefined: the case has no task. */
  readonly taskOf: (one: PlannedCase) => Task | undefined
  readonly ownerOf: (one: PlannedCase) => string
}

type Task = { readonly id: number; readonly ownerEmail: string }

/** Finds or creates the task of each cause, and moves tasks away from owners who are no longer active. */
export async function placeInTasks(
  trx: DatabaseTransaction,
  connectionId: ConnectionId,
  plan: Plan,
  directory: CountingDirectory,
): Promise<TaskPlacement> {
  const placed = new Set<PlannedCase>([
    ...plan.fresh.filter(({ workflow, exception }) => exception.status === 'open' && writesTasks(workflow)),
    ...plan.kept.filter((kept) => writesTasks(kept.workflow) && !staysInItsTask(kept) && !kept.waits),
  ])
  const wanted = [...placed].map((one) => taskFor(connectionId, one))
  const ensured = await ensureTasks(trx, wanted)
  const taskOf = (one: PlannedCase): Task | undefined => {
    if ('existing' in one && one.waits) return undefined
    if ('existing' in one && staysInItsTask(one)) {
      return { id: one.existing.taskId!, ownerEmail: one.existing.taskOwnerEmail ?? one.existing.ownerEmail }
    }
    return ensured.get(`${one.workflow.version.policy.workflow}\n${causeOf(one.exception)}`)
  }
  const isActive = ({ workflow: { version } }: PlannedCase, email: string) => {
    const { people, owners } = version.policy
    return keepsCases(owners, companyDirectory(directory, people), connectionId, email)
  }
  const moved = await reassignTasks(trx, tasksToMove(plan, taskOf, isActive))
  const ownerOf = (one: PlannedCase): string => {
    const task = one.exception.status === 'open' ? taskOf(one) : undefined
    return task ? (moved.get(task.id) ?? task.ownerEmail) : wantedOwner(one)
  }
  return { placed, taskOf, ownerOf }
}

function staysInItsTask({ existing, exception }: KeptCase): boolean {
  return existing.taskId !== null && existing.cause === causeOf(exception)
}

function taskFor(connectionId: ConnectionId, one: PlannedCase): TaskForCause {
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

/** A task has one owner, who also owns each of its cases. Where that owner left, the first case names the next one. */
function tasksToMove(
  plan: Plan,
  taskOf: TaskPlacement['taskOf'],
  isActive: (one: PlannedCase, email: string) => boolean,
): { readonly taskId: number; readonly from: string; readonly to: string }[] {
  const moves = new Map<number, { taskId: number; from: string; to: string }>()
  for (const one of [...plan.kept, ...plan.fresh]) {
    const task = taskOf(one)
    if (!task || one.exception.status !== 'open' || moves.has(task.id) || isActive(one, task.ownerEmail)) continue
    const to = wantedOwner(one)
    if (to !== task.ownerEmail) moves.set(task.id, { taskId: task.id, from: task.ownerEmail, to })
  }
  return [...moves.values()]
}

function wantedOwner(one: PlannedCase): string {
  return 'existing' in one ? one.ownerEmail : one.exception.owner
}
