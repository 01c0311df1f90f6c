import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Database } from '../../store/database/database.ts'
import { DepartureReply } from './departure-types.ts'
import { readDepartureReply } from './read-departure-reply.ts'

/** What still names a person. Under the guards of the console's routes. */
export const departureRoutes: FastifyPluginAsyncZod<{ readonly db: Database; readonly now: () => Date }> = async (
  app,
  { db, now },
) => {
  app.get(
    '/departure',
    {
      schema: {
        querystring: z.object({ email: z.string().trim().min(3).max(320) }),
        response: { 200: DepartureReply },
      },
      // Each of them decides up to two thousand records.
      config: { rateLimit: { max: 30, timeWindow: '1 minute' } },
    },
    (request) => readDepartureReply(db, request.query.email, +now()),
  )
}
