import type { ReviewCircle } from '../classes/class.ts'
import type { Act, Lane, LaneHeld, Subject } from './acts.ts'
import { approvalsMissing } from './approvals.ts'
import { whoMay } from './may-act.ts'
import { isTogether, type Place, requirementOf, workflowsOf } from './requirement.ts'

/** One job that somebody is named for. */
export type Appointment = {
  readonly workflow: string
  readonly lane: LaneHeld['lane']
  readonly circle: ReviewCircle | null
  readonly isDeputy: boolean
  /** Who may name, by id. Empty: only the terminal of the server can, by `lanekeeper admin EMAIL`. */
  readonly by: readonly string[]
}

/**
 * Appointments in a row, at most. The longest way is that of a draft whose author nobody knows, with nobody left: an admin,
 * who names the workflow owner, who names the boundary owner and one reader more.
 */
const STEPS_MAX = 4

/**
 * Null: somebody may do it now, or nobody ever may. Otherwise the appointments that free it, the one to make now first, each
 * of a person who holds nothing yet. There is always a way: whoever holds the server makes an admin.
 */
export function whatFrees(
  act: Act,
  subject: Subject,
  now: { readonly lanes: readonly LaneHeld[]; readonly nowMs: number },
): readonly Appointment[] | null {
  if (isPossible(act, subject, now)) return null
  let ways: Way[] = [{ steps: [], lanes: now.lanes }]
  for (let step = 1; step <= STEPS_MAX; step += 1) {
    const next: Way[] = []
    for (const way of ways) {
      for (const longer of continued(way, act, subject, now.nowMs)) {
        if (isPossible(act, subject, { ...now, lanes: longer.lanes })) return longer.steps
        next.push(longer)
      }
    }
    ways = next
  }
  return []
}

type Way = { readonly steps: readonly Appointment[]; readonly lanes: readonly LaneHeld[] }

/** Whether there are people for it, for as many yeses as it takes. Asking again is not what is missing. */
function isPossible(
  act: Act,
  subject: Subject,
  now: { readonly lanes: readonly LaneHeld[]; readonly nowMs: number },
): boolean {
  if (requirementOf(act, subject).kind === 'anybody' || requirementOf(act, subject).kind === 'nobody') return true
  if (isTogether(act)) return approvalsMissing(act, subject, now).count < Number.POSITIVE_INFINITY
  return whoMay(act, subject, now).length > 0
}

/** One appointment more, in the order in which to prefer them: vacant jobs, then deputies, then somebody new for a job. */
function* continued(way: Way, act: Act, subject: Subject, nowMs: number): Generator<Way> {
  for (const { isVacant, ...job } of jobsToFill(way.lanes, act, subject)) {
    const personId = `new-${way.steps.length + 1}`
    const asked = {
      workflow: job.workflow,
      lane: job.lane,
      personId,
      isDeputy: job.isDeputy,
      isLive: subject.isLive ?? false,
    }
    const by = whoMay('appoint', asked, { lanes: way.lanes, nowMs })
    if (by.length === 0 && job.lane !== 'admin') continue
    const { workflow, lane, circle, isDeputy } = job
    const isOneJob = lane !== 'review' && lane !== 'admin'
    const isReplaced = (held: LaneHeld) =>
      isOneJob && held.workflow === workflow && held.lane === lane && (held.role === 'deputy') === isDeputy
    const role = isDeputy ? 'deputy' : 'holder'
    yield {
      steps: [...way.steps, { ...job, by }],
      lanes: [
        ...(isVacant ? way.lanes : way.lanes.filter((held) => !isReplaced(held))),
        { workflow, lane, circle, personId, role, untilMs: null },
      ],
    }
  }
}

type JobToFill = Omit<Appointment, 'by'> & { readonly isVacant: boolean }

/** Jobs that bear on the act, the workflow owner who names the others, and an admin where there is none. */
function jobsToFill(lanes: readonly LaneHeld[], act: Act, subject: Subject): JobToFill[] {
  const jobs: JobToFill[] = []
  const seen = new Set<string>()
  const add = (workflow: string, lane: Lane, circle: ReviewCircle | null, isDeputy: boolean) => {
    const key = `${workflow}/${lane}/${circle}/${isDeputy}`
    if (seen.has(key)) return
    seen.add(key)
    const isThere = (held: LaneHeld) =>
      held.workflow === workflow &&
      held.lane === lane &&
      held.circle === circle &&
      (held.role === 'deputy') === isDeputy
    jobs.push({ workflow, lane, circle, isDeputy, isVacant: !lanes.some(isThere) })
  }
  for (const { workflow, lane, circle } of placesOf(act, subject)) {
    if (lane === 'admin') continue
    add(workflow, lane, lane === 'review' ? (circle ?? 'general') : null, false)
    if (lane !== 'review') add(workflow, lane, null, true)
  }
  for (const workflow of workflowsOf(subject)) add(workflow, 'workflow', null, false)
  if (!lanes.some(({ lane }) => lane === 'admin')) add('', 'admin', null, false)
  return jobs.sort((a, b) => Number(b.isVacant) - Number(a.isVacant) || Number(a.isDeputy) - Number(b.isDeputy))
}

function placesOf(act: Act, subject: Subject): Pick<Place, 'workflow' | 'lane' | 'circle'>[] {
  const requirement = requirementOf(act, subject)
  switch (requirement.kind) {
    case 'one-person':
      return requirement.each.flat(2)
    case 'self':
      return requirement.or.flat()
    case 'together':
      return workflowsOf(subject).flatMap((workflow) =>
        (['boundary', 'workflow', 'override', 'review'] as const).map((lane) => ({ workflow, lane, circle: null })),
      )
    default:
      return []
  }
}
