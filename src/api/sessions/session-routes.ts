import type { FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Database } from '../../store/database/database.ts'
import { endSession, findSession, type Session } from '../../store/people/sessions.ts'
import { exchangeLink, lookAtLink } from '../../store/people/sign-in-links.ts'
import { ProblemError } from '../server/problem.ts'
import { ProblemReply } from '../server/problem-types.ts'
import { LinkReply, SessionReply } from './session-types.ts'

/**
 * Over https the name itself makes browsers insist on Secure, this host and the whole path. Cookies do not tell ports
 * apart, so on a laptop the port is part of the name: two instances do not sign each other out.
 */
function sessionCookie(publicUrl: string): { name: string; secure: boolean } {
  const url = new URL(publicUrl)
  const secure = url.protocol === 'https:'
  return { name: secure ? '__Host-lanekeeper' : `lanekeeper_${url.port || '80'}`, secure }
}

/** The session of a request, or the answer 401. */
export function sessionGuard(db: Database, publicUrl: string): (request: FastifyRequest) => Promise<Session> {
  const { name } = sessionCookie(publicUrl)
  return async (request) => {
    const token = request.cookies[name]
    const session = token ? await findSession(db, token) : null
    if (!session) {
      throw new ProblemError(
        'not-signed-in',
        401,
        'You are not signed in, or your session has ended. Open the sign-in page.',
      )
    }
    return session
  }
}

export const sessionRoutes: FastifyPluginAsyncZod<{ db: Database; publicUrl: string }> = async (
  app,
  { db, publicUrl },
) => {
  const cookie = sessionCookie(publicUrl)
  const attributes = { path: '/', httpOnly: true, sameSite: 'lax', secure: cookie.secure } as const
  const requireSession = sessionGuard(db, publicUrl)

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
      schema: {
        body: LinkRequest,
        response: { 200: SessionReply, 401: ProblemReply },
      },
      // 256 random bits are not guessed at any rate; this keeps a script from filling the log.
      config: { rateLimit: { max: 30, timeWindow: '1 minute' } },
    },
    async (request, reply) => {
      const made = await exchangeLink(db, request.body.link, String(request.headers['user-agent'] ?? ''))
      if (!made) throw linkIsWorthNothing()
      // A sign-in over an existing session ends the old one: no token outlives its replacement.
      const before = request.cookies[cookie.name]
      const old = before ? await findSession(db, before) : null
      if (old) await endSession(db, old)
      reply.setCookie(cookie.name, made.token, { ...attributes, expires: made.session.expiresAt })
      return sessionReply(made.session)
    },
  )

  app.get('/api/session', { schema: { response: { 200: SessionReply, 401: ProblemReply } } }, async (request) => {
    return sessionReply(await requireSession(request))
  })

  app.delete('/api/session', { schema: { response: { 204: z.null() } } }, async (request, reply) => {
    const session = await requireSession(request)
    await endSession(db, session)
    reply.clearCookie(cookie.name, attributes)
    return reply.code(204).send(null)
  })
}

const LinkRequest = z.object({ link: z.string().min(20).max(200) })

function linkIsWorthNothing(): ProblemError {
  return new ProblemError(
    'link-used-or-stale',
    401,
    'The link was used already or is older than 24 hours. Ask whoever sent it for a new one.',
  )
}

function sessionReply({ personId, name, method, onlyPauses, expiresAt }: Session): SessionReply {
  return { person: { id: personId, name }, method, onlyPauses, expiresAt: expiresAt.toISOString() }
}
