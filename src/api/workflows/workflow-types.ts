import { z } from 'zod'
import { Instant, Person } from '../server/shared-types.ts'

const AnsweredBy = Person.extend({
  accepted: z.string().nullable(),
  /** False when no connected CRM has an active user with this email. */
  known: z.boolean(),
})
export type AnsweredBy = z.infer<typeof AnsweredBy>

const LoadErrorView = z.object({
  file: z.string().nullable(),
  errors: z.array(
    z.object({
      line: z.number().nullable(),
      column: z.number().nullable(),
      field: z.string().nullable(),
      message: z.string(),
    }),
  ),
})

export type LoadError = z.infer<typeof LoadErrorView>

export const WorkflowsReply = z.object({
  workflows: z.array(
    z.object({
      workflow: z.string(),
      title: z.string(),
      mode: z.string(),
      effectiveMode: z.string(),
      hash: z.string().nullable(),
      says: z.string().nullable(),
      ifWrongForTwoWeeks: z.string().nullable(),
      objects: z.array(z.object({ crm: z.string(), object: z.string() })),
      /** M1: exactly five, in this order. */
      answers: z.array(
        z.object({
          question: z.string(),
          groups: z.array(z.object({ note: z.string().nullable(), people: z.array(AnsweredBy) })),
        }),
      ),
      branches: z.array(z.object({ branch: z.string(), mode: z.string(), because: z.string(), rules: z.number() })),
      problems: z.array(z.object({ job: z.string(), email: z.string().nullable(), problem: z.string() })),
      loadError: LoadErrorView.nullable(),
      explained: z.string().nullable(),
      open: z.number(),
      updatedAt: Instant,
    }),
  ),
})
export type WorkflowsReply = z.infer<typeof WorkflowsReply>

export type WorkflowView = WorkflowsReply['workflows'][number]
