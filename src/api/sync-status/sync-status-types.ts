import { z } from 'zod'

/** What the console and the server exchange about the sync status of one connection. */

/** ISO 8601 in UTC. */
const Instant = z.string()
/** A UTC calendar day, `2026-11-22`. */
const Day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/)

const NamedCount = z.object({ name: z.string(), n: z.number() })

const LedgerNumbers = z.object({
  /** Events stored. Always applied + skipped + failed + waiting. */
  received: z.number(),
  applied: z.number(),
  skipped: z.number(),
  failed: z.number(),
  waiting: z.number(),
  /** Deliveries of an event that we had already. Not part of `received`. */
  duplicate: z.number(),
  /** Changes that no webhook or stream event reported, found by polling. */
  recovered: z.number(),
})
export type LedgerNumbers = z.infer<typeof LedgerNumbers>

const LedgerDay = z.object({
  day: Day,
  /** Of the records last modified on this day. `quiet`: the CRM has none, nor have we. */
  state: z.enum(['in-sync', 'out-of-sync', 'quiet', 'not-compared']),
  crmCount: z.number().nullable(),
  ourCount: z.number().nullable(),
  sameDigest: z.boolean().nullable(),
  differences: z.number(),
})
export type LedgerDay = z.infer<typeof LedgerDay>

const LedgerObject = z.object({
  objectType: z.string(),
  numbers: LedgerNumbers,
  skippedBecause: z.array(NamedCount),
  receivedBy: z.array(NamedCount),
  /** Oldest first, the last one is today in UTC. */
  days: z.array(LedgerDay),
  differences: z.object({ missing: z.number(), extra: z.number(), different: z.number() }),
  /** Live records at the last comparison: the CRM's own count where it gives one, the records read, the records we hold. */
  crmStated: z.number().nullable(),
  crmCount: z.number().nullable(),
  ourCount: z.number().nullable(),
  comparedAt: Instant.nullable(),
})
export type LedgerObject = z.infer<typeof LedgerObject>

const LedgerCheck = z.object({
  state: z.enum(['idle', 'asked', 'running']),
  depth: z.enum(['recent', 'full']),
  askedBy: z.enum(['clock', 'person']),
  phase: z.enum(['read', 'extra', 'look']),
  objectType: z.string().nullable(),
  pages: z.number(),
  records: z.number(),
  ofTotal: z.number().nullable(),
  startedAt: Instant.nullable(),
  /** Why it waits, or its last error; null when there is none. */
  problem: z.string().nullable(),
  lastFullAt: Instant.nullable(),
  lastRecentAt: Instant.nullable(),
})
export type LedgerCheck = z.infer<typeof LedgerCheck>

const Difference = z.object({
  objectType: z.string(),
  recordId: z.string(),
  /** `missing`: the CRM has it and we have not. `extra`: we hold it as live, the CRM has it no more. */
  why: z.enum(['missing', 'extra', 'different']),
  day: Day,
  since: Instant,
  /** The record is being read again. */
  reading: z.boolean(),
  url: z.string().nullable(),
})
export type Difference = z.infer<typeof Difference>

export const SyncStatusReply = z.object({
  at: Instant,
  connectionId: z.string(),
  feed: z.enum(['push', 'poll', 'stream']),
  /** How many days `total` and the numbers of the objects go back, today included. */
  ofDays: z.number(),
  total: LedgerNumbers,
  /** There are more events than are counted at once: the numbers are still growing. */
  counting: z.boolean(),
  objects: z.array(LedgerObject),
  check: LedgerCheck,
  differences: z.number(),
  /** How many of these are being read again. */
  reading: z.number(),
  /** The newest of them, at most 50. */
  records: z.array(Difference),
})
export type SyncStatusReply = z.infer<typeof SyncStatusReply>

export const ComparisonReply = z.object({ check: LedgerCheck })
export type ComparisonReply = z.infer<typeof ComparisonReply>

export const RereadBody = z.object({ objectType: z.string().min(1).max(100).optional(), day: Day.optional() })
export type RereadBody = z.infer<typeof RereadBody>

export const RereadReply = z.object({ asked: z.number() })
export type RereadReply = z.infer<typeof RereadReply>
