import { z } from 'zod'
import { Instant } from '../server/shared-types.ts'

export const SessionReply = z.object({ actor: z.string(), expiresAt: Instant })
export type SessionReply = z.infer<typeof SessionReply>
