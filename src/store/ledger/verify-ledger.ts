import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import type { Database } from '../database/database.ts'
import { EXPORT_FORMAT } from './export-ledger.ts'
import { chainHash, GENESIS_HASH, type LedgerHead, type LedgerRow, sha256, withLedger } from './ledger.ts'

export type LedgerCheck = {
  readonly ok: boolean
  readonly rows: number
  /** Rows whose body was erased for privacy; their hash still stands. */
  readonly erased: number
  readonly head: LedgerHead | null
  readonly checkpoints: number
  readonly firstBad?: { readonly seq: number; readonly why: string }
}

export type VerifyOptions = { readonly checkpoints?: readonly LedgerHead[] }

export async function verifyLedger(db: Database, options: VerifyOptions = {}): Promise<LedgerCheck> {
  return withLedger(db, (ledger) => verifyChain(ledger.head, ledger.rows, options.checkpoints ?? []))
}

/** The same from an export, without a database. */
export async function verifyExport(file: string, options: VerifyOptions = {}): Promise<LedgerCheck> {
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })
  const iterator = lines[Symbol.asyncIterator]()
  const first = await iterator.next()
  const header = first.done ? null : parseHeader(first.value)
  if (!header) throw new Error(`${file} is not an export of the ledger: its first line must name the format`)
  return verifyChain(header, parseRows(iterator), options.checkpoints ?? [])
}

function parseHeader(line: string): LedgerHead | null {
  try {
    const header = JSON.parse(line) as { format?: unknown; head?: LedgerHead }
    return header.format === EXPORT_FORMAT && header.head ? header.head : null
  } catch {
    return null
  }
}

async function* parseRows(lines: AsyncIterator<string>): AsyncIterable<LedgerRow> {
  for (;;) {
    const { value, done } = await lines.next()
    if (done) return
    if (value === '') continue
    yield JSON.parse(value) as LedgerRow
  }
}

async function verifyChain(
  head: LedgerHead,
  rows: AsyncIterable<LedgerRow>,
  checkpoints: readonly LedgerHead[],
): Promise<LedgerCheck> {
  const expected = new Map(checkpoints.map((checkpoint) => [checkpoint.seq, checkpoint.hash]))
  let last: LedgerHead = { seq: 0, hash: GENESIS_HASH }
  let count = 0
  let erased = 0
  const result = (firstBad?: LedgerCheck['firstBad']): LedgerCheck => ({
    ok: firstBad === undefined,
    rows: count,
    erased,
    head: last,
    checkpoints: checkpoints.length,
    ...(firstBad ? { firstBad } : {}),
  })
  for await (const row of rows) {
    const why = faultOf(row, last) ?? checkpointFault(row, expected)
    if (why) return result({ seq: Math.min(row.seq, last.seq + 1), why })
    count++
    if (row.body === null) erased++
    last = { seq: row.seq, hash: row.hash }
  }
  if (head.seq !== last.seq || head.hash !== last.hash) {
    const why =
      head.seq > last.seq
        ? `the ledger ends at ${last.seq}, but its head says ${head.seq}: the last ${head.seq - last.seq} rows are gone`
        : 'the last row is not the one that the head names'
    return result({ seq: last.seq + 1, why })
  }
  const beyond = checkpoints.find((checkpoint) => checkpoint.seq > last.seq)
  if (beyond) {
    return result({
      seq: last.seq + 1,
      why: `the ledger ends at ${last.seq}, but a checkpoint was taken at ${beyond.seq}: it was cut, and its head with it`,
    })
  }
  return result()
}

function faultOf(row: LedgerRow, last: LedgerHead): string | null {
  if (row.seq < last.seq + 1) return `row ${row.seq} was inserted where none belongs`
  if (row.seq > last.seq + 1) return `${row.seq - last.seq - 1} rows are missing before ${row.seq}`
  if (row.body !== null && sha256(row.body).toString('hex') !== row.bodyHash) {
    return 'the body is not the one that was recorded'
  }
  if (row.prevHash !== last.hash) return 'the row does not continue the chain before it'
  if (chainHash(row) !== row.hash) return 'the row is not the one that was recorded'
  return null
}

function checkpointFault(row: LedgerRow, expected: ReadonlyMap<number, string>): string | null {
  const hash = expected.get(row.seq)
  return hash === undefined || hash === row.hash
    ? null
    : 'the chain up to here was rewritten: its hash differs from the checkpoint taken then'
}

/** Checkpoints that were written down outside the database. A file that is absent holds none. */
export async function readCheckpoints(file: string): Promise<LedgerHead[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  const checkpoints: LedgerHead[] = []
  for (const line of text.split('\n')) {
    try {
      const { seq, hash } = JSON.parse(line) as Partial<LedgerHead>
      if (typeof seq === 'number' && typeof hash === 'string') checkpoints.push({ seq, hash })
    } catch {
      // The last line may be half written after a crash.
    }
  }
  return checkpoints
}
