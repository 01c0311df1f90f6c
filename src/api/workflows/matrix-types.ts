import { z } from 'zod'
import { Instant } from '../server/shared-types.ts'

/** Somebody in a lane, with only what is not normal about it. */
export const LanePerson = z.object({
  /** Null: named by a policy file, before people existed here. */
  personId: z.string().nullable(),
  name: z.string(),
  state: z.enum(['accepted', 'offered', 'left']),
  /** When they accepted, were asked or left; null where nobody knows. */
  since: Instant.nullable(),
  /** Until and with that day. Null: in the office. */
  away: z.object({ until: z.string(), delegate: z.string().nullable() }).nullable(),
  openTasks: z.number(),
  isFull: z.boolean(),
})
export type LanePerson = z.infer<typeof LanePerson>

/** The people of one lane, those who can act now first. */
export const LaneCell = z.object({
  lane: z.enum(['review', 'override', 'rollback', 'boundary', 'data', 'workflow']),
  circle: z.enum(['general', 'senior', 'approved']).nullable(),
  title: z.string(),
  people: z.array(LanePerson),
  deputy: LanePerson.nullable(),
  /** Nobody has accepted who is still there. */
  isVacant: z.boolean(),
  question: z.string(),
  /** M21: what usually breaks where nobody holds it. */
  without: z.string(),
})
export type LaneCell = z.infer<typeof LaneCell>

export const MatrixReply = z.object({
  workflow: z.string(),
  rows: z.array(
    z.object({
      class: z.string(),
      kinds: z.array(z.string()),
      posture: z.string(),
      because: z.string(),
      circle: z.enum(['general', 'senior', 'approved']),
      rules: z.object({ says: z.string(), branches: z.array(z.string()) }),
      open: z.object({
        cases: z.number(),
        causes: z.number(),
        overdue: z.number(),
        /** When the next of them is due; null: none is open. */
        firstDueAt: Instant.nullable(),
      }),
    }),
  ),
  lanes: z.array(LaneCell),
})
export type MatrixReply = z.infer<typeof MatrixReply>
