import type { Job, Mode, Policy, PolicyVersion } from '../policy/policy.ts'
import type { ConnectionId, Crm } from '../record/change-event.ts'
import { crmProfile } from '../record/crm-profile.ts'
import type { CrmUser, Directory } from '../record/crm-user.ts'
import { companyDirectory } from './company-directory.ts'
import { hasAccepted } from './has-accepted.ts'
import { severalInWords } from './several-users.ts'

export type ReadinessProblem = {
  /** `in-doubt`: it is said, and the workflow runs until the CRM has answered. */
  readonly kind: 'vacant' | 'in-doubt' | 'fragile'
  readonly job: Job
  readonly email: string
  readonly problem: string
  /** What to do about it. */
  readonly step: string
  /** Null: it is so wherever the workflow runs. */
  readonly connectionId: ConnectionId | null
}

/** A connection that the workflow may run in. */
export type StaffedConnection = {
  readonly id: ConnectionId
  readonly crm: Crm
  readonly title: string
  /** False: who works there was not read yet, so nobody is missing there. */
  readonly arePeopleRead: boolean
}

export type Readiness = {
  /** What may run where most may: never more than the policy asks for, and no automated write while a job is vacant. */
  readonly effectiveMode: Mode
  /** The same for each connection. */
  readonly byConnection: ReadonlyMap<ConnectionId, Mode>
  readonly problems: readonly ReadinessProblem[]
}

/**
 * M2, M3: an active user holds every job in each connection where the workflow runs, and accepted it. A holder need not be
 * in every connection: a job that nobody holds in one of them is vacant there, and the workflow runs in the others. Somebody
 * whom no CRM knows, or who has not accepted, leaves the job vacant everywhere. M31: without holders the workflow does not
 * scale. M32: one person in all jobs is fragile, which a narrow pilot may be and live may not.
 */
export function readiness(
  { policy }: PolicyVersion,
  users: Directory,
  connections: readonly StaffedConnection[],
): Readiness {
  const directory = companyDirectory(users, policy.people)
  const watched = connections.filter(({ crm }) => policy.objects.some((object) => object.crm === crm))
  const read = watched.filter(({ arePeopleRead }) => arePeopleRead)
  const staffed = read.length > 0 ? read : watched
  const question = { policy, directory, staffed }
  const vacancies = holdersOf(policy).flatMap((holder) => vacanciesOf(question, holder))
  const doubts = holdersOf(policy).flatMap((holder) => doubtOf(question, holder))
  const fragile = fragileProblem(policy, directory)
  const modeWith = (isVacant: boolean) => modeOf(policy, { isVacant, isFragile: fragile !== null })
  const isVacantIn = (id: ConnectionId) =>
    vacancies.some(({ connectionId }) => connectionId === null || connectionId === id) ||
    !staffed.some((connection) => connection.id === id)
  const byConnection = new Map(watched.map(({ id }) => [id, modeWith(isVacantIn(id))]))
  const modes = watched.length === 0 ? [modeWith(vacancies.length > 0)] : [...byConnection.values()]
  return {
    effectiveMode: modes.reduce((most, mode) => (atMost(most, mode) === most ? mode : most)),
    byConnection,
    problems: [...vacancies, ...doubts, ...(fragile === null ? [] : [fragile])],
  }
}

type Question = {
  readonly policy: Policy
  readonly directory: Directory
  readonly staffed: readonly StaffedConnection[]
}

type Holder = {
  readonly job: Job
  readonly email: string
  /** Who can do it in their place, in each circle that they are of; only reviewers stand in for each other. */
  readonly circles: readonly (readonly string[])[]
}

function vacanciesOf({ policy, directory, staffed }: Question, holder: Holder): ReadinessProblem[] {
  const { job, email, circles } = holder
  const isThere = ({ id }: StaffedConnection, who: string) => directory.personByEmail(id, who) !== undefined
  const absent = staffed.filter((connection) => !isThere(connection, email))
  const absence = (where: readonly StaffedConnection[], connectionId: ConnectionId | null) => {
    const several = where.flatMap(({ id }) => directory.peopleByEmail(id, email))
    const isFrozen = where.every(({ id }) => directory.isFrozen(id, email))
    const why = several.length > 1 ? several : isFrozen ? 'frozen' : 'not-there'
    return { ...absenceProblem(policy, job, email, inWords(where, staffed), why), connectionId }
  }
  if (absent.length > 0 && absent.length === staffed.length) return [absence(absent, null)]
  const vacant = absent.filter((connection) =>
    circles.some((circle) => !circle.some((other) => isThere(connection, other))),
  )
  const problems = vacant.map((connection) => {
    const { problem, ...rest } = absence([connection], connection.id)
    return { ...rest, problem: `${problem}, so the workflow only observes there` }
  })
  if (hasAccepted(policy.owners, email, directory)) return problems
  const unaccepted: ReadinessProblem = {
    kind: 'vacant',
    job,
    email,
    problem: `${email} has not accepted the job "${job}"`,
    step: `Ask ${email} to accept, then write the day under owners.accepted of ${policy.workflow}; if they decline, name another person.`,
    connectionId: null,
  }
  return [...problems, unaccepted]
}

