import type { Absence } from '../calendar/business-calendar.ts'
import type { ReviewCircle } from '../classes/class.ts'
import type { JobHolder, Policy, PolicyContent, PolicyOwners, SINGLE_JOBS } from '../policy/policy.ts'
import type { ConnectionId } from '../record/change-event.ts'
import { type CompanyPeople, NO_COMPANY_PEOPLE } from '../record/company-people.ts'
import { mergePeople } from './company-directory.ts'

/** Who does what in a workflow now, and which e-mails people have confirmed as theirs. */
export type Staff = {
  readonly owners: PolicyOwners
  /** The several e-mails of one person, as `CompanyPeople.persons`. */
  readonly persons: readonly (readonly string[])[]
  /** Whoever entered that they are away, beside the calendar of the company. */
  readonly away: readonly Absence[]
}

/** A job that is held now, or one that a person gave back or never took. */
export type StaffJob = {
  readonly lane: keyof typeof LANES
  /** Of review alone. */
  readonly circle: ReviewCircle | null
  readonly personId: string
  /** Null: it is over, or was declined. */
  readonly acceptedOn: string | null
}

/** Deputies stand in for a holder and are none, and neither are admins. */
const LANES = { review: true, override: true, rollback: true, boundary: true, data: true, workflow: true } as const

export type StaffPerson = {
  readonly id: string
  readonly name: string
  readonly users: readonly {
    readonly connectionId: ConnectionId
    readonly userId: string
    readonly email: string | null
    readonly active: boolean
  }[]
  /** Addresses of other sign-ins, the oldest first. */
  readonly addresses: readonly string[]
  readonly signsIn: boolean
}

export type StaffAbsence = {
  readonly personId: string
  readonly fromDay: string
  readonly untilDay: string
  readonly delegateId: string | null
}

export type StaffQuestion = {
  readonly jobs: readonly StaffJob[]
  readonly people: readonly StaffPerson[]
  readonly persons: Staff['persons']
  readonly absences: readonly StaffAbsence[]
  /** As the file of the workflow names them. */
  readonly file: PolicyOwners
  /** Until people hold the jobs, those of the file go on in what nobody has accepted. */
  readonly goesByFile: boolean
}

/** The version in force with the people who hold its jobs now. */
export function withStaff({ calendar, people, ...content }: PolicyContent, { owners, persons, away }: Staff): Policy {
  const confirmed: CompanyPeople = { persons, integrations: [] }
  const linked = persons.length === 0 ? people : mergePeople([people ?? NO_COMPANY_PEOPLE, confirmed])
  return {
    ...content,
    owners,
    ...(linked !== undefined && { people: linked }),
    calendar: away.length === 0 ? calendar : { ...calendar, away: [...(calendar.away ?? []), ...away] },
  }
}

/**
 * The owners of a workflow made from its jobs: by the e-mail that each person's user has now, so that a new address moves
 * nothing, and nobody gets a job by getting an address.
 */
export function staffFromJobs({ jobs, people, persons, absences, file, goesByFile }: StaffQuestion): Staff {
  const byId = new Map(people.map((person) => [person.id, person]))
  const called = callThem(people)
  const held = jobs.filter(({ acceptedOn, personId }) => acceptedOn !== null && byId.has(personId))
  const inLane = (lane: StaffJob['lane'], circle: ReviewCircle | null) =>
    held.filter((job) => job.lane === lane && job.circle === circle).map(({ personId }) => called.get(personId)!)
  const fromFile = (emails: readonly string[], lane: StaffJob['lane'], circle: ReviewCircle | null) => {
    const over = jobs.filter((job) => job.lane === lane && job.circle === circle && job.acceptedOn === null)
    const refused = new Set(over.flatMap(({ personId }) => emailsOf(byId.get(personId))))
    return goesByFile ? emails.filter((email) => !refused.has(email)) : []
  }
  const circle = (name: ReviewCircle) => {
    const now = inLane('review', name)
    return now.length > 0 ? now : fromFile(file.reviewers[name], 'review', name)
  }
  const single = (lane: (typeof SINGLE_JOBS)[number]) => {
    const named = file[lane]
    return inLane(lane, null)[0] ?? fromFile(named === null ? [] : [named], lane, null)[0] ?? null
  }
  const holders = held.map(({ personId }) => [called.get(personId)!, holderOf(byId.get(personId)!)] as const)
  const days = held.map(({ personId, acceptedOn }) => [called.get(personId)!, acceptedOn!] as const)
  const owners: PolicyOwners = {
    reviewers: { general: circle('general'), senior: circle('senior'), approved: circle('approved') },
    override: single('override'),
    rollback: single('rollback'),
    boundary: single('boundary'),
    data: single('data'),
    workflow: single('workflow'),
    accepted: { ...(goesByFile ? file.accepted : {}), ...Object.fromEntries(days) },
    holders: Object.fromEntries(holders),
  }
  return { owners, persons, away: awayOf(absences, called) }
}

/** Absences of these people, by what they are called. */
export function absencesOf(absences: readonly StaffAbsence[], people: readonly StaffPerson[]): Absence[] {
  return awayOf(absences, callThem(people))
}

function awayOf(absences: readonly StaffAbsence[], called: ReadonlyMap<string, string>): Absence[] {
  return absences.flatMap(({ personId, fromDay: from, untilDay: until, delegateId }) => {
    const email = called.get(personId)
    const delegate = delegateId === null ? null : (called.get(delegateId) ?? null)
    return email === undefined ? [] : [{ email, from, until, delegate }]
  })
}

/** Each by the e-mail of an active user, else of any, else of another sign-in; nobody by one that another of them has. */
function callThem(people: readonly StaffPerson[]): ReadonlyMap<string, string> {
  const taken = Map.groupBy(
    people.flatMap((person) => [...new Set(emailsOf(person))]),
    (email) => email,
  )
  return new Map(
    people.map((person) => {
      const own = emailsOf(person).find((email) => taken.get(email)!.length === 1)
      return [person.id, own ?? `person:${person.id}`]
    }),
  )
}

function emailsOf(person: StaffPerson | undefined): readonly string[] {
  if (person === undefined) return []
  const users = person.users.toSorted((a, b) => Number(b.active) - Number(a.active))
  return [...users.flatMap(({ email }) => email ?? []), ...person.addresses]
}

function holderOf({ id, name, users, signsIn }: StaffPerson): JobHolder {
  const byConnection: Record<ConnectionId, string[]> = {}
  for (const { connectionId, userId } of users)
    byConnection[connectionId] = [...(byConnection[connectionId] ?? []), userId]
  return { personId: id, name, users: byConnection, signsIn }
}
