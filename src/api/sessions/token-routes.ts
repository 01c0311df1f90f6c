import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { actorOfSession } from '../../people/permitted.ts'
import { makeToken, revokeToken } from '../../people/tokens.ts'
import { workflowNames } from '../../store/people/workflow-names.ts'
import { asksByItself } from '../authority/asks.ts'
import { ProblemError } from '../server/problem.ts'
import { ProblemReply } from '../server/problem-types.ts'
import { TokenMade } from './own-session-types.ts'
import type { RequireSession } from './session-guard.ts'
import type { SessionRoutes } from './sign-in-set-up.ts'

const LIMIT = { max: 60, timeWindow: '1 minute' }
const config = { personsOnly: true, rateLimit: LIMIT, asks: asksByItself('make-token') } as const

/** Tokens of machines: shown once, belonging to a workflow, answered for by a person. */
export const tokenRoutes: FastifyPluginAsyncZod<SessionRoutes & { readonly requireSession: RequireSession }> = async (
  app,
  { db, requireSession },
) => {
  app.post(
    '/tokens',
    { schema: { body: Wanted, response: { 200: TokenMade, 400: ProblemReply, 403: ProblemReply } }, config },
    async (request) => {
      const { scopes, ...wanted } = request.body
      const actor = actorOfSession(await requireSession(request))
      const given = scopes.filter((scope) => scope !== 'propose')
      if (given.length < scopes.length) throw refusal('scopes', NO_PROPOSE)
      if (!(await workflowNames(db)).includes(wanted.workflow)) throw refusal('workflow', 'Choose a workflow in force.')
      const made = await makeToken(db, actor, { ...wanted, scopes: given })
      if (made === null) throw refusal('keeperId', 'Choose a person who has not left.')
      return made
    },
  )

  app.delete(
    '/tokens/:id',
    { schema: { params: z.object({ id: z.string().min(1).max(64) }), response: { 204: z.null() } }, config },
    async (request, reply) => {
      if (!(await revokeToken(db, actorOfSession(await requireSession(request)), request.params.id))) {
        throw new ProblemError('not-found', 404, 'This token was revoked already.')
      }
      return reply.code(204).send(null)
    },
  )
}

const Wanted = z.object({
  title: z.string().trim().min(1, 'Say what the token is for').max(100),
  workflow: z.string().min(1).max(200),
  keeperId: z.string().min(1).max(64),
  scopes: z.array(z.enum(['read', 'ask-for-pause', 'propose'])).min(1, 'Choose what it may do'),
})

const NO_PROPOSE =
  'A machine cannot propose yet: proposals come with the rules that receive them. Choose read or ask-for-pause.'

function refusal(field: string, problem: string): ProblemError {
  return new ProblemError('bad-request', 400, problem, { errors: [{ field, problem }] })
}
