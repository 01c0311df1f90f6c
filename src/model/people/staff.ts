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

export type StaffQuestion = {
  readonly jobs: readonly StaffJob[]
  readonly people: readonly StaffPerson[]
  readonly persons: Staff['persons']
  /** As the file of the workflow names them. */
  readonly file: PolicyOwners
  /** Until people hold the jobs, those of the file go on in what nobody has accepted. */
  readonly goesByFile: boolean
}

/** The version in force with the people who hold its jobs now. */
export function withStaff(content: PolicyContent, { owners, persons }: Staff): Policy {
  if (persons.length === 0) return { ...content, owners }
  const confirmed: CompanyPeople = { persons, integrations: [] }
  return { ...content, owners, people: mergePeople([content.people ?? NO_COMPANY_PEOPLE, confirmed]) }
}

/**
 * The owners of a workflow made from its jobs: by the e-mail that each person's user has now, so that a new address moves
 * nothing, and nobody gets a job by getting an address.
 */
export function staffFromJobs({ jobs, people, persons, file, goesByFile }: StaffQuestion): Staff {
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
  return { owners, persons }
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
