import type { Generated, GeneratedAlways } from 'kysely'
import type { ChangeActor, ChangeKind, ChangeSource, FieldText } from '../../../model/record/change-event.ts'
import type { OwnerChange } from '../../../model/record/crm-record.ts'
import type { Instant, InstantDefault, InstantOrNull, Json, JsonOrNull } from './column-types.ts'

export type ChangeEventTable = {
  id: GeneratedAlways<number>
  connection_id: string
  dedupe_key: string
  object_type: string
  record_id: string
  kind: ChangeKind
  occurred_at_ms: number
  event_order: number
  fields: Json<Record<string, FieldText>>
  field_changed: JsonOrNull<Record<string, number>>
  owner_history: JsonOrNull<OwnerChange[]>
  answers_until_ms: number | null
  complete: boolean
  merged_ids: string[] | null
  source: ChangeSource
  actor: Json<ChangeActor>
  received_at: InstantDefault
  state: Generated<'received' | 'applied' | 'skipped' | 'failed'>
  skip_reason: string | null
  attempts: Generated<number>
  retry_at: InstantOrNull
  applied_version: number | null
}

export type EventTallyTable = {
  connection_id: string
  /** A calendar day as text, in UTC. */
  day: string
  object_type: string
  source: ChangeSource
  state: 'applied' | 'skipped' | 'failed'
  reason: Generated<string>
  n: number
}

export type MissedChangeTable = {
  connection_id: string
  object_type: string
  record_id: string
  modified_at_ms: number
  found_at: InstantDefault
}

export type MissedEventsTable = {
  connection_id: string
  n: number
  first_change_ms: number
  last_change_ms: number
  found_at: Instant
}

export type PollCursorTable = {
  connection_id: string
  object_type: string
  modified_until_ms: number
  last_run_at: InstantOrNull
  last_found: Generated<number>
  cursor: string | null
  since_ms: number | null
  latest_ms: number | null
}

export type EventTallyCursorTable = { connection_id: string; after_id: Generated<number> }
