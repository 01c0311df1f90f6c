import { sql } from 'kysely'
import type { Crm } from '../../model/record/change-event.ts'
import { watchedObjects } from '../../model/record/object-shape.ts'
import { comparedObjects } from '../../pipeline/compare/compared-objects.ts'
import { readComparison } from '../../store/compare/comparisons.ts'
import { countDifferences } from '../../store/compare/differences.ts'
import type { Database } from '../../store/database/database.ts'
import { type EventCount, readEventCounts } from '../../store/events/event-tallies.ts'
import { RECOVERED } from '../../store/events/missed-changes.ts'
import { type CrmLinks, safeUrl } from '../cases/crm-links.ts'
import type { LedgerCheck, LedgerDay, LedgerNumbers, LedgerObject, SyncStatusReply } from './sync-status-types.ts'

/** A week of numbers shows whether they add up; two weeks of days show since when. */
const NUMBER_DAYS = 7
const STRIP_DAYS = 14
const LISTED_MAX = 50
const DAY_MS = 86_400_000

type ConnectionRow = {
  id: string
  crm: Crm
  feed: 'push' | 'poll' | 'stream'
  account_id: string
  base_url: string
  pages_url: string | null
}

/** The outcome of every change of one connection, and how our records compare with the CRM's. Null: no such connection. */
export async function readSyncStatus(
  db: Database,
  links: CrmLinks,
  connectionId: string,
  now: Date,
): Promise<SyncStatusReply | null> {
  const { rows } = await sql<ConnectionRow>`
    select id, crm, feed, account_id, base_url, pages_url from connection where id = ${connectionId}`.execute(db)
  const connection = rows[0]
  if (!connection) return null
  const fromDay = utcDay(+now - (NUMBER_DAYS - 1) * DAY_MS)
  const [{ counts, whole }, counters, standing, out, check, listed] = await Promise.all([
    readEventCounts(db, connectionId, fromDay),
    readCounters(db, connectionId, fromDay),
    readStanding(db, connectionId, utcDay(+now - (STRIP_DAYS - 1) * DAY_MS)),
    countDifferences(db, connectionId),
    readLedgerCheck(db, connectionId),
    readListed(db, connection, links),
  ])
  const watched = watchedObjects(connection.crm)
  const compared = new Set(comparedObjects(connection.crm))
  const names = [...new Set([...watched, ...counts.map((count) => count.objectType)])]
  const objects = names.map((objectType): LedgerObject => {
    const of = counts.filter((count) => count.objectType === objectType)
    const whyOut = (why: string) =>
      out.filter((one) => one.objectType === objectType && one.why === why).reduce((sum, one) => sum + one.n, 0)
    const object = standing.objects.find((one) => one.object_type === objectType)
    return {
      objectType,
      numbers: numbersOf(of, counters(objectType)),
      skippedBecause: grouped(of, (count) => (count.state === 'skipped' ? count.reason : null)),
      receivedBy: grouped(of, (count) => count.source),
      days: compared.has(objectType) ? daysOf(objectType, standing, +now) : [],
      differences: { missing: whyOut('missing'), extra: whyOut('extra'), different: whyOut('different') },
      // Of recent records alone a total means nothing.
      crmStated: object?.full_at ? object.crm_stated : null,
      crmCount: object?.full_at ? object.crm_count : null,
      ourCount: object?.full_at ? object.our_count : null,
      comparedAt: object?.compared_at.toISOString() ?? null,
    }
  })
  return {
    at: now.toISOString(),
    connectionId,
    feed: connection.feed,
    ofDays: NUMBER_DAYS,
    total: numbersOf(counts, counters(null)),
    counting: !whole,
    objects,
    check,
    differences: out.reduce((sum, one) => sum + one.n, 0),
    reading: out.reduce((sum, one) => sum + one.reading, 0),
    records: listed,
  }
}

function numbersOf(counts: readonly EventCount[], beside: { duplicate: number; recovered: number }): LedgerNumbers {
  const of = (...states: EventCount['state'][]) =>
    counts.filter((count) => states.includes(count.state)).reduce((sum, count) => sum + count.n, 0)
  return {
    received: of('applied', 'skipped', 'failed', 'received'),
    applied: of('applied'),
    skipped: of('skipped'),
    failed: of('failed'),
    waiting: of('received'),
    ...beside,
  }
}

function grouped(counts: readonly EventCount[], nameOf: (count: EventCount) => string | null) {
  const sums = new Map<string, number>()
  for (const count of counts) {
    const name = nameOf(count)
    if (name !== null) sums.set(name, (sums.get(name) ?? 0) + count.n)
  }
  return [...sums].map(([name, n]) => ({ name, n })).sort((a, b) => b.n - a.n || (a.name < b.name ? -1 : 1))
}

