import type { LaneCell, LanePerson, MatrixReply } from '../../../src/api/workflows/matrix-types.ts'

export function laneOf({ lanes }: MatrixReply, lane: LaneCell['lane'], circle: LaneCell['circle'] = null): LaneCell {
  const found = lanes.find((one) => one.lane === lane && one.circle === circle)
  if (found === undefined) throw new RangeError(`The matrix has no lane ${lane}`)
  return found
}

/** What tells two cells apart. */
export function laneKey({ lane, circle }: LaneCell): string {
  return `${lane}/${circle ?? ''}`
}

/** How bad a lane is: only the worst of a page is set apart. 0: nothing is wrong. */
function badness({ isVacant, people }: LaneCell): number {
  if (isVacant) return people.length === 0 ? 4 : 3
  if (people.every(({ away }) => away !== null)) return 2
  return people.every(({ isFull }) => isFull) ? 1 : 0
}

/** Null: no lane asks for anything. */
export function worstLane(lanes: readonly LaneCell[]): string | null {
  const worst = lanes.toSorted((a, b) => badness(b) - badness(a))[0]
  return worst === undefined || badness(worst) === 0 ? null : laneKey(worst)
}

/** What is not normal about somebody in a lane, in a few words. Null: nothing. */
export function besides(person: LanePerson, day: (iso: string) => string): string | null {
  const { state, since, away, isFull } = person
  if (state === 'left') return since === null ? 'no longer active' : `left ${day(since)}`
  if (state === 'offered') return since === null ? 'has not accepted' : `asked ${day(since)}, not accepted`
  if (away !== null) {
    return `away to ${day(away.until)}${away.delegate === null ? '' : `, ${firstNameOf(away.delegate)} covers`}`
  }
  return isFull ? 'full' : null
}

function firstNameOf(name: string): string {
  return name.split(' ')[0] ?? name
}
