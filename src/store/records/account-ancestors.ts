import { type Kysely, sql } from 'kysely'
import { FAMILY_LEVELS_MAX } from '../../model/matching/account-family.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import { type CrmRecord, refKey } from '../../model/record/crm-record.ts'
import type { Match } from '../../model/record/neighbours.ts'
import { objectShape } from '../../model/record/object-shape.ts'
import type { Tables } from '../database/tables.ts'
import { COLUMNS, FROM, toRecord } from './read-records.ts'
import type { NeighbourQuery } from './record-accounts.ts'
import { type GapRow, NOT_READ } from './unread-neighbour.ts'

/**
 * What is stored of the accounts above those that are compared: parents of parents, one statement for the whole batch. One
 * that was never read is left out, because a stub without a parent would end the family there.
 */
export async function readAncestors(
  db: Kysely<Tables>,
  connectionId: string,
  queries: readonly NeighbourQuery[],
  matchesOf: (query: NeighbourQuery) => readonly Match[],
): Promise<ReadonlyMap<string, CrmRecord>> {
  const parents = new Set<string>()
  let shaped: { readonly objectType: string; readonly field: string } | null = null
  for (const query of queries) {
    if (!query.isAccount) continue
    const { crm, objectType } = query.record
    const field = objectShape(crm, objectType)?.parent ?? null
    const kin = matchesOf(query).filter(({ record }) => isComparable(record, query.record))
    if (field === null || objectType !== crmProfile(crm).accountObject || kin.length === 0) continue
    shaped = { objectType, field }
    for (const { values } of [query.record, ...kin.map(({ record }) => record)]) {
      const parent = values[field] ?? null
      if (parent !== null) parents.add(parent)
    }
  }
  if (shaped === null || parents.size === 0) return new Map()
  const { rows } = await sql<GapRow>`
    with recursive up (record_id, level) as (
      select unnest(${[...parents]}::text[]), 1
      union
      select coalesce(a.merged_into, a.values->>${shaped.field}), up.level + 1
      from up join record a on a.connection_id = ${connectionId} and a.object_type = ${shaped.objectType}
        and a.record_id = up.record_id
      where up.level < ${FAMILY_LEVELS_MAX} and coalesce(a.merged_into, a.values->>${shaped.field}) is not null
    )
    select ${COLUMNS}, ${NOT_READ} as gap from (select distinct record_id from up) wanted
    join ${FROM} on r.connection_id = ${connectionId} and r.object_type = ${shaped.objectType}
      and r.record_id = wanted.record_id`.execute(db)
  const read = rows.filter(({ gap }) => gap !== 'not-read').map(toRecord)
  return new Map(read.map((record) => [refKey(record), record]))
}

/** Only accounts of one connection can be parents of each other. */
function isComparable(other: CrmRecord, record: CrmRecord): boolean {
  return other.connectionId === record.connectionId && other.objectType === record.objectType
}
