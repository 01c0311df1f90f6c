import type { ReviewCircle } from '../classes/class.ts'
import { CIRCLE } from '../classes/posture.ts'
import type { Act, Door, Lane, RefusalCode, Subject } from './acts.ts'

/** A job whose holder may. */
export type Place = {
  /** Empty: the installation. */
  readonly workflow: string
  readonly lane: Lane
  /** Of review: which circle. Null: any. */
  readonly circle: ReviewCircle | null
  /**
   * always: the deputy may as the holder may. standing-in: only while nobody holds the lane, because the table names the
   * owner alone. never: not even then.
   */
  readonly deputies: 'always' | 'standing-in' | 'never'
}

/** The first group in which anybody is decides; the next ones are for when it is vacant. */
export type Choice = readonly (readonly Place[])[]

/** What an act asks of whoever does it, before anybody's name is known. */
export type Requirement =
  | { readonly kind: 'anybody' }
  /** This person, or else one of the places. */
  | { readonly kind: 'self'; readonly personId: string | null; readonly or: Choice }
  /** One person who has a place in each of the choices. */
  | { readonly kind: 'one-person'; readonly each: readonly Choice[] }
  /** Several yeses, which `approvals.ts` counts. */
  | { readonly kind: 'together' }
  /** Nobody, whoever they are. */
  | { readonly kind: 'nobody'; readonly code: RefusalCode; readonly because: string }

/** Acts that take more than one yes. */
export const TOGETHER = ['approve-publish', 'mark', 'announce-change', 'allow-writing'] as const
export type TogetherAct = (typeof TOGETHER)[number]

export function isTogether(act: Act): act is TogetherAct {
  return (TOGETHER as readonly Act[]).includes(act)
}

export const ADMINS: Place = { workflow: '', lane: 'admin', circle: null, deputies: 'never' }

const STOPPERS = ['rollback', 'workflow', 'boundary'] as const

/** The table of docs/authority.md, row by row. */
export function requirementOf(act: Act, subject: Subject): Requirement {
  return ofCase(act, subject) ?? ofUnknown(act, subject) ?? ofWorkflow(act, subject) ?? ofPeople(act, subject)
}

function ofCase(act: Act, subject: Subject): Requirement | null {
  const isUnknown = subject.class === 'unknown'
  switch (act) {
    case 'answer':
    case 'block':
      return isUnknown ? { kind: 'nobody', ...LEAVES_BY_A_DOOR } : anyOf(reviewers(subject))
    case 'snooze':
      if (isUnknown) return { kind: 'nobody', ...NEVER_SNOOZED }
      return anyOf(reviewers(subject, subject.untilDealCloses === true ? 'approved' : undefined))
    case 'send-back':
    case 'hand-over':
      return anyOf(reviewers(subject))
    case 'override':
      return isUnknown ? { kind: 'nobody', ...ACT_BY_HAND_INSTEAD } : anyOf(jobs(subject, 'override', 'always'))
    default:
      return null
  }
}

function ofUnknown(act: Act, subject: Subject): Requirement | null {
  const { door } = subject
  const isUnknown = subject.class === undefined || subject.class === 'unknown'
  switch (act) {
    case 'open-door':
      if (!isUnknown) return { kind: 'nobody', ...NOT_UNKNOWN }
      return anyOf([...reviewers(subject), ...jobs(subject, 'workflow', 'standing-in')])
    case 'complete-door':
      if (!isUnknown) return { kind: 'nobody', ...NOT_UNKNOWN }
      // Which door is part of what is done: without it, nobody is its owner.
      return anyOf(door === undefined ? [] : jobs(subject, DOOR_OWNER[door], 'standing-in'))
    case 'act-by-hand':
      if (!isUnknown) return { kind: 'nobody', ...NOT_UNKNOWN }
      return anyOf(jobs(subject, 'override', 'standing-in'))
    default:
      return null
  }
}

