import type { Actor } from '../model/authority/acts.ts'
import type { Database } from '../store/database/database.ts'
import { endPersonRows } from '../store/people/end-person.ts'
import { endJobs, jobsOf } from '../store/people/jobs.ts'
import { actorOf, type PersonId } from '../store/people/persons.ts'
import { askAgain, askFirst, jobAct, jobNote, personOrError } from './job-act.ts'
import { JobError } from './job-error.ts'
import { ledgerActor } from './permitted.ts'

/**
 * Somebody no longer works here: their jobs, offers, sessions, the tokens that they answer for and their absences end with
 * them, and who holds which lane is worked out again, all in one commit. Whoever may invite may do it, but not to themself.
 */
export async function endPerson(db: Database, actor: Actor, personId: PersonId): Promise<void> {
  await askFirst(db, actor, 'invite', [{ personId }])
  await jobAct(db, actor, async (trx) => {
    await askAgain(trx, actor, 'invite', { personId })
    if (actor.kind === 'person' && actor.personId === personId) {
      throw new JobError('wrong-job', 'You cannot end your own access. Ask another admin.')
    }
    await personOrError(trx, personId)
    const jobs = await jobsOf(trx, { personId, openOnly: true })
    const by = ledgerActor(actor)
    await endJobs(
      trx,
      jobs.map(({ id }) => id),
      { by, reason: 'left' },
    )
    const ended = await endPersonRows(trx, personId, by)
    return {
      answer: undefined,
      notes: [
        ...jobs.map((job) => jobNote('job-ended', job, { reason: 'left' })),
        { kind: 'person-ended', subject: actorOf(personId), body: { ...ended } },
      ],
      workflow: null,
    }
  })
}
