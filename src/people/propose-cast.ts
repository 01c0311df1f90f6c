import type { LaneHeld } from '../model/authority/acts.ts'
import { type ProposedCast, type ProposedJob, smallestCast, type TakenJob } from '../model/authority/smallest-cast.ts'
import { isOfPlace } from '../model/jobs/vacancies.ts'
import type { Database } from '../store/database/database.ts'
import { casesPerWeek, castCandidates } from '../store/people/cast-candidates.ts'
import { type Job, type JobEnd, jobsOf } from '../store/people/jobs.ts'
import { lanesHeld } from '../store/people/lane-holders.ts'

export const CAST_MODES = ['pilot', 'live'] as const
export type CastMode = (typeof CAST_MODES)[number]

/** For each aim the vacant jobs and whom to ask, from the active users of the CRMs. Null: there are too few. */
export async function proposeCast(
  db: Database,
  workflow: string,
): Promise<Readonly<Record<CastMode, ProposedCast | null>>> {
  const [candidates, weeks, jobs, lanes] = await Promise.all([
    castCandidates(db, workflow),
    casesPerWeek(db),
    jobsOf(db, { workflow }),
    lanesHeld(db, [workflow]),
  ])
  const places = jobs.filter(({ deputy, lane }) => !deputy && lane !== 'admin')
  const question = {
    candidates,
    casesPerWeek: weeks.get(workflow) ?? {},
    taken: places.filter((job) => isTaken(job, lanes)).map(takenJob),
    declined: places.filter(({ endReason }) => endReason !== null && WAS_ASKED.has(endReason)).map(takenJob),
  }
  return { pilot: smallestCast('pilot', question), live: smallestCast('live', question) }
}

const WAS_ASKED: ReadonlySet<JobEnd> = new Set(['declined', 'given-back', 'not-answered', 'not-confirmed'])

/** Asked now, or held by somebody who is active. */
function isTaken(job: Job, lanes: readonly LaneHeld[]): boolean {
  if (job.state !== 'accepted') return job.state === 'offered'
  return lanes.some((held) => held.personId === job.personId && held.role === 'holder' && isOfPlace(held, job))
}

function takenJob({ lane, circle, personId }: Job): TakenJob {
  return { lane: lane as ProposedJob['lane'], circle, candidateId: personId }
}
