import type { Act, Actor, Subject } from '../model/authority/acts.ts'
import { LANE_WORDS } from '../model/authority/lane-words.ts'
import type { Database, DatabaseTransaction } from '../store/database/database.ts'
import { stageLock } from '../store/database/locks.ts'
import { inTransaction } from '../store/database/transaction.ts'
import { noteInLedger } from '../store/ledger/note-in-ledger.ts'
import { type Job, type JobKey, presenceOf } from '../store/people/jobs.ts'
import { actorOf, findPerson, type Person, type PersonId } from '../store/people/persons.ts'
import { JobError } from './job-error.ts'
import { ledgerActor, requireMay, verdictOn } from './permitted.ts'
import { READINESS_LOCK, refreshReadinessIn } from './refresh-readiness.ts'
import { RefusedError } from './refused.ts'

export type JobNote = {
  readonly kind: string
  readonly subject: string
  readonly body: Readonly<Record<string, string | number | boolean | null>>
}

/** What one act did: its answer, what the ledger keeps of it, and the workflow that it is of. */
export type JobActed<Answer> = {
  readonly answer: Answer
  readonly notes: readonly JobNote[]
  /** Null: of several. */
  readonly workflow: string | null
}

/**
 * One act about jobs: what changes, who holds which lane, how far workflows run and the ledger, in one commit. The lock comes
 * before all else, so that of two who act at once the second sees what the first did.
 */
export async function jobAct<Answer>(
  db: Database,
  actor: Actor,
  work: (trx: DatabaseTransaction) => Promise<JobActed<Answer>>,
): Promise<Answer> {
  return inTransaction(db, async (trx) => {
    await stageLock(trx, READINESS_LOCK)
    const { answer, notes, workflow } = await work(trx)
    await refreshReadinessIn(trx, workflow)
    await noteInLedger(
      trx,
      notes.map((note) => ({ ...note, actor: ledgerActor(actor) })),
    )
    return answer
  })
}

/** Asked where an act begins, with a note of the refusal. */
export async function askFirst(db: Database, actor: Actor, act: Act, subjects: readonly Subject[]): Promise<void> {
  for (const subject of subjects) await requireMay(db, actor, act, subject)
}

/** Asked again inside the transaction: who holds what may have changed since. */
export async function askAgain(trx: DatabaseTransaction, actor: Actor, act: Act, subject: Subject): Promise<void> {
  const verdict = await verdictOn(trx, actor, act, subject)
  if (!verdict.allowed) throw new RefusedError(act, verdict, [])
}

export async function personOrError(trx: DatabaseTransaction, personId: PersonId): Promise<Person> {
  const person = await findPerson(trx, personId)
  if (person === null) throw new JobError('no-person', 'There is nobody here with this id. Invite the person first.')
  if (person.endedAt === null) return person
  throw new JobError('inactive', `${person.name} left on ${dayOf(person.endedAt)}. Name another person.`)
}

/** Whether the person can do this job now, or a sentence why not: merged, frozen, deactivated or only known by mail. */
export async function ableOrError(
  trx: DatabaseTransaction,
  { id, name }: Pick<Person, 'id' | 'name'>,
  job: Pick<JobKey, 'lane'>,
): Promise<{ readonly hasCrmUser: boolean }> {
  const presence = await presenceOf(trx, id)
  if (presence === null) {
    const message = `${name} is deactivated, frozen or gone in every CRM that knows them. Activate their user, or name another person.`
    throw new JobError('inactive', message)
  }
  if (job.lane === 'review' && !presence.hasCrmUser) {
    const message = `${name} has no active CRM user, and a reviewer gets tasks in a CRM. Confirm their user on the page People, or name another person.`
    throw new JobError('no-crm-user', message)
  }
  if (!presence.hasCrmUser && !presence.hasSignIn) {
    const message = `${name} has neither a CRM user nor a sign-in here. Invite them first.`
    throw new JobError('not-known', message)
  }
  return { hasCrmUser: presence.hasCrmUser }
}

export function jobNote(kind: string, job: JobKey & Pick<Job, 'id' | 'personId'>, more: JobNote['body'] = {}): JobNote {
  const { id, workflow, lane, circle, deputy, personId } = job
  return { kind, subject: `job:${id}`, body: { workflow, lane, circle, deputy, person: actorOf(personId), ...more } }
}

/** "Rollback owner of lead-routing", "deputy of the override owner of lead-routing". */
export function jobInWords({ workflow, lane, circle, deputy }: JobKey): string {
  const title = LANE_WORDS[lane].title
  const what = circle === null ? title : `${title} (${circle})`
  return `${deputy ? `deputy of the ${what.toLowerCase()}` : what} of ${workflow}`
}

export function dayOf(at: Date): string {
  return at.toISOString().slice(0, 10)
}
