import type { Lane, LaneHeld } from '../authority/acts.ts'
import type { ReviewCircle } from '../classes/class.ts'
import type { Mode } from '../policy/policy.ts'

/** A job of a workflow that one person has, or one circle of reviewers. */
export type Place = { readonly workflow: string; readonly lane: Lane; readonly circle: ReviewCircle | null }

export type PlacedJob = Place & {
  readonly id: number
  readonly personId: string
  readonly deputy: boolean
  readonly state: 'offered' | 'accepted' | 'ended'
}

export type Vacancy = Place & {
  /** Names this vacancy and no later one of the same place. */
  readonly cause: string
  /** The last one who was asked, or holds it and is not active. Null: nobody ever was. */
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

export function isOfPlace(
  job: Pick<Place, 'workflow' | 'lane' | 'circle'>,
  { workflow, lane, circle }: Place,
): boolean {
  return job.workflow === workflow && job.lane === lane && job.circle === circle
}

/**
 * Places of a workflow that nobody holds: nobody has accepted, or whoever has is not active any more. A deputy stands in
 * for a holder, and is none.
 */
export function vacanciesOf(workflow: string, jobs: readonly PlacedJob[], lanes: readonly LaneHeld[]): Vacancy[] {
  return placesOf(workflow).flatMap((place) => {
    const of = jobs.filter((job) => !job.deputy && isOfPlace(job, place))
    const holds = ({ personId }: PlacedJob) =>
      lanes.some((held) => held.personId === personId && held.role === 'holder' && isOfPlace(held, place))
    if (of.some((job) => job.state === 'accepted' && holds(job))) return []
    const last = Math.max(0, ...of.filter(({ state }) => state !== 'offered').map(({ id }) => id))
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
