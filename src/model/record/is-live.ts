import type { CrmRecord } from './crm-record.ts'
import { knownValue } from './field-value.ts'
import { type Truth, Unknown } from './knowledge.ts'
import { objectShape } from './object-shape.ts'

/** There to be worked: neither deleted, merged away nor converted. */
export function isLive(record: CrmRecord): Truth {
  if (record.deleted || record.mergedInto !== null) return false
  const converted = isConverted(record)
  return converted instanceof Unknown ? converted : !converted
}

/** A lead that became a contact and an account, which speak for it from then on. */
export function isConverted(record: CrmRecord): Truth {
  const shape = objectShape(record.crm, record.objectType)
  if (shape?.about !== 'person' || shape.closedFlag === null) return false
  const flag = knownValue(record, shape.closedFlag)
  return flag instanceof Unknown ? flag : flag === 'true'
}
