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
  return text.length <= SUBJECT_MAX ? text : `${text.slice(0, SUBJECT_MAX - 1)}…`
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
    for (const item of cases) lines.push(`- ${item.noun} ${item.title}${alike ? '' : `: ${item.what}`}`)
    if (total > cases.length) lines.push(`- and ${total - cases.length} more on the case page`)
    lines.push('')
  } else {
    lines.push(`What happened: ${first.what}`, '')
  }
  lines.push(
    first.pattern === INPUT
      ? `Why you: you look after the data of the workflow "${workflowTitle}".`
      : `Why you: you review ${CLASS_LABELS[first.class].toLowerCase()} cases of the workflow "${workflowTitle}".`,
    ...(first.wouldHave === '' ? [] : [`What would have happened: ${first.wouldHave}`]),
    `What to do: ${first.todo}`,
    `Due: ${dueText(input.dueAtMs, input.timeZone)}`,
    '',
    `Case: ${first.caseUrl}`,
  )
  if (first.receiptSeq !== null) lines.push(`Receipt: #${first.receiptSeq}`)
  return lines.join('\n')
}

/** In the owner's own zone, by which they plan their day. */
function dueText(dueAtMs: number, timeZone: string): string {
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

/** Why a task was closed without a person. */
export function closingText(resolution: string): string {
  switch (resolution) {
    case 'condition-cleared':
      return 'Closed automatically: the problem is fixed.'
    case 'record-gone':
      return 'Closed automatically: the record was deleted or merged.'
    case 'converted':
      return 'Closed automatically: the lead was converted. Remaining problems are cases of its contact or account.'
    case 'out-of-scope':
      return 'Closed automatically: the record left the scope of the workflow.'
    case 'settled-by-rule':
      return 'Closed automatically: a rule now decides this case.'
    case 'explained-by-reading':
      return 'Closed automatically: what was missing is known now, or no record needs it any more.'
    case 'workflow-retired':
      return 'Closed automatically: the workflow no longer runs.'
    default:
      return 'Closed automatically: the case is resolved.'
  }
}
