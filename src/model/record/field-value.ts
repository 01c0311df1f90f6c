import type { CrmRecord } from './crm-record.ts'
import { type Known, type MissingInput, Unknown, WHOLE_RECORD, type WhyUnknown } from './knowledge.ts'
import { isBlankText } from './visible-text.ts'

/**
 * What is known of one field of a record: its value, null for blank, or why neither is known. `name` is how the record
 * that is decided calls the field.
 */
export function knownValue(record: CrmRecord, field: string, name: string = field): Known {
  const why = isWhollyKnown(record) ? null : whyUnknown(record, field)
  if (why !== null) return new Unknown([missingField(record, field, why, name)])
  const value = record.values[field]
  return value === undefined || value === null || isBlankText(value) ? null : value
}

/** Null: the field is known. */
export function whyUnknown(
  { unreadable, undescribed, drifted, isRefused }: CrmRecord,
  field: string,
): WhyUnknown | null {
  const isUnreadable = unreadable.has(field)
  if (isRefused && isUnreadable) return 'refused'
  const why = drifted?.get(field)
  if (why !== undefined || !isUnreadable) return why ?? null
  return undescribed?.has(field) ? 'no-such-field' : 'hidden'
}

/** The gap in the knowledge of one record's field. */
export function missingField(record: CrmRecord, field: string, why: WhyUnknown, name: string = field): MissingInput {
  const { connectionId, crm, objectType, recordId } = record
  if (why === 'refused') return { connectionId, crm, objectType, field: WHOLE_RECORD, why, name: objectType, recordId }
  return { connectionId, crm, objectType, field, why, name, recordId }
}

/** As nearly always: no field of it is hidden, unread or changed in its meaning. */
export function isWhollyKnown({ unreadable, drifted }: CrmRecord): boolean {
  return unreadable.size === 0 && (drifted === undefined || drifted.size === 0)
}

/** Those of these fields that are not known; null: all of them are. Null fields are skipped. */
export function unknownAmong(record: CrmRecord, fields: readonly (string | null)[], prefix = ''): Unknown | null {
  if (isWhollyKnown(record)) return null
  return Unknown.of(
    fields.flatMap((field) => {
      const why = field === null ? null : whyUnknown(record, field)
      return field === null || why === null ? [] : [missingField(record, field, why, `${prefix}${field}`)]
    }),
  )
}
