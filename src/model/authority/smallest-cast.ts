import type { ExceptionClass, ReviewCircle } from '../classes/class.ts'
import { CIRCLE } from '../classes/posture.ts'
import { SINGLE_JOBS, type SingleJob } from '../policy/policy.ts'

/** Somebody who could be asked. */
export type Candidate = {
  /** What they are told apart by: the person's id where they are known here, else a user's. */
  readonly id: string
  readonly name: string
  readonly email: string | null
  /** They are known here already, so an offer reaches them at once. */
  readonly isKnown: boolean
  /** Connections of the workflow in which they are active. */
  readonly connections: number
  /** Open cases about records that they own: nobody reviews their own. */
  readonly ownCases: number
}

export type ProposedJob = {
  readonly lane: 'review' | SingleJob
  readonly circle: ReviewCircle | null
  readonly candidate: Candidate
  readonly minutesPerWeek: number
}

export type ProposedCast = {
  readonly people: number
  readonly jobs: readonly ProposedJob[]
  /** Until decisions are measured, minutes are what we assume of a case of each class. */
  readonly basis: 'assumed'
}

/** Minutes for one case: look, decide, write a reason. */
export const MINUTES_PER_CASE: Readonly<Record<ExceptionClass, number>> = {
  expected: 3,
  risky: 6,
  'customer-facing': 10,
  'revenue-impacting': 15,
  unknown: 15,
}

/** Of the jobs without a queue of cases: a look once a week. */
const MINUTES_OF_A_LOOK = 15

/**
 * The smallest cast that is honest: whoever decides the rules is somebody else than whoever judges and overrides them, and a
 * second person can approve what the first wrote. With two people that is a pilot. Live wants a third, so that no one has
 * most of it, and a second reviewer for what the first one owns.
 */
const CASTS = {
  pilot: {
    people: 2,
    review: { general: [1], senior: [1], approved: [1] },
    single: { boundary: 0, rollback: 0, data: 0, override: 1, workflow: 1 },
  },
  live: {
    people: 3,
    review: { general: [1, 2], senior: [2, 1], approved: [2, 1] },
    single: { boundary: 0, data: 0, rollback: 1, override: 2, workflow: 2 },
  },
} as const satisfies Record<
  string,
  { people: number; review: Record<ReviewCircle, readonly number[]>; single: Record<SingleJob, number> }
>

/** Null: fewer people could be asked than it takes. */
export function smallestCast(
  mode: keyof typeof CASTS,
  candidates: readonly Candidate[],
  casesPerWeek: Readonly<Partial<Record<ExceptionClass, number>>>,
): ProposedCast | null {
  const { people, review, single } = CASTS[mode]
  const chosen = candidates
    .filter(({ connections }) => connections > 0)
    .toSorted(byFitness)
    .slice(0, people)
  if (chosen.length < people) return null
  const circles = Object.keys(review) as ReviewCircle[]
  const reviewers = circles.flatMap((circle) =>
    review[circle].map((who, _, all): ProposedJob => {
      const minutesPerWeek = Math.round(minutesOf(circle, casesPerWeek) / all.length)
      return { lane: 'review', circle, candidate: chosen[who]!, minutesPerWeek }
    }),
  )
  const others = SINGLE_JOBS.map((lane): ProposedJob => {
    return { lane, circle: null, candidate: chosen[single[lane]]!, minutesPerWeek: MINUTES_OF_A_LOOK }
  })
  return { people, jobs: [...reviewers, ...others], basis: 'assumed' }
}

/** What reviewing the classes of a circle takes a week. */
export function minutesOf(
  circle: ReviewCircle,
  casesPerWeek: Readonly<Partial<Record<ExceptionClass, number>>>,
): number {
  const classes = (Object.keys(MINUTES_PER_CASE) as ExceptionClass[]).filter((one) => CIRCLE[one] === circle)
  return classes.reduce((sum, one) => sum + (casesPerWeek[one] ?? 0) * MINUTES_PER_CASE[one], 0)
}

/** Whoever is at hand everywhere, is known already, and has the least of the mess themself. */
function byFitness(a: Candidate, b: Candidate): number {
  return (
    b.connections - a.connections ||
    Number(b.isKnown) - Number(a.isKnown) ||
    a.ownCases - b.ownCases ||
    (a.name < b.name ? -1 : 1)
  )
}
