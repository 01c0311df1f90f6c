import type { LightMyRequestResponse } from 'fastify'
import { sql } from 'kysely'
import type { Database } from '../../src/store/database/database.ts'
import type { AppUnderTest } from './app-under-test.ts'

/** A browser of a test: keeps its cookies, as the console's does. */
export class TestBrowser {
  readonly cookies = new Map<string, string>()
  private readonly t: AppUnderTest
  /** Each is somewhere else, so that the limits of one are not another's. */
  readonly remoteAddress = `10.${[1, 2, 3].map(() => Math.floor(Math.random() * 256)).join('.')}`
  constructor(t: AppUnderTest) {
    this.t = t
  }

  async call(request: {
    readonly method?: 'GET' | 'POST' | 'DELETE'
    readonly url: string
    readonly payload?: object
    readonly headers?: Record<string, string>
  }): Promise<LightMyRequestResponse> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { ...(cookie === '' ? {} : { cookie }), ...request.headers }
    const reply = await this.t.call({ ...request, headers, remoteAddress: this.remoteAddress })
    for (const { name, value } of reply.cookies) {
      if (value === '') this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
    return reply
  }

  post(url: string, payload: object): Promise<LightMyRequestResponse> {
    return this.call({ method: 'POST', url, payload })
  }

  /** Who is signed in here; null: nobody. */
  async me(): Promise<{ name: string; method: string } | null> {
    const reply = await this.call({ url: '/api/session' })
    if (reply.statusCode !== 200) return null
    const { person, method } = reply.json<{ person: { name: string }; method: string }>()
    return { name: person.name, method }
  }
}

/** The entries about people, as "kind: what it says", the newest last. */
export async function peopleLedger(db: Database): Promise<string[]> {
  const { rows } = await sql<{ kind: string; body: string }>`
    select kind, body from ledger where subject like 'person:%' order by seq`.execute(db)
  return rows.map(({ kind, body }) => {
    const { salt: _, ...said } = JSON.parse(body) as Record<string, unknown>
    return `${kind}: ${Object.values(said).join(' ')}`
  })
}

/** All of the database that a copy would hold, to look for what must not be there. */
export async function ledgerText(db: Database): Promise<string> {
  const { rows } = await sql<{
    all: string
  }>`select coalesce(string_agg(l::text, ' '), '') as all from ledger l`.execute(db)
  return rows[0]!.all
}
