import type { Lane, LaneHeld } from '../authority/acts.ts'
import { mayAct } from '../authority/may-act.ts'

/** Who may name somebody for a job of a workflow, the first to ask first. Empty: nobody can. */
export function appointers(
  lanes: readonly LaneHeld[],
  of: { readonly workflow: string; readonly lane: Lane; readonly nowMs: number },
): readonly string[] {
  const { workflow, lane, nowMs } = of
  // Lanekeeper names nobody, so it is told who does.
  const verdict = mayAct(
    { kind: 'lanekeeper' },
    'appoint',
    { workflow, lane },
    { lanes, nowMs, hasSignInProvider: false },
  )
  return verdict.allowed ? [] : verdict.whoMay
}
