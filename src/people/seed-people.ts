import { type PolicyOwners, SINGLE_JOBS } from '../model/policy/policy.ts'
import { databaseNowMs } from '../store/database/clock.ts'
import type { Database, DatabaseTransaction } from '../store/database/database.ts'
import { stageLock } from '../store/database/locks.ts'
import { inTransaction } from '../store/database/transaction.ts'
import { noteInLedger } from '../store/ledger/note-in-ledger.ts'
import { makeAdmin } from '../store/people/admins.ts'
import { confirmIdentity, crmIdentity } from '../store/people/identities.ts'
import { beginJobs } from '../store/people/jobs.ts'
import { actorOf, createPerson, type PersonId } from '../store/people/persons.ts'
import {
  isAnythingConnectedByPeople,
  onlyUsers,
  personOfUser,
  proposeIdentity,
  type SeededJob,
  seedJobs,
  type UnseededWorkflow,
  type UserByEmail,
  unjoinedCast,
  unseededWorkflows,
} from '../store/people/seed-jobs.ts'
import { READINESS_LOCK, refreshReadinessIn } from './refresh-readiness.ts'
import { type CastMark, seedMarks } from './seed-marks.ts'

/**
 * Makes people and jobs of those whom the files in force name, once the CRMs' users were read. Asked again it changes
 * nothing. In the sandbox they are its cast: known in each of its CRMs, with their jobs accepted, and an admin among them.
 * On an upgrade elsewhere the jobs are offers, because a day that an admin typed is no acceptance.
 */
export async function seedPeople(
  db: Database,
  {
    isSandbox,
    admins,
    marks = [],
  }: {
    readonly isSandbox: boolean
    readonly admins: readonly string[]
    readonly marks?: readonly CastMark[]
  },
): Promise<void> {
  // Nearly always there is nothing, and every poll asks.
  const found = await unseededWorkflows(db, isSandbox)
  if (found.length === 0 && !(isSandbox && (await unjoinedCast(db)).length > 0)) return
  await inTransaction(db, async (trx) => {
    await stageLock(trx, READINESS_LOCK)
    if (isSandbox && (await isAnythingConnectedByPeople(trx))) return
    const workflows = await unseededWorkflows(trx, isSandbox)
    if (isSandbox) await joinCast(trx)
    for (const one of workflows) await seedWorkflow(trx, one, isSandbox, marks)
    if (isSandbox && workflows.length > 0) await seedAdmins(trx, admins)
    // In the same commit: a lane that looks vacant for a moment would be a task for somebody.
    if (workflows.length > 0) await refreshReadinessIn(trx, null)
  })
}

async function seedWorkflow(
  trx: DatabaseTransaction,
  { workflow, owners }: UnseededWorkflow,
  isSandbox: boolean,
  marks: readonly CastMark[],
): Promise<void> {
  const named = namedJobs(owners)
  const people = await peopleOf(
    trx,
    named.map(({ email }) => email),
    isSandbox,
  )
  const jobs = named.flatMap(({ email, ...job }): SeededJob[] => {
    const personId = people.get(email)
    const hasDay = owners.accepted[email] !== undefined
    if (personId === undefined) return []
    return [{ ...job, workflow, personId, isAccepted: isSandbox && hasDay, acceptedBeforePeople: hasDay }]
  })
  await seedJobs(trx, jobs, isSandbox ? 'sandbox' : 'lanekeeper')
  if (isSandbox) {
    await beginJobs(trx, workflow, 0)
    await seedMarks(trx, workflow, marks, { people, nowMs: await databaseNowMs(trx) })
  }
  const body = { workflow, jobs: jobs.length, accepted: isSandbox }
  const actor = isSandbox ? 'environment' : 'lanekeeper'
  await noteInLedger(trx, [{ kind: 'jobs-seeded', actor, subject: workflow, body }])
}

type NamedJob = Pick<SeededJob, 'lane' | 'circle' | 'place'> & { readonly email: string }

function namedJobs(owners: PolicyOwners): NamedJob[] {
  const reviewers = (['general', 'senior', 'approved'] as const).flatMap((circle) =>
    owners.reviewers[circle].map((email, place) => ({ lane: 'review' as const, circle, place, email })),
  )
  const others = SINGLE_JOBS.flatMap((lane) => {
    const email = owners[lane]
    return email === null ? [] : [{ lane, circle: null, place: 0, email }]
  })
  return [...reviewers, ...others]
}

/** By e-mail; whom no CRM has as exactly one active user is left out, and their job stays vacant. */
async function peopleOf(
  trx: DatabaseTransaction,
  emails: readonly string[],
  isSandbox: boolean,
): Promise<ReadonlyMap<string, PersonId>> {
  const people = new Map<string, PersonId>()
  for (const [email, users] of Map.groupBy(await onlyUsers(trx, [...new Set(emails)]), (user) => user.email)) {
    people.set(email, await personOf(trx, users, isSandbox))
  }
  return people
}

/** In the sandbox one e-mail is one person in both CRMs. Elsewhere it only proposes that, and the person confirms it. */
async function personOf(
  trx: DatabaseTransaction,
  users: readonly UserByEmail[],
  isSandbox: boolean,
): Promise<PersonId> {
  let personId: PersonId | null = null
  for (const user of users) personId ??= await personOfUser(trx, user)
  personId ??= await createPerson(trx, { name: users[0]!.name, madeBy: isSandbox ? 'sandbox' : 'lanekeeper' })
  for (const user of users) {
    if (isSandbox) await confirmUser(trx, personId, user)
    else await proposeIdentity(trx, personId, user, 'A workflow’s file names this e-mail, and one active user has it.')
  }
  return personId
}

async function joinCast(trx: DatabaseTransaction): Promise<void> {
  for (const { personId, ...user } of await unjoinedCast(trx)) await confirmUser(trx, personId, user)
}

async function confirmUser(trx: DatabaseTransaction, personId: PersonId, user: UserByEmail): Promise<void> {
  await confirmIdentity(trx, personId, crmIdentity(user), { email: user.email, by: 'sandbox', why: 'cast' })
}

async function seedAdmins(trx: DatabaseTransaction, admins: readonly string[]): Promise<void> {
  for (const personId of (await peopleOf(trx, admins, true)).values()) {
    if (!(await makeAdmin(trx, personId, 'sandbox'))) continue
    await noteInLedger(trx, [{ kind: 'admin-made', actor: 'environment', subject: actorOf(personId), body: {} }])
  }
}
