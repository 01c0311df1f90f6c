import { createHash } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import { linkKeys, matchKeys } from '../../model/matching/keys.ts'
import { canonicalJson } from '../../model/policy/canonical.ts'
import { isKnownCrm } from '../../model/record/crm-profile.ts'
import type { CrmRecord } from '../../model/record/crm-record.ts'
import type { Readings } from '../../model/record/readings.ts'
import type { Database } from '../database/database.ts'
import type { Tables } from '../database/tables.ts'
import { inTransaction } from '../database/transaction.ts'
import { COLUMNS, FROM, toRecord } from './read-records.ts'

/** Records whose keys are made again in one transaction: it holds their rows, and what the CRM says of them waits as long. */
const MADE_AT_ONCE = 1_000
/** Of which so many follow one another before the caller does something else. */
const IN_A_ROW = 5

/**
 * The keys of every connection are to be those that this version of our code makes with the readings of the policies in
 * force. Nothing to do where they are.
 */
export async function queueMatchKeys(trx: Kysely<Tables>, readingVersion: string): Promise<void> {
  const keyVersion = await keyVersionOf(trx, readingVersion)
  await sql`
    insert into match_key_version as v (connection_id, reading_version, object_type, record_id)
    select c.id, ${keyVersion}, held.place, held.place from connection c
    left join lateral (select '' as place from record where connection_id = c.id limit 1) held on true
    where c.status <> 'disconnected' order by c.id
    on conflict (connection_id) do update set reading_version = excluded.reading_version,
      object_type = excluded.object_type, record_id = excluded.record_id
      where v.reading_version <> excluded.reading_version`.execute(trx)
}

/** Of a connection without records every key will be made by this version: no later start has to make them again. */
export async function noteNewMatchKeys(
  trx: Kysely<Tables>,
  connectionId: string,
  readingVersion: string,
): Promise<void> {
  await sql`
    insert into match_key_version (connection_id, reading_version)
    select ${connectionId}, ${await keyVersionOf(trx, readingVersion)}
    where not exists (select 1 from record where connection_id = ${connectionId})
    on conflict do nothing`.execute(trx)
}

/** What keys are made by: our code, and the readings, which decide the country of a phone number. */
async function keyVersionOf(trx: Kysely<Tables>, readingVersion: string): Promise<string> {
  const countries = await countriesInForce(trx)
  const digest = createHash('sha256').update(canonicalJson(countries)).digest('hex')
  return Object.keys(countries).length === 0 ? readingVersion : `${readingVersion}/${digest.slice(0, 16)}`
}

/**
 * The readings by which keys of this connection are made. Until the transaction ends they stay those in force: a record that
 * it saves is seen by whoever makes the keys again for others.
 */
export async function countriesForKeys(trx: Kysely<Tables>, connectionId: string): Promise<Readings['countries']> {
  await sql`select from match_key_version where connection_id = ${connectionId} for share`.execute(trx)
  return countriesInForce(trx)
}

/** Policies in force have one file of readings, but for versions that were kept: where those differ, a text means nothing. */
async function countriesInForce(trx: Kysely<Tables>): Promise<Readings['countries']> {
  const { rows } = await sql<{ text: string; country: string }>`
    select one.key as text, min(one.value) as country
    from workflow w join policy_version p on p.hash = w.hash,
      jsonb_each_text(p.document #> '{readings,countries}') as one
    group by one.key having count(distinct one.value) = 1 order by one.key`.execute(trx)
  return Object.fromEntries(rows.map(({ text, country }) => [text, country]))
}

/**
 * Makes the match keys of the next records again, of whichever connection waits for it: a record is compared with those of
 * all connections, so none is decided before all are done. True: there are more.
 */
export async function makeNextMatchKeys(db: Database, atOnce = MADE_AT_ONCE): Promise<boolean> {
  for (let batch = 0; batch < IN_A_ROW; batch++) {
    if (!(await isAnyWaiting(db))) return false
    await makeOneBatch(db, atOnce)
  }
  return isAnyWaiting(db)
}

