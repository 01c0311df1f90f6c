import type { FastifyReply } from 'fastify'
import { sql } from 'kysely'
import type { Database } from '../../store/database/database.ts'

/** One timer polls the database for all open consoles, and stops when the last one closes. */
const LOOK_EVERY_MS = 1_500
/** Below the 60 s after which proxies commonly cut a silent connection. */
const HEARTBEAT_MS = 20_000

type Listener = { readonly reply: FastifyReply; readonly stillSignedIn: () => Promise<boolean> }

/**
 * Tells open consoles that something changed, never what. They fetch again through the ordinary routes, which keeps one
 * way out for data, with one set of checks.
 */
export class LiveChanges {
  readonly #db: Database
  readonly #listeners = new Set<Listener>()
  #looking: NodeJS.Timeout | null = null
  #beating: NodeJS.Timeout | null = null
  #last: string | null = null
  #closed = false

  constructor(db: Database) {
    this.#db = db
  }

  async listen(reply: FastifyReply, stillSignedIn: () => Promise<boolean>): Promise<void> {
    // The fingerprint is read before the greeting, and the console fetches everything after it: a change between the two
    // is either in those answers or differs from the fingerprint, and is sent.
    this.#last ??= await fingerprint(this.#db).catch(() => null)
    reply.hijack()
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) reply.raw.setHeader(name, value)
    }
    reply.raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    })
    reply.raw.write('retry: 3000\nevent: hello\ndata: {}\n\n')
    if (this.#closed || reply.raw.destroyed) {
      reply.raw.end()
      return
    }
    const listener = { reply, stillSignedIn }
    this.#listeners.add(listener)
    reply.raw.on('close', () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) this.#stop()
    })
    this.#start()
  }

  close(): void {
    this.#closed = true
    this.#stop()
    for (const { reply } of this.#listeners) reply.raw.end()
    this.#listeners.clear()
  }

  #start(): void {
    if (this.#looking) return
    this.#looking = setTimeout(() => this.#look(), LOOK_EVERY_MS)
    this.#beating ??= setInterval(() => void this.#beat(), HEARTBEAT_MS)
  }

  #stop(): void {
    if (this.#looking) clearTimeout(this.#looking)
    if (this.#beating) clearInterval(this.#beating)
    this.#looking = null
    this.#beating = null
    this.#last = null
  }

  async #look(): Promise<void> {
    let seen: string | null = null
    try {
      seen = await fingerprint(this.#db)
    } catch {
      // The database is down; the console's next request shows that.
    }
    if (seen !== null) {
      if (seen !== this.#last) this.#send('event: changed\ndata: {}\n\n')
      this.#last = seen
    }
    // Chained rather than an interval: a slow database never gets two of these queries at once.
    if (this.#looking) {
      clearTimeout(this.#looking)
      this.#looking = setTimeout(() => this.#look(), LOOK_EVERY_MS)
    }
  }

  async #beat(): Promise<void> {
    for (const { reply, stillSignedIn } of [...this.#listeners]) {
      const live = await stillSignedIn().catch(() => true)
      if (live) reply.raw.write(': \n\n')
      else reply.raw.end()
    }
  }

  #send(message: string): void {
    for (const { reply } of this.#listeners) reply.raw.write(message)
  }
}

/** Differs whenever the console has something new to show. Reads only ends of indexes and small tables. */
async function fingerprint(db: Database): Promise<string> {
  const { rows } = await sql<{ seen: string }>`
    select concat_ws('/',
      (select max(seq) from ledger),
      (select max(id) from exception),
      (select max(id) from change_event),
      (select max(id) from task),
      (select max(finished_at) from (select finished_at from intent order by id desc limit 200) recent),
      (select max(updated_at) from workflow),
      (select md5(string_agg(concat_ws('/', id, status, status_reason, baseline, joined_at, stream_state), ',' order by id)) from connection),
      (select md5(string_agg(concat_ws('/', connection_id, workflow, effective_mode, began_at, waits_for), ',' order by connection_id, workflow))
        from workflow_connection)
    ) as seen`.execute(db)
  return rows[0]?.seen ?? ''
}
