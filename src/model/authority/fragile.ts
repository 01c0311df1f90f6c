import type { Job } from '../policy/policy.ts'
import type { ReadinessProblem } from './readiness-problem.ts'
import { holdersOf, type ReadinessQuestion, sinceOf } from './vacancies.ts'

const DAY_MS = 86_400_000
/** M32: how long something that rests on one person may run as a narrow pilot, and when its end is announced. */
export const FRAGILE_PILOT_DAYS = 30
export const FRAGILE_NOTICE_DAYS = 7

/** M31: the five who keep a workflow going. Who holds four of them is most of it. */
const FIVE: readonly Job[] = ['reviewer', 'override', 'rollback', 'data', 'workflow']
/** Who may change an outcome, judges it, and decides which rules make it, is nobody's second pair of eyes. */
const TOGETHER: readonly Job[] = ['reviewer', 'override', 'boundary']

/** One person in four of the five jobs, or in review, override and boundary together. */
export function fragileProblem({ policy, directory, history }: ReadinessQuestion): ReadinessProblem | null {
  const jobsOf = new Map<string, Set<Job>>()
  for (const { job, email } of holdersOf(policy)) {
    // Several e-mails of one person are one, by the first of them.
    const person = directory.emailsOf(email)[0] ?? email
    jobsOf.set(person, (jobsOf.get(person) ?? new Set()).add(job))
  }
  for (const [email, jobs] of jobsOf) {
    const isMost = FIVE.filter((job) => jobs.has(job)).length >= 4
    if (!isMost && !TOGETHER.every((job) => jobs.has(job))) continue
    const found = { kind: 'fragile', job: 'workflow', connectionId: null } as const
    const sinceMs = sinceOf(history, found) ?? history.nowMs
    const endsMs = sinceMs + FRAGILE_PILOT_DAYS * DAY_MS
    return {
      ...found,
      email,
      problem: `${email} holds ${inJobs(jobs, policy.workflow)}, so one absence stops it all. ${pilotInWords(endsMs, history.nowMs)}`,
      step: 'Name somebody else for at least one of these jobs on the page People. Until then a narrow pilot is allowed, live is not.',
      without: null,
      sinceMs,
      writesEndAtMs: endsMs,
    }
  }
  return null
}

function inJobs(jobs: ReadonlySet<Job>, workflow: string): string {
  return jobs.size === FIVE.length + 1
    ? `every job of ${workflow}`
    : `${jobs.size} of the 6 jobs of ${workflow} (${[...jobs].join(', ')})`
}

function pilotInWords(endsMs: number, nowMs: number): string {
  const day = new Date(endsMs).toISOString().slice(0, 10)
  if (nowMs >= endsMs) return `The pilot of ${FRAGILE_PILOT_DAYS} days ended on ${day}`
  if (nowMs >= endsMs - FRAGILE_NOTICE_DAYS * DAY_MS) return `The pilot ends on ${day}, in less than a week`
  return `It may be a narrow pilot until ${day}`
}