/** Duplicates and recoveries since a day: of one object, or of all (null), with those of deliveries of several objects. */
async function readCounters(db: Database, connectionId: string, fromDay: string) {
  const { rows } = await sql<{ name: string; detail: string; n: number }>`
    select name, detail, sum(n)::bigint as n from counter
    where connection_id = ${connectionId} and day >= ${fromDay}::date and name in ('events-duplicate', ${RECOVERED})
    group by name, detail`.execute(db)
  return (objectType: string | null) => {
    const of = (name: string) =>
      rows
        .filter((row) => row.name === name && (objectType === null || row.detail === objectType))
        .reduce((sum, row) => sum + row.n, 0)
    return { duplicate: of('events-duplicate'), recovered: of(RECOVERED) }
  }
}

type Standing = Awaited<ReturnType<typeof readStanding>>

async function readStanding(db: Database, connectionId: string, fromDay: string) {
  const [objects, days, out] = await Promise.all([
    db
      .selectFrom('comparison_object')
      .select(['object_type', 'crm_stated', 'crm_count', 'our_count', 'compared_at', 'full_at'])
      .where('connection_id', '=', connectionId)
      .execute(),
    sql<{ object_type: string; day: string; crm_count: number; our_count: number; same: boolean }>`
      select object_type, day, crm_count, our_count, crm_digest = our_digest as same from comparison_day
      where connection_id = ${connectionId} and run = 0 and day >= ${fromDay}::date`.execute(db),
    sql<{ object_type: string; day: string; n: number }>`
      select object_type, day, count(*)::int as n from difference
      where connection_id = ${connectionId} and differs_since is not null and day >= ${fromDay}::date
      group by object_type, day`.execute(db),
  ])
  return { objects, days: days.rows, out: out.rows }
}

function daysOf(objectType: string, { objects, days, out }: Standing, nowMs: number): LedgerDay[] {
  const object = objects.find((one) => one.object_type === objectType)
  const comparedUntil = object?.full_at ? utcDay(+object.compared_at) : null
  return Array.from({ length: STRIP_DAYS }, (_, n): LedgerDay => {
    const day = utcDay(nowMs - (STRIP_DAYS - 1 - n) * DAY_MS)
    const row = days.find((one) => one.object_type === objectType && one.day === day)
    const differences = out.find((one) => one.object_type === objectType && one.day === day)?.n ?? 0
    // After a comparison of all records, a day without a row means that no record was last modified on it.
    const isQuiet = comparedUntil !== null && day <= comparedUntil
    const crmCount = row?.crm_count ?? (isQuiet ? 0 : null)
    const ourCount = row?.our_count ?? (isQuiet ? 0 : null)
    const sameDigest = row?.same ?? (isQuiet ? true : null)
    const inSync = crmCount === ourCount && sameDigest === true && differences === 0
    const state =
      crmCount === null && differences === 0
        ? 'not-compared'
        : !inSync
          ? 'out-of-sync'
          : crmCount === 0
            ? 'quiet'
            : 'in-sync'
    return { day, state, crmCount, ourCount, sameDigest, differences }
  })
}

export async function readLedgerCheck(db: Database, connectionId: string): Promise<LedgerCheck> {
  const check = await readComparison(db, connectionId)
  return {
    state: check?.state ?? 'idle',
    depth: check?.depth ?? 'full',
    askedBy: check?.askedBy ?? 'clock',
    phase: check?.phase ?? 'read',
    objectType: check?.objectType ?? null,
    pages: check?.pages ?? 0,
    records: check?.records ?? 0,
    ofTotal: check?.ofTotal ?? null,
    startedAt: check?.startedAt?.toISOString() ?? null,
    problem: check?.problem ?? null,
    lastFullAt: check?.lastFullAt?.toISOString() ?? null,
    lastRecentAt: check?.lastRecentAt?.toISOString() ?? null,
  }
}

async function readListed(db: Database, connection: ConnectionRow, links: CrmLinks) {
  const rows = await db
    .selectFrom('difference')
    .select(['object_type', 'record_id', 'why', 'day', 'differs_since', 'asked_at'])
    .where('connection_id', '=', connection.id)
    .where('differs_since', 'is not', null)
    .orderBy('differs_since', 'desc')
    .orderBy('record_id')
    .limit(LISTED_MAX)
    .execute()
  const target = {
    id: connection.id,
    crm: connection.crm,
    accountId: connection.account_id,
    baseUrl: connection.base_url,
    pagesUrl: connection.pages_url,
  }
  return rows.map((row) => ({
    objectType: row.object_type,
    recordId: row.record_id,
    why: row.why,
    day: row.day,
    since: row.differs_since!.toISOString(),
    reading: row.asked_at !== null,
    // A record deleted in the CRM has no page there.
    url: row.why === 'extra' ? null : safeUrl(links.recordUrl(target, row.object_type, row.record_id)),
  }))
}

function utcDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
