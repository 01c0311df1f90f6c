import { z } from 'zod'
import { ExceptionClassName, Instant, Person } from '../server/shared-types.ts'

const POSTURES = ['confirm', 'hold', 'stop'] as const

const STATUSES = ['open', 'settled-by-rule', 'resolved'] as const

const PostureName = z.enum(POSTURES)

const StatusName = z.enum(STATUSES)

const ListItem = z.object({
  id: z.string(),
  class: ExceptionClassName,
  posture: PostureName,
  owner: Person,
  status: StatusName,
  pattern: z.string(),
  patternTitle: z.string(),
  workflow: z.string(),
  workflowTitle: z.string(),
  connection: z.object({ id: z.string(), title: z.string(), crm: z.string() }),
  title: z.string(),
  what: z.string(),
  openedAt: Instant,
  dueAt: Instant,
  resolvedAt: Instant.nullable(),
  reopened: z.number(),
  /** Its task was completed twice while it rests on the same: it is open without a task. Null: it is not. */
  closedWithoutChange: z.object({ at: Instant, by: z.string().nullable() }).nullable(),
})
export type ListItem = z.infer<typeof ListItem>

export const ListQuery = z.object({
  class: ExceptionClassName.optional(),
  posture: PostureName.optional(),
  pattern: z.string().max(60).optional(),
  owner: z.string().max(320).optional(),
  workflow: z.string().max(200).optional(),
  connection: z.string().max(200).optional(),
  /** `closed-without-change`: the open ones whose task a person closed twice without a change. */
  status: StatusName.or(z.enum(['all', 'closed-without-change'])).default('open'),
  overdue: z.enum(['true', 'false']).optional(),
  /** The cases that share one task. */
  task: z
    .string()
    .regex(/^\d{1,15}$/)
    .optional(),
  q: z.string().trim().max(200).optional(),
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
})
export type ListQuery = z.infer<typeof ListQuery>

export const ListReply = z.object({
  exceptions: z.array(ListItem),
  nextCursor: z.string().nullable(),
})
export type ListReply = z.infer<typeof ListReply>

const Fact = z.object({
  name: z.string(),
  /** As the CRM labels the field. */
  label: z.string(),
  value: z.string().nullable(),
  /** The value as people read it: a name for an owner's id, a country for its code. */
  display: z.string().nullable(),
  changedAt: Instant.nullable(),
})
export type Fact = z.infer<typeof Fact>

const ReceiptView = z.object({
  seq: z.string(),
  hash: z.string(),
  policy: z.string(),
  decidedAt: Instant.nullable(),
  branch: z.string().nullable(),
  mode: z.string().nullable(),
  rule: z.string().nullable(),
  because: z.string().nullable(),
  misses: z.array(z.object({ rule: z.string(), failed: z.string(), actual: z.string().nullable() })),
  wouldChange: z.string().nullable(),
  inputs: z.array(Fact),
  /** A privacy erasure removed the content; the hash stays. */
  erased: z.boolean(),
})
export type ReceiptView = z.infer<typeof ReceiptView>

const WaitingRecord = z.object({
  objectType: z.string(),
  recordId: z.string(),
  title: z.string(),
  url: z.string().nullable(),
  since: Instant,
})

/** A page of the records that an input holds. */
export const HeldReply = z.object({ count: z.number(), records: z.array(WaitingRecord) })
export type HeldReply = z.infer<typeof HeldReply>

export const CaseReply = ListItem.extend({
  subject: z.string(),
  objectType: z.string(),
  recordId: z.string(),
  classBecause: z.string(),
  branch: z.string().nullable(),
  passedOver: z.array(z.object({ email: z.string(), name: z.string(), why: z.string() })),
  wouldHave: z.string(),
  todo: z.string(),
  evidence: z.array(Fact),
  /** What of its evidence changed last, while it was open or since the same case was closed. Null: nothing that is known. */
  changed: z
    .object({
      at: Instant,
      facts: z.array(
        z.object({ name: z.string(), label: z.string(), before: z.string().nullable(), after: z.string().nullable() }),
      ),
    })
    .nullable(),
  involves: z.array(
    z.object({
      connectionTitle: z.string(),
      objectType: z.string(),
      recordId: z.string(),
      title: z.string(),
      url: z.string().nullable(),
    }),
  ),
  /** Of an input that is not known: the records that it holds now, the oldest first. Null: the case is about a record. */
  held: HeldReply.extend({
    /** Of records that the CRM does not show our user: which ones, the longest unseen first. Null: it is another gap. */
    notVisible: HeldReply.nullable(),
  }).nullable(),
  settledByRule: z.string().nullable(),
  /** The mark that let the rule settle it. No names: the rule settled such cases before people marked rules. */
  settledMark: z.object({ by: z.array(z.string()), endsAt: Instant }).nullable(),
  resolution: z.string().nullable(),
  policyHash: z.string(),
  recordUrl: z.string().nullable(),
  task: z
    .object({
      id: z.string(),
      status: z.enum(['open', 'done']),
      owner: Person,
      url: z.string().nullable(),
      written: z.boolean(),
      dueAt: Instant,
      reopened: z.number(),
      reopenReason: z.string().nullable(),
      closedBy: z.string().nullable(),
      /** Who closed it in the CRM, or changed it last when it was first read as closed. Null: the CRM does not say. */
      closer: z.object({ userId: z.string(), name: z.string().nullable(), isLastChange: z.boolean() }).nullable(),
      /** Somebody closed it in the CRM, and what it is waiting for before that is believed. Null: it is not being checked. */
      checking: z.object({ since: Instant, waitsFor: z.string() }).nullable(),
    })
    .nullable(),
  /** Why its last write was not sent. Null: nothing keeps one back. */
  notSent: z.object({ reason: z.string(), says: z.string(), at: Instant.nullable() }).nullable(),
  /** When the record is looked at again although nothing happens to it, the earliest first. */
  lookedAtAgain: z.array(z.object({ at: Instant, because: z.string() })),
  causeTitle: z.string().nullable(),
  sameTask: z.array(ListItem),
  sameTaskMore: z.number(),
  /** What an upgrade of Lanekeeper did to it although its record did not change. Null: none did. */
  upgrade: z
    .object({
      change: z.enum(['opened', 'closed', 'changed', 'asked-again']),
      at: Instant,
      classBefore: z.string().nullable(),
      /** Its report is not made yet, and tasks wait for it. */
      isUnderWay: z.boolean(),
    })
    .nullable(),
  receipt: ReceiptView.nullable(),
  history: z.array(
    z.object({ seq: z.string(), at: Instant, kind: z.string(), actor: z.string(), says: z.string().nullable() }),
  ),
})
export type CaseReply = z.infer<typeof CaseReply>
