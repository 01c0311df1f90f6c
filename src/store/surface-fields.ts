import { sql } from 'kysely'
import { fieldsNeeded } from '../model/policy/fields.ts'
import type { Policy } from '../model/policy/policy.ts'
import type { FieldCount, SourceOfObject, SurfaceConnection } from '../model/surface/surface.ts'
import type { DatabaseTransaction } from './database.ts'

const SOURCES_MAX = 8

/** Where each CRM itself says how a record came in. Custom fields may say it too, but nothing tells us which. */
const SOURCE_FIELD: Readonly<Record<string, string>> = {
  'hubspot.contacts': 'hs_analytics_source',
  'hubspot.companies': 'hs_analytics_source',
  'hubspot.deals': 'hs_analytics_source',
  'salesforce.Lead': 'LeadSource',
  'salesforce.Contact': 'LeadSource',
  'salesforce.Account': 'AccountSource',
  'salesforce.Opportunity': 'LeadSource',
}

type Wanted = { readonly crm: string; readonly object: string; readonly field: string; readonly isRequired: boolean }

/** Every field that a running workflow asks to be there or to be fresh, also those without a case. */
export async function readFields(
  trx: DatabaseTransaction,
  connections: readonly SurfaceConnection[],
  policies: readonly Policy[],
): Promise<FieldCount[]> {
  const wanted = wantedFields(policies)
  if (wanted.length === 0) return []
  const { rows } = await sql<{
    connection_id: string
    object_type: string
    field: string
    missing: number
    stale: number
    blank: number
    records: number
    is_unreadable: boolean
  }>`
    with wanted as (
      select c.id as connection_id, w.object as object_type, w.field
      from unnest(${wanted.map((w) => w.crm)}::text[], ${wanted.map((w) => w.object)}::text[],
                  ${wanted.map((w) => w.field)}::text[]) as w(crm, object, field)
      join connection c on c.crm = w.crm
    ), filled as (
      select w.connection_id, w.object_type, w.field, count(r.record_id) as records,
             count(r.record_id) filter (where coalesce(btrim(r.values->>w.field), '') = '') as blank
      from wanted w
      left join record r on r.connection_id = w.connection_id and r.object_type = w.object_type
        and not r.deleted and r.merged_into is null
      group by 1, 2, 3
    ), broken as (
      -- the subject of such a case is its record and then the field, see Finding.detail
      select connection_id, object_type,
             substr(subject, length(connection_id) + length(object_type) + length(record_id) + 4) as field,
             count(*) filter (where pattern = 'missing-field') as missing,
             count(*) filter (where pattern = 'stale-field') as stale
      from exception where status = 'open' and pattern in ('missing-field', 'stale-field') group by 1, 2, 3
    )
    select f.*, coalesce(b.missing, 0) as missing, coalesce(b.stale, 0) as stale,
           coalesce(f.field = any(s.unreadable), false) as is_unreadable
    from filled f
    left join broken b using (connection_id, object_type, field)
    left join object_schema s using (connection_id, object_type)
    order by connection_id, object_type, coalesce(b.missing, 0) + coalesce(b.stale, 0) desc, field`.execute(trx)
  const required = new Set(wanted.flatMap((w) => (w.isRequired ? [`${w.crm}.${w.object}.${w.field}`] : [])))
  const titleOf = new Map(connections.map((connection) => [connection.id, connection]))
  return rows.map((row) => ({
    connection: titleOf.get(row.connection_id)!.title,
    crm: titleOf.get(row.connection_id)!.crm,
    objectType: row.object_type,
    field: row.field,
    missing: row.missing,
    stale: row.stale,
    blank: row.blank,
    records: row.records,
    isRequired: required.has(`${titleOf.get(row.connection_id)!.crm}.${row.object_type}.${row.field}`),
    isUnreadable: row.is_unreadable,
  }))
}

function wantedFields(policies: readonly Policy[]): Wanted[] {
  const wanted = new Map<string, Wanted>()
  for (const policy of policies) {
    for (const setting of policy.patterns) {
      if (setting.pattern !== 'missing-field' && setting.pattern !== 'stale-field') continue
      for (const { crm, object } of setting.only ? [setting.only] : policy.objects) {
        for (const field of setting.fields) {
          const key = `${crm}.${object}.${field}`
          const isRequired = setting.pattern === 'missing-field' || wanted.get(key)?.isRequired === true
          wanted.set(key, { crm, object, field, isRequired })
        }
      }
    }
  }
  return [...wanted.values()]
}

export async function readSources(
  trx: DatabaseTransaction,
  connections: readonly SurfaceConnection[],
  policies: readonly Policy[],
): Promise<SourceOfObject[]> {
  const found: SourceOfObject[] = []
  for (const connection of connections) {
    for (const { objectType, isWatched, records } of connection.objects) {
      if (!isWatched || records === 0) continue
      const field = SOURCE_FIELD[`${connection.crm}.${objectType}`] ?? null
      const of = { connection: connection.title, crm: connection.crm, objectType, field }
      if (field === null) {
        found.push({ ...of, notRead: 'The CRM has no field of its own for this.', bySource: [] })
        continue
      }
      // Not by what is there: a change event brings along fields that nobody asked for, of the few records that changed.
      const isRead = fieldsNeeded(policies, connection.crm, objectType).fields.includes(field)
      found.push(
        isRead
          ? { ...of, notRead: null, bySource: await countSources(trx, connection.id, objectType, field) }
          : {
              ...of,
              notRead: `${field} is not read: no workflow names it, and Lanekeeper reads only what a workflow needs.`,
              bySource: [],
            },
      )
    }
  }
  return found
}

async function countSources(trx: DatabaseTransaction, connectionId: string, objectType: string, field: string) {
  const { rows } = await sql<{ source: string | null; records: number; weak: number }>`
    with weak as (
      select distinct record_id from exception where status = 'open' and pattern in ('missing-field', 'stale-field')
        and connection_id = ${connectionId} and object_type = ${objectType}
    )
    select nullif(btrim(r.values->>${field}), '') as source, count(*) as records, count(w.record_id) as weak
    from record r left join weak w on w.record_id = r.record_id
    where r.connection_id = ${connectionId} and r.object_type = ${objectType} and not r.deleted and r.merged_into is null
    group by 1 order by 3 desc, 2 desc, 1 limit ${SOURCES_MAX}`.execute(trx)
  return rows.map(({ source, records, weak }) => ({ source: source ?? 'not said', records, weak }))
}
