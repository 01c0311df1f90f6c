import type { FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { StateRefusedError } from '../../connections/errors.ts'
import { knownProfiles } from '../../model/record/crm-profile.ts'
import { actorOfSession, requireMay } from '../../people/permitted.ts'
import { RefusedError } from '../../people/refused.ts'
import type { Database } from '../../store/database/database.ts'
import type { Session } from '../../store/people/sessions.ts'
import { ProblemError } from '../server/problem.ts'
import { type ConnectSetUp, oauthPath } from './connect-options.ts'

/** What a provider sends a browser back with. Anything else in the query is not looked at. */
const Answer = z.object({
  code: z.string().max(4_000).optional(),
  state: z.string().max(400).optional(),
  error: z.string().max(200).optional(),
})

/**
 * Where a CRM sends the browser back to. A person sees what comes out of it, so every outcome is a page of the console:
 * the draft, or the beginning with a word for what was refused. Nothing of the query is repeated.
 */
export const oauthRoutes: FastifyPluginAsyncZod<{
  readonly db: Database
  readonly setUp: ConnectSetUp
  readonly requireSession: (request: FastifyRequest) => Promise<Session>
}> = async (app, { db, setUp, requireSession }) => {
  const { connecting } = setUp
  // A page of the browser: its sentence stands on the page to which it leads back.
  const mayConnect = (session: Session) =>
    requireMay(db, actorOfSession(session), 'connect', {}).then(
      () => true,
      (error: unknown) => {
        if (error instanceof RefusedError) return false
        throw error
      },
    )
  for (const { crm: provider } of knownProfiles()) {
    app.get(
      oauthPath(provider),
      { schema: { hide: true, querystring: Answer }, config: { rateLimit: { max: 60, timeWindow: '1 minute' } } },
      async (request, reply) => {
        reply.header('cache-control', 'no-store')
        const back = (refused: string) => reply.redirect(`/connections/new?crm=${provider}&refused=${refused}`, 303)
        const session = await requireSession(request).catch((error: unknown) => {
          if (error instanceof ProblemError) return null
          throw error
        })
        if (!session) return back('signed-out')
        if (!(await mayConnect(session))) return back('not-allowed')
        const { code, state, error } = request.query
        if (state === undefined || (code === undefined && error === undefined)) return back('incomplete')
        try {
          const { draftId } = await connecting.finishAuthorization({
            provider,
            state,
            sessionHash: session.tokenHash,
            code: code ?? null,
            error: error ?? null,
          })
          // A refusal is noted on the draft; there is nothing to check then.
          const draft = await connecting.readDraft(draftId)
          if (draft?.status === 'checking') setUp.checks.start(draftId, request.log)
          return reply.redirect(`/connections/new/${encodeURIComponent(draftId)}`, 303)
        } catch (failure) {
          if (failure instanceof StateRefusedError) return back('state')
          request.log.error({ err: failure }, 'an authorization could not be finished')
          return back('failed')
        }
      },
    )
  }
}
