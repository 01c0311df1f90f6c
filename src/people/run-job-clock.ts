import { jobDues, PLAIN_CALENDAR } from '../model/jobs/job-clock.ts'
import type { Database } from '../store/database/database.ts'
import { inTransaction } from '../store/database/transaction.ts'
import {
  type ClockedWorkflow,
  clockedWorkflows,
  type DueJob,
  duesNow,
  finishDue,
  noteReminded,
  planDues,
} from '../store/offers/job-dues.ts'
import { areAbsencesDue } from '../store/people/absences.ts'
import { endJobs, type Job, jobsOf, lockJob } from '../store/people/jobs.ts'
import { staleLaneHolders } from '../store/people/lane-holders.ts'
import { jobAct, jobNote } from './job-act.ts'
import { clocked, type Telling, tellAboutJobs } from './tell-about-jobs.ts'

const AT_ONCE = 200

export type ClockRun = {
  readonly reminded: number
  /** Jobs that are vacant now, because nobody answered. */
  readonly ended: number
  /** Workflows in which somebody began or ended to stand in for somebody who is away. */
  readonly standIns: number
}

/**
 * What the clock does about jobs: plans what will be due, does what is due, and makes the tasks and mails what they should
 * be now. Running it twice changes nothing.
 */
export async function runJobClock(db: Database, telling: Telling): Promise<ClockRun> {
  const workflows = await clockedWorkflows(db)
  await planJobs(db, workflows, await jobsOf(db, { openOnly: true }))
  let reminded = 0
  let ended = 0
  for (const due of await duesNow(db, AT_ONCE)) {
    const did = await doDue(db, due)
    if (did === 'reminded') reminded += 1
    if (did === 'ended') ended += 1
  }
  const standIns = await followAbsences(db)
  await tellAboutJobs(db, workflows, telling)
  return { reminded, ended, standIns }
}

/** At the first and the last midnight of an absence, in its person's zone, whoever stands in comes and goes. */
async function followAbsences(db: Database): Promise<number> {
  if (!(await areAbsencesDue(db)) || (await staleLaneHolders(db)).length === 0) return 0
  return jobAct(db, { kind: 'lanekeeper' }, async (trx) => {
    const stale = await staleLaneHolders(trx)
    return { answer: stale.length, notes: [], workflow: null }
  })
}

async function planJobs(db: Database, workflows: readonly ClockedWorkflow[], jobs: readonly Job[]): Promise<void> {
  const calendars = new Map(workflows.map(({ workflow, calendar }) => [workflow, calendar]))
  await planDues(
    db,
    jobs
      // Nobody offers to be an admin: the server makes the first, and admins each other.
      .filter(({ lane }) => lane !== 'admin')
      .flatMap((job) =>
        jobDues(clocked(job), calendars.get(job.workflow) ?? PLAIN_CALENDAR).map((due) => ({ ...due, jobId: job.id })),
      ),
  )
}

async function doDue(db: Database, due: DueJob): Promise<'reminded' | 'ended' | null> {
  if (due.reason === 'end' || due.reason === 'confirm-end') return endUnanswered(db, due)
  return inTransaction(db, async (trx) => {
    if (!(await finishDue(trx, due))) return null
    const job = await lockJob(trx, due.jobId)
    if (job === null || !isStill(job, due) || due.reason === 'confirm') return null
    if (due.reason === 'remind') await noteReminded(trx, job.id)
    return 'reminded'
  })
}

/** With what follows from it, under the lock of every act about jobs: an answer of the last moment counts. */
async function endUnanswered(db: Database, due: DueJob): Promise<'ended' | null> {
  return jobAct<'ended' | null>(db, { kind: 'lanekeeper' }, async (trx) => {
    const isFirst = await finishDue(trx, due)
    const job = await lockJob(trx, due.jobId)
    if (!isFirst || job === null || !isStill(job, due))
      return { answer: null, notes: [], workflow: job?.workflow ?? '' }
    const reason = due.reason === 'end' ? 'not-answered' : 'not-confirmed'
    await endJobs(trx, [job.id], { by: 'lanekeeper', reason })
    return { answer: 'ended', notes: [jobNote('job-ended', job, { reason })], workflow: job.workflow }
  })
}

/** The job still waits for what the row was made for. */
function isStill(job: Job, { reason, of }: DueJob): boolean {
  if (reason === 'remind' || reason === 'end') {
    return job.state === 'offered' && job.offeredAt.getTime() === of.getTime()
  }
  return job.state === 'accepted' && job.confirmBy?.getTime() === of.getTime()
}
