import { addBusinessMinutes } from '../calendar/business-time.ts'
import { minutesOfDay } from '../calendar/working-days.ts'
import type { ReviewCircle } from '../classes/class.ts'
import { hasAccepted } from '../people/has-accepted.ts'
import { actsBySignIn, holderIn } from '../people/job-holder.ts'
import { severalInWords } from '../people/several-users.ts'
import { type Job, type Policy, SINGLE_JOBS } from '../policy/policy.ts'
import type { ConnectionId } from '../record/change-event.ts'
import { crmProfile } from '../record/crm-profile.ts'
import type { CrmUser, Directory } from '../record/crm-user.ts'
import type { Lane } from './acts.ts'
import { LANE_WORDS } from './lane-words.ts'
import type { ReadinessHistory, ReadinessProblem, StaffedConnection } from './readiness-problem.ts'

export type ReadinessQuestion = {
  readonly policy: Policy
  /** As the company links people. */
  readonly directory: Directory
  readonly staffed: readonly StaffedConnection[]
  readonly history: ReadinessHistory
}

export type Holder = {
  readonly job: Job
  readonly email: string
  /** Who can do it in their place, in each circle that they are of; only reviewers stand in for each other. */
  readonly circles: readonly (readonly string[])[]
}

/** How long automated writes go on without a data, boundary or workflow owner, in business days (M40). */
export const VACANCY_DAYS = 3

const STOPS_AT_ONCE: ReadonlySet<Job> = new Set<Job>(['reviewer', 'override', 'rollback'])

/** What is found, before it is compared with what was found earlier. */
type Found = Omit<ReadinessProblem, 'without' | 'sinceMs' | 'writesEndAtMs'>

/** Jobs that nobody does, and reviewers whose cases move to the others. */
export function vacanciesOf(question: ReadinessQuestion): ReadinessProblem[] {
  const { policy } = question
  const found = [
    ...unnamed(policy),
    ...holdersOf(policy).flatMap((holder) => [...absencesOf(question, holder), ...unaccepted(question, holder)]),
  ]
  return found.map((one) => ({ ...one, without: withoutJob(one), ...timesOf(question, one) }))
}

/** A list that leaves somebody out proves nothing. */
export function doubtsOf(question: ReadinessQuestion): ReadinessProblem[] {
  const { policy, directory, staffed, history } = question
  return holdersOf(policy).flatMap(({ job, email }): ReadinessProblem[] => {
    const unlisted = staffed.filter(({ id }) => holderIn(policy.owners, directory, id, email)?.standing !== undefined)
    if (unlisted.length === 0) return []
    const where = inWords(unlisted, staffed)
    const doubt: Found = {
      kind: 'in-doubt',
      connectionId: null,
      job,
      email,
      problem: `${email} was not listed by ${where} at the last look and is being checked`,
      step: `Nothing to do unless it stays so: then check in ${where} whether Lanekeeper may read this user.`,
    }
    return [{ ...doubt, without: null, sinceMs: sinceOf(history, doubt) ?? history.nowMs, writesEndAtMs: null }]
  })
}

/** Every job with everyone who holds it, each pair once. */
export function holdersOf({ owners }: Policy): Holder[] {
  const circles = Object.values(owners.reviewers)
  const reviewers = [...new Set(circles.flat())].map((email) => ({
    job: 'reviewer' as const,
    email,
    circles: circles.filter((circle) => circle.includes(email)),
  }))
  const others = SINGLE_JOBS.flatMap((job): Holder[] => {
    const email = owners[job]
    return email === null ? [] : [{ job, email, circles: [[email]] }]
  })
  return [...reviewers, ...others]
}

const CIRCLE_WORDS: Readonly<Record<ReviewCircle, string>> = {
  general: 'expected, risky and unknown',
  senior: 'customer-facing',
  approved: 'revenue-impacting',
}

function unnamed({ owners }: Policy): Found[] {
  const vacancy = (job: Job, problem: string): Found => ({
    kind: 'vacant',
    job,
    email: null,
    problem,
    step: 'Name a person for it on the page People. The job is theirs once they accept.',
    connectionId: null,
  })
  const circles = (Object.keys(CIRCLE_WORDS) as ReviewCircle[]).filter(
    (circle) => owners.reviewers[circle].length === 0,
  )
  return [
    ...circles.map((circle) => vacancy('reviewer', `Nobody reviews ${CIRCLE_WORDS[circle]} cases`)),
    ...SINGLE_JOBS.filter((job) => owners[job] === null).map((job) => vacancy(job, `Nobody has the job "${job}"`)),
  ]
}

