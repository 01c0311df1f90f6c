import type { Baseline } from '../../store/connections/baseline.ts'

export type BaselineProgress = {
  readonly done: boolean
  readonly count: number
  /** Null: the CRM gave no count for some object. */
  readonly total: number | null
  /** Records a second over the last minute; null until there is enough to tell, and when done. */
  readonly perSecond: number | null
  /** Null where the total or the rate is not known. */
  readonly leftMs: number | null
}

/** The rate is that of the last minute: one that counts from the start would not notice a CRM that slowed down. */
const RATE_OVER_MS = 60_000
/** A rate over less than this says more about the start than about the CRM. */
const RATE_AFTER_MS = 3_000
/** Apart, so that a handful of samples cover the minute. */
const SAMPLE_EVERY_MS = 5_000

/** Adds a sample of the import's progress, and drops those older than the rate needs. */
export function withSample<B extends Baseline>(baseline: B, nowMs: number): B {
  const samples = baseline.samples ?? []
  const last = samples.at(-1)
  if (last !== undefined && nowMs - last.atMs < SAMPLE_EVERY_MS) return baseline
  const kept = samples.filter(({ atMs }) => nowMs - atMs <= RATE_OVER_MS + SAMPLE_EVERY_MS)
  return { ...baseline, samples: [...kept, { atMs: nowMs, count: countOf(baseline) }] }
}

/**
 * The progress of a first import. `objects` names all that belong to it, so that one that has not started counts as unknown
 * and not as empty.
 */
export function baselineProgress(baseline: Baseline, objects: readonly string[], nowMs: number): BaselineProgress {
  const count = countOf(baseline)
  const total = baseline.done ? totalOf(baseline, Object.keys(baseline.objects)) : totalOf(baseline, objects)
  const perSecond = baseline.done ? null : rateOf(baseline, count, nowMs)
  const isKnown = total !== null && perSecond !== null && perSecond > 0
  return {
    done: baseline.done,
    count,
    total,
    perSecond,
    leftMs: isKnown ? (1_000 * Math.max(0, total - count)) / perSecond : null,
  }
}

function countOf({ objects }: Baseline): number {
  return Object.values(objects).reduce((sum, { count }) => sum + count, 0)
}

function totalOf(baseline: Baseline, objects: readonly string[]): number | null {
  let sum = 0
  for (const object of objects) {
    const known = baseline.objects[object]
    const total = known?.total ?? (known?.done ? known.count : null)
    if (total === null) return null
    sum += total
  }
  return sum
}

function rateOf({ samples = [] }: Baseline, count: number, nowMs: number): number | null {
  const from = samples.find(({ atMs }) => nowMs - atMs <= RATE_OVER_MS)
  // A stalled import shows a rate of zero until its last sample is a minute old. After that, its rate is unknown.
  if (from === undefined || nowMs - from.atMs < RATE_AFTER_MS) return null
  return Math.max(0, (1_000 * (count - from.count)) / (nowMs - from.atMs))
}
