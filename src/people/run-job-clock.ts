import { jobDues, PLAIN_CALENDAR } from '../model/jobs/job-clock.ts'
import { canonicalJson } from '../model/policy/canonical.ts'
import { databaseNowMs } from '../store/database/clock.ts'
import type { Database } from '../store/database/database.ts'
import { inTransaction } from '../store/database/transaction.ts'
import { appendLedger } from '../store/ledger/ledger.ts'
import {
  type ClockedWorkflow,
  clockedWorkflows,
  type DueJob,
  duesNow,
  endJobByClock,
  finishDue,
  noteReminded,
  planDues,
} from '../store/offers/job-dues.ts'
import { type Job, jobsOf, lockJob } from '../store/people/jobs.ts'
import { refreshLaneHolders } from '../store/people/lane-holders.ts'
import { actorOf } from '../store/people/persons.ts'
import { clocked, type Telling, tellAboutJobs } from './tell-about-jobs.ts'

const AT_ONCE = 200

export type ClockRun = {
  readonly reminded: number
  /** Jobs that are vacant now, because nobody answered. */
  readonly ended: number
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
    const did = await inTransaction(db, (trx) => doDue(trx, due))
    if (did === 'reminded') reminded += 1
    if (did === 'ended') ended += 1
  }
  await tellAboutJobs(db, workflows, telling)
  return { reminded, ended }
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

async function doDue(trx: Parameters<Parameters<typeof inTransaction>[1]>[0], due: DueJob) {
  if (!(await finishDue(trx, due))) return null
  const job = await lockJob(trx, due.jobId)
  if (job === null || !isStill(job, due)) return null
  switch (due.reason) {
    case 'remind':
      await noteReminded(trx, job.id)
      return 'reminded'
    case 'confirm-remind':
      return 'reminded'
    case 'confirm':
      return null
    case 'end':
    case 'confirm-end': {
      const reason = due.reason === 'end' ? 'not-answered' : 'not-confirmed'
      await endJobByClock(trx, job.id, reason)
      await refreshLaneHolders(trx, job.workflow)
      const { workflow, lane, circle, deputy, personId } = job
      const body = canonicalJson({ job: job.id, workflow, lane, circle, deputy, reason })
      const at = new Date(await databaseNowMs(trx))
      await appendLedger(trx, [{ at, kind: 'job-ended', actor: 'lanekeeper', subject: actorOf(personId), body }])
      return 'ended'
    }
  }
}

/** The job still waits for what the row was made for. */
function isStill(job: Job, { reason, of }: DueJob): boolean {
  if (reason === 'remind' || reason === 'end') {
    return job.state === 'offered' && job.offeredAt.getTime() === of.getTime()
  }
  return job.state === 'accepted' && job.confirmBy?.getTime() === of.getTime()
}
