import { type Kysely, sql } from 'kysely'
import type { CrmRecord } from '../../model/record/crm-record.ts'
import { Unknown } from '../../model/record/knowledge.ts'
import { mayBeOpenMoney } from '../../model/rules/open-pipeline.ts'
import type { Tables } from '../database/tables.ts'
import { mergedInto } from './merged-accounts.ts'
import { COLUMNS, FROM, toRecord } from './read-records.ts'
import { type GapRow, missingMatch, NOT_READ } from './unread-neighbour.ts'

/** Deals in one statement. Each is a whole record, so this bounds memory. */
const DEALS_PAGE = 2_000

/**
 * Per account its deals that may count, and those of which we have no reading, or that are hidden from us: they may be worth
 * anything. Also the deals of accounts that were merged into it, until the CRM has moved them. In pages, of which only what
 * may be open money is kept: an account of many years has thousands of closed deals.
 */
export async function readDeals(db: Kysely<Tables>, connectionId: string, accounts: ReadonlyMap<string, string>) {
  const read = new Map<string, CrmRecord[]>()
  const unread = new Map<string, Unknown>()
  const deals = { read, unread }
  if (accounts.size === 0) return deals
  const merged = await mergedInto(db, connectionId, [...accounts.keys()])
  for (const [objectType, of] of Map.groupBy(accounts, ([, dealObject]) => dealObject)) {
    const asked = new Set(of.map(([id]) => id))
    const ids = [...new Set([...asked, ...merged.keys()])]
    for (let after = { accountId: '', recordId: '' }; ; ) {
      const { rows } = await sql<GapRow & { account_id: string }>`
        select ${COLUMNS}, ${NOT_READ} as gap, r.account_id from ${FROM}
        where r.connection_id = ${connectionId} and r.object_type = ${objectType}
          and r.account_id = any(${ids}::text[]) and not r.deleted
          and (r.account_id, r.record_id) > (${after.accountId}, ${after.recordId})
        order by r.account_id, r.record_id limit ${DEALS_PAGE}`.execute(db)
      for (const row of rows) {
        const speakers = [row.account_id, ...(merged.get(row.account_id) ?? [])].filter((id) => asked.has(id))
        for (const account of speakers) noteDeal(deals, row, account)
      }
      const last = rows.at(-1)
      if (last === undefined || rows.length < DEALS_PAGE) break
      after = { accountId: last.account_id, recordId: last.record_id }
    }
  }
  return deals
}

function noteDeal(
  { read, unread }: { read: Map<string, CrmRecord[]>; unread: Map<string, Unknown> },
  row: GapRow,
  accountId: string,
): void {
  const deal = toRecord(row)
  if (row.gap !== null) {
    const known = unread.get(accountId) ?? null
    unread.set(accountId, Unknown.both(known, new Unknown([missingMatch(deal, row.gap)])) as Unknown)
    return
  }
  if (!mayBeOpenMoney(deal)) return
  const list = read.get(accountId)
  if (list) list.push(deal)
  else read.set(accountId, [deal])
}
