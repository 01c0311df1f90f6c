import { z } from 'zod'
import { Instant } from '../server/shared-types.ts'

/** An event that could not be applied three times. It waits, as it came, until a person replays it. */
const FailedEventView = z.object({
  id: z.string(),
  connectionId: z.string(),
  objectType: z.string(),
  recordId: z.string(),
  kind: z.string(),
  source: z.string(),
  reason: z.string().nullable(),
  attempts: z.number(),
  receivedAt: Instant,
})

export const FailedEventsReply = z.object({ total: z.number(), events: z.array(FailedEventView) })
export type FailedEventsReply = z.infer<typeof FailedEventsReply>

export const ReplayReply = z.object({ replayed: z.number() })
export type ReplayReply = z.infer<typeof ReplayReply>
