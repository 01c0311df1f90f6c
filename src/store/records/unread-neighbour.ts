import { sql } from 'kysely'
import type { CrmRecord } from '../../model/record/crm-record.ts'
import { type MissingInput, WHOLE_RECORD, type WhyUnknown } from '../../model/record/knowledge.ts'
import type { toRecord } from './read-records.ts'

/** Why a record is read of which nothing is known but that it is there. */
export const FIRST_SIGHT = 'first-sight'

/**
 * Why a row says nothing of its record; null: it does. One of which only a first event is known: who made it when, or who
 * owns it, is still to be read, and taking it for a neighbor would hold the older record against a younger one. One that
 * the CRM does not show us any more: our copy may be outdated.
 */
export const NOT_READ = sql`case when r.unseen_since is not null then 'not-visible'
  when r.needs_read = 'first-sight' then 'not-read' end`

export type GapRow = Parameters<typeof toRecord>[0] & { readonly gap: 'not-read' | 'not-visible' | null }

export function missingMatch({ connectionId, crm, objectType, recordId }: CrmRecord, why: WhyUnknown): MissingInput {
  return { connectionId, crm, objectType, field: WHOLE_RECORD, why, name: objectType, recordId }
}
