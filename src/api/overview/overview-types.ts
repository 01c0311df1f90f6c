import { z } from 'zod'
import { ExceptionClassName, Instant, Person } from '../server/shared-types.ts'

const Point = z.object({
  at: Instant,
  opened: z.object({
    expected: z.number(),
    risky: z.number(),
    'customer-facing': z.number(),
    'revenue-impacting': z.number(),
    unknown: z.number(),
  }),
  /** Of those that ended: by a rule, because the record changed in the CRM, or because there was nothing left to decide. */
  ended: z.object({ rules: z.number(), crm: z.number(), other: z.number() }),
})
export type Point = z.infer<typeof Point>

const Alert = z.object({
  level: z.enum(['stop', 'warn']),
  title: z.string(),
  detail: z.string(),
  /** What the reader does about it. */
  remedy: z.string(),
  /** False: it is there to be known and ends by itself. */
  needsAction: z.boolean(),
  about: z.enum(['connection', 'workflow', 'events', 'writes', 'upgrade', 'control', 'people']),
  /** E-mail of the person who left; null: it is about something else. */
  departed: z.string().nullable(),
})
export type Alert = z.infer<typeof Alert>

const Count = z.object({ key: z.string(), title: z.string(), n: z.number(), overdue: z.number() })
export type Count = z.infer<typeof Count>

export const Overview = z.object({
  at: Instant,
  /** What decides which step of the set-up the console shows next. */
  setUp: z.object({
    connections: z.number(),
    baselinesRunning: z.number(),
    /** Connections that are imported and still read-only, and their titles. */
    onlyRead: z.number(),
    readOnlyTitles: z.array(z.string()),
    workflows: z.number(),
  }),
  open: z.object({
    total: z.number(),
    overdue: z.number(),
    stopped: z.number(),
    /** Completed twice without a change: nobody is asked about them. */
    closedWithoutChange: z.number(),
    unknown: z.number(),
    oldestOpenedAt: Instant.nullable(),
  }),
  last7Days: z.object({
    opened: z.number(),
    fixedByRules: z.number(),
    fixedInCrm: z.number(),
    endedOtherwise: z.number(),
  }),
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
    /** While there are many, every figure and list of cases still changes. */
    recordsToDecide: z.number(),
  }),
  tasks: z.object({ open: z.number(), done: z.number(), waitingToBeWritten: z.number(), outcomeUnknown: z.number() }),
  alerts: z.array(Alert),
})
export type Overview = z.infer<typeof Overview>
