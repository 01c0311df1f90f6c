import type { FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { actorOfSession } from '../../people/permitted.ts'
import { letBacklogGo } from '../../pipeline/decide/let-backlog-go.ts'
import type { Database } from '../../store/database/database.ts'
import type { Session } from '../../store/people/sessions.ts'
import { asksByItself } from '../authority/asks.ts'
import { ProblemError } from '../server/problem.ts'
import { GoOnReply, GoOnRequest } from './workflow-types.ts'

type BacklogRoutes = {
  readonly db: Database
  readonly requireSession: (request: FastifyRequest) => Promise<Session>
}

/** A person lets go what a new version would change, without waiting for the hours. The ledger names their session. */
export const backlogRoutes: FastifyPluginAsyncZod<BacklogRoutes> = async (app, { db, requireSession }) => {
  app.post(
    '/workflows/:workflow/go-on',
    {
      schema: {
        params: z.object({ workflow: z.string().min(1).max(200) }),
        body: GoOnRequest,
        response: { 202: GoOnReply },
      },
      config: { rateLimit: { max: 30, timeWindow: '1 minute' }, asks: asksByItself('apply-to-backlog') },
    },
    async (request, reply) => {
      const { workflow } = request.params
      const actor = actorOfSession(await requireSession(request))
      const { versionId, upTo } = request.body
      const released = await letBacklogGo(db, { workflow, versionId, upTo: Number(upTo), actor })
      if (released === null) {
        const detail = 'Another version of this workflow is in force now. Look at what it would change first.'
        throw new ProblemError('out-of-date', 409, detail)
      }
      return reply.code(202).send({ released })
    },
  )
}
