import type { StoredRecord } from '../portal/stored-record.ts'

/** What a person would call the record. */
export function recordTitle(record: StoredRecord): string {
  const { firstname, lastname, email, name, domain, dealname, hs_task_subject } = record.properties
  const personName = [firstname, lastname].filter(Boolean).join(' ')
  return personName || name || dealname || hs_task_subject || email || domain || `${record.type} ${record.id}`
}
