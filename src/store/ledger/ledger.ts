import { createHash, randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import type { Database, DatabaseTransaction } from '../database/database.ts'

/** One thing that was decided or written, before it has a place in the chain. */
export type LedgerEntry = {
  readonly at: Date
  readonly kind: string
  /** `user:CRM:ID`, `console:SESSION`, `rule:ID`, `lanekeeper`, `terminal` or `environment`: never an e-mail or a name. */
  readonly actor: string
  /** What it is about, as text: the connection, the object and the record's id. */
  readonly subject: string
  /** Canonical JSON. Hashed apart, so that it can be erased while the chain still verifies. */
  readonly body: string
}

export type LedgerRow = {
  readonly seq: number
  /** Microseconds since the epoch as text: what the database stores, to the last digit. */
  readonly atMicros: string
  readonly kind: string
  readonly actor: string
  readonly subject: string
  /** Null after a privacy erasure. */
  readonly body: string | null
  readonly bodyHash: string
  readonly prevHash: string
  readonly hash: string
}

export type LedgerHead = { readonly seq: number; readonly hash: string }

/**
 * Appends in the caller's transaction and returns the sequence numbers in the order given. The head row stays locked
 * until that transaction ends, so call it late and with everything at once.
 */
export async function appendLedger(trx: DatabaseTransaction, entries: readonly LedgerEntry[]): Promise<number[]> {
  if (entries.length === 0) return []
  const head = await trx.selectFrom('ledger_head').select(['seq', 'hash']).forUpdate().executeTakeFirstOrThrow()
  const rows: LedgerRow[] = []
  let previous: LedgerHead = { seq: head.seq, hash: head.hash.toString('hex') }
  const bodies = salted(entries.map(({ body }) => body))
  for (const [n, { at, kind, actor, subject }] of entries.entries()) {
    const body = bodies[n]!
    const bare = {
      seq: previous.seq + 1,
      atMicros: `${at.getTime()}000`,
      kind,
      actor,
      subject,
      bodyHash: sha256(body).toString('hex'),
      prevHash: previous.hash,
    }
    const row = { ...bare, body, hash: chainHash(bare) }
    rows.push(row)
    previous = row
  }
  const bytes = (hex: string) => Buffer.from(hex, 'hex')
  await sql`
    insert into ledger (seq, at, kind, actor, subject, body, body_hash, prev_hash, hash)
    select * from unnest(
      ${rows.map((row) => row.seq)}::bigint[], ${entries.map((entry) => entry.at.toISOString())}::timestamptz[],
      ${rows.map((row) => row.kind)}::text[], ${rows.map((row) => row.actor)}::text[],
      ${rows.map((row) => row.subject)}::text[], ${rows.map((row) => row.body)}::text[],
      ${rows.map((row) => bytes(row.bodyHash))}::bytea[], ${rows.map((row) => bytes(row.prevHash))}::bytea[],
      ${rows.map((row) => bytes(row.hash))}::bytea[])`.execute(trx)
  await trx
    .updateTable('ledger_head')
    .set({ seq: previous.seq, hash: bytes(previous.hash) })
    .execute()
  return rows.map((row) => row.seq)
}

const SALT_BYTES = 12

/**
 * The hash of a body stays when the body is erased. Without a salt that goes with the body, somebody who can guess what it
 * said could find out from the hash that it did.
 */
function salted(bodies: readonly string[]): string[] {
  const salts = randomBytes(SALT_BYTES * bodies.length)
  return bodies.map((body, n) => {
    if (!body.startsWith('{"')) return body
    const salt = salts.toString('base64url', n * SALT_BYTES, (n + 1) * SALT_BYTES)
    return `{"salt":"${salt}",${body.slice(1)}`
  })
}

/** Each part with its length before it, so that no two different rows can ever give the same bytes. */
export function chainHash(row: Omit<LedgerRow, 'body' | 'hash'>): string {
  const parts = ['lanekeeper-ledger-1', String(row.seq), row.prevHash, row.atMicros, row.kind, row.actor, row.subject]
  const hash = createHash('sha256')
  for (const part of [...parts, row.bodyHash]) {
    const bytes = Buffer.from(part, 'utf8')
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    hash.update(length).update(bytes)
  }
  return hash.digest('hex')
}

export function sha256(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest()
}

/** Hash before the first row. */
export const GENESIS_HASH = '00'.repeat(32)

const PAGE_ROWS = 1_000

export async function hasLedger(db: Database): Promise<boolean> {
  const { rows } = await sql<{ found: string | null }>`select to_regclass('ledger')::text as found`.execute(db)
  return rows[0]?.found != null
}

/** The ledger in order with the head that belongs to it. Memory is bounded by a page. */
export type Ledger = { readonly head: LedgerHead; readonly rows: AsyncIterable<LedgerRow> }

/** The whole ledger from one snapshot: rows appended meanwhile are not seen. */
export async function withLedger<T>(db: Database, work: (ledger: Ledger) => Promise<T>): Promise<T> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (trx) => work(await readLedger(trx)))
}

/** In the caller's snapshot. A head that is missing, as in a dump restored halfway, agrees with no row. */
export async function readLedger(trx: DatabaseTransaction): Promise<Ledger> {
  const table = await sql<{ found: string | null }>`select to_regclass('ledger_head')::text as found`.execute(trx)
  const head = table.rows[0]?.found
    ? await trx.selectFrom('ledger_head').select(['seq', 'hash']).executeTakeFirst()
    : undefined
  const known = head ?? { seq: -1, hash: Buffer.alloc(0) }
  return { head: { seq: known.seq, hash: known.hash.toString('hex') }, rows: readRows(trx) }
}

async function* readRows(trx: DatabaseTransaction): AsyncIterable<LedgerRow> {
  for (let after = Number.MIN_SAFE_INTEGER; ; ) {
    const { rows } = await sql<LedgerRow>`
      select seq, (extract(epoch from at) * 1000000)::bigint::text as "atMicros", kind, actor, subject, body,
        encode(body_hash, 'hex') as "bodyHash", encode(prev_hash, 'hex') as "prevHash", encode(hash, 'hex') as hash
      from ledger where seq > ${after} order by seq limit ${PAGE_ROWS}`.execute(trx)
    yield* rows
    const last = rows.at(-1)
    if (!last || rows.length < PAGE_ROWS) return
    after = last.seq
  }
}
