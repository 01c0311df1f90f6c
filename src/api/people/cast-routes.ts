import type { FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { offerCast } from '../../people/offer-cast.ts'
import { actorOfSession } from '../../people/permitted.ts'
import type { Database } from '../../store/database/database.ts'
import type { Session } from '../../store/people/sessions.ts'
import { asksByItself } from '../authority/asks.ts'
import { CastOffered, CastReply, CastRequest } from './cast-types.ts'
import { orProblem } from './job-problem.ts'
import { readCast } from './read-cast.ts'

type CastRoutes = {
  readonly db: Database
  readonly now: () => Date
  readonly requireSession: (request: FastifyRequest) => Promise<Session>
}

const WorkflowParams = z.object({ workflow: z.string().min(1).max(200) })
const READS = { rateLimit: { max: 300, timeWindow: '1 minute' } }
const OFFERS = { rateLimit: { max: 30, timeWindow: '1 minute' }, asks: asksByItself('appoint', 'invite') }

/** The smallest honest cast of a workflow: whom to ask, and asking all of them at once. */
export const castRoutes: FastifyPluginAsyncZod<CastRoutes> = async (app, { db, now, requireSession }) => {
  app.get(
    '/people/cast/:workflow',
    { schema: { params: WorkflowParams, response: { 200: CastReply } }, config: READS },
    async (request) => {
      const { personId: you } = await requireSession(request)
      return readCast(db, { workflow: request.params.workflow, you, nowMs: now().getTime() })
    },
  )

  app.post(
    '/people/cast/:workflow',
    { schema: { params: WorkflowParams, body: CastRequest, response: { 200: CastOffered } }, config: OFFERS },
    async (request) => {
      const by = actorOfSession(await requireSession(request))
      return orProblem(() => offerCast(db, by, { ...request.params, ...request.body }))
    },
  )
}
