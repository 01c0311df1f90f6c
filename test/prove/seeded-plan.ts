import type { Plan } from './one-run.ts'
import { POINTS } from './points.ts'

/** Mulberry32: the same seed gives the same run. */
export function seededPlan(seed: number, real: boolean): Plan {
  let state = seed
  const next = (n: number) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % n
  }
  const kind = next(2) === 0 ? 'task' : 'owner'
  const point = POINTS[next(POINTS.length)]!
  return {
    seed,
    real,
    kind,
    // A fresh task is not read before it is written.
    point: kind === 'task' && point === 'read' ? 'claimed' : point,
    end: next(2) === 0 ? 'kill' : 'stop',
    personActs: kind === 'owner' && next(2) === 0,
  }
}
