import type { CrmRecord } from './crm-record.ts'
import { knownValue } from './field-value.ts'
import { type Truth, Unknown, WHOLE_RECORD } from './knowledge.ts'
import { objectShape } from './object-shape.ts'

/** There to be worked: neither deleted, merged away nor converted. */
export function isLive(record: CrmRecord): Truth {
  if (record.deleted || record.mergedInto !== null) return false
  if (record.isUnseen) return notVisible(record)
  const converted = isConverted(record)
  return converted instanceof Unknown ? converted : !converted
}

/** Nothing of the record can be judged now, whatever we knew of it. */
export function notVisible(record: CrmRecord): Unknown {
  const { connectionId, crm, objectType, recordId } = record
  const why = record.isRefused ? 'refused' : 'not-visible'
  return new Unknown([{ connectionId, crm, objectType, field: WHOLE_RECORD, why, name: objectType, recordId }])
}

/** A lead that became a contact and an account, which speak for it from then on. */
export function isConverted(record: CrmRecord): Truth {
  const shape = objectShape(record.crm, record.objectType)
  if (shape?.about !== 'person' || shape.closedFlag === null) return false
  const flag = knownValue(record, shape.closedFlag)
  return flag instanceof Unknown ? flag : flag === 'true'
}
