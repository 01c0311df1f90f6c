import type { LaneHeld, LaneRole } from './acts.ts'
import type { Choice, Place } from './requirement.ts'

/** In the order in which to ask. */
const ORDER: readonly LaneRole[] = ['holder', 'delegate', 'deputy']

/** Whoever holds the server counts as an admin with a strong sign-in, and is nobody else. */
export const TERMINAL: LaneHeld = {
  workflow: '',
  lane: 'admin',
  circle: null,
  personId: 'terminal',
  role: 'holder',
  untilMs: null,
}

/** Who holds a lane at this moment: an end counts from its instant on. */
export function lanesNow(lanes: readonly LaneHeld[], nowMs: number): LaneHeld[] {
  return lanes.filter(({ untilMs }) => untilMs === null || untilMs > nowMs)
}

/** Everybody the choice lets, each once: those of the first group that is not vacant. */
export function peopleOf(choice: Choice, lanes: readonly LaneHeld[]): string[] {
  for (const group of choice) {
    const found = new Set(group.flatMap((place) => peopleAt(place, lanes)))
    if (found.size > 0) return [...found]
  }
  return []
}

function peopleAt(place: Place, lanes: readonly LaneHeld[]): string[] {
  const there = lanes.filter((held) => isAt(held, place))
  const hasHolder = there.some(({ role }) => role !== 'deputy')
  const deputiesMay = place.deputies === 'always' || (place.deputies === 'standing-in' && !hasHolder)
  return ORDER.flatMap((role) =>
    role === 'deputy' && !deputiesMay ? [] : there.filter((held) => held.role === role).map(({ personId }) => personId),
  )
}

function isAt(held: LaneHeld, { workflow, lane, circle }: Place): boolean {
  return held.workflow === workflow && held.lane === lane && (circle === null || held.circle === circle)
}
