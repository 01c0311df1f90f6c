import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Database } from '../../store/database/database.ts'
import { endSession, findSession, type Session, type SessionMade } from '../../store/people/sessions.ts'
import type { SandboxAddresses } from '../../store/people/sign-in-cast.ts'
import { ProblemError } from '../server/problem.ts'

/**
 * Over https the name itself makes browsers insist on Secure, this host and the whole path. Cookies do not tell ports
 * apart, so on a laptop the port is part of the name: two instances do not sign each other out.
 */
export function cookieOf(publicUrl: string, purpose = ''): { readonly name: string; readonly secure: boolean } {
  const url = new URL(publicUrl)
  const secure = url.protocol === 'https:'
  return { name: secure ? `__Host-lanekeeper${purpose}` : `lanekeeper${purpose}_${url.port || '80'}`, secure }
}

export function cookieAttributes(secure: boolean) {
  return { path: '/', httpOnly: true, sameSite: 'lax', secure } as const
}

/** The session of a request, or the answer 401. */
export type RequireSession = (request: FastifyRequest) => Promise<Session>

export function sessionGuard(db: Database, publicUrl: string, sandbox: SandboxAddresses = null): RequireSession {
  const { name } = cookieOf(publicUrl)
  return async (request) => {
    const token = request.cookies[name]
    const session = token ? await findSession(db, token, sandbox) : null
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

/** Hands the browser its new session. The one from before ends: no token outlives its replacement. */
export async function giveSession(
  db: Database,
  publicUrl: string,
  of: { readonly request: FastifyRequest; readonly reply: FastifyReply; readonly made: SessionMade },
): Promise<void> {
  const cookie = cookieOf(publicUrl)
  const before = of.request.cookies[cookie.name]
  const old = before ? await findSession(db, before) : null
  if (old) await endSession(db, old)
  of.reply.setCookie(cookie.name, of.made.token, {
    ...cookieAttributes(cookie.secure),
    expires: of.made.session.expiresAt,
  })
}

/** What a browser calls itself, so that people know their sessions apart. */
export function browserOf(request: FastifyRequest): string {
  return String(request.headers['user-agent'] ?? '')
}
