import type { FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { NotThereError } from '../../connections/errors.ts'
import { changeMode, ModeRefusedError } from '../../people/change-mode.ts'
import { actorOfSession } from '../../people/permitted.ts'
import type { Database } from '../../store/database/database.ts'
import type { Session } from '../../store/people/sessions.ts'
import { asksByItself } from '../authority/asks.ts'
import { ProblemError } from '../server/problem.ts'
import { ModeReply, ModeRequest } from './mode-types.ts'
import { readMode } from './read-mode.ts'

type ModeRoutes = {
  readonly db: Database
  readonly requireSession: (request: FastifyRequest) => Promise<Session>
}

const Params = z.object({ workflow: z.string().min(1).max(200) })

/** How far a workflow may go: read, raised and lowered. */
export const modeRoutes: FastifyPluginAsyncZod<ModeRoutes> = async (app, { db, requireSession }) => {
  const read = async (workflow: string): Promise<ModeReply> => {
    const reply = await readMode(db, workflow)
    if (reply === null) throw new ProblemError('not-found', 404, 'No workflow with this name runs.')
    return reply
  }

  app.get(
    '/workflows/:workflow/mode',
    {
      schema: { params: Params, response: { 200: ModeReply } },
      config: { rateLimit: { max: 300, timeWindow: '1 minute' } },
    },
    (request) => read(request.params.workflow),
  )

  app.post(
    '/workflows/:workflow/mode',
    {
      schema: { params: Params, body: ModeRequest, response: { 200: ModeReply } },
      config: { rateLimit: { max: 30, timeWindow: '1 minute' }, asks: asksByItself('raise', 'lower') },
    },
    async (request) => {
      const { workflow } = request.params
      const actor = actorOfSession(await requireSession(request))
      const changed = await withProblems(changeMode(db, actor, { workflow, ...request.body }))
      if (changed === null) {
        throw new ProblemError(
          'out-of-date',
          409,
          'Somebody else changed the mode of this workflow meanwhile. Reload the page to see it.',
        )
      }
      return read(workflow)
    },
  )
}

async function withProblems<T>(act: Promise<T>): Promise<T> {
  try {
    return await act
  } catch (error) {
    if (error instanceof NotThereError) throw new ProblemError('not-found', 404, error.message)
    if (error instanceof ModeRefusedError) throw new ProblemError('not-ready', 409, error.message)
    throw error
  }
}