function ofWorkflow(act: Act, subject: Subject): Requirement | null {
  const workflows = workflowsOf(subject)
  switch (act) {
    case 'pause':
      return anyOf(jobs(subject, 'rollback', 'always'))
    case 'ask-for-pause':
    case 'edit-draft':
      return anyOf([...workflows.flatMap(everyJob), ADMINS])
    case 'resume':
    case 'undo':
      // Of each workflow: what one person paused everywhere is resumed by the people whom it concerns.
      return { kind: 'one-person', each: workflows.map((workflow) => [[place(workflow, 'rollback', 'always')]]) }
    case 'narrow':
      return anyOf([...jobs(subject, 'boundary', 'standing-in'), ...jobs(subject, 'rollback', 'standing-in')])
    case 'raise':
      return anyOf(jobs(subject, 'workflow', 'standing-in'))
    case 'lower':
    case 'stop-backlog':
      // To do less is anybody's who answers for what would be done.
      return anyOf(STOPPERS.flatMap((lane) => jobs(subject, lane, 'always')))
    case 'apply-to-backlog':
      return anyOf(jobs(subject, 'workflow', 'always'))
    case 'stop-writing':
      return anyOf([ADMINS, ...jobs(subject, 'rollback', 'always')])
    case 'approve-publish':
    case 'mark':
    case 'announce-change':
    case 'allow-writing':
      return { kind: 'together' }
    default:
      return null
  }
}

/** Of people, and below it what an admin does alone. */
function ofPeople(act: Act, subject: Subject): Requirement {
  const personId = subject.personId ?? null
  switch (act) {
    case 'read':
      return { kind: 'anybody' }
    case 'appoint':
      return { kind: 'one-person', each: [namers(subject)] }
    case 'accept':
    case 'decline':
    case 'give-back':
      return { kind: 'self', personId, or: [] }
    case 'set-absence':
      return { kind: 'self', personId, or: [[...jobs(subject, 'workflow', 'standing-in'), ADMINS]] }
    case 'confirm-join':
      return { kind: 'self', personId, or: [[ADMINS]] }
    default:
      return anyOf([ADMINS])
  }
}

export function workflowsOf({ workflow, workflows }: Subject): readonly string[] {
  return workflows ?? (workflow === undefined || workflow === '' ? [] : [workflow])
}

export function place(workflow: string, lane: Lane, deputies: Place['deputies']): Place {
  return { workflow, lane, circle: null, deputies }
}

/** Whoever has a job in the workflow, which is what "named" means. */
export function everyJob(workflow: string): Place[] {
  return (['review', 'override', 'rollback', 'boundary', 'data', 'workflow'] as const).map((lane) =>
    place(workflow, lane, 'always'),
  )
}

const LEAVES_BY_A_DOOR = {
  code: 'unknown-class',
  because: 'An unknown case has no candidates to choose from. Open one of its four doors instead.',
} as const
const NEVER_SNOOZED = { code: 'unknown-class', because: 'An unknown case cannot be snoozed.' } as const
const ACT_BY_HAND_INSTEAD = {
  code: 'unknown-class',
  because: 'This case is unknown. Act by hand on its record instead; the cause stays open until a door is done.',
} as const
const NOT_UNKNOWN = {
  code: 'not-unknown',
  because: 'Only unknown cases have doors. Answer or override this case.',
} as const

/** Who completes each door. */
const DOOR_OWNER: Readonly<Record<Door, Lane>> = {
  scope: 'workflow',
  'new-rule': 'boundary',
  'input-path': 'data',
  'manual-fallback': 'workflow',
}

/** The circle that the case stores; the one of its class where it stores none. */
function reviewers(subject: Subject, circle: ReviewCircle | undefined = circleOf(subject)): Place[] {
  if (circle === undefined) return []
  return workflowsOf(subject).map((workflow) => ({ workflow, lane: 'review', circle, deputies: 'never' }))
}

function circleOf(subject: Subject): ReviewCircle | undefined {
  return subject.circle ?? (subject.class === undefined ? undefined : CIRCLE[subject.class])
}

/**
 * The workflow owner names a person. A vacant workflow owner is named by the boundary owner, and by an admin where that is
 * vacant too: so from any set of owners who are gone a way leads back. Admins are named by admins.
 */
function namers(subject: Subject): Choice {
  if (subject.lane === 'admin') return [[ADMINS]]
  const [workflow] = workflowsOf(subject)
  if (workflow === undefined || subject.lane === undefined) return []
  if (subject.lane !== 'workflow') return [[place(workflow, 'workflow', 'standing-in')]]
  // A deputy who named the owner would name themself.
  return [[place(workflow, 'workflow', 'never')], [place(workflow, 'boundary', 'standing-in')], [ADMINS]]
}

function jobs(subject: Subject, lane: Lane, deputies: Place['deputies']): Place[] {
  return workflowsOf(subject).map((workflow) => place(workflow, lane, deputies))
}

function anyOf(places: readonly Place[]): Requirement {
  return { kind: 'one-person', each: [[places]] }
}
