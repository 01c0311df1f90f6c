import { type Kysely, sql } from 'kysely'
import type { CrmRecord } from '../../model/record/crm-record.ts'
import type { Tables } from '../database/tables.ts'

/**
 * Which version of a record an object shows. Beside the record and not in it: what is decided must not depend on how often
 * a record was saved.
 */
const versions = new WeakMap<CrmRecord, number>()

export function noteVersion(version: number, record: CrmRecord): CrmRecord {
  versions.set(record, version)
  return record
}

/** Null: the object was made from another, as the record is after a write of ours that its CRM has not told yet. */
export function versionOf(record: CrmRecord): number | null {
  return versions.get(record) ?? null
}

/** The last change of users, schemas, connections and assignments that is committed, by its number; 0 where there is none. */
export async function lastObserved(db: Kysely<Tables>): Promise<number> {
  const { rows } = await sql<{ id: number }>`select coalesce(max(id), 0) as id from observed`.execute(db)
  return rows[0]!.id
}
