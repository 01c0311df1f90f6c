import type { LaneHeld } from '../authority/acts.ts'

/**
 * Who names somebody for a job of a workflow, the first to ask first: the workflow owner; where there is none the boundary
 * owner; where both are vacant the admins.
 */
export function appointers(lanes: readonly LaneHeld[], workflow: string): string[] {
  for (const [of, lane] of [
    [workflow, 'workflow'],
    [workflow, 'boundary'],
    ['', 'admin'],
  ] as const) {
    const people = lanes.filter((held) => held.workflow === of && held.lane === lane).map(({ personId }) => personId)
    if (people.length > 0) return [...new Set(people)]
  }
  return []
}
