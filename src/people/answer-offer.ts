import type { Act, Actor, Subject } from '../model/authority/acts.ts'
import type { Database, DatabaseTransaction } from '../store/database/database.ts'
import { endJobs, holdJobs, type Job, type JobState, jobsOf, lockJob } from '../store/people/jobs.ts'
import { notOpen } from './appoint.ts'
import { ableOrError, askAgain, askFirst, type JobNote, jobAct, jobInWords, jobNote, personOrError } from './job-act.ts'
import { JobError } from './job-error.ts'
import { ledgerActor } from './permitted.ts'

/** Accepts or declines one offer, or a set of them at once: all are answered, or none is. */
export async function answerOffer(
  db: Database,
  actor: Actor,
  { jobId, answer }: { readonly jobId: number | readonly number[]; readonly answer: 'accept' | 'decline' },
): Promise<void> {
  await onJobs(db, actor, { act: answer, ids: [jobId].flat(), wants: 'offered' }, async (trx, jobs) => {
    if (answer === 'accept') return accept(trx, jobs)
    await endJobs(trx, idsOf(jobs), { by: ledgerActor(actor), reason: 'declined' })
    return jobs.map((job) => jobNote('job-declined', job))
  })
}

/** Leaves a job. It is vacant from now on; whoever can appoint is asked to. */
export async function giveBack(
  db: Database,
  actor: Actor,
  { jobId }: { readonly jobId: number | readonly number[] },
): Promise<void> {
  await onJobs(db, actor, { act: 'give-back', ids: [jobId].flat(), wants: 'accepted' }, async (trx, jobs) => {
    await endJobs(trx, idsOf(jobs), { by: ledgerActor(actor), reason: 'given-back' })
    return jobs.map((job) => jobNote('job-given-back', job))
  })
}

/** Says again that one holds these jobs: after 12 months, or 90 days where no CRM knows the person. */
export async function confirmJobs(
  db: Database,
  actor: Actor,
  { jobId }: { readonly jobId: number | readonly number[] },
): Promise<void> {
  await onJobs(db, actor, { act: 'accept', ids: [jobId].flat(), wants: 'accepted' }, async (trx, jobs) => {
    for (const [personId, theirs] of Map.groupBy(jobs, (job) => job.personId)) {
      const { hasCrmUser } = await ableToHold(trx, personId, theirs)
      await holdJobs(trx, idsOf(theirs), hasCrmUser)
    }
    return jobs.map((job) => jobNote('job-confirmed', job))
  })
}

/** Of a job that one person has, the former holder is replaced, and nobody else's offer of it is open any longer. */
async function accept(trx: DatabaseTransaction, jobs: readonly Job[]): Promise<JobNote[]> {
  const notes: JobNote[] = []
  for (const job of jobs) {
    const { hasCrmUser } = await ableToHold(trx, job.personId, [job])
    if (job.lane !== 'review') {
      const all = await jobsOf(trx, { workflow: job.workflow, openOnly: true })
      const same = all.filter((one) => one.lane === job.lane && one.deputy === job.deputy && one.id !== job.id)
      for (const other of same) {
        const isHolder = other.state === 'accepted'
        await endJobs(trx, [other.id], { by: 'lanekeeper', reason: isHolder ? 'replaced' : 'withdrawn' })
        notes.push(jobNote(isHolder ? 'job-replaced' : 'job-withdrawn', other, { by: job.id }))
      }
    }
    await holdJobs(trx, [job.id], hasCrmUser)
    notes.push(jobNote('job-accepted', job))
  }
  return notes
}

async function ableToHold(trx: DatabaseTransaction, personId: string, jobs: readonly Job[]) {
  const person = await personOrError(trx, personId)
  let hasCrmUser = false
  for (const job of jobs) hasCrmUser = (await ableOrError(trx, person, job)).hasCrmUser
  return { hasCrmUser }
}

type Wanted = { readonly act: Act; readonly ids: readonly number[]; readonly wants: JobState }

async function onJobs(
  db: Database,
  actor: Actor,
  { act, ids, wants }: Wanted,
  work: (trx: DatabaseTransaction, jobs: readonly Job[]) => Promise<JobNote[]>,
): Promise<void> {
  const known: Job[] = []
  for (const id of [...new Set(ids)]) known.push(...(await jobsOf(db, { id })))
  if (known.length === 0 || known.length < new Set(ids).size) throw new JobError('no-job', 'There is no such job.')
  await askFirst(db, actor, act, known.map(subjectOf))
  await jobAct(db, actor, async (trx) => {
    const jobs: Job[] = []
    for (const { id } of known.toSorted((a, b) => a.id - b.id)) {
      const job = (await lockJob(trx, id))!
      if (job.state !== wants) throw wants === 'offered' ? notOpen(job) : notHeld(job)
      await askAgain(trx, actor, act, subjectOf(job))
      jobs.push(job)
    }
    const workflows = new Set(jobs.map(({ workflow }) => workflow))
    const notes = await work(trx, jobs)
    return { answer: undefined, notes, workflow: workflows.size === 1 ? jobs[0]!.workflow : null }
  })
}

function subjectOf({ workflow, lane, circle, personId }: Job): Subject {
  return { workflow, lane, personId, ...(circle === null ? {} : { circle }) }
}

function notHeld(job: Job): JobError {
  const why = job.state === 'offered' ? 'was not accepted yet' : `ended (${job.endReason})`
  return new JobError('not-open', `The job ${jobInWords(job)} ${why}. Nothing was changed.`)
}

function idsOf(jobs: readonly Job[]): number[] {
  return jobs.map(({ id }) => id)
}
