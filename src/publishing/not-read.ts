import type { CrmRecord } from '../model/record/crm-record.ts'

/**
 * The record as a draft sees it that looks at these fields: one of which not even a blank was said was never read, so nobody knows
 * that it is blank. What is in force asks for its fields; a draft does only once it is approved.
 */
export function withNotRead(record: CrmRecord, fields: readonly string[]): CrmRecord {
  const unread = fields.filter((field) => !Object.hasOwn(record.values, field) && !record.unreadable.has(field))
  if (unread.length === 0) return record
  const drifted = new Map([...(record.drifted ?? []), ...unread.map((field) => [field, 'not-read'] as const)])
  return { ...record, unreadable: new Set([...record.unreadable, ...unread]), drifted }
}
