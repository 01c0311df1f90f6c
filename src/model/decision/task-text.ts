import type { ExceptionClass } from '../classes/class.ts'
import { findPattern } from '../patterns/registry.ts'
import type { PatternName } from '../policy/policy.ts'

/** The plain text of a task. Adapters convert it to the form of their CRM. */
export type TaskText = { readonly subject: string; readonly body: string }

export type TaskTextCase = {
  readonly title: string
  readonly noun: string
  readonly pattern: PatternName
  readonly class: ExceptionClass
  readonly what: string
  readonly wouldHave: string
  readonly todo: string
  readonly causeTitle: string | null
  readonly caseUrl: string
  readonly receiptSeq: number | null
}

export type TaskTextInput = {
  readonly workflowTitle: string
  /** At least one unless the task is closing. */
  readonly cases: readonly TaskTextCase[]
  /** All cases of the task; more than `cases` when the list is cut. */
  readonly total: number
  /** The page with all of them. */
  readonly listUrl: string
  readonly dueAtMs: number
  readonly timeZone: string
  readonly reopenReason: string | null
}

export const CLASS_LABELS: Readonly<Record<ExceptionClass, string>> = {
  expected: 'Expected',
  risky: 'Risky',
  'customer-facing': 'Customer-facing',
  'revenue-impacting': 'Revenue-impacting',
  unknown: 'Unknown',
}

/** The case of an input, which is about no record. */
const INPUT: PatternName = 'unknown-input'

/** Both CRMs cut subjects at 255 characters; the end, where the record's name stands, is what may be cut. */
const SUBJECT_MAX = 255

/** One line of a list: what happened to the record, whose values may be long. */
const LINE_MAX = 300

/** Subject: class, what, which record. Body: what happened, why you, what stopped, what to do, by when, and the proof. */
export function taskText(input: TaskTextInput): TaskText {
  const first = input.cases[0]
  if (!first) throw new RangeError('A task needs at least one case')
  return { subject: subject(input, first), body: body(input, first) }
}

function subject({ total }: TaskTextInput, first: TaskTextCase): string {
  const label = CLASS_LABELS[first.class]
  const text =
    first.pattern === INPUT
      ? `${label}: ${first.title} is not known`
      : total > 1
        ? `${label}: ${first.causeTitle ?? patternLabel(first.pattern)} (${total} records)`
        : `${label}: ${patternLabel(first.pattern)}, ${first.noun} ${first.title}`
  return cut(text, SUBJECT_MAX)
}

function cut(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`
}

function patternLabel(name: PatternName): string {
  return findPattern(name)?.label ?? name
}

function body(input: TaskTextInput, first: TaskTextCase): string {
  const { cases, total, reopenReason, workflowTitle } = input
  const lines: string[] = []
  if (reopenReason !== null) lines.push(`Reopened: ${reopenReason}`, '')
  if (total > 1) {
    lines.push(`What happened: ${first.causeTitle ?? first.what}`, '', `${total} records have this cause:`)
    // A sentence that all records share is written once, above.
    const alike = cases.every((item) => item.what === first.what)
    for (const item of cases) lines.push(cut(`- ${item.noun} ${item.title}${alike ? '' : `: ${item.what}`}`, LINE_MAX))
    if (total > cases.length) lines.push(`- and ${total - cases.length} more; the whole list: ${input.listUrl}`)
    lines.push('')
  } else {
    lines.push(`What happened: ${first.what}`, '')
  }
  lines.push(
    first.pattern === INPUT
      ? `Why you: you look after the data of the workflow "${workflowTitle}".`
      : `Why you: you review ${CLASS_LABELS[first.class].toLowerCase()} cases of the workflow "${workflowTitle}".`,
    ...(first.wouldHave === '' || cases.some(({ wouldHave }) => wouldHave !== first.wouldHave)
      ? []
      : [`What would have happened: ${first.wouldHave}`]),
    `What to do: ${first.todo}`,
    `Due: ${dueText(input.dueAtMs, input.timeZone)}`,
    '',
    total > 1 ? `All cases: ${input.listUrl}` : `Case: ${first.caseUrl}`,
    ...(total > 1 ? ['Each record is checked by itself when you complete this task.'] : []),
  )
  if (first.receiptSeq !== null && total === 1) lines.push(`Receipt: #${first.receiptSeq}`)
  return lines.join('\n')
}

/** In the owner's own zone, by which they plan their day. */
export function dueText(dueAtMs: number, timeZone: string): string {
  const text = new Intl.DateTimeFormat('en-US', {
    timeZone,
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
  }).format(dueAtMs)
  return `${text} (${timeZone})`
}

/** What the second task of one case says when it is closed. Its own text stays below, as in every task that closes. */
export function extraTaskText(
  workflow: string,
  keptTaskId: string | null,
  last: { readonly subject: string; readonly body: string } | null,
): { readonly subject: string; readonly body: string } {
  const why =
    `Closed automatically: this case has another task${keptTaskId === null ? '' : ` (${keptTaskId})`}, which stays. ` +
    'Lanekeeper created this one a second time after an answer was lost.'
  return last === null
    ? { subject: `Closed: ${workflow}`, body: why }
    : { subject: last.subject, body: `${why}\n\n${last.body}` }
}

/** Why a task was closed without a person. */
export function closingText(resolution: string): string {
  switch (resolution) {
    case 'condition-cleared':
      return 'Closed automatically: the problem is fixed.'
    case 'read-differently':
      return (
        'Closed automatically: the record did not change, but since an upgrade Lanekeeper reads values differently and no ' +
        'longer finds the problem.'
      )
    case 'counterpart-disconnected':
      return 'Closed automatically, not fixed: the other record is in a CRM whose connection was ended.'
    case 'record-gone':
      return 'Closed automatically: the record was deleted or merged.'
    case 'converted':
      return 'Closed automatically: the lead was converted. Remaining problems are cases of its contact or account.'
    case 'out-of-scope':
      return 'Closed automatically: the record left the scope of the workflow.'
    case 'settled-by-rule':
      return 'Closed automatically: a rule now decides this case.'
    case 'explained-by-reading':
      return 'Closed automatically: what was missing or in dispute is known now, or no record needs it any more.'
    case 'workflow-retired':
      return 'Closed automatically: the workflow no longer runs.'
    case 'closed-without-change':
      return (
        'Completed a second time without a change. Lanekeeper does not open it again until what it rests on changes; the ' +
        'case stays open in the console, and the automated changes that it stops stay stopped.'
      )
    case 'moved':
      return 'Closed automatically: its cases are in another task now.'
    default:
      return 'Closed automatically: the case is resolved.'
  }
}
