/**
 * The stages in the order in which a change passes through them. Each is a folder of src/pipeline; `wakes` are the jobs
 * that run it. `receive` has none, because it runs where the events arrive, and `compare` none, because it runs on a clock.
 * `read` has two: `refresh` reads records that an event only pointed at, `poll` reads whatever changed.
 */
export const PIPELINE = [
  { folder: 'receive', wakes: [] },
  { folder: 'apply', wakes: ['apply'] },
  { folder: 'read', wakes: ['refresh', 'poll'] },
  { folder: 'decide', wakes: ['decide'] },
  { folder: 'act', wakes: ['act'] },
  { folder: 'verify', wakes: ['verify'] },
  { folder: 'compare', wakes: [] },
] as const

/** A stage that can be woken by a job. */
export type Stage = (typeof PIPELINE)[number]['wakes'][number]

export const STAGES: readonly Stage[] = PIPELINE.flatMap(({ wakes }): readonly Stage[] => wakes)

/** Everything a job carries. Data would be stale by the time it is read; rows are not. */
export type Wake = { readonly stage: Stage; readonly connectionId: string }
