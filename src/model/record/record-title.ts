import type { CrmRecord } from './crm-record.ts'
import { objectShape } from './object-shape.ts'

/** How a person would name the record: "Jane Doe", "Acme GmbH", or "lead 00Q5..." when it has no name. */
export function recordTitle(record: CrmRecord): string {
  const shape = objectShape(record.crm, record.objectType)
  if (!shape) return `${record.objectType} ${record.recordId}`
  const named = shape.name
    .map((field) => record.values[field]?.trim() ?? '')
    .filter((part) => part !== '')
    .join(' ')
  if (named !== '') return named
  const email = shape.email === null ? null : record.values[shape.email]
  return email ?? `${shape.noun} ${record.recordId}`
}
