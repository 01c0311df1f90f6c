import type { ChangeEvent } from '../../model/record/change-event.ts'

type Found = Pick<ChangeEvent, 'connectionId' | 'dedupeKey' | 'objectType' | 'recordId' | 'kind' | 'occurredAtMs'> &
  Partial<Pick<ChangeEvent, 'fields'>>

/** What nobody told and we found out by asking: that something happened to a record, without saying who did it. */
export function foundEvent(found: Found): ChangeEvent {
  return {
    fields: {},
    ...found,
    order: 0,
    complete: false,
    source: 'poll',
    actor: { kind: 'unknown', id: null, ours: false },
  }
}
