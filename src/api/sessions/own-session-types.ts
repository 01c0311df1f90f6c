import { z } from 'zod'
import { Instant } from '../server/shared-types.ts'
import { SignInMethod } from './session-types.ts'

export const OpenSession = z.object({
  id: z.string(),
  person: z.object({ id: z.string(), name: z.string() }),
  method: SignInMethod,
  /** As it calls itself. */
  browser: z.string(),
  since: Instant,
  seenAt: Instant,
  /** The one that asks. */
  isThis: z.boolean(),
  onlyPauses: z.boolean(),
})
export type OpenSession = z.infer<typeof OpenSession>

const Way = z.enum(['crm', 'oidc', 'mail'])

export const JoinRow = z.object({
  id: z.number(),
  person: z.object({ id: z.string(), name: z.string() }),
  way: Way,
  /** What people know it by: an address, or the issuer and the subject. */
  label: z.string(),
  why: z.string(),
  isConflict: z.boolean(),
  proposedAt: Instant,
})
export type JoinRow = z.infer<typeof JoinRow>

export const TokenRow = z.object({
  id: z.string(),
  title: z.string(),
  workflow: z.string(),
  keeper: z.string(),
  scopes: z.array(z.string()),
  madeAt: Instant,
  lastUsedAt: Instant.nullable(),
})
export type TokenRow = z.infer<typeof TokenRow>

export const SessionsReply = z.object({
  isAdmin: z.boolean(),
  /** Nobody can sign in but by a link, which is good for little. */
  onlyWeak: z.boolean(),
  /** The host of the identity provider; null: none. */
  provider: z.string().nullable(),
  code: z.boolean(),
  mine: z.array(OpenSession),
  ways: z.array(z.object({ id: z.number(), way: Way, label: z.string() })),
  links: z.array(z.object({ madeBy: z.string(), at: Instant, usedAt: Instant.nullable(), isOpen: z.boolean() })),
  /** One's own, and for an admin everybody's. */
  joins: z.array(JoinRow),
  /** For an admin: sessions of others, tokens, and what a token can be made for. */
  others: z.array(OpenSession),
  tokens: z.array(TokenRow),
  workflows: z.array(z.string()),
  people: z.array(z.object({ id: z.string(), name: z.string() })),
})
export type SessionsReply = z.infer<typeof SessionsReply>

export const TokenMade = z.object({ id: z.string(), token: z.string() })
export type TokenMade = z.infer<typeof TokenMade>
