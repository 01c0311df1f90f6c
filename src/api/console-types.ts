import { z } from 'zod'
import { EXCEPTION_CLASSES } from '../model/classes/class.ts'

/**
 * What the console and the server say to each other. The server checks its answers against these schemas, so a column
 * never leaks by accident; the console imports the inferred types only.
 */

const POSTURES = ['confirm', 'hold', 'stop'] as const
const STATUSES = ['open', 'settled-by-rule', 'resolved'] as const

const ExceptionClassName = z.enum(EXCEPTION_CLASSES)
const PostureName = z.enum(POSTURES)
const StatusName = z.enum(STATUSES)
/** ISO 8601 in UTC. */
const Instant = z.string()

const Person = z.object({ email: z.string(), name: z.string(), active: z.boolean() })
export type Person = z.infer<typeof Person>

export const SessionReply = z.object({ actor: z.string(), expiresAt: Instant })
export type SessionReply = z.infer<typeof SessionReply>

const Point = z.object({
  at: Instant,
  opened: z.object({
    expected: z.number(),
    risky: z.number(),
    'customer-facing': z.number(),
    'revenue-impacting': z.number(),
    unknown: z.number(),
  }),
  resolved: z.number(),
  settled: z.number(),
})
export type Point = z.infer<typeof Point>

const Alert = z.object({
  level: z.enum(['stop', 'warn']),
  title: z.string(),
  detail: z.string(),
  /** What to do about it, one sentence. */
  step: z.string(),
  about: z.enum(['connection', 'workflow', 'events', 'writes']),
})
export type Alert = z.infer<typeof Alert>

const Count = z.object({ key: z.string(), title: z.string(), n: z.number(), overdue: z.number() })
export type Count = z.infer<typeof Count>

export const Overview = z.object({
  at: Instant,
  /** Rows that decide what an empty console says next. */
  setUp: z.object({
    connections: z.number(),
    baselinesRunning: z.number(),
    /** Connections that nobody has let the workflows write to. */
    onlyRead: z.number(),
    workflows: z.number(),
  }),
  open: z.object({
    total: z.number(),
    overdue: z.number(),
    stopped: z.number(),
    unknown: z.number(),
    oldestOpenedAt: Instant.nullable(),
  }),
  last7Days: z.object({ opened: z.number(), resolvedByPeople: z.number(), settledByRule: z.number() }),
  byClass: z.array(Count.extend({ key: ExceptionClassName })),
  byPattern: z.array(Count),
  byWorkflow: z.array(Count),
  byOwner: z.array(Count.extend({ person: Person })),
  hours: z.array(Point),
  days: z.array(Point),
  events: z.object({
    /** The last 24 hours, at most the last million events. */
    received: z.number(),
    duplicate: z.number(),
    applied: z.number(),
    waiting: z.number(),
    skipped: z.array(z.object({ reason: z.string(), n: z.number() })),
    lagMs: z.number().nullable(),
    recordsToDecide: z.number(),
  }),
  tasks: z.object({ open: z.number(), done: z.number(), waitingToBeWritten: z.number(), outcomeUnknown: z.number() }),
  alerts: z.array(Alert),
})
export type Overview = z.infer<typeof Overview>

const ListItem = z.object({
  id: z.string(),
  class: ExceptionClassName,
  posture: PostureName,
  owner: Person,
  status: StatusName,
  pattern: z.string(),
  workflow: z.string(),
  workflowTitle: z.string(),
  connection: z.object({ id: z.string(), title: z.string(), crm: z.enum(['hubspot', 'salesforce']) }),
  title: z.string(),
  what: z.string(),
  openedAt: Instant,
  dueAt: Instant,
  resolvedAt: Instant.nullable(),
  reopened: z.number(),
})
export type ListItem = z.infer<typeof ListItem>

export const ListQuery = z.object({
  class: ExceptionClassName.optional(),
  posture: PostureName.optional(),
  pattern: z.string().max(60).optional(),
  owner: z.string().max(320).optional(),
  workflow: z.string().max(200).optional(),
  connection: z.string().max(200).optional(),
  status: StatusName.or(z.literal('all')).default('open'),
  overdue: z.enum(['true', 'false']).optional(),
  q: z.string().trim().max(200).optional(),
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
})
export type ListQuery = z.infer<typeof ListQuery>

export const ListReply = z.object({ exceptions: z.array(ListItem), nextCursor: z.string().nullable() })
export type ListReply = z.infer<typeof ListReply>

const Fact = z.object({ name: z.string(), value: z.string().nullable(), changedAt: Instant.nullable() })
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
  /** A privacy erasure took the content; the hash stays. */
  erased: z.boolean(),
})
export type ReceiptView = z.infer<typeof ReceiptView>

export const CaseReply = ListItem.extend({
  subject: z.string(),
  objectType: z.string(),
  recordId: z.string(),
  classBecause: z.string(),
  branch: z.string().nullable(),
  passedOver: z.array(z.object({ email: z.string(), why: z.string() })),
  wouldHave: z.string(),
  todo: z.string(),
  evidence: z.array(Fact),
  involves: z.array(z.object({ objectType: z.string(), recordId: z.string(), url: z.string().nullable() })),
  settledByRule: z.string().nullable(),
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
    })
    .nullable(),
  causeTitle: z.string().nullable(),
  sameTask: z.array(ListItem),
  sameTaskMore: z.number(),
  receipt: ReceiptView.nullable(),
  history: z.array(
    z.object({ seq: z.string(), at: Instant, kind: z.string(), actor: z.string(), says: z.string().nullable() }),
  ),
})
export type CaseReply = z.infer<typeof CaseReply>

const AnsweredBy = Person.extend({
  accepted: z.string().nullable(),
  /** False when no connected CRM knows an active person with this e-mail. */
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
      objects: z.array(z.string()),
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

/** RFC 9457, as every error of every route looks. */
export const ProblemReply = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.string(),
  request_id: z.string(),
  retryable: z.boolean(),
  errors: z.array(z.object({ field: z.string(), problem: z.string() })).optional(),
})
export type ProblemReply = z.infer<typeof ProblemReply>
