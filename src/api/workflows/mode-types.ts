import { z } from 'zod'
import { Instant } from '../server/shared-types.ts'

const ModeName = z.enum(['draft', 'observe', 'pilot', 'live'])

/** How far a workflow may go, and who set that when. */
export const ModeReply = z.object({
  mode: ModeName,
  /** How far it goes now, as its people let it. */
  effectiveMode: ModeName,
  /** Owner changes a day, of a pilot or of what it falls back to. Null: it has no pilot. */
  dailyCap: z.number().nullable(),
  /** Which records a pilot writes to, in words. Null: it has no pilot. */
  slice: z.string().nullable(),
  /** What was seen, for changing just that. */
  seenId: z.number(),
  /** The newest first. */
  history: z.array(
    z.object({
      id: z.number(),
      mode: ModeName,
      dailyCap: z.number().nullable(),
      isRaise: z.boolean(),
      origin: z.enum(['before-publishing', 'first-version', 'person']),
      why: z.string(),
      by: z.string(),
      at: Instant,
    }),
  ),
})
export type ModeReply = z.infer<typeof ModeReply>

export const ModeRequest = z.strictObject({
  mode: ModeName,
  /** Null: as it was. */
  dailyCap: z.number().int().min(1).max(100_000).nullable(),
  why: z.string().trim().max(1_000),
  seenId: z.number().int().min(1),
})
export type ModeRequest = z.infer<typeof ModeRequest>
