import type { Actor, Subject } from '../model/authority/acts.ts'
import type { Database, DatabaseTransaction } from '../store/database/database.ts'
import { type Absence, absencesOf, endAbsence, insertAbsence, lockAbsence } from '../store/people/absences.ts'
import { type Job, jobsOf } from '../store/people/jobs.ts'
import { actorOf, type PersonId } from '../store/people/persons.ts'
import { askAgain, askFirst, jobAct, personOrError } from './job-act.ts'
import { JobError } from './job-error.ts'
import { ledgerActor } from './permitted.ts'

/** A year and a bit: longer is no absence, and the job is better given back. */
const DAYS_MAX = 400
const DAY_MS = 86_400_000

/** Enters when somebody is away, and who stands in for them in the lanes that both have. Returns its number. */
export async function setAbsence(db: Database, actor: Actor, absence: Omit<Absence, 'id'>): Promise<number> {
  checkDays(absence)
  await askFirst(db, actor, 'set-absence', [await subjectOf(db, absence.personId)])
  return jobAct(db, actor, async (trx) => {
    await askAgain(trx, actor, 'set-absence', await subjectOf(trx, absence.personId))
    const person = await personOrError(trx, absence.personId)
    const overlaps = (await absencesOf(trx, person.id)).find(
      ({ fromDay, untilDay }) => fromDay <= absence.untilDay && absence.fromDay <= untilDay,
    )
    if (overlaps !== undefined) {
      const days = `${overlaps.fromDay} to ${overlaps.untilDay}`
      throw new JobError('overlaps', `${person.name} is away from ${days} already. Take that absence back first.`)
    }
    if (absence.delegateId !== null) await checkDelegate(trx, person.id, absence.delegateId)
    const id = await insertAbsence(trx, absence, ledgerActor(actor))
    return { answer: id, notes: [note('absence-set', { ...absence, id })], workflow: null }
  })
}

/** They are back, or do not leave: the delegate stands in no longer. */
export async function takeBackAbsence(db: Database, actor: Actor, id: number): Promise<void> {
  const known = (await absencesOf(db)).find((one) => one.id === id)
  if (known === undefined) throw new JobError('no-job', 'There is no such absence, or it is over.')
  await askFirst(db, actor, 'set-absence', [await subjectOf(db, known.personId)])
  await jobAct(db, actor, async (trx) => {
    const absence = await lockAbsence(trx, id)
    if (absence === null) throw new JobError('no-job', 'This absence was taken back before.')
    await askAgain(trx, actor, 'set-absence', await subjectOf(trx, absence.personId))
    await endAbsence(trx, id, ledgerActor(actor))
    return { answer: undefined, notes: [note('absence-ended', absence)], workflow: null }
  })
}

function checkDays({ fromDay, untilDay }: Pick<Absence, 'fromDay' | 'untilDay'>): void {
  const [from, until] = [Date.parse(`${fromDay}T00:00Z`), Date.parse(`${untilDay}T00:00Z`)]
  const areDays = [fromDay, untilDay].every((day) => /^\d{4}-\d{2}-\d{2}$/.test(day))
  if (!areDays || Number.isNaN(from) || Number.isNaN(until)) {
    throw new JobError('wrong-days', 'Enter the first and the last day as YYYY-MM-DD.')
  }
  if (until < from) throw new JobError('wrong-days', `The last day (${untilDay}) is before the first (${fromDay}).`)
  if (until - from > DAYS_MAX * DAY_MS) {
    throw new JobError('wrong-days', 'This is longer than a year. Give the jobs back instead.')
  }
}

/** An absence never widens who may judge: the delegate has the same circle, or is the deputy of the same job. */
async function checkDelegate(trx: DatabaseTransaction, personId: PersonId, delegateId: PersonId): Promise<void> {
  if (delegateId === personId)
    throw new JobError('wrong-delegate', 'Somebody who is away cannot stand in for themself.')
  const delegate = await personOrError(trx, delegateId)
  const theirs = await heldBy(trx, delegateId)
  const own = await heldBy(trx, personId)
  const standsIn = own.some((job) =>
    theirs.some(
      (other) =>
        other.workflow === job.workflow &&
        other.lane === job.lane &&
        other.circle === job.circle &&
        (job.lane === 'review' || other.deputy),
    ),
  )
  if (standsIn) return
  const message = `${delegate.name} is in none of the same circles and is no deputy of these jobs. Offer them one first, or name another delegate.`
  throw new JobError('wrong-delegate', message)
}

async function heldBy(trx: DatabaseTransaction, personId: PersonId): Promise<Job[]> {
  return (await jobsOf(trx, { personId, openOnly: true })).filter(({ state }) => state === 'accepted')
}

/** With the workflows of their jobs, whose owner may enter it for them. */
async function subjectOf(db: Database | DatabaseTransaction, personId: PersonId): Promise<Subject> {
  const jobs = await jobsOf(db, { personId, openOnly: true })
  const workflows = [...new Set(jobs.map(({ workflow }) => workflow))].filter((workflow) => workflow !== '')
  return { personId, workflows }
}

function note(kind: string, { id, personId, fromDay, untilDay, delegateId }: Absence) {
  const delegate = delegateId === null ? null : actorOf(delegateId)
  return { kind, subject: actorOf(personId), body: { absence: id, from: fromDay, until: untilDay, delegate } }
}
