import { z } from 'zod'
import { MARKED_CLASSES } from '../../model/policy/mark.ts'
import { MARK_DAYS } from '../../publishing/mark-days.ts'
import { Instant } from '../server/shared-types.ts'

const MarkView = z.object({
  id: z.number(),
  workflow: z.string(),
  title: z.string(),
  rule: z.string(),
  /** What the rule was when it was marked, in words. */
  says: z.string(),
  class: z.enum(MARKED_CLASSES),
  reason: z.string(),
  origin: z.enum(['people', 'sandbox', 'before-people']),
  /** Whoever said yes, the first first. Empty: it is from before people made marks. */
  by: z.array(z.string()),
  /** It waits for the second person and lets nothing. */
  isProposal: z.boolean(),
  /** The rule was edited since, so that the mark lets nothing. */
  isVoid: z.boolean(),
  endsAt: Instant,
  /** Ends within 14 days. */
  endsSoon: z.boolean(),
  /** Why whoever asks cannot agree. Null: they can, or nothing is to agree to. */
  mayNotAgree: z.string().nullable(),
  /** Why whoever asks cannot remove it. Null: they can. */
  mayNotEnd: z.string().nullable(),
})
export type MarkView = z.infer<typeof MarkView>

export const MarksReply = z.object({
  /** How long a mark may stand. */
  days: z.object({ most: z.number(), usual: z.number() }),
  marks: z.array(MarkView),
  /** Rules that can be marked, by workflow. */
  workflows: z.array(
    z.object({
      workflow: z.string(),
      title: z.string(),
      rules: z.array(z.object({ rule: z.string(), says: z.string(), marked: z.array(z.enum(MARKED_CLASSES)) })),
      /** Why whoever asks cannot propose a mark there. Null: they can. */
      mayNot: z.string().nullable(),
    }),
  ),
})
export type MarksReply = z.infer<typeof MarksReply>

export const NewMarkRequest = z.strictObject({
  workflow: z.string().max(200),
  rule: z.string().max(200),
  class: z.enum(MARKED_CLASSES),
  reason: z.string().trim().min(3).max(1_000),
  days: z.number().int().min(1).max(MARK_DAYS.most),
})
export type NewMarkRequest = z.infer<typeof NewMarkRequest>
export const MarkReply = z.object({ id: z.number() })
export type MarkReply = z.infer<typeof MarkReply>
export const EndMarkRequest = z.strictObject({ reason: z.string().trim().min(3).max(1_000) })
export type EndMarkRequest = z.infer<typeof EndMarkRequest>
