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

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Also for a session that stays open for weeks and can only pause. */
    pausePage?: true
    /** Never for a machine: what is a person's own. */
    personsOnly?: true
    /** What a machine's token must be good for. `read` on every GET that says nothing. */
    tokenScope?: 'ask-for-pause'
  }
}

/** The session of a request, or the answer 401. */
export type RequireSession = (request: FastifyRequest) => Promise<Session>

/**
 * A browser may have two: one of somebody who signed in, and one of a page that stays open for weeks and can only pause. The
 * second counts when the first has ended, and only where a route says so.
 */
export function sessionGuard(db: Database, publicUrl: string, sandbox: SandboxAddresses = null): RequireSession {
  const [main, pause] = [cookieOf(publicUrl), cookieOf(publicUrl, PAUSE)]
  return async (request) => {
    for (const { name } of [main, pause]) {
      const token = request.cookies[name]
      const session = token ? await findSession(db, token, sandbox) : null
      if (session === null) continue
      if (!session.onlyPauses || request.routeOptions.config.pausePage === true) return session
    }
    throw new ProblemError(
      'not-signed-in',
      401,
      'You are not signed in, or your session has ended. Open the sign-in page.',
    )
  }
}

/** Of the cookie of a page that can only pause. */
export const PAUSE = '-pause'

/** Hands the browser its pause page, beside whatever session it has. One from before ends. */
export async function givePausePage(
  db: Database,
  publicUrl: string,
  of: { readonly request: FastifyRequest; readonly reply: FastifyReply; readonly made: SessionMade },
): Promise<void> {
  await giveCookie(db, cookieOf(publicUrl, PAUSE), of)
}

/** Hands the browser its new session. The one from before ends: no token outlives its replacement. */
export async function giveSession(
  db: Database,
  publicUrl: string,
  of: { readonly request: FastifyRequest; readonly reply: FastifyReply; readonly made: SessionMade },
): Promise<void> {
  await giveCookie(db, cookieOf(publicUrl), of)
}

async function giveCookie(
  db: Database,
  cookie: ReturnType<typeof cookieOf>,
  of: { readonly request: FastifyRequest; readonly reply: FastifyReply; readonly made: SessionMade },
): Promise<void> {
  const before = of.request.cookies[cookie.name]
  const old = before ? await findSession(db, before) : null
  if (old) await endSession(db, old)
  of.reply.setCookie(cookie.name, of.made.token, {
    ...cookieAttributes(cookie.secure),
    expires: of.made.session.expiresAt,
  })
}

/** Ends what this browser has, also its pause page: whoever signs out leaves. */
export async function leave(
  db: Database,
  publicUrl: string,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
): Promise<void> {
  for (const { name, secure } of [cookieOf(publicUrl), cookieOf(publicUrl, PAUSE)]) {
    const token = request.cookies[name]
    const session = token ? await findSession(db, token) : null
    if (session !== null) await endSession(db, session)
    if (token !== undefined) reply.clearCookie(name, cookieAttributes(secure))
  }
}

/** What a browser calls itself, so that people know their sessions apart. */
export function browserOf(request: FastifyRequest): string {
  return String(request.headers['user-agent'] ?? '')
}
