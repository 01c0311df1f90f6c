import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { openPausePage, signInByLink } from '../../people/sign-in.ts'
import { lookAtLink } from '../../store/people/sign-in-links.ts'
import { ProblemError } from '../server/problem.ts'
import { ProblemReply } from '../server/problem-types.ts'
import { castRoutes } from './cast-routes.ts'
import { codeRoutes } from './code-routes.ts'
import { oidcRoutes } from './oidc-routes.ts'
import { browserOf, givePausePage, giveSession, leave, sessionGuard } from './session-guard.ts'
import { sessionReply } from './session-reply.ts'
import { LinkReply, SessionReply } from './session-types.ts'
import type { SessionRoutes } from './sign-in-set-up.ts'

/** Signing in and out. Nothing here needs a session before. */
export const sessionRoutes: FastifyPluginAsyncZod<SessionRoutes> = async (app, options) => {
  const { db, publicUrl, signIn } = options
  const requireSession = sessionGuard(db, publicUrl, signIn.sandbox)
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })
  await app.register(castRoutes, options)
  if (signIn.provider !== null) await app.register(oidcRoutes, { ...options, provider: signIn.provider })

  if (signIn.mailer !== null) await app.register(codeRoutes, { ...options, mailer: signIn.mailer })

  app.post(
    '/api/session/link',
    {
      schema: { body: LinkRequest, response: { 200: LinkReply, 401: ProblemReply } },
      config: { rateLimit: { max: 30, timeWindow: '1 minute' } },
    },
    async (request) => {
      const link = await lookAtLink(db, request.body.link)
      if (link === null) throw linkIsWorthNothing()
      return { name: link.name, expiresAt: link.expiresAt.toISOString() }
    },
  )

  app.post(
    '/api/session',
    {
      schema: { body: LinkRequest, response: { 200: SessionReply, 401: ProblemReply } },
      // 256 random bits are not guessed at any rate; this keeps a script from filling the log.
      config: { rateLimit: { max: 30, timeWindow: '1 minute' } },
    },
    async (request, reply) => {
      const made = await signInByLink(db, request.body.link, browserOf(request))
      if (!made) throw linkIsWorthNothing()
      await giveSession(db, publicUrl, { request, reply, made })
      return sessionReply(made.session)
    },
  )

  app.get(
    '/api/session',
    { schema: { response: { 200: SessionReply, 401: ProblemReply } }, config: { pausePage: true } },
    async (request) => sessionReply(await requireSession(request)),
  )

  app.delete(
    '/api/session',
    { schema: { response: { 204: z.null() } }, config: { pausePage: true } },
    async (request, reply) => {
      await requireSession(request)
      await leave(db, publicUrl, { request, reply })
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/api/session/pause-page',
    {
      schema: { response: { 200: SessionReply, 403: ProblemReply } },
      config: { rateLimit: { max: 10, timeWindow: '1 minute' } },
    },
    async (request, reply) => {
      const made = await openPausePage(db, await requireSession(request), browserOf(request))
      if (made === null) {
        const says = 'A page that stays open for weeks needs a sign-in of your own, not one by a link.'
        throw new ProblemError('sign-in-refused', 403, says)
      }
      await givePausePage(db, publicUrl, { request, reply, made })
      return sessionReply(made.session)
    },
  )
}

const LinkRequest = z.object({ link: z.string().min(20).max(200) })

function linkIsWorthNothing(): ProblemError {
  return new ProblemError(
    'link-used-or-stale',
    401,
    'The link was used already or is older than 24 hours. Ask the person who sent it for a new one.',
  )
}
