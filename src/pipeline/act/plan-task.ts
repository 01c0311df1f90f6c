import { createHash } from 'node:crypto'
import type { TaskWrite } from '../../crm/crm-client.ts'
import { knownZone } from '../../model/calendar/known-zone.ts'
import type { ExceptionClass } from '../../model/classes/class.ts'
import { isSame, taskAnchor } from '../../model/decision/task-anchor.ts'
import { closingText, taskText } from '../../model/decision/task-text.ts'
import { canonicalJson } from '../../model/policy/canonical.ts'
import type { PatternName } from '../../model/policy/policy.ts'
import type { Directory } from '../../model/record/crm-user.ts'
import { objectShape } from '../../model/record/object-shape.ts'
import type { TaskContent } from '../../store/decisions/task-contents.ts'
import type { TaskIntent } from '../../store/writes/intents.ts'
import type { ActDependencies } from './contract.ts'
import type { PlannedWrite } from './intent-plan.ts'

export type PlannedTask = PlannedWrite<TaskIntent> & {
  readonly content: TaskContent
  readonly payload: TaskWrite
  /** Of all that the task says: an equal digest means that there is nothing to write. */
  readonly digest: string
  readonly isRecordDeleted: boolean
}

/** What the CRM's task should be now. `no-owner`: the person who should work it is no longer an active user. */
export function planTask(
  deps: ActDependencies,
  intent: TaskIntent,
  content: TaskContent,
  directory: Directory,
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
    ...placeOf(content),
  }
  const digest = digestOf(payload)
  if (content.crmTaskId !== null && digest === content.writtenDigest) return 'nothing'
  const isRecordDeleted = content.hungOn?.isDeleted ?? false
  return { intent, key: payload.key, payload, closes: isDone, isRecordDeleted, content, digest }
}

/** A task that closes keeps its text, with the reason on top, so that a later reader can follow. */
function closingOf(content: TaskContent, intent: TaskIntent): { subject: string; body: string } {
  const last = content.lastWritten
  // Nothing of it ended: its cases are in the task of another cause or class.
  const why = closingText(content.closing ?? 'moved')
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
    listUrl: deps.listUrl(content.id),
    dueAtMs: content.dueAt.getTime(),
    timeZone,
    reopenReason: content.reopenReason,
  })
}

function priorityOf({ cases }: TaskContent): TaskWrite['priority'] {
  return cases.some((one) => one.class === 'customer-facing' || one.class === 'revenue-impacting') ? 'high' : 'normal'
}

/**
 * Where the task belongs, and whether it has to be moved there. A task that closes stays where it is, and so does one of
 * which no case is known to live: the CRM has followed its record, and we do not pull it back.
 */
function placeOf({ status, cases, crmTaskId, hungOn }: TaskContent): Pick<TaskWrite, 'about' | 'rehang'> {
  const anchor = status === 'done' ? null : taskAnchor(cases, hungOn)
  const last = hungOn === null ? null : { objectType: hungOn.objectType, recordId: hungOn.recordId }
  return { about: anchor ?? last, rehang: crmTaskId !== null && anchor !== null && !isSame(anchor, hungOn) }
}

function digestOf({ taskId: _taskId, rehang: _rehang, ...said }: TaskWrite): string {
  return createHash('sha256').update(canonicalJson(said)).digest('hex')
}
