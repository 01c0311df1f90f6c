import { z } from 'zod'
import { Instant } from '../server/shared-types.ts'

/** `before-people`: a session of the console in which nobody was named. */
export const ActorKind = z.enum(['person', 'token', 'crm-user', 'terminal', 'environment', 'before-people'])

export const ActEntry = z.object({
  /** The place in the ledger. */
  seq: z.string(),
  at: Instant,
  /** As the ledger has it, for filters. */
  kind: z.string(),
  /** In words. */
  title: z.string(),
  by: z.object({ kind: ActorKind, id: z.string().nullable(), name: z.string() }),
  /** A connection, a workflow, a record or a person, with the name where there is one. */
  about: z.string(),
  /** What the entry holds besides, in short. Null: erased for privacy. */
  details: z.string().nullable(),
})
export type ActEntry = z.infer<typeof ActEntry>

export const ActsReply = z.object({
  acts: z.array(ActEntry),
  /** Give it as `before` to read on. Null: that is all. */
  next: z.string().nullable(),
})
export type ActsReply = z.infer<typeof ActsReply>

/** Everything may be left out. */
export const ActsQuery = z.strictObject({
  person: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .optional(),
  kind: z
    .string()
    .regex(/^[a-z-]{1,60}$/)
    .optional(),
  /** Acts on it and on its jobs. */
  workflow: z.string().min(1).max(200).optional(),
  from: z.iso.datetime({ offset: true }).optional(),
  until: z.iso.datetime({ offset: true }).optional(),
  before: z
    .string()
    .regex(/^\d{1,15}$/)
    .optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
})
export type ActsQuery = z.infer<typeof ActsQuery>
