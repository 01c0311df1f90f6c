import { z } from 'zod'
import { Instant } from '../server/shared-types.ts'

/** How somebody signed in, which says what the session is good for. */
export const SignInMethod = z.enum(['oidc', 'code', 'terminal', 'link', 'sandbox'])
export type SignInMethod = z.infer<typeof SignInMethod>

export const SessionReply = z.object({
  person: z.object({ id: z.string(), name: z.string() }),
  method: SignInMethod,
  /** A page that may stay open for weeks, and can only pause. */
  onlyPauses: z.boolean(),
  expiresAt: Instant,
})
export type SessionReply = z.infer<typeof SessionReply>

/** Whom a link would sign in. Asking uses nothing up. */
export const LinkReply = z.object({ name: z.string(), expiresAt: Instant })
export type LinkReply = z.infer<typeof LinkReply>
