import type { Plan } from './plan.ts'
import { POINTS } from './points.ts'

type Stand = Pick<Plan, 'kind' | 'point'>

/** Every point at which a worker can stand, for each kind of write. Only an owner's record is read before it is written. */
export const EVERY_STAND: readonly Stand[] = POINTS.flatMap((point) =>
  (['task', 'link', 'owner'] as const).flatMap((kind) =>
    kind !== 'owner' && point === 'read' ? [] : [{ kind, point }],
  ),
)

/** Each stand once with a process of its own that is killed, and once with one that is stopped and goes on. */
export function everyRealEnd(firstSeed: number): Plan[] {
  return EVERY_STAND.flatMap((stand) => (['kill', 'stop'] as const).map((end) => ({ ...stand, end }))).map(
    (one, n): Plan => ({ ...one, seed: firstSeed + n, real: true, personActs: one.kind === 'owner' && n % 4 < 2 }),
  )
}

/** The `round`th end of the database: all places stand at the same point when it comes. */
export function databasePlan(round: number, seed: number, end: 'crash' | 'restart'): Plan {
  const stand = EVERY_STAND[round % EVERY_STAND.length]!
  return { ...stand, seed, real: true, end, personActs: stand.kind === 'owner' && round % 2 === 1 }
}

/** Mulberry32: the same seed gives the same run. */
export function seededPlan(seed: number, real: boolean): Plan {
  let state = seed
  const next = (n: number) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % n
  }
  const stand = EVERY_STAND[next(EVERY_STAND.length)]!
  const end = next(2) === 0 ? 'kill' : 'stop'
  return { ...stand, seed, real, end, personActs: stand.kind === 'owner' && next(2) === 0 }
}
