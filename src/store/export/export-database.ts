import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import type { Database, DatabaseTransaction } from '../database/database.ts'
import { writeLedger } from '../ledger/export-ledger.ts'
import { createJsonLines } from '../ledger/json-lines.ts'
import { type LedgerHead, readLedger } from '../ledger/ledger.ts'
import { CHECKPOINT_EVERY_ROWS } from '../ledger/ledger-checkpoints.ts'
import { exportReadme } from './export-readme.ts'
import { EXPORTED_TABLES, type ExportedTable } from './exported-columns.ts'

export type DatabaseExport = {
  /** Rows of each file, null where the database has no such table. */
  readonly rows: Readonly<Record<string, number | null>>
  readonly checkpoints: number
  /** Names of the migrations that made the database, in the order of the names. */
  readonly migrations: readonly string[]
}

export type ExportOptions = {
  /** A new or empty directory. */
  readonly directory: string
  /** Checkpoints that were written down outside the database, see `writeCheckpoints`. */
  readonly keptCheckpoints: readonly LedgerHead[]
  readonly now: Date
  /** Called for every thousand rows of the ledger. */
  readonly onProgress?: (rows: number, of: number) => void
}

export const LEDGER_FILE = 'ledger.jsonl'
export const CHECKPOINTS_FILE = 'checkpoints.jsonl'

/** Nothing can be exported, and the sentence says why. */
export class ExportRefusedError extends Error {
  override readonly name = 'ExportRefusedError'
  readonly code = 'EXPORT_REFUSED'
}

/**
 * Reads a database of any version, also one of before or half migrated, so it asks the database which tables and
 * columns there are and never the migrations. One snapshot for all files; memory is bounded by a page of rows. README.txt
 * comes last: a directory without it is not a whole export.
 */
export async function exportDatabase(db: Database, options: ExportOptions): Promise<DatabaseExport> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (trx) => {
      const columns = await columnsOf(trx)
      if (!isLanekeeper(columns)) {
        throw new ExportRefusedError(
          'This is not a database of Lanekeeper: it has no ledger, no connections and no policies',
        )
      }
      const takeBack = await claimDirectory(options.directory)
      try {
        return await writeFiles(trx, columns, options)
      } catch (error) {
        await takeBack()
        throw error
      }
    })
}

type Columns = ReadonlyMap<string, ReadonlySet<string>>

async function columnsOf(trx: DatabaseTransaction): Promise<Columns> {
  const { rows } = await sql<{ table: string; column: string }>`
    select table_name as "table", column_name as "column" from information_schema.columns
    where table_schema = current_schema()`.execute(trx)
  const columns = new Map<string, Set<string>>()
  for (const { table, column } of rows) columns.set(table, (columns.get(table) ?? new Set()).add(column))
  return columns
}

/** By columns rather than names alone: other software has a table "connection" or "workflow", too. */
function isLanekeeper(columns: Columns): boolean {
  return has(columns, 'ledger', LEDGER_COLUMNS) || EXPORTED_TABLES.some((one) => holds(columns, one))
}

const LEDGER_COLUMNS = ['seq', 'at', 'kind', 'actor', 'subject', 'body', 'body_hash', 'prev_hash', 'hash']

/** What each version had in these tables from the first one on. */
const FIRST_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  connection: ['id', 'crm', 'account_id', 'base_url'],
  policy_version: ['hash', 'workflow', 'document'],
  workflow: ['workflow', 'hash', 'effective_mode'],
  workflow_version: ['workflow', 'hash', 'reading_version'],
  workflow_connection: ['connection_id', 'workflow', 'began_at'],
  person: ['id', 'name', 'made_by'],
  identity: ['id', 'person_id', 'kind', 'issuer', 'subject'],
  job: ['id', 'workflow', 'lane', 'person_id', 'offered_at'],
  absence: ['id', 'person_id', 'from_day', 'until_day'],
  publication: ['seq', 'document', 'content_hash', 'content'],
  policy_draft: ['id', 'document', 'state', 'authors'],
  policy_draft_text: ['draft_id', 'version', 'source'],
  approval: ['id', 'draft_id', 'hash', 'person_id'],
  pause: ['id', 'scope', 'paused_by'],
  mark: ['id', 'workflow', 'rule', 'class'],
  mode_change: ['id', 'workflow', 'mode', 'changed_by'],
  backlog_application: ['id', 'workflow', 'cap', 'started_by'],
}

function holds(columns: Columns, { table }: ExportedTable): boolean {
  return has(columns, table, FIRST_COLUMNS[table] ?? [])
}

function has(columns: Columns, table: string, names: readonly string[]): boolean {
  return names.every((name) => columns.get(table)?.has(name))
}

/** Answers what takes back everything that was made since. */
async function claimDirectory(directory: string): Promise<() => Promise<void>> {
  const made = await mkdir(directory, { recursive: true, mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') throw new ExportRefusedError(`${directory} is a file: name another directory`)
    throw new ExportRefusedError(`Cannot write to ${directory} (${error.code}): name another directory`)
  })
  if ((await readdir(directory)).length > 0) {
    throw new ExportRefusedError(
      `${directory} is not empty, and an export never overwrites: name another directory with --out`,
    )
  }
  return async () => {
    for (const name of await readdir(directory)) await rm(join(directory, name), { force: true })
    if (made !== undefined) await rm(directory, { recursive: true, force: true })
  }
}

