import type { FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Subject } from '../../model/authority/acts.ts'
import { actorOfSession, whileAllowed } from '../../people/permitted.ts'
import type { Database } from '../../store/database/database.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { listQuarantined, replayQuarantined } from '../../store/events/failed-events.ts'
import type { Session } from '../../store/people/sessions.ts'
import { asks } from '../authority/asks.ts'
import { FailedEventsReply, ReplayReply } from './failed-event-types.ts'

function ofBody({ body }: FastifyRequest): Subject {
  const { connection } = body as z.infer<typeof ReplayBody>
  return connection === undefined ? {} : { about: connection }
}

const ConnectionId = z.string().regex(/^[\w:.-]{1,200}$/)
const EventId = z.string().regex(/^\d{1,15}$/)
const PAGE_MAX = 200

const ListQuery = z.object({
  connection: ConnectionId.optional(),
  before: EventId.optional(),
  limit: z.coerce.number().int().min(1).max(PAGE_MAX).default(50),
})

/** Which events to replay. Without ids all of the connection, without either all. */
const ReplayBody = z.strictObject({
  connection: ConnectionId.optional(),
  ids: z.array(EventId).min(1).max(1_000).optional(),
})

/** Events that could not be applied three times, behind the console's session guard. A replay is a row the worker picks up. */
export const failedEventRoutes: FastifyPluginAsyncZod<{
  readonly db: Database
  readonly requireSession: (request: FastifyRequest) => Promise<Session>
}> = async (app, { db, requireSession }) => {
  app.get(
    '/failed-events',
    {
      schema: { querystring: ListQuery, response: { 200: FailedEventsReply } },
      config: { rateLimit: { max: 300, timeWindow: '1 minute' } },
    },
    async ({ query: { connection, before, limit } }) => {
      const beforeId = before === undefined ? undefined : Number(before)
      const { total, events } = await listQuarantined(db, { connectionId: connection, beforeId, limit })
      return {
        total,
        events: events.map((event) => ({
          ...event,
          id: String(event.id),
          receivedAt: event.receivedAt.toISOString(),
        })),
      }
    },
  )

  app.post(
    '/failed-events/replay',
    {
      schema: { body: ReplayBody, response: { 202: ReplayReply } },
      config: { rateLimit: { max: 30, timeWindow: '1 minute' }, asks: asks('replay-quarantine', ofBody) },
    },
    async (request, reply) => {
      const { connection, ids } = request.body
      const actor = actorOfSession(await requireSession(request))
      const asked = [{ act: 'replay-quarantine', subject: ofBody(request) }] as const
      const replayed = await whileAllowed(db, actor, asked, (still) =>
        inTransaction(db, async (trx) => {
          await still(trx)
          return replayQuarantined(trx, { connectionId: connection, ids: ids?.map(Number) })
        }),
      )
      return reply.code(202).send({ replayed })
    },
  )
}