/** A list that leaves somebody out proves nothing. */
function doubtOf({ directory, staffed }: Question, { job, email }: Holder): ReadinessProblem[] {
  const unlisted = staffed.filter(({ id }) => directory.personByEmail(id, email)?.standing !== undefined)
  return unlisted.length === 0 ? [] : [doubtProblem(job, email, inWords(unlisted, staffed))]
}

function modeOf(
  policy: Policy,
  { isVacant, isFragile }: { readonly isVacant: boolean; readonly isFragile: boolean },
): Mode {
  if (isVacant) return atMost(policy.mode, 'observe')
  if (isFragile && policy.mode === 'live') return policy.pilot === null ? 'observe' : 'pilot'
  return policy.mode
}

/** By the CRM's name, and by their own where there are several of a CRM. */
function inWords(connections: readonly StaffedConnection[], all: readonly StaffedConnection[]): string {
  const name = ({ crm, title }: StaffedConnection) =>
    all.filter((other) => other.crm === crm).length > 1 ? `${crmProfile(crm).title} (${title})` : crmProfile(crm).title
  return connections.map(name).join(' and ')
}

function absenceProblem(
  { workflow }: Policy,
  job: Job,
  email: string,
  where: string,
  why: 'frozen' | 'not-there' | readonly CrmUser[],
): Omit<ReadinessProblem, 'connectionId'> {
  const isFrozen = why === 'frozen'
  if (typeof why !== 'string') {
    return {
      kind: 'vacant',
      job,
      email,
      problem: `${email} is the e-mail of several users of ${where}: ${severalInWords(why)}`,
      step: `In ${where}, give each of them an e-mail of their own, or deactivate those who are not ${email}. If one is a program, name it under integrations in people.yaml.`,
    }
  }
  return {
    kind: 'vacant',
    job,
    email,
    problem: isFrozen ? `${email} cannot log in to ${where} (frozen)` : `${email} is not an active user of ${where}`,
    step: `Name another person for the job "${job}" in the policy of ${workflow}, or ${isFrozen ? 'unfreeze' : 'activate'} ${email} in ${where}.`,
  }
}

function doubtProblem(job: Job, email: string, where: string): ReadinessProblem {
  return {
    kind: 'in-doubt',
    connectionId: null,
    job,
    email,
    problem: `${email} was not listed by ${where} at the last look and is being checked`,
    step: `Nothing to do unless it stays so: then check in ${where} whether Lanekeeper may read this user.`,
  }
}

/** Every job with everyone who holds it, each pair once. */
function holdersOf({ owners }: Policy): Holder[] {
  const circles = Object.values(owners.reviewers)
  const alone = (job: Job, email: string): Holder => ({ job, email, circles: [[email]] })
  return [
    ...[...new Set(circles.flat())].map((email) => ({
      job: 'reviewer' as const,
      email,
      circles: circles.filter((circle) => circle.includes(email)),
    })),
    alone('override', owners.override),
    alone('rollback', owners.rollback),
    alone('boundary', owners.boundary),
    alone('data', owners.data),
    alone('workflow', owners.workflow),
  ]
}

function fragileProblem(policy: Policy, directory: Directory): ReadinessProblem | null {
  // Several e-mails of one person are one, by the first of them.
  const people = new Set(holdersOf(policy).map(({ email }) => directory.emailsOf(email)[0]))
  const [email] = people
  if (people.size !== 1 || email === undefined) return null
  return {
    kind: 'fragile',
    connectionId: null,
    job: 'workflow',
    email,
    problem: `${email} holds every job of ${policy.workflow}, so one absence stops it all`,
    step: 'Give at least one job to somebody else. Until then a narrow pilot is allowed, live is not.',
  }
}

const LADDER: readonly Mode[] = ['draft', 'observe', 'pilot', 'live']

function atMost(wanted: Mode, limit: Mode): Mode {
  return LADDER.indexOf(wanted) <= LADDER.indexOf(limit) ? wanted : limit
}
