import { z } from 'zod'
import { Instant } from '../server/shared-types.ts'
import { ApplicationView, BacklogView } from './backlog-types.ts'

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
      /** The version that runs, counted from the first, and since when it is known. Null: none runs. */
      version: z.object({ number: z.number(), storedAt: Instant }).nullable(),
      says: z.string().nullable(),
      ifWrongForTwoWeeks: z.string().nullable(),
      objects: z.array(z.object({ crm: z.string(), object: z.string() })),
      problems: z.array(
        z.object({
          kind: z.enum(['vacant', 'left', 'in-doubt', 'fragile']),
          job: z.string(),
          email: z.string().nullable(),
          problem: z.string(),
          step: z.string().nullable(),
          /** M21: what usually breaks without it. */
          without: z.string().nullable(),
          /** From when nothing automated is written because of it. Null: it goes on. */
          writesEndAt: Instant.nullable(),
          /** Null: wherever the workflow runs. */
          connectionId: z.string().nullable(),
        }),
      ),
      /** Where it has not begun because of an import, and what it compares with only later. */
      standing: z.array(
        z.object({
          connectionId: z.string(),
          title: z.string(),
          state: z.enum(['waits', 'compares-later']),
          says: z.string(),
        }),
      ),
      /** What keeps it from doing all that its mode says, one sentence each: read-only CRMs, records that wait. */
      limits: z.array(z.string()),
      /** Records of its objects whose decision is still to come. */
      recordsToDecide: z.number(),
      loadError: LoadErrorView.nullable(),
      explained: z.string().nullable(),
      open: z.number(),
      /** Null: nothing waits. */
      backlog: BacklogView.nullable(),
      /** What was last applied to it. Null: nothing ever was. */
      application: ApplicationView.nullable(),
      updatedAt: Instant,
    }),
  ),
})
export type WorkflowsReply = z.infer<typeof WorkflowsReply>

export type WorkflowView = WorkflowsReply['workflows'][number]
