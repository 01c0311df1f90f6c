import type { FastifyRequest } from 'fastify'
import { nowMs } from '../../clock/clock.ts'
import type { Database } from '../../store/database/database.ts'
import { findToken, type MachineToken } from '../../store/people/tokens.ts'
import { ProblemError } from '../server/problem.ts'
import { cookieOf, PAUSE } from './session-guard.ts'

/** In a minute, by each process: a script that asks every second has room, and a loop that went wrong has none. */
const REQUESTS_PER_MINUTE = 300
const MINUTE_MS = 60_000

/** The machine token of a request; null: it brings none, so it is a person's. Throws where the token is not good for it. */
export type MachineOf = (request: FastifyRequest) => Promise<MachineToken | null>

export function machineGuard(db: Database, publicUrl: string): MachineOf {
  const cookies = [cookieOf(publicUrl).name, cookieOf(publicUrl, PAUSE).name]
  const counted = new Map<string, { readonly sinceMs: number; count: number }>()
  return async (request) => {
    const { authorization } = request.headers
    if (authorization === undefined) return null
    if (cookies.some((name) => request.cookies[name] !== undefined)) {
      throw new ProblemError('bad-request', 400, 'Send a session cookie or a bearer token, not both.')
    }
    const [, given] = /^Bearer (lk_[\w-]{20,200})$/i.exec(authorization) ?? []
    const token = given === undefined ? null : await findToken(db, given)
    if (token === null) {
      throw new ProblemError(
        'not-signed-in',
        401,
        'This token is not one of ours, was revoked, or its keeper has left.',
      )
    }
    if (!isWithinRate(counted, token.id)) {
      throw new ProblemError('too-many-requests', 429, 'A token may ask 300 times a minute.', { retryable: true })
    }
    const { personsOnly, tokenScope = 'read' } = request.routeOptions.config
    const isReading = request.method === 'GET' || request.method === 'HEAD'
    if (personsOnly === true || (tokenScope === 'read' && !isReading)) {
      throw new ProblemError('sign-in-refused', 403, 'A token never does this: it takes a person who is signed in.')
    }
    if (!token.scopes.includes(tokenScope)) {
      throw new ProblemError('sign-in-refused', 403, `This token was not made with the scope ${tokenScope}.`)
    }
    return token
  }
}

function isWithinRate(counted: Map<string, { readonly sinceMs: number; count: number }>, id: string): boolean {
  const now = nowMs()
  const before = counted.get(id)
  const window = before !== undefined && now - before.sinceMs < MINUTE_MS ? before : { sinceMs: now, count: 0 }
  window.count += 1
  counted.set(id, window)
  return window.count <= REQUESTS_PER_MINUTE
}
