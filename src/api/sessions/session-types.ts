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

export const Lane = z.enum(['review', 'override', 'rollback', 'boundary', 'data', 'workflow', 'admin'])
export type Lane = z.infer<typeof Lane>

/** How people can sign in on this installation. A link always works. */
export const WaysReply = z.object({
  /** The host of the identity provider. Null: none is set. */
  provider: z.string().nullable(),
  /** Whether codes can be mailed. */
  code: z.boolean(),
  /** Of the sandbox: anybody may sign in as one of these. Null: there is no such page here. */
  cast: z.array(z.object({ personId: z.string(), name: z.string(), lanes: z.array(Lane) })).nullable(),
})
export type WaysReply = z.infer<typeof WaysReply>

/** A code was right: the session, and where to go; or the address is a way to sign in from now on. */
export const CodeReply = z.object({ session: SessionReply, returnTo: z.string().nullable(), isAdded: z.boolean() })
export type CodeReply = z.infer<typeof CodeReply>
