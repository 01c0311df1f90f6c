import { appendFile, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { sql } from 'kysely'
import type { Database } from '../database/database.ts'
import type { LedgerHead } from './ledger.ts'
import { readCheckpoints } from './verify-ledger.ts'

export const CHECKPOINT_EVERY_ROWS = 1_000
const EVERY_MS = 3_600_000

/** Where the service keeps the checkpoints of its ledger. That of the sandbox CRMs begins again at every start. */
export function checkpointFile(dataDir: string, { sandbox }: { readonly sandbox: boolean }): string {
  return join(dataDir, sandbox ? 'checkpoints-sandbox.log' : 'checkpoints.log')
}

/**
 * Writes down the hash at every thousandth row, and once an hour the newest, outside the database: whoever can rewrite
 * the tables with a matching head cannot rewrite this file too, if it is copied away. Returns how many were added.
 */
export async function writeCheckpoints(db: Database, file: string, nowMs: number): Promise<number> {
  await mkdir(dirname(file), { recursive: true })
  const known = await readCheckpoints(file)
  const last = known.at(-1) ?? { seq: 0, hash: '' }
  const { rows } = await sql<LedgerHead>`
    select seq, encode(hash, 'hex') as hash from ledger
    where seq > ${last.seq} and seq % ${CHECKPOINT_EVERY_ROWS} = 0 order by seq limit 10000`.execute(db)
  const fresh = [...rows]
  if (fresh.length === 0 && nowMs - (lastWrittenMs.get(file) ?? 0) >= EVERY_MS) {
    const head = await sql<LedgerHead>`select seq, encode(hash, 'hex') as hash from ledger_head`.execute(db)
    const newest = head.rows[0]
    if (newest && newest.seq > last.seq) fresh.push(newest)
  }
  if (fresh.length > 0) {
    const at = new Date(nowMs).toISOString()
    // A line break first: after a crash the file may end in half a line.
    await appendFile(file, `\n${fresh.map(({ seq, hash }) => JSON.stringify({ seq, hash, at })).join('\n')}\n`, {
      mode: 0o600,
      flush: true,
    })
    lastWrittenMs.set(file, nowMs)
  }
  return fresh.length
}

/** Per process: one checkpoint too many after a restart costs a line. */
const lastWrittenMs = new Map<string, number>()