/** Nearly always there is nothing, and this is asked before every batch of decisions. */
async function isAnyWaiting(db: Database): Promise<boolean> {
  const { rows } = await sql`select 1 from ${WAITING} limit 1`.execute(db)
  return rows.length > 0
}

async function makeOneBatch(db: Database, atOnce: number): Promise<void> {
  await inTransaction(db, async (trx) => {
    const { rows } = await sql<{ id: string; objectType: string; recordId: string }>`
      select v.connection_id as id, v.object_type as "objectType", v.record_id as "recordId" from ${WAITING}
      order by v.connection_id limit 1 for update of v`.execute(trx)
    const [place] = rows
    if (place === undefined) return
    const countries = await countriesInForce(trx)
    const records = await recordsAfter(trx, place, atOnce)
    await saveKeys(
      trx,
      place.id,
      records.flatMap(({ record, held }) => {
        const made = keysOf(record, countries)
        if (made === null) return []
        return isSame(held, [...made.keys, ...made.links]) ? [] : [{ record, ...made }]
      }),
    )
    const last = records.length < atOnce ? undefined : records.at(-1)?.record
    await sql`update match_key_version set object_type = ${last?.objectType ?? null}, record_id = ${last?.recordId ?? null}
      where connection_id = ${place.id}`.execute(trx)
  })
}

const WAITING = sql`match_key_version v
  join connection c on c.id = v.connection_id and c.status <> 'disconnected' and v.object_type is not null`

type HeldKeys = { readonly record: CrmRecord; readonly held: readonly string[] }

async function recordsAfter(
  trx: Kysely<Tables>,
  place: { readonly id: string; readonly objectType: string; readonly recordId: string },
  limit: number,
): Promise<HeldKeys[]> {
  const { rows } = await sql<Parameters<typeof toRecord>[0] & { held: string[] }>`
    select ${COLUMNS}, array(select k.key from match_key k where k.connection_id = r.connection_id
      and k.object_type = r.object_type and k.record_id = r.record_id) as held
    from ${FROM}
    where r.connection_id = ${place.id} and (r.object_type, r.record_id) > (${place.objectType}, ${place.recordId})
    order by r.object_type, r.record_id limit ${limit}
    for update of r`.execute(trx)
  return rows.map((row) => ({ record: toRecord(row), held: row.held }))
}

type MadeKeys = { readonly keys: readonly string[]; readonly links: readonly string[] }

/**
 * None of a record that is gone, as when its events are applied. Null: a value of it cannot be read at all, so it keeps the
 * keys that it has and holds up no other record.
 */
function keysOf(record: CrmRecord, countries: Readings['countries']): MadeKeys | null {
  if (record.deleted || record.mergedInto !== null || !isKnownCrm(record.crm)) return { keys: [], links: [] }
  try {
    return { keys: matchKeys(record, countries), links: linkKeys(record) }
  } catch {
    return null
  }
}

function isSame(held: readonly string[], made: readonly string[]): boolean {
  const all = new Set(held)
  return all.size === new Set(made).size && made.every((key) => all.has(key))
}

async function saveKeys(
  trx: Kysely<Tables>,
  connectionId: string,
  changed: readonly (MadeKeys & { readonly record: CrmRecord })[],
): Promise<void> {
  if (changed.length === 0) return
  const rows = changed.map(({ record: { objectType: t, recordId: r }, keys: k, links: l }) => ({ t, r, k, l }))
  await sql`
    with w as materialized (
      select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x(t text, r text, k text[], l text[])
    ), gone as (
      delete from match_key m using w
      where m.connection_id = ${connectionId} and m.object_type = w.t and m.record_id = w.r and not (m.key = any(w.k || w.l))
    ), added as (
      insert into match_key (key, connection_id, object_type, record_id)
      select key, ${connectionId}, w.t, w.r from w, unnest(w.k || w.l) as key order by 1
      on conflict do nothing
    )
    update record r set keys = w.k from w
    where r.connection_id = ${connectionId} and r.object_type = w.t and r.record_id = w.r`.execute(trx)
}
