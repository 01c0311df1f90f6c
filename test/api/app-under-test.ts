import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import { type AppOptions, buildApp } from '../../src/api/app.ts'
import type { ConnectSetUp } from '../../src/api/connections/connect-options.ts'
import type { ProblemReply } from '../../src/api/server/problem-types.ts'
import type { Database } from '../../src/store/database/database.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { adminLink, sessionToken } from '../support/people.ts'

export const PUBLIC_URL = 'http://localhost:4000'
const HEADERS = { host: 'localhost:4000', origin: PUBLIC_URL }

export type AppUnderTest = {
  readonly app: FastifyInstance
  readonly db: Database
  readonly test: TestDatabase
  /** A request as the console makes it: right host, right origin. */
  readonly call: (options: InjectOptions) => Promise<LightMyRequestResponse>
  /** Signs in and returns the cookie header. */
  readonly signIn: () => Promise<string>
  /** The cookie header of somebody who signed in; an admin with an own account by default. */
  readonly signedIn: (of?: Parameters<typeof sessionToken>[1]) => Promise<string>
  readonly close: () => Promise<void>
}

export async function appUnderTest({
  connect,
  ...options
}: Partial<Omit<AppOptions, 'connect'>> & {
  readonly connect?: (db: Database) => ConnectSetUp
} = {}): Promise<AppUnderTest> {
  const test = await testDatabase()
  const app = buildApp({ db: test.db, publicUrl: PUBLIC_URL, connect: connect?.(test.db) ?? null, ...options })
  const call = (request: InjectOptions) =>
    app.inject({ method: 'GET', ...request, headers: { ...HEADERS, ...request.headers } })
  return {
    app,
    db: test.db,
    test,
    call,
    async signIn() {
      const reply = await call({ method: 'POST', url: '/api/session', payload: { link: await secretOf(test.db) } })
      return cookieOf(reply)
    },
    signedIn: async (of) => `lanekeeper_4000=${await sessionToken(test.db, of)}`,
    async close() {
      await app.close()
      await test.drop()
    },
  }
}

/** The secret of a new link, as the sign-in page takes it out of the fragment. */
export async function secretOf(db: Database): Promise<string> {
  return new URL(await adminLink(db, PUBLIC_URL)).hash.slice(1)
}

export function cookieOf(reply: LightMyRequestResponse): string {
  const cookie = reply.cookies[0]
  if (!cookie) throw new Error(`No cookie in an answer with status ${reply.statusCode}: ${reply.body}`)
  return `${cookie.name}=${cookie.value}`
}

export function problemOf(reply: LightMyRequestResponse): ProblemReply {
  return reply.json<ProblemReply>()
}
