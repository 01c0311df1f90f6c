import { z } from 'zod'
import { EXCEPTION_CLASSES } from '../../model/classes/class.ts'

export const TryRequest = z.strictObject({ hash: z.string().max(100) })
export type TryRequest = z.infer<typeof TryRequest>
export const TryStarted = z.object({ run: z.string() })
export type TryStarted = z.infer<typeof TryStarted>

const Class = z.enum(EXCEPTION_CLASSES)

const Tried = z.object({
  records: z.object({ all: z.number(), decided: z.number(), inScope: z.number() }),
  /** Not every record was decided: figures are scaled from a sample. */
  isEstimate: z.boolean(),
  patterns: z.array(
    z.object({
      pattern: z.string(),
      label: z.string(),
      cases: z.number(),
      byClass: z.array(z.object({ class: Class, cases: z.number() })),
      examples: z.array(z.object({ name: z.string(), class: Class, says: z.string(), url: z.string().nullable() })),
    }),
  ),
  settled: z.number(),
  /** Records of which something that counts is not known yet. */
  notKnown: z.number(),
  /** Who would get them now. Nobody: the job is vacant. */
  tasks: z.array(
    z.object({ circle: z.enum(['general', 'senior', 'approved']), cases: z.number(), names: z.array(z.string()) }),
  ),
  notRead: z.array(z.object({ connection: z.string(), object: z.string(), fields: z.array(z.string()) })),
  importing: z.array(z.string()),
  ended: z.array(z.string()),
})
export type TriedView = z.infer<typeof Tried>

export const TryView = z.object({
  state: z.enum(['running', 'done', 'failed']),
  progress: z.object({ decided: z.number(), of: z.number() }),
  tookMs: z.number(),
  /** Somebody gave the draft another text meanwhile. */
  isOutdated: z.boolean(),
  tried: Tried.nullable(),
})
export type TryView = z.infer<typeof TryView>

export const StarterRequest = z.strictObject({ connectionId: z.string().max(200) })
export type StarterRequest = z.infer<typeof StarterRequest>
export const StarterReply = z.object({ id: z.number(), calendarId: z.number().nullable() })
export type StarterReply = z.infer<typeof StarterReply>

/** From a connected CRM to the first workflow in force. */
export const FirstStepsReply = z.object({
  /** A workflow is in force, so there is nothing to begin with. */
  isDone: z.boolean(),
  connections: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      isImporting: z.boolean(),
      /** What the CRM consists of is known, so that a draft can be made of it. */
      isRead: z.boolean(),
      /** A workflow in force or a draft is about this CRM. */
      isWatched: z.boolean(),
    }),
  ),
  /** The draft of a workflow that is furthest. */
  draft: z
    .object({
      id: z.number(),
      title: z.string(),
      workflow: z.string(),
      hasErrors: z.boolean(),
      wasTried: z.boolean(),
      hasBoundary: z.boolean(),
      /** Besides the boundary owner, somebody with a job who did not write it. */
      hasSecond: z.boolean(),
      offered: z.number(),
      approvals: z.number(),
      isApproved: z.boolean(),
    })
    .nullable(),
})
export type FirstStepsReply = z.infer<typeof FirstStepsReply>