async function writeFiles(trx: DatabaseTransaction, columns: Columns, options: ExportOptions): Promise<DatabaseExport> {
  const { directory, keptCheckpoints } = options
  const rows: Record<string, number | null> = {}
  let checkpoints: LedgerHead[] = [...keptCheckpoints]
  rows[LEDGER_FILE] = null
  if (has(columns, 'ledger', LEDGER_COLUMNS)) {
    const written = await exportLedgerOf(trx, options)
    rows[LEDGER_FILE] = written.rows
    checkpoints = mergeCheckpoints(keptCheckpoints, written.checkpoints)
  }
  await writeLines(join(directory, CHECKPOINTS_FILE), checkpoints)
  for (const table of EXPORTED_TABLES) {
    const present = columns.get(table.table)
    rows[table.file] = present && holds(columns, table) ? await writeTable(trx, table, present, directory) : null
  }
  const result = { rows, checkpoints: checkpoints.length, migrations: await migrationsOf(trx, columns) }
  await writeFile(join(directory, 'README.txt'), exportReadme(result, options.now), { mode: 0o600, flag: 'wx' })
  return result
}

/** With the hash of every thousandth row and of the last. */
async function exportLedgerOf(
  trx: DatabaseTransaction,
  { directory, onProgress }: ExportOptions,
): Promise<{ rows: number; checkpoints: LedgerHead[] }> {
  const ledger = await readLedger(trx)
  const checkpoints: LedgerHead[] = []
  let last: LedgerHead | null = null
  const rows = await writeLedger(ledger, join(directory, LEDGER_FILE), 'wx', ({ seq, hash }, count) => {
    last = { seq, hash }
    if (seq % CHECKPOINT_EVERY_ROWS === 0) checkpoints.push(last)
    if (count % CHECKPOINT_EVERY_ROWS === 0) onProgress?.(count, ledger.head.seq)
  })
  if (last !== null && checkpoints.at(-1) !== last) checkpoints.push(last)
  return { rows, checkpoints }
}

/** A checkpoint that was kept outside the database proves more than the database says today, so it wins. */
function mergeCheckpoints(kept: readonly LedgerHead[], written: readonly LedgerHead[]): LedgerHead[] {
  const known = new Set(kept.map(({ seq }) => seq))
  return [...kept, ...written.filter(({ seq }) => !known.has(seq))].toSorted((a, b) => a.seq - b.seq)
}

const PAGE_ROWS = 200

async function writeTable(
  trx: DatabaseTransaction,
  { file, table, key, columns }: ExportedTable,
  present: ReadonlySet<string>,
  directory: string,
): Promise<number> {
  const kept = columns.filter(({ name }) => present.has(name))
  const out = await createJsonLines(join(directory, file), 'wx')
  let count = 0
  const keys = sql.join(key.map((name) => sql.ref(name)))
  for (let after: string[] | null = null; ; ) {
    const page: { rows: Record<string, unknown>[] } = await sql<Record<string, unknown>>`
      select ${sql.join(kept.map(({ name }) => sql.ref(name)))} from ${sql.table(table)}
      where ${after === null ? sql`true` : sql`(${keys}) > (${sql.join(after)})`}
      order by ${keys} limit ${PAGE_ROWS}`.execute(trx)
    for (const row of page.rows) {
      await out.write(Object.fromEntries(kept.map(({ name, keep }) => [name, keptOf(row[name], keep)])))
    }
    count += page.rows.length
    const last = page.rows.at(-1)
    if (!last || page.rows.length < PAGE_ROWS) break
    after = key.map((name) => String(last[name]))
  }
  await out.close()
  return count
}

function keptOf(value: unknown, keep: ExportedTable['columns'][number]['keep']): unknown {
  if (keep === 'whole' || value === null) return value
  if (keep === 'url') return withoutSecrets(value)
  const document = value as Readonly<Record<string, unknown>>
  return Object.fromEntries(
    keep.filter((name) => Object.hasOwn(document, name)).map((name) => [name, withoutSecrets(document[name])]),
  )
}

/** An address as somebody may have entered it, without user, password, query and fragment. */
function withoutSecrets(value: unknown): unknown {
  if (typeof value !== 'string' || !value.includes('://')) return typeof value === 'string' ? hostOnly(value) : null
  const url = URL.parse(value)
  return url === null ? null : `${url.protocol}//${url.host}${url.pathname === '/' ? '' : url.pathname}`
}

/** A host with a port and a dated version have no place for a secret; anything longer stays behind. */
function hostOnly(value: string): string | null {
  return /^[A-Za-z0-9.:[\]-]{1,255}$/.test(value) ? value : null
}

async function writeLines(path: string, lines: readonly unknown[]): Promise<void> {
  const file = await createJsonLines(path, 'wx')
  for (const line of lines) await file.write(line)
  await file.close()
}

async function migrationsOf(trx: DatabaseTransaction, columns: Columns): Promise<string[]> {
  if (!has(columns, 'kysely_migration', ['name'])) return []
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(trx)
  return rows.map(({ name }) => name)
}
