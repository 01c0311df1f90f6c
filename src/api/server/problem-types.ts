import { z } from 'zod'

/** RFC 9457, as every error of every route looks. */
export const ProblemReply = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.string(),
  request_id: z.string(),
  retryable: z.boolean(),
  errors: z.array(z.object({ field: z.string(), problem: z.string() })).optional(),
  /** Of `not-allowed`: who may, the first to ask first. */
  who_may: z.array(z.object({ id: z.string(), name: z.string() })).optional(),
  /** Of `not-allowed`: what would let whoever asked. */
  wants: z.enum(['recent-sign-in', 'strong-sign-in', 'crm-user']).optional(),
})
export type ProblemReply = z.infer<typeof ProblemReply>
