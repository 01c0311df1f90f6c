import { z } from 'zod'

const RuleOwnerView = z.object({
  /** A person's name, or who it is that hangs together with the record. */
  name: z.string(),
  /** Named as a person, and no active user of any connected CRM. */
  isGone: z.boolean(),
})

export const RulesReply = z.object({
  branches: z.array(
    z.object({
      branch: z.string(),
      mode: z.string(),
      /** Which records it takes, in plain English. */
      takes: z.string(),
      because: z.string(),
      rules: z.array(z.object({ rule: z.string(), when: z.string(), owner: RuleOwnerView, because: z.string() })),
    }),
  ),
})
export type RulesReply = z.infer<typeof RulesReply>
export type BranchView = RulesReply['branches'][number]
