import { sql } from 'kysely'
import { z } from 'zod'
import type { Database } from '../../store/database/database.ts'
import type { CaseReply, Fact, ReceiptView } from './case-types.ts'

/** Rows of history shown on one case: a flapping one could have thousands. */
const HISTORY_MAX = 100

/**
 * The part of a receipt that the case page shows. Parsed loosely: the ledger keeps entries of every version for years,
 * and the page shows an old one even when it lacks a field.
 */
const StoredReceipt = z.object({
  policy: z.string().catch(''),
  decidedAt: z.string().nullable().catch(null),
  branch: z.string().nullable().catch(null),
  mode: z.string().nullable().catch(null),
  rule: z.string().nullable().catch(null),
  because: z.string().nullable().catch(null),
  misses: z
    .array(z.object({ rule: z.string(), failed: z.string(), actual: z.string().nullable().catch(null) }))
    .catch([]),
  wouldChange: z.string().nullable().catch(null),
  inputs: z
    .record(
      z.string(),
      z.object({ value: z.string().nullable().catch(null), changedAt: z.string().nullable().catch(null) }),
    )
    .catch({}),
})

/** Facts of a receipt still lack their labels, which depend on the connection. */
export type UnlabeledReceipt = Omit<ReceiptView, 'inputs'> & {
  readonly inputs: readonly Pick<Fact, 'name' | 'value' | 'changedAt'>[]
}

export async function readReceipt(db: Database, seq: number): Promise<UnlabeledReceipt | null> {
  const { rows } = await sql<{ body: string | null; hash: Buffer; at: Date }>`
    select body, hash, at from ledger where seq = ${seq}`.execute(db)
  const row = rows[0]
  if (!row) return null
  const receipt = StoredReceipt.parse(receiptIn(row.body))
  return {
    seq: String(seq),
    hash: row.hash.toString('hex'),
    policy: receipt.policy,
    decidedAt: receipt.decidedAt ?? row.at.toISOString(),
    branch: receipt.branch,
    mode: receipt.mode,
    rule: receipt.rule,
    because: receipt.because,
    misses: receipt.misses,
    wouldChange: receipt.wouldChange,
    inputs: Object.entries(receipt.inputs).map(([name, input]) => ({ name, ...input })),
    erased: row.body === null,
  }
}

/** An entry is the receipt itself or carries it beside what was decided. */
function receiptIn(body: string | null): object {
  const entry = parseObject(body)
  return entry.receipt !== null && typeof entry.receipt === 'object' ? entry.receipt : entry
}

function parseObject(body: string | null): Record<string, unknown> {
  try {
    const value: unknown = body === null ? {} : JSON.parse(body)
    return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

export type HistoryOf = {
  readonly exceptionId: number
  /** `connection/object/record` of the case, and of the record that its task hangs on: ledger entries name records. */
  readonly record: string
  readonly task: { readonly id: number; readonly record: string | null } | null
}

/** Every ledger entry of this case: the exception, the owner writes of its record, its task. Oldest first. */
export async function readHistory(db: Database, of: HistoryOf): Promise<CaseReply['history']> {
  const subjects = [...new Set([of.record, of.task?.record].filter((subject) => subject != null))]
  const { rows } = await sql<{
    seq: number
    at: Date
    kind: string
    actor: string
    subject: string
    body: string | null
  }>`
    select * from (
      select seq, at, kind, actor, subject, body from ledger
      where subject = any(${subjects}) order by seq desc limit ${HISTORY_MAX}) newest
    order by seq`.execute(db)
  return rows
    .map((row) => ({ row, entry: parseObject(row.body) }))
    .filter(({ row, entry }) => isAbout(entry, row.subject, of))
    .map(({ row, entry }) => ({
      seq: String(row.seq),
      at: row.at.toISOString(),
      kind: row.kind,
      actor: row.actor,
      says: row.body === null ? 'Content erased for privacy. Its hash is still in the ledger.' : saysOf(entry),
    }))
}

/** A record may have several cases, and a task several records: keep the entries of this case. */
function isAbout(entry: Readonly<Record<string, unknown>>, subject: string, of: HistoryOf): boolean {
  if (typeof entry.exception === 'number' && entry.exception !== of.exceptionId) return false
  if (typeof entry.task === 'number') return entry.task === of.task?.id
  return subject === of.record
}

const Write = z.object({ toEmail: z.string(), rule: z.string() })

/** One line for an entry, from the first of its fields that holds a sentence. */
function saysOf(entry: Readonly<Record<string, unknown>>): string | null {
  const write = Write.safeParse(entry.write)
  if (write.success) {
    const outcome = typeof entry.outcome === 'string' ? ` ${entry.outcome}` : ''
    return `Rule "${write.data.rule}" assigns the record to ${write.data.toEmail}.${outcome}`
  }
  for (const name of ['says', 'what', 'why', 'because', 'stillWrong', 'outcome', 'resolution']) {
    const value = entry[name]
    if (typeof value === 'string' && value !== '') return value
  }
  return null
}
