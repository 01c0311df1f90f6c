import type { Lane } from '../authority/acts.ts'
import type { ReviewCircle } from '../classes/class.ts'
import type { Mode } from '../policy/policy.ts'

/** A job of a workflow that one person has, or one circle of reviewers. */
export type Place = { readonly workflow: string; readonly lane: Lane; readonly circle: ReviewCircle | null }

export type PlacedJob = Place & {
  readonly id: number
  readonly deputy: boolean
  readonly state: 'offered' | 'accepted' | 'ended'
}

export type Vacancy = Place & {
  /** Names this vacancy and no later one of the same place. */
  readonly cause: string
  /** The last one who was asked or held it. Null: nobody ever was. */
  readonly afterJobId: number | null
  /** Somebody is asked now. */
  readonly isOffered: boolean
}

const CIRCLES: readonly ReviewCircle[] = ['general', 'senior', 'approved']
const ALONE: readonly Lane[] = ['override', 'rollback', 'boundary', 'data', 'workflow']

/** What every workflow needs people for. */
export function placesOf(workflow: string): Place[] {
  return [
    ...CIRCLES.map((circle): Place => ({ workflow, lane: 'review', circle })),
    ...ALONE.map((lane): Place => ({ workflow, lane, circle: null })),
  ]
}

export function isOfPlace(job: Place, { workflow, lane, circle }: Place): boolean {
  return job.workflow === workflow && job.lane === lane && job.circle === circle
}

/** Places of a workflow that nobody has accepted. A deputy stands in for a holder, and is none. */
export function vacanciesOf(workflow: string, jobs: readonly PlacedJob[]): Vacancy[] {
  return placesOf(workflow).flatMap((place) => {
    const of = jobs.filter((job) => !job.deputy && isOfPlace(job, place))
    if (of.some(({ state }) => state === 'accepted')) return []
    const last = Math.max(0, ...of.filter(({ state }) => state === 'ended').map(({ id }) => id))
    return [
      {
        ...place,
        cause: ['vacancy', workflow, place.lane, place.circle ?? '', last].join('/'),
        afterJobId: last === 0 ? null : last,
        isOffered: of.some(({ state }) => state === 'offered'),
      },
    ]
  })
}

/**
 * Whether whoever can appoint gets a task for it: while nobody is asked, and only where it matters by now: somebody held it
 * or was asked, or the workflow is to write. A draft of which nobody ever had a job has a page that says what is missing.
 */
export function wantsTask({ isOffered, afterJobId }: Vacancy, mode: Mode): boolean {
  return !isOffered && (afterJobId !== null || mode === 'pilot' || mode === 'live')
}
