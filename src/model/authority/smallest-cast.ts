import type { ExceptionClass, ReviewCircle } from '../classes/class.ts'
import { CIRCLE } from '../classes/posture.ts'
import { SINGLE_JOBS, type SingleJob } from '../policy/policy.ts'
import type { Lane } from './acts.ts'

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

/** A job that somebody holds or is asked to take, so that nobody else is proposed for it. */
export type TakenJob = Pick<ProposedJob, 'lane' | 'circle'> & { readonly candidateId: string }

/** What there is to go by: who could be asked, what a week brings, and what was asked before. */
export type CastQuestion = {
  readonly candidates: readonly Candidate[]
  readonly casesPerWeek: CasesPerWeek
  readonly taken?: readonly TakenJob[]
  /** Jobs that somebody declined or gave back: the proposal asks nobody twice. */
  readonly declined?: readonly TakenJob[]
}

export type CasesPerWeek = Readonly<Partial<Record<ExceptionClass, number>>>

/** The jobs that are still vacant, with whom to ask. Null: fewer people could be asked than it takes. */
export function smallestCast(
  mode: keyof typeof CASTS,
  { candidates, casesPerWeek, taken = [], declined = [] }: CastQuestion,
): ProposedCast | null {
  const { people } = CASTS[mode]
  const wanted = wantedJobs(mode)
  const isOf = (one: Pick<TakenJob, 'lane' | 'circle'>, job: WantedJob) =>
    one.lane === job.lane && one.circle === job.circle
  const has = (id: string, job: WantedJob, of: readonly TakenJob[]) =>
    of.some((one) => one.candidateId === id && isOf(one, job))
  const jobsOf = (seat: number) => wanted.filter((job) => job.seat === seat)
  const chosen = seatPeople(people, candidates, {
    countOf: (id, seat) => jobsOf(seat).filter((job) => has(id, job, taken)).length,
    isRefused: (id, seat) => jobsOf(seat).some((job) => has(id, job, declined) && !has(id, job, taken)),
  })
  if (chosen === null) return null
  const jobs = [...Map.groupBy(wanted, ({ lane, circle }) => `${lane}/${circle}`).values()].flatMap((same) => {
    // Of two reviewers, one who is there already leaves one place.
    const places = same.length - taken.filter((one) => isOf(one, same[0]!)).length
    const open = same.filter((job) => !has(chosen[job.seat]!.id, job, taken)).slice(0, Math.max(0, places))
    return open.map(({ lane, circle, seat }): ProposedJob => {
      const minutesPerWeek = minutesPerWeekOf({ lane, circle, sharedBy: same.length }, casesPerWeek)
      return { lane, circle, candidate: chosen[seat]!, minutesPerWeek }
    })
  })
  return { people, jobs, basis: 'assumed' }
}

/** A job of the cast, and which of its people takes it. */
type WantedJob = Pick<ProposedJob, 'lane' | 'circle'> & { readonly seat: number }

function wantedJobs(mode: keyof typeof CASTS): WantedJob[] {
  const { review, single } = CASTS[mode]
  return [
    ...(Object.keys(review) as ReviewCircle[]).flatMap((circle) =>
      review[circle].map((seat): WantedJob => ({ lane: 'review', circle, seat })),
    ),
    ...SINGLE_JOBS.map((lane): WantedJob => ({ lane, circle: null, seat: single[lane] })),
  ]
}

/** Whoever has most of a seat's jobs keeps it; the other seats go to the fittest who did not decline. */
function seatPeople(
  people: number,
  candidates: readonly Candidate[],
  by: {
    readonly countOf: (id: string, seat: number) => number
    readonly isRefused: (id: string, seat: number) => boolean
  },
): readonly Candidate[] | null {
  const fit = candidates.filter(({ connections }) => connections > 0).toSorted(byFitness)
  const seats = Array.from({ length: people }, (_, seat) => seat)
  const chosen = new Map<number, Candidate>()
  const isFree = (one: Candidate) => ![...chosen.values()].includes(one)
  const claims = fit
    .flatMap((candidate) => seats.map((seat) => ({ candidate, seat, count: by.countOf(candidate.id, seat) })))
    .filter(({ count }) => count > 0)
    .toSorted((a, b) => b.count - a.count)
  for (const { candidate, seat } of claims) {
    if (!chosen.has(seat) && isFree(candidate) && !by.isRefused(candidate.id, seat)) chosen.set(seat, candidate)
  }
  for (const seat of seats.filter((one) => !chosen.has(one))) {
    const next = fit.find((one) => isFree(one) && !by.isRefused(one.id, seat))
    if (next === undefined) return null
    chosen.set(seat, next)
  }
  return seats.map((seat) => chosen.get(seat)!)
}

/** What a job takes a week: the cases of its circle, shared by those who review it, or a look. */
export function minutesPerWeekOf(
  { lane, circle, sharedBy }: { readonly lane: Lane; readonly circle: ReviewCircle | null; readonly sharedBy: number },
  casesPerWeek: CasesPerWeek,
): number {
  if (lane !== 'review' || circle === null) return MINUTES_OF_A_LOOK
  return Math.round(minutesOf(circle, casesPerWeek) / Math.max(1, sharedBy))
}

/** What reviewing the classes of a circle takes a week. */
function minutesOf(circle: ReviewCircle, casesPerWeek: CasesPerWeek): number {
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
