import type { FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { actorOfSession } from '../../people/permitted.ts'
import { applyToBacklog, stopApplying } from '../../pipeline/decide/apply-to-backlog.ts'
import type { Database } from '../../store/database/database.ts'
import type { Session } from '../../store/people/sessions.ts'
import { asksByItself } from '../authority/asks.ts'
import { ProblemError } from '../server/problem.ts'
import { ApplyReply, ApplyRequest, BacklogReply, StopReply } from './backlog-types.ts'
import { readBacklog } from './read-backlog.ts'

type BacklogRoutes = {
  readonly db: Database
  readonly requireSession: (request: FastifyRequest) => Promise<Session>
}

const Params = z.object({ workflow: z.string().min(1).max(200) })
const LIMIT = { max: 30, timeWindow: '1 minute' }

const NOT_APPLIED = {
  'out-of-date': 'Another version of this workflow is in force now. Look at what it would change first.',
  running: 'A version is being applied to this backlog already. Stop it first, or wait until it is done.',
  'nothing-waits': 'Nothing of what you saw waits any more. Look again at what does.',
} as const

/** A person applies a version to what waits for it, or stops that. The ledger names them. */
export const backlogRoutes: FastifyPluginAsyncZod<BacklogRoutes> = async (app, { db, requireSession }) => {
  app.get(
    '/workflows/:workflow/backlog',
    {
      schema: { params: Params, response: { 200: BacklogReply } },
      config: { rateLimit: { max: 300, timeWindow: '1 minute' } },
    },
    async (request) => {
      const reply = await readBacklog(db, request.params.workflow)
      if (reply === null) throw new ProblemError('not-found', 404, 'No workflow with this name runs.')
      return reply
    },
  )

  app.post(
    '/workflows/:workflow/backlog/apply',
    {
      schema: { params: Params, body: ApplyRequest, response: { 202: ApplyReply } },
      config: { rateLimit: LIMIT, asks: asksByItself('apply-to-backlog') },
    },
    async (request, reply) => {
      const actor = actorOfSession(await requireSession(request))
      const { upTo, ...body } = request.body
      const applied = await applyToBacklog(db, actor, { ...request.params, ...body, upTo: Number(upTo) })
      if (typeof applied === 'string') throw new ProblemError('out-of-date', 409, NOT_APPLIED[applied])
      return reply.code(202).send({ cap: applied.cap })
    },
  )

  app.post(
    '/workflows/:workflow/backlog/stop',
    {
      schema: { params: Params, response: { 200: StopReply } },
      config: { rateLimit: LIMIT, asks: asksByItself('stop-backlog') },
    },
    async (request) => {
      const actor = actorOfSession(await requireSession(request))
      const stopped = await stopApplying(db, actor, request.params.workflow)
      return { isStopped: stopped !== null, takenBack: stopped?.takenBack ?? 0, underWay: stopped?.underWay ?? 0 }
    },
  )
}
