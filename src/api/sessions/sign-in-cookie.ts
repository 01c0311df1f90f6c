import type { FastifyReply, FastifyRequest } from 'fastify'
import { randomSecret } from '../../people/sign-in-secret.ts'
import { cookieAttributes, cookieOf } from './session-guard.ts'

/** Longer than any sign-in takes, so that two in two tabs share it. */
const KEEP_SECONDS = 60 * 60

/** The secret that binds a sign-in to the browser that began it. Null: this browser began none. */
export function signInCookie(request: FastifyRequest, publicUrl: string): string | null {
  const value = request.cookies[cookieOf(publicUrl, '-sign-in').name]
  return value !== undefined && /^[\w-]{43}$/.test(value) ? value : null
}

/** The same, made where there is none yet. */
export function keepSignInCookie(request: FastifyRequest, reply: FastifyReply, publicUrl: string): string {
  const { name, secure } = cookieOf(publicUrl, '-sign-in')
  const secret = signInCookie(request, publicUrl) ?? randomSecret()
  // Lax: the browser comes back from another site, by a link of its own.
  reply.setCookie(name, secret, { ...cookieAttributes(secure), maxAge: KEEP_SECONDS })
  return secret
}

/** A page of ours to return to; null for everything else, also for `//elsewhere` and what only an API answers. */
export function ownPage(path: string | undefined, publicUrl: string): string | null {
  if (path === undefined || !/^\/(?![/\\])[^\s\\]{0,500}$/.test(path)) return null
  const own = new URL(publicUrl)
  const url = URL.parse(path, own)
  // A path may become another by its dots: `/..//elsewhere` is one.
  if (url === null || url.origin !== own.origin || url.pathname.startsWith('//')) return null
  return /^\/(api|oauth|webhooks|sign-in)(\/|$)/.test(url.pathname) ? null : `${url.pathname}${url.search}${url.hash}`
}
