import { z } from 'zod'
import { CAP_MAX, PER_HOUR_MAX } from '../../store/writes/backlog-applications.ts'
import { Instant } from '../server/shared-types.ts'

/** Owner writes that only a new version asks for, of records that have not changed since. They wait for a person. */
export const BacklogView = z.object({
  waiting: z.number(),
  /** The number of the version among those of the workflow, from 1. */
  version: z.number(),
  /** A new version, an update of Lanekeeper that reads it differently, or a raise of the workflow's mode. */
  because: z.enum(['version', 'update', 'raise']),
})
export type BacklogView = z.infer<typeof BacklogView>

/** What was last applied to the backlog of a workflow, by whom, and how far it is. */
export const ApplicationView = z.object({
  state: z.enum(['running', 'stopped', 'done', 'superseded']),
  cap: z.number(),
  perHour: z.number(),
  written: z.number(),
  underWay: z.number(),
  refused: z.number(),
  /** Of its cap, what is still to be let go. */
  remaining: z.number(),
  startedBy: z.string(),
  startedAt: Instant,
  endedBy: z.string().nullable(),
  endedAt: Instant.nullable(),
  /** While it runs: when it will have let go the last, at its rate. */
  endsAt: Instant.nullable(),
})
export type ApplicationView = z.infer<typeof ApplicationView>

const Owner = z.string().nullable()

export const BacklogReply = z.object({
  /** Null: nothing waits. */
  backlog: BacklogView.extend({
    /** What was seen, for applying the version to just that. */
    versionId: z.number(),
    upTo: z.string(),
    oldest: Instant,
    /** How many records go from whom to whom, the most first. From null: from nobody. To null: not known yet. */
    moves: z.array(z.object({ connection: z.string(), from: Owner, to: Owner, records: z.number() })),
    otherMoves: z.object({ pairs: z.number(), records: z.number() }),
    branches: z.array(z.object({ branch: z.string().nullable(), records: z.number() })),
  }).nullable(),
  rate: z.object({ default: z.number(), max: z.number() }),
  /** While the workflow is a pilot: owner changes it may make a day. */
  perDay: z.number().nullable(),
})
export type BacklogReply = z.infer<typeof BacklogReply>

const Count = z.number().int().min(1)
export const ApplyRequest = z.strictObject({
  versionId: z.number().int().min(1).max(2_147_483_647),
  upTo: z.string().regex(/^\d{1,15}$/),
  cap: Count.max(CAP_MAX),
  perHour: Count.max(PER_HOUR_MAX),
})
export type ApplyRequest = z.infer<typeof ApplyRequest>
export const ApplyReply = z.object({ cap: z.number() })
export type ApplyReply = z.infer<typeof ApplyReply>

export const StopReply = z.object({
  /** False: nothing ran. */
  isStopped: z.boolean(),
  /** Writes that had not left and wait again. */
  takenBack: z.number(),
  /** Writes that had left and have no answer yet. */
  underWay: z.number(),
})
export type StopReply = z.infer<typeof StopReply>
