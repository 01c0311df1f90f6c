import type { ChangeEvent } from '../../model/record/change-event.ts'

type Found = Pick<ChangeEvent, 'connectionId' | 'dedupeKey' | 'objectType' | 'recordId' | 'kind' | 'occurredAtMs'> &
  Partial<Pick<ChangeEvent, 'fields'>>

/** An event for a change that we found by polling: it says what happened to a record, and not who did it. */
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
