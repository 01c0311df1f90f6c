import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import type { Database } from '../database/database.ts'
import { ERASED_KIND, erasedRows } from './erasures.ts'
import { EXPORT_FORMAT } from './export-ledger.ts'
import { chainHash, GENESIS_HASH, type LedgerHead, type LedgerRow, sha256, withLedger } from './ledger.ts'

export type LedgerCheck = {
  readonly ok: boolean
  readonly rows: number
  /** Rows whose body was erased for privacy, which an entry of the ledger says; their hash still stands. */
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

/** A line of an export that is no row. The last one of a file that was cut is half a row. */
type NotARow = { readonly line: number; readonly isLast: boolean }

async function* parseRows(lines: AsyncIterator<string>): AsyncIterable<LedgerRow | NotARow> {
  let line = 1
  for (let next = await lines.next(); !next.done; ) {
    line += 1
    const { value } = next
    next = await lines.next()
    if (value === '') continue
    yield parseRow(value) ?? { line, isLast: next.done === true }
  }
}

function parseRow(text: string): LedgerRow | null {
  try {
    const row = JSON.parse(text) as Partial<Record<keyof LedgerRow, unknown>> | null
    const isWhole =
      row !== null &&
      Number.isSafeInteger(row.seq) &&
      (row.body === null || typeof row.body === 'string') &&
      TEXTS.every((name) => typeof row[name] === 'string')
    return isWhole ? (row as LedgerRow) : null
  } catch {
    return null
  }
}

const TEXTS = ['atMicros', 'kind', 'actor', 'subject', 'bodyHash', 'prevHash', 'hash'] as const

async function verifyChain(
  head: LedgerHead,
  rows: AsyncIterable<LedgerRow | NotARow>,
  checkpoints: readonly LedgerHead[],
): Promise<LedgerCheck> {
  const expected = expectedHashes(checkpoints)
  const bodies = erasedRows()
  let last: LedgerHead = { seq: 0, hash: GENESIS_HASH }
  let erased = 0
  const result = (firstBad?: LedgerCheck['firstBad'], intact = last.seq): LedgerCheck => ({
    ok: firstBad === undefined,
    rows: intact,
    erased,
    head: last,
    checkpoints: checkpoints.length,
    ...(firstBad ? { firstBad } : {}),
  })
  for await (const row of rows) {
    if ('line' in row) return result({ seq: last.seq + 1, why: lineFault(row, head) })
    const why = faultOf(row, last) ?? checkpointFault(row, expected) ?? erasureFault(row, bodies)
    if (why) return result({ seq: Math.min(row.seq, last.seq + 1), why })
    if (row.body === null) erased++
    last = { seq: row.seq, hash: row.hash }
  }
  const cut = endFault(head, last, checkpoints)
  if (cut) return result({ seq: last.seq + 1, why: cut })
  const bare = bodies.unexplained()
  if (bare === null) return result()
  const others = bare.n === 1 ? '' : `, and of ${bare.n - 1} more rows`
  return result(
    { seq: bare.first, why: `its body is gone${others}, and no erasure in the ledger names it` },
    bare.first - 1,
  )
}

/** Of a row that two checkpoints disagree about, no hash can be right. */
function expectedHashes(checkpoints: readonly LedgerHead[]): ReadonlyMap<number, string | null> {
  const expected = new Map<number, string | null>()
  for (const { seq, hash } of checkpoints) {
    const before = expected.get(seq)
    expected.set(seq, before === undefined || before === hash ? hash : null)
  }
  return expected
}

function lineFault({ line, isLast }: NotARow, head: LedgerHead): string {
  return isLast
    ? `the file ends in the middle of line ${line}; by its first line it had ${head.seq} rows`
    : `line ${line} of the file is not a row of a ledger`
}

/** What is wrong with where the ledger ends. */
function endFault(head: LedgerHead, last: LedgerHead, checkpoints: readonly LedgerHead[]): string | null {
  if (head.seq !== last.seq || head.hash !== last.hash) {
    return head.seq > last.seq
      ? `the ledger ends at ${last.seq}, but its head says ${head.seq}: the last ${head.seq - last.seq} rows are gone`
      : 'the last row is not the one that the head names'
  }
  const beyond = checkpoints.find((checkpoint) => checkpoint.seq > last.seq)
  return beyond === undefined
    ? null
    : `the ledger ends at ${last.seq}, but a checkpoint was taken at ${beyond.seq}: it was cut, and its head with it`
}

/** Notes a body that is gone and the rows that an erasure names. An erasure without its own names nothing any more. */
function erasureFault({ seq, kind, body }: LedgerRow, bodies: ReturnType<typeof erasedRows>): string | null {
  if (kind === ERASED_KIND) return body === null ? 'an erasure lost the list of its rows' : bodies.named(seq, body)
  if (body === null) bodies.missing(seq)
  return null
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

function checkpointFault(row: LedgerRow, expected: ReadonlyMap<number, string | null>): string | null {
  const hash = expected.get(row.seq)
  if (hash === null)
    return 'two checkpoints of this row contradict each other: the ledger or a checkpoint was rewritten'
  return hash === undefined || hash === row.hash
    ? null
    : 'the chain up to here was rewritten: its hash differs from the checkpoint taken then'
}

/** Checkpoints that were written down outside the database. A file that is absent holds none. */
export async function readCheckpoints(file: string): Promise<LedgerHead[]> {
  return (await checkpointLines(file)).flatMap(({ checkpoint }) => checkpoint ?? [])
}

/**
 * The same, to compare a ledger with: throws where a line is neither a checkpoint nor the half of one that a crash leaves. One
 * that cannot be read may be the one that would show a change.
 */
export async function checkpointsToCompare(file: string): Promise<LedgerHead[]> {
  const lines = await checkpointLines(file)
  const bad = lines.find(({ text, checkpoint }) => checkpoint === null && !isHalf(text))
  if (bad !== undefined) throw new Error(`line ${bad.line} of ${file} is not a checkpoint`)
  return lines.flatMap(({ checkpoint }) => checkpoint ?? [])
}

type CheckpointLine = { readonly line: number; readonly text: string; readonly checkpoint: LedgerHead | null }

async function checkpointLines(file: string): Promise<CheckpointLine[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  return text
    .split('\n')
    .map((one, at) => ({ line: at + 1, text: one.trim(), checkpoint: parseCheckpoint(one) }))
    .filter((one) => one.text !== '')
}

function parseCheckpoint(text: string): LedgerHead | null {
  try {
    const { seq, hash } = JSON.parse(text) as Partial<Record<keyof LedgerHead, unknown>>
    const isOne = Number.isSafeInteger(seq) && (seq as number) > 0 && /^[0-9a-f]{64}$/.test(String(hash))
    return isOne ? { seq: seq as number, hash: hash as string } : null
  } catch {
    return null
  }
}

/** A line is written at once, from its bracket on, and some file systems fill up with zeros what was not. */
function isHalf(text: string): boolean {
  const written = text.replace(/\0+$/, '')
  return written === '' || (written.startsWith('{') && !written.endsWith('}'))
}
