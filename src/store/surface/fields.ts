import { sql } from 'kysely'
import { fieldsNeeded } from '../../model/patterns/contract/fields-needed.ts'
import { fieldsOf } from '../../model/patterns/registry.ts'
import type { Policy } from '../../model/policy/policy.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import type { FieldCount, SourceOfObject, SurfaceConnection } from '../../model/surface/surface.ts'
import type { DatabaseTransaction } from '../database/database.ts'

const SOURCES_MAX = 8

type Wanted = { readonly crm: string; readonly object: string; readonly field: string; readonly isRequired: boolean }

/** Every field that a running workflow asks to be there or to be fresh, also those without a case. */
export async function readFields(
  trx: DatabaseTransaction,
  connections: readonly SurfaceConnection[],
  policies: readonly Policy[],
): Promise<FieldCount[]> {
  const wanted = wantedFields(policies)
  if (wanted.length === 0) return []
  const broken = await readBroken(trx)
  const found: FieldCount[] = []
  for (const connection of connections) {
    const ofCrm = wanted.filter(({ crm }) => crm === connection.crm)
    for (const [objectType, fields] of Map.groupBy(ofCrm, ({ object }) => object)) {
      const { known, blank, unreadable } = await countBlank(trx, connection.id, objectType, fields)
      const ofObject = fields.map(({ field, isRequired }, n): FieldCount => {
        const cases = broken.get(`${connection.id}/${objectType}/${field}`)
        return {
          connection: connection.title,
          crm: connection.crm,
          objectType,
          field,
          missing: cases?.missing ?? 0,
          stale: cases?.stale ?? 0,
          blank: blank[n]!,
          records: known[n]!,
          isRequired,
          isUnreadable: unreadable.has(field),
        }
      })
      found.push(...ofObject.sort((a, b) => b.missing + b.stale - a.missing - a.stale || (a.field < b.field ? -1 : 1)))
    }
  }
  return found
}

/** Open cases about a field, by connection, object and field. */
async function readBroken(
  trx: DatabaseTransaction,
): Promise<Map<string, { readonly missing: number; readonly stale: number }>> {
  const { rows } = await sql<{
    connection_id: string
    object_type: string
    field: string
    missing: number
    stale: number
  }>`
    -- the subject of such a case is its record and then the field, see Finding.detail
    select connection_id, object_type,
           substr(subject, length(connection_id) + length(object_type) + length(record_id) + 4) as field,
           count(*) filter (where pattern = 'missing-field') as missing,
           count(*) filter (where pattern = 'stale-field') as stale
    from exception where status = 'open' and pattern in ('missing-field', 'stale-field') group by 1, 2, 3`.execute(trx)
  return new Map(rows.map((row) => [`${row.connection_id}/${row.object_type}/${row.field}`, row]))
}

/**
 * One look at each record for all fields of its object: a row per record and field would be millions. A record of which
 * not even a blank was said has not been read since the field was asked for, and is neither blank nor filled.
 */
async function countBlank(
  trx: DatabaseTransaction,
  connectionId: string,
  objectType: string,
  fields: readonly Wanted[],
): Promise<{
  readonly known: readonly number[]
  readonly blank: readonly number[]
  readonly unreadable: ReadonlySet<string>
}> {
  const known = fields.map(({ field }) => sql`count(*) filter (where values ? ${field})`)
  const blank = fields.map(
    ({ field }) => sql`count(*) filter (where values ? ${field} and coalesce(btrim(values->>${field}), '') = '')`,
  )
  const { rows } = await sql<{ known: number[]; blank: number[]; unreadable: string[] | null }>`
    select array[${sql.join(known)}]::bigint[] as known, array[${sql.join(blank)}]::bigint[] as blank,
           (select s.unreadable from object_schema s where s.connection_id = ${connectionId}
             and s.object_type = ${objectType}) as unreadable
    from record where connection_id = ${connectionId} and object_type = ${objectType}
      and not deleted and merged_into is null`.execute(trx)
  const row = rows[0]!
  return { known: row.known, blank: row.blank, unreadable: new Set(row.unreadable ?? []) }
}

function wantedFields(policies: readonly Policy[]): Wanted[] {
  const wanted = new Map<string, Wanted>()
  for (const policy of policies) {
    for (const setting of policy.patterns) {
      if (setting.pattern !== 'missing-field' && setting.pattern !== 'stale-field') continue
      for (const { crm, object } of setting.only ? [setting.only] : policy.objects) {
        for (const field of fieldsOf(setting).read) {
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
      const field = crmProfile(connection.crm).sourceFields[objectType] ?? null
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
