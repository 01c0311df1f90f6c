import { type Kysely, sql } from 'kysely'
import { emailFields } from '../../model/matching/keys.ts'
import type { ConnectionId, Crm } from '../../model/record/change-event.ts'
import { crmProfile, isKnownCrm } from '../../model/record/crm-profile.ts'
import type { CrmRecord } from '../../model/record/crm-record.ts'
import { type MissingInput, Unknown, WHOLE_RECORD, type WhyUnknown } from '../../model/record/knowledge.ts'
import { objectShape } from '../../model/record/object-shape.ts'
import { isOwnField } from '../../model/record/own-fields.ts'
import type { FieldDrift } from '../../model/record/schema-drift.ts'
import type { Tables } from '../database/tables.ts'

/**
 * What of each object nobody can see, whichever record it is. One small row per connection and object.
 */
export type UnseenObjects = {
  /** Why this field of the object, or the object as a whole, cannot be judged. Null: it can. */
  why(connectionId: string, objectType: string, field: string): WhyUnknown | null
  /**
   * The fields by which records are matched and that cannot be judged, of every connection that is compared with: one that
   * is still imported makes no record of another doubtful.
   */
  readonly keys: readonly MissingInput[]
}

type Row = {
  connection_id: string
  crm: Crm
  object_type: string
  unreadable: string[]
  undescribed: string[]
  drift: readonly FieldDrift[]
  is_refused: boolean
  is_joined: boolean
}

export async function unseenObjects(db: Kysely<Tables>): Promise<UnseenObjects> {
  const { rows } = await sql<Row>`
    select s.connection_id, c.crm, s.object_type, s.unreadable, s.undescribed, s.drift, s.refused_since is not null as is_refused,
      c.joined_at is not null as is_joined
    from object_schema s join connection c on c.id = s.connection_id
    where cardinality(s.unreadable) > 0 or s.refused_since is not null or s.drift <> '[]'::jsonb`.execute(db)
  const byObject = new Map(rows.map((row) => [`${row.connection_id}/${row.object_type}`, row]))
  return {
    why(connectionId, objectType, field) {
      const row = byObject.get(`${connectionId}/${objectType}`)
      return row === undefined ? null : whyUnseen(row, field)
    },
    keys: rows.filter((row) => row.is_joined).flatMap(unseenKeys),
  }
}

function whyUnseen(
  { crm, object_type, unreadable, undescribed, drift, is_refused }: Row,
  field: string,
): WhyUnknown | null {
  if (is_refused) return 'refused'
  // A value that left a list makes only the records doubtful that hold it.
  const drifted = drift.find((one) => one.field === field && one.kind !== 'option-removed')
  if (drifted !== undefined || !unreadable.includes(field)) return drifted?.kind ?? null
  return undescribed.includes(field) && isKnownCrm(crm) && !isOwnField(crm, object_type, field)
    ? 'no-such-field'
    : 'hidden'
}

/** Null: the deals of the account are all that there are. */
export function unseenDeals(
  { connectionId, crm }: Pick<CrmRecord, 'connectionId' | 'crm'>,
  dealObject: string | null,
  unseen: UnseenObjects,
): Unknown | null {
  if (dealObject === null) return null
  // Without the reference nobody can tell of which account a deal is.
  const link = objectShape(crm, dealObject)?.account ?? WHOLE_RECORD
  const why = unseen.why(connectionId, dealObject, link)
  if (why === null) return null
  const field = why === 'refused' ? WHOLE_RECORD : link
  return new Unknown([{ connectionId, crm, objectType: dealObject, field, why, name: dealObject }])
}

function unseenKeys(row: Row): MissingInput[] {
  const shape = isKnownCrm(row.crm) ? crmProfile(row.crm).objects[row.object_type] : undefined
  if (shape === undefined || (shape.about !== 'person' && shape.about !== 'account')) return []
  const object = { connectionId: row.connection_id as ConnectionId, crm: row.crm, objectType: row.object_type }
  if (row.is_refused) return [{ ...object, field: WHOLE_RECORD, why: 'refused', name: row.object_type }]
  const ofPersons = shape.asPerson === undefined ? [] : [shape.asPerson.email, ...shape.asPerson.phones]
  const ofShape = shape.about === 'person' ? emailFields(shape) : [shape.domain]
  const byKey = [...ofShape, ...shape.phones, ...ofPersons]
  return byKey.flatMap((field) => {
    const why = field === null ? null : whyUnseen(row, field)
    return field === null || why === null ? [] : [{ ...object, field, why, name: `${row.object_type}.${field}` }]
  })
}
