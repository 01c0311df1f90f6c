import type { ChangeEvent, ConnectionId, FieldText } from '../change-event.ts'
import type { CrmRecord, FieldStamp, OwnerChange } from '../crm-record.ts'

/** A record while events are folded into it. */
export type Draft = {
  connectionId: ConnectionId
  objectType: string
  recordId: string
  values: Record<string, FieldText>
  stamps: Record<string, FieldStamp>
  ownerHistory: readonly OwnerChange[]
  /** Of two changes of one millisecond the CRM says which came later. */
  readonly isOrdered: boolean
}

export function emptyDraft(events: readonly ChangeEvent[], isOrdered: boolean): Draft {
  const first = events[0]
  if (first === undefined) throw new RangeError('Cannot fold: no record and no events, so there is nothing to name')
  const { connectionId, objectType, recordId } = first
  return { connectionId, objectType, recordId, values: {}, stamps: {}, ownerHistory: [], isOrdered }
}

export function draftOf(record: CrmRecord, isOrdered: boolean): Draft {
  const { connectionId, objectType, recordId, ownerHistory } = record
  return {
    connectionId,
    objectType,
    recordId,
    values: { ...record.values },
    stamps: { ...record.stamps },
    ownerHistory,
    isOrdered,
  }
}
