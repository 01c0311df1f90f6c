import type { CrmRecord } from './crm-record.ts'
import { objectShape } from './object-shape.ts'

/** There to be worked: neither deleted, merged away nor converted. */
export function isLive(record: CrmRecord): boolean {
  return !record.deleted && record.mergedInto === null && !isConverted(record)
}

/** A lead that became a contact and an account, which speak for it from then on. */
export function isConverted(record: CrmRecord): boolean {
  const shape = objectShape(record.crm, record.objectType)
  return shape?.about === 'person' && shape.closedFlag !== null && record.values[shape.closedFlag] === 'true'
}
