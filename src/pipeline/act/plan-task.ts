import { createHash } from 'node:crypto'
import type { TaskWrite } from '../../crm/crm-client.ts'
import { knownZone } from '../../model/calendar/known-zone.ts'
import type { ExceptionClass } from '../../model/classes/class.ts'
import { closingText, taskText } from '../../model/decision/task-text.ts'
import type { CountingDirectory } from '../../model/people/directory.ts'
import { canonicalJson } from '../../model/policy/canonical.ts'
import type { PatternName } from '../../model/policy/policy.ts'
import { objectShape } from '../../model/record/object-shape.ts'
import type { TaskIntent } from '../../store/decisions/intents.ts'
import type { TaskContent } from '../../store/decisions/task-contents.ts'
import type { ActDependencies } from './contract.ts'
import type { PlannedWrite } from './intent-plan.ts'

export type PlannedTask = PlannedWrite<TaskIntent> & {
  readonly content: TaskContent
  readonly payload: TaskWrite
  /** Of all that the task says: an equal digest means that there is nothing to write. */
  readonly digest: string
}

/** What the CRM's task should be now. `no-owner`: the person who should work it is no longer an active user. */
export function planTask(
  deps: ActDependencies,
  intent: TaskIntent,
  content: TaskContent,
  directory: CountingDirectory,
): PlannedTask | 'nothing' | 'no-owner' {
  const isDone = content.status === 'done'
  // A done task without a CRM id was closed before it was ever written, and no call can have reached the CRM.
  if (isDone ? content.crmTaskId === null : content.cases.length === 0) return 'nothing'
  const { connection } = deps
  const owner = directory.personByEmail(connection.id, content.ownerEmail)
  const ownerId = owner?.userId ?? (isDone ? content.crmOwnerId : null)
  if (ownerId === null) return isDone ? 'nothing' : 'no-owner'
  const timeZone = knownZone(owner?.timeZone ?? null) ?? knownZone(connection.timeZone) ?? 'UTC'
  const { subject, body } = isDone ? closingOf(content, intent) : openText(deps, content, timeZone)
  const payload: TaskWrite = {
    key: content.key,
    taskId: content.crmTaskId,
    ownerId,
    subject,
    body,
    dueAtMs: content.dueAt.getTime(),
    timeZone,
    priority: priorityOf(content),
    status: content.status,
    about: aboutOf(content),
  }
  const digest = digestOf(payload)
  if (content.crmTaskId !== null && digest === content.writtenDigest) return 'nothing'
  return { intent, key: payload.key, payload, closes: isDone, content, digest }
}

/** A task that closes keeps its text, with the reason on top, so that a later reader can follow. */
function closingOf(content: TaskContent, intent: TaskIntent): { subject: string; body: string } {
  const last = content.lastWritten
  const why = closingText(content.closing ?? '')
  if (last === null) return { subject: `Closed: ${intent.workflow}`, body: why }
  return { subject: last.subject, body: `${why}\n\n${last.body}` }
}

function openText(deps: ActDependencies, content: TaskContent, timeZone: string): { subject: string; body: string } {
  return taskText({
    workflowTitle: deps.workflowTitle(content.workflow),
    cases: content.cases.map((item) => ({
      title: item.title,
      noun: objectShape(deps.connection.crm, item.objectType)?.noun ?? item.objectType,
      pattern: item.pattern as PatternName,
      class: item.class as ExceptionClass,
      what: item.what,
      wouldHave: item.wouldHave,
      todo: item.todo,
      causeTitle: item.causeTitle,
      caseUrl: deps.caseUrl(item.id),
      receiptSeq: item.receiptSeq,
    })),
    total: content.total,
    dueAtMs: content.dueAt.getTime(),
    timeZone,
    reopenReason: content.reopenReason,
  })
}

function priorityOf({ cases }: TaskContent): TaskWrite['priority'] {
  return cases.some((one) => one.class === 'customer-facing' || one.class === 'revenue-impacting') ? 'high' : 'normal'
}

export function aboutOf({ objectType, recordId }: TaskContent): TaskWrite['about'] {
  return objectType === null || recordId === null ? null : { objectType, recordId }
}

function digestOf({ taskId: _taskId, ...said }: TaskWrite): string {
  return createHash('sha256').update(canonicalJson(said)).digest('hex')
}
