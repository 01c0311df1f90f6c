import type { QueryResult } from 'jsforce'
import { storable } from '../../../model/record/storable-text.ts'
import { CrmUnknownError } from '../../crm-client.ts'
import type { SalesforceCall } from './call.ts'
import { soqlId } from './soql.ts'

export type Row = Readonly<Record<string, unknown>>
export type Rows = {
  readonly rows: readonly Row[]
  readonly totalSize: number
  readonly done: boolean
  /** When Salesforce began to work on the query, by its own clock. Null: its answer has no Date header. */
  readonly askedAtMs: number | null
}

/** Salesforce's largest page. */
export const PAGE_ROWS_MAX = 2_000
/** URI and headers together may have 16,384 bytes; tokens and the rest take up to 2,500. */
export const QUERY_CHARS_MAX = 13_500
/** No list that `everyRow` reads (users, queues, territories) has more pages than this in any org we can serve. */
const PAGES_MAX = 500

/** One page. `all` includes deleted and archived rows. */
export async function query(call: SalesforceCall, soql: string, all = false): Promise<Rows> {
  const path = `/${all ? 'queryAll' : 'query'}?q=${encodeURIComponent(soql)}`
  let askedAtMs: number | null = null
  const onAnswer = (atMs: number | null) => {
    askedAtMs = atMs
  }
  // Not `org.query`: it reads on by Salesforce's cursors, which expire, and stops at 10,000 rows without an error.
  const answer = await call.read((org) => org.requestGet<Partial<QueryResult<Row>>>(path), onAnswer)
  const { records, totalSize, done } = answer
  if (typeof totalSize !== 'number')
    throw new CrmUnknownError('Cannot query: Salesforce answered 200 without a total', { status: 200 })
  if (!Array.isArray(records))
    throw new CrmUnknownError('Cannot query: Salesforce answered 200 without a list of records', { status: 200 })
  return {
    rows: records.map((row: unknown) => (isRow(row) ? row : NO_ROW)),
    totalSize,
    done: done !== false,
    askedAtMs,
  }
}

/** Every row of a small object, page by page in the order of Id. */
export async function everyRow(
  call: SalesforceCall,
  { fields, from, where }: { fields: readonly string[]; from: string; where?: string },
): Promise<Row[]> {
  const rows: Row[] = []
  let after: string | null = null
  for (let page = 0; page < PAGES_MAX; page++) {
    const conditions = [where, after === null ? undefined : `Id > ${soqlId(after)}`].filter((c) => c !== undefined)
    const filter = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`
    const soql = `SELECT ${['Id', ...fields].join(', ')} FROM ${from}${filter} ORDER BY Id LIMIT ${PAGE_ROWS_MAX}`
    const answer = await query(call, soql)
    for (const row of answer.rows) rows.push(row)
    const last = text(answer.rows.findLast((row) => text(row.Id) !== null)?.Id)
    if (answer.rows.length === 0 || (answer.done && answer.rows.length < PAGE_ROWS_MAX)) return rows
    // A list that ends early would pass for the whole: who is missing from it would count as gone.
    if (last === null)
      throw new CrmUnknownError(`Cannot read on in ${from}: no row of a page has an id`, { status: 200 })
    if (last === after) throw new CrmUnknownError(`The pages of ${from} do not advance`)
    after = last
  }
  throw new CrmUnknownError(`${from} has more than ${PAGES_MAX * PAGE_ROWS_MAX} rows`)
}

/** What stands in a list of records and is none costs no other row; it still counts towards the page. */
const NO_ROW: Row = {}

function isRow(row: unknown): row is Row {
  return typeof row === 'object' && row !== null && !Array.isArray(row)
}

export function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? storable(value) : null
}

export function chunks<T>(items: readonly T[], size: number): T[][] {
  const parts: T[][] = []
  for (let at = 0; at < items.length; at += size) parts.push(items.slice(at, at + size))
  return parts
}
