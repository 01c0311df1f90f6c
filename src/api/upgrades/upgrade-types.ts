import { z } from 'zod'
import { Instant } from '../server/shared-types.ts'

const Counts = z.object({ opened: z.number(), closed: z.number(), changed: z.number(), askedAgain: z.number() })

const Group = Counts.extend({
  connectionTitle: z.string(),
  workflow: z.string(),
  workflowTitle: z.string(),
  pattern: z.string(),
  patternTitle: z.string(),
  /** Some of the cases. */
  examples: z.array(z.object({ id: z.string(), title: z.string(), change: z.string() })),
})
export type Group = z.infer<typeof Group>

export const UpgradesReply = z.object({
  /** The newest first. */
  upgrades: z.array(
    z.object({
      id: z.string(),
      startedAt: Instant,
      /** When tasks go, whatever is left to decide. */
      limitAt: Instant,
      from: z.string(),
      to: z.string(),
      /** Titles of the workflows whose policy file was edited, too. */
      edited: z.array(z.string()),
      /** Null: records are being decided again, and tasks wait. */
      report: z
        .object({
          at: Instant,
          undecided: z.number(),
          isWithoutEffect: z.boolean(),
          says: z.string(),
          tasksSay: z.string(),
          total: Counts,
          groups: z.array(Group),
        })
        .nullable(),
    }),
  ),
})
export type UpgradesReply = z.infer<typeof UpgradesReply>
export type UpgradeView = UpgradesReply['upgrades'][number]
