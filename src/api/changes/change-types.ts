import { z } from 'zod'
import { Instant } from '../server/shared-types.ts'

const PersonRef = z.object({ id: z.string(), name: z.string() })

const ChangeView = z.object({
  part: z.string(),
  kind: z.enum(['added', 'removed', 'moved', 'changed']),
  says: z.string(),
  reach: z.enum(['narrows', 'widens', 'wording', 'other']),
})
export type ChangeView = z.infer<typeof ChangeView>

const DraftView = z.object({
  id: z.number(),
  document: z.string(),
  title: z.string(),
  state: z.enum(['draft', 'approved', 'preparing']),
  how: z.enum(['published', 'narrowed', 'way-back']),
  /** Binds an approval to exactly this text. Null: it has mistakes. */
  hash: z.string().nullable(),
  baseSeq: z.number().nullable(),
  /** Another version is in force than the one that it was written against. */
  isStale: z.boolean(),
  /** Null: nobody knows, as of a file. */
  authors: z.array(PersonRef).nullable(),
  file: z.string().nullable(),
  madeAt: Instant,
  changedAt: Instant,
  /** Null: nothing of this document is in force, so all of it is new. */
  changes: z.array(ChangeView).nullable(),
  /** Of a workflow: the whole of it, read aloud, where all of it is new. */
  explained: z.string().nullable(),
  errors: z.array(z.object({ line: z.number(), field: z.string(), message: z.string() })),
  approvals: z.array(z.object({ person: PersonRef, at: Instant })),
  needed: z.object({
    /** It only narrows, or goes back to the version before: one person is enough. */
    isAlone: z.boolean(),
    /** Null: the people are not there. */
    count: z.number().nullable(),
    whoMay: z.array(PersonRef),
    /** What would free it, where the people are not there. */
    says: z.string().nullable(),
  }),
  /** Whether whoever asks could approve it now; null: they could. */
  mayNot: z.string().nullable(),
  /** Objects whose fields are being read before it comes into force. */
  waitsFor: z.array(z.object({ title: z.string(), objectType: z.string() })),
})
export type DraftView = z.infer<typeof DraftView>

const VersionView = z.object({
  seq: z.number(),
  document: z.string(),
  title: z.string(),
  how: z.enum(['seeded', 'before-publishing', 'published', 'narrowed', 'way-back', 'ended']),
  inForceAt: Instant,
  isInForce: z.boolean(),
  /** There is a version before it to go back to. */
  canGoBack: z.boolean(),
  authors: z.array(PersonRef).nullable(),
  approvedBy: z.array(PersonRef),
  /** Null: the first of its document. */
  changes: z.array(ChangeView).nullable(),
})
export type VersionView = z.infer<typeof VersionView>

export const ChangesReply = z.object({
  /** The number of the sequence that decisions are made under. 0: nothing is published. */
  sequence: z.number(),
  documents: z.array(z.object({ document: z.string(), title: z.string(), seq: z.number() })),
  drafts: z.array(DraftView),
  versions: z.array(VersionView),
})
export type ChangesReply = z.infer<typeof ChangesReply>

/** The versions of one document, the newest first. */
export const VersionsReply = z.object({ versions: z.array(VersionView) })
export type VersionsReply = z.infer<typeof VersionsReply>

export const TextReply = z.object({
  document: z.string(),
  title: z.string(),
  hash: z.string().nullable(),
  source: z.string(),
})
export type TextReply = z.infer<typeof TextReply>

const Source = z.string().min(1).max(500_000)
export const NewDraftRequest = z.strictObject({ document: z.string().max(200), source: Source })
export type NewDraftRequest = z.infer<typeof NewDraftRequest>
export const EditDraftRequest = z.strictObject({ source: Source, read: z.string().max(100).nullable() })
export type EditDraftRequest = z.infer<typeof EditDraftRequest>
export const ApproveRequest = z.strictObject({ hash: z.string().max(100) })
export type ApproveRequest = z.infer<typeof ApproveRequest>
export const ApproveReply = z.object({ isApproved: z.boolean() })
export type ApproveReply = z.infer<typeof ApproveReply>
export const DraftReply = z.object({ id: z.number() })
export type DraftReply = z.infer<typeof DraftReply>
export const EditedReply = z.object({ hash: z.string().nullable(), approvalsEnded: z.array(PersonRef) })
export type EditedReply = z.infer<typeof EditedReply>
export const GoBackRequest = z.strictObject({ document: z.string().max(200) })
export type GoBackRequest = z.infer<typeof GoBackRequest>

/** What publishing a draft would mean, on the present records. */
export const CostReply = z.object({
  fields: z.array(z.object({ connection: z.string(), object: z.string(), fields: z.array(z.string()) })),
  ownerWrites: z.array(z.object({ connection: z.string(), object: z.string() })),
  subscriptions: z.array(z.object({ connection: z.string(), fields: z.number() })),
  records: z.object({
    all: z.number(),
    decided: z.number(),
    inScopeBefore: z.number(),
    inScopeAfter: z.number(),
    casesBefore: z.number(),
    casesAfter: z.number(),
  }),
  isWider: z.boolean(),
  ownerChanges: z.array(z.object({ from: z.string(), to: z.string(), records: z.number() })),
  tasksPerDay: z.array(z.object({ email: z.string(), before: z.number(), after: z.number() })),
  isEstimate: z.boolean(),
})
export type CostReply = z.infer<typeof CostReply>
