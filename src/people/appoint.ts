import type { Actor, Subject } from '../model/authority/acts.ts'
import type { Database, DatabaseTransaction } from '../store/database/database.ts'
import {
  beginJobs,
  endJobs,
  insertOffer,
  type Job,
  type JobKey,
  jobsOf,
  lockJob,
  workflowStanding,
} from '../store/people/jobs.ts'
import type { PersonId } from '../store/people/persons.ts'
import {
  ableOrError,
  askAgain,
  askFirst,
  dayOf,
  type JobNote,
  jobAct,
  jobInWords,
  jobNote,
  personOrError,
} from './job-act.ts'
import { JobError } from './job-error.ts'
import { ledgerActor } from './permitted.ts'

export type Offer = JobKey & { readonly personId: PersonId }

export type Offered = { readonly jobId: number }

/**
 * Names a person for a job. Nothing changes until they accept: then whoever held it is replaced. The workflow owner names;
 * see the table of acts for a vacant workflow owner. The clock of jobs mails the other owners.
 */
export async function offerJob(db: Database, actor: Actor, offer: Offer): Promise<Offered> {
  const [offered] = await offerJobs(db, actor, offer.workflow, [offer])
  return offered!
}

/** Several jobs of one workflow at once: all are offered, or none is. */
export async function offerJobs(
  db: Database,
  actor: Actor,
  workflow: string,
  offers: readonly Omit<Offer, 'workflow'>[],
): Promise<Offered[]> {
  const all = offers.map((offer): Offer => ({ ...offer, workflow }))
  for (const offer of all) checkShape(offer)
  for (const offer of all) await askFirst(db, actor, 'appoint', [await subjectOf(db, offer)])
  return jobAct(db, actor, async (trx) => {
    const done: { readonly offered: Offered; readonly note: JobNote }[] = []
    for (const offer of all) done.push(await offerIn(trx, actor, offer))
    await beginJobs(trx, workflow)
    return { answer: done.map(({ offered }) => offered), notes: done.map(({ note }) => note), workflow }
  })
}

async function offerIn(
  trx: DatabaseTransaction,
  actor: Actor,
  offer: Offer,
): Promise<{ readonly offered: Offered; readonly note: JobNote }> {
  await askAgain(trx, actor, 'appoint', await subjectOf(trx, offer))
  const person = await personOrError(trx, offer.personId)
  await ableOrError(trx, person, offer)
  const by = ledgerActor(actor)
  const jobId = await insertOffer(trx, offer, { personId: person.id, by })
  if (jobId === null) throw await whyNotAgain(trx, offer, person.name)
  const isSelf = actor.kind === 'person' && actor.personId === person.id
  const note = jobNote('job-offered', { ...offer, id: jobId }, isSelf ? { self: true } : {})
  return { offered: { jobId }, note }
}

/** Takes an offer back before it was answered. */
export async function withdrawOffer(db: Database, actor: Actor, { jobId }: { readonly jobId: number }): Promise<void> {
  const [known] = await jobsOf(db, { id: jobId })
  if (known === undefined) throw new JobError('no-job', 'There is no such offer.')
  await askFirst(db, actor, 'appoint', [{ workflow: known.workflow, lane: known.lane }])
  await jobAct(db, actor, async (trx) => {
    const job = await lockJob(trx, jobId)
    if (job?.state !== 'offered') throw notOpen(known)
    await askAgain(trx, actor, 'appoint', { workflow: job.workflow, lane: job.lane })
    await endJobs(trx, [jobId], { by: ledgerActor(actor), reason: 'withdrawn' })
    return { answer: undefined, notes: [jobNote('job-withdrawn', job)], workflow: job.workflow }
  })
}

export function notOpen(job: Job): JobError {
  const what = jobInWords(job)
  if (job.endedAt === null) return new JobError('not-open', `${what} was accepted on ${dayOf(job.acceptedAt!)}.`)
  const why = job.endReason === 'withdrawn' ? 'was withdrawn' : `ended (${job.endReason})`
  return new JobError('not-open', `The offer ${what} ${why} on ${dayOf(job.endedAt)}. Nothing was changed.`)
}

function checkShape({ workflow, lane, circle, deputy }: Offer): void {
  const wrong =
    lane === 'admin' || workflow === ''
      ? 'An admin is made by "lanekeeper admin EMAIL", not by an offer.'
      : (lane === 'review') !== (circle !== null)
        ? 'A reviewer is named for one circle (general, senior or approved), and every other job has none.'
        : deputy && lane === 'review'
          ? 'Reviewers have no deputy: name another reviewer for the circle.'
          : null
  if (wrong !== null) throw new JobError('wrong-job', wrong)
}

async function subjectOf(db: Database | DatabaseTransaction, { workflow, lane, personId }: Offer): Promise<Subject> {
  const standing = await workflowStanding(db, workflow)
  if (standing === null) throw new JobError('no-workflow', `There is no workflow "${workflow}".`)
  return { workflow, lane, personId, isLive: standing.isLive }
}

async function whyNotAgain(trx: DatabaseTransaction, offer: Offer, name: string): Promise<JobError> {
  const { workflow, personId, lane, circle, deputy } = offer
  const open = await jobsOf(trx, { workflow, personId, openOnly: true })
  const same = open.find((job) => job.lane === lane && job.circle === circle && job.deputy === deputy)
  return same?.state === 'accepted'
    ? new JobError('held-before', `${name} is ${jobInWords(offer)} already, since ${dayOf(same.acceptedAt!)}.`)
    : new JobError('offered-before', `${name} was offered this job before and has not answered yet.`)
}
