import type { FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { ConnectionId } from '../../model/record/change-event.ts'
import { actorOfSession } from '../../people/permitted.ts'
import { takeStarter } from '../../publishing/starter-draft.ts'
import { TryRuns } from '../../publishing/try-runs.ts'
import type { Database } from '../../store/database/database.ts'
import type { Session } from '../../store/people/sessions.ts'
import { asksByItself } from '../authority/asks.ts'
import type { CrmLinks } from '../cases/crm-links.ts'
import { ProblemError } from '../server/problem.ts'
import { readFirstSteps } from './read-first-steps.ts'
import { readTry } from './read-try.ts'
import { said } from './said.ts'
import { FirstStepsReply, StarterReply, StarterRequest, TryRequest, TryStarted, TryView } from './try-types.ts'

type TryRoutes = {
  readonly db: Database
  readonly links: CrmLinks
  readonly requireSession: (request: FastifyRequest) => Promise<Session>
}

const rateLimit = { max: 30, timeWindow: '1 minute' }
/** A page that waits asks about twice a second. */
const WAITS = { rateLimit: { max: 600, timeWindow: '1 minute' } }
const STARTS = { rateLimit, asks: asksByItself('connect', 'edit-draft') }
const TRIES = { rateLimit, asks: asksByItself('edit-draft') }

/** The first steps with a CRM of one's own: a draft to begin with, and what a draft makes of the present records. */
export const tryRoutes: FastifyPluginAsyncZod<TryRoutes> = async (app, { db, links, requireSession }) => {
  const runs = new TryRuns(db, (error) => app.log.error({ err: error }, 'a draft could not be tried'))
  app.addHook('onClose', () => runs.settled())

  app.get('/changes/first-steps', { schema: { response: { 200: FirstStepsReply } }, config: WAITS }, () =>
    readFirstSteps(db),
  )

  app.post(
    '/changes/starter',
    { schema: { body: StarterRequest, response: { 201: StarterReply } }, config: STARTS },
    async (request, reply) => {
      const actor = actorOfSession(await requireSession(request))
      const taken = await said(takeStarter(db, actor, request.body.connectionId as ConnectionId))
      return reply.code(201).send(taken)
    },
  )

  app.post(
    '/changes/drafts/:id/try',
    {
      schema: {
        params: z.object({ id: z.string().regex(/^\d{1,15}$/) }),
        body: TryRequest,
        response: { 202: TryStarted },
      },
      config: TRIES,
    },
    async (request, reply) => {
      const actor = actorOfSession(await requireSession(request))
      const run = await said(runs.start(actor, { id: Number(request.params.id), hash: request.body.hash }))
      return reply.code(202).send({ run })
    },
  )

  app.get(
    '/changes/tries/:run',
    { schema: { params: z.object({ run: z.uuid() }), response: { 200: TryView } }, config: WAITS },
    async (request) => {
      const run = runs.find(request.params.run)
      if (run === null) throw new ProblemError('not-found', 404, 'This result is no longer kept. Try the draft again.')
      return readTry(db, run, links)
    },
  )
}
