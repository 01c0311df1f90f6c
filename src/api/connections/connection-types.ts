import { z } from 'zod'
import { AccessCheckView, AccessLimits, StreamSlots } from './connect-types.ts'

/** What the console is told of a connection that stands or stood. */

/** ISO 8601 in UTC. */
const Instant = z.string()

const NoticeView = z.object({
  id: z.number(),
  code: z.string(),
  subject: z.string(),
  level: z.enum(['info', 'warn', 'stop']),
  title: z.string(),
  message: z.string(),
  remedy: z.string().nullable(),
  /** How often it happened while it lasted. */
  n: z.number(),
  firstAt: Instant,
  lastAt: Instant,
  endedAt: Instant.nullable(),
  endedMessage: z.string().nullable(),
})
export type NoticeView = z.infer<typeof NoticeView>

const BaselineView = z.object({
  done: z.boolean(),
  startedAt: Instant.nullable(),
  /** Over all objects in the last minute; null until enough is read to tell. */
  perSecond: z.number().nullable(),
  /** Null where the CRM does not say how many there are. */
  leftMs: z.number().nullable(),
  objects: z.array(
    z.object({
      object: z.string(),
      done: z.boolean(),
      count: z.number(),
      total: z.number().nullable(),
    }),
  ),
})
export type BaselineView = z.infer<typeof BaselineView>

export const ConnectionsReply = z.object({
  connections: z.array(
    z.object({
      id: z.string(),
      crm: z.string(),
      title: z.string(),
      accountId: z.string(),
      status: z.enum(['connected', 'reconnect-needed', 'disconnected']),
      statusReason: z.string().nullable(),
      url: z.string().nullable(),
      grantKind: z.string().nullable(),
      /** `environment`: made from settings at start, so it is changed there. */
      madeBy: z.enum(['environment', 'console', 'terminal']),
      actorName: z.string().nullable(),
      edition: z.string().nullable(),
      feed: z.enum(['push', 'poll', 'stream']),
      webhookUrl: z.string().nullable(),
      /** How late a change is seen at most, where the CRM is asked for changes. */
      delaySeconds: z.number().nullable(),
      /** Since when and by whose word the workflows may write to it; null: it is only read. */
      /** While it is only read: who has said yes to writing, whose yes is missing, and which workflows nobody owns yet. */
      writing: z
        .object({ given: z.array(z.string()), waitsFor: z.array(z.string()), unowned: z.array(z.string()) })
        .nullable(),
      writes: z.object({ since: Instant, by: z.string().nullable(), name: z.string().nullable() }).nullable(),
      access: z
        .object({
          checkedAt: Instant,
          checks: z.array(AccessCheckView),
          limits: AccessLimits.nullable(),
          streamSlots: StreamSlots.nullable(),
        })
        .nullable(),
      baseline: BaselineView,
      stream: z.object({ state: z.string().nullable(), seenAt: Instant.nullable() }),
      lastEventAt: Instant.nullable(),
      eventsWaiting: z.number(),
      budget: z
        .object({
          windowMs: z.number(),
          windowUsed: z.number(),
          windowLimit: z.number(),
          /** Our share of the window, from 0 to 1. */
          windowShare: z.number(),
          dayShare: z.number(),
          /** Calls of ours in the day that runs. */
          dayUsed: z.number(),
          total: z.number(),
          usedToday: z.number().nullable(),
          limitToday: z.number().nullable(),
          pausedUntil: Instant.nullable(),
          pausedWhy: z.string().nullable(),
        })
        .nullable(),
      pollChanges: z.array(z.object({ object: z.string(), lastRunAt: Instant.nullable(), lastFound: z.number() })),
      unreadable: z.array(z.object({ object: z.string(), fields: z.array(z.string()) })),
      taskKey: z.object({ enforced: z.boolean(), why: z.string() }).nullable(),
      users: z.number(),
      notices: z.object({ open: z.array(NoticeView), ended: z.array(NoticeView) }),
      /** Writes that wait, by what keeps them. */
      notSent: z.array(z.object({ reason: z.string(), says: z.string(), n: z.number() })),
    }),
  ),
})
export type ConnectionsReply = z.infer<typeof ConnectionsReply>
export type ConnectionView = ConnectionsReply['connections'][number]