function absencesOf({ policy, directory, staffed }: ReadinessQuestion, { job, email, circles }: Holder): Found[] {
  const { owners } = policy
  const isThere = ({ id }: StaffedConnection, who: string) =>
    holderIn(owners, directory, id, who) !== undefined ||
    (job !== 'reviewer' && actsBySignIn(owners, directory, id, who))
  const covers = (connection: StaffedConnection, who: string) =>
    isThere(connection, who) && hasAccepted(owners, who, directory)
  const absent = staffed.filter((connection) => !isThere(connection, email))
  const vacant = absent.filter((connection) =>
    circles.some((circle) => !circle.some((other) => other !== email && covers(connection, other))),
  )
  const absence = (where: readonly StaffedConnection[], connectionId: ConnectionId | null): Found => {
    const several = where.flatMap(({ id }) => severalOf(policy, directory, id, email))
    const isFrozen = where.every(({ id }) => directory.isFrozen(id, email))
    const why = several.length > 1 ? several : isFrozen ? 'frozen' : 'not-there'
    return {
      kind: 'vacant',
      job,
      email,
      ...absenceText(job, email, inWords(where, staffed), why),
      connectionId,
    }
  }
  if (vacant.length > 0 && vacant.length === staffed.length) return [absence(vacant, null)]
  if (vacant.length === 0 && absent.length > 0 && absent.length === staffed.length) {
    const { problem, ...rest } = absence(absent, null)
    return [{ ...rest, kind: 'left', problem: `${problem}. The other reviewers get their cases` }]
  }
  return vacant.map((connection) => {
    const { problem, ...rest } = absence([connection], connection.id)
    const ending = STOPS_AT_ONCE.has(job) ? ', so the workflow only observes there' : ''
    return { ...rest, problem: `${problem}${ending}` }
  })
}

/** Users who share the e-mail that a file names, so that nobody is guessed. Of somebody who confirmed a user there are none. */
function severalOf({ owners }: Policy, directory: Directory, id: ConnectionId, email: string): readonly CrmUser[] {
  return owners.holders?.[email] === undefined ? directory.peopleByEmail(id, email) : []
}

function unaccepted({ policy, directory, staffed }: ReadinessQuestion, { job, email }: Holder): Found[] {
  if (hasAccepted(policy.owners, email, directory)) return []
  // Somebody who is nowhere has been reported already.
  if (staffed.length > 0 && staffed.every(({ id }) => holderIn(policy.owners, directory, id, email) === undefined))
    return []
  return [
    {
      kind: 'vacant',
      job,
      email,
      problem: `${email} has not accepted the job "${job}"`,
      step: `Ask ${email} to accept on the page People; if they decline, name another person there.`,
      connectionId: null,
    },
  ]
}

/** Since when, and until when writes go on: as it was found first, so that nobody's clock starts again. */
function timesOf(
  { policy, history }: ReadinessQuestion,
  found: Found,
): Pick<ReadinessProblem, 'sinceMs' | 'writesEndAtMs'> {
  const { nowMs, before } = history
  const since = sinceOf(history, found)
  const sinceMs = since ?? nowMs
  if (found.kind === 'left') return { sinceMs, writesEndAtMs: null }
  if (STOPS_AT_ONCE.has(found.job) || before === null) return { sinceMs, writesEndAtMs: sinceMs }
  const days = policy.guards.vacancyDays ?? VACANCY_DAYS
  const minutes = days * minutesOfDay(policy.calendar)
  const endsMs = days === 0 ? sinceMs : addBusinessMinutes(policy.calendar, null, sinceMs, minutes)
  // One that was never filled stopped at once, and one found by code of before had stopped then.
  const stopped = sameAs(found, before).map(({ writesEndAtMs }) => writesEndAtMs ?? nowMs)
  return { sinceMs, writesEndAtMs: Math.min(endsMs, ...stopped) }
}

/** When the same was first found. Null: it is new. */
export function sinceOf(
  { before }: ReadinessHistory,
  found: Pick<Found, 'kind' | 'job' | 'connectionId'>,
): number | null {
  const since = sameAs(found, before ?? []).flatMap(({ sinceMs }) => sinceMs ?? [])
  return since.length === 0 ? null : Math.min(...since)
}

/** Somebody else in the same vacant job, or in one connection more, is the same vacancy. */
function sameAs(
  { kind, job, connectionId }: Pick<Found, 'kind' | 'job' | 'connectionId'>,
  before: readonly Partial<ReadinessProblem>[],
): readonly Partial<ReadinessProblem>[] {
  return before.filter(
    (one) =>
      one.kind === kind &&
      one.job === job &&
      (one.connectionId == null || connectionId === null || one.connectionId === connectionId),
  )
}

function withoutJob({ kind, job }: Found): string | null {
  const lane: Lane = job === 'reviewer' ? 'review' : job
  return kind === 'vacant' ? LANE_WORDS[lane].without : null
}

/** By the CRM's name, and by their own where there are several of a CRM. */
function inWords(connections: readonly StaffedConnection[], all: readonly StaffedConnection[]): string {
  const name = ({ crm, title }: StaffedConnection) =>
    all.filter((other) => other.crm === crm).length > 1 ? `${crmProfile(crm).title} (${title})` : crmProfile(crm).title
  return connections.map(name).join(' and ')
}

function absenceText(
  job: Job,
  email: string,
  where: string,
  why: 'frozen' | 'not-there' | readonly CrmUser[],
): Pick<ReadinessProblem, 'problem' | 'step'> {
  const isFrozen = why === 'frozen'
  if (typeof why !== 'string') {
    return {
      problem: `${email} is the e-mail of several users of ${where}: ${severalInWords(why)}`,
      step: `In ${where}, give each of them an e-mail of their own, or deactivate those who are not ${email}. If one is a program, name it under integrations in people.yaml.`,
    }
  }
  return {
    problem: isFrozen ? `${email} cannot log in to ${where} (frozen)` : `${email} is not an active user of ${where}`,
    step: `Name another person for the job "${job}" on the page People, or ${isFrozen ? 'unfreeze' : 'activate'} ${email} in ${where}.`,
  }
}
