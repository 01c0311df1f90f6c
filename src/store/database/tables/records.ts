import type { Generated, GeneratedAlways } from 'kysely'
import type { Crm, FieldText } from '../../../model/record/change-event.ts'
import type { FieldStamp, OwnerChange } from '../../../model/record/crm-record.ts'
import type { WhyUnknown } from '../../../model/record/knowledge.ts'
import type { FieldDrift } from '../../../model/record/schema-drift.ts'
import type {
  Instant,
  InstantDefault,
  InstantOrNull,
  Json,
  JsonAlways,
  JsonDefault,
  JsonOrNull,
} from './column-types.ts'

export type RecordTable = {
  connection_id: string
  object_type: string
  record_id: string
  values: Json<Record<string, FieldText>>
  stamps: Json<Record<string, FieldStamp>>
  owner_history: JsonDefault<OwnerChange[]>
  task_closed_at_ms: number | null
  owner_id: string | null
  account_id: string | null
  keys: Generated<string[]>
  deleted: Generated<boolean>
  merged_into: string | null
  needs_read: string | null
  read_after: InstantOrNull
  read_attempts: Generated<number>
  dirty_since: InstantOrNull
  touched_at: InstantOrNull
  in_step_with: JsonDefault<Record<string, number>>
  unseen_since: InstantOrNull
  unseen_look_at: InstantOrNull
  updated_at: InstantDefault
  version: Generated<number>
}

export type MatchKeyTable = { key: string; connection_id: string; object_type: string; record_id: string }

/** What the CRM adapters hand over as a field's schema; spelled out here because the store does not know them. */
export type StoredField = {
  readonly name: string
  readonly label: string
  readonly type: 'text' | 'number' | 'boolean' | 'instant' | 'day' | 'picklist' | 'multi-picklist' | 'reference'
  readonly options: readonly string[]
  readonly writable: boolean
}

export type ObjectSchemaTable = {
  connection_id: string
  object_type: string
  fields: Json<StoredField[]>
  unreadable: Generated<string[]>
  /** Made by the database of the two above: names of fields that hold several values, and of those that it does not describe. */
  lists: JsonAlways<string[]>
  undescribed: GeneratedAlways<string[]>
  drift: JsonDefault<FieldDrift[]>
  asked: string[] | null
  read_at: InstantDefault
  refused_since: InstantOrNull
}

/** Which records the CRM assigns to which territory, as last read. */
export type TerritoryAssignmentTable = {
  connection_id: string
  assignment_id: string
  object_type: string
  record_id: string
  territory_id: string
}

/** How far the reading of assignments is. */
export type AssignmentPlace = {
  /** Null: no model is active. */
  readonly modelId: string | null
  /** A digest of what was told by: which objects, and what the territories are called. */
  readonly told: string
  /**
   * `forget`: what was read of before goes. `read`: everything, from the start. `tell`: every record is compared. `follow`:
   * what changed since.
   */
  readonly phase: 'forget' | 'read' | 'tell' | 'follow'
  /** Where the next page of everything begins. */
  readonly cursor: string | null
  readonly madeSinceMs: number
  readonly deletedSinceMs: number
  /** The last record that was compared with what it is assigned to. */
  readonly compared: { readonly objectType: string; readonly recordId: string }
}

/** Of a connection that joined the others, how far their matching records were marked. */
export type JoinQueueTable = {
  connection_id: string
  object_type: Generated<string>
  record_id: Generated<string>
}

export type RedecideQueueTable = {
  connection_id: string
  object_type: Generated<string>
  record_id: Generated<string>
}

/** Which version of our code made the match keys, and how far an upgrade has made them again. Nulls: it is done. */
export type MatchKeyVersionTable = {
  connection_id: string
  reading_version: string
  object_type: string | null
  record_id: string | null
}

export type AssignmentPollTable = { connection_id: string; version: number; place: Json<AssignmentPlace> }

/** Records that the CRM no longer has, without a reason. Checked once more later. */
export type UnknownInputTable = {
  id: GeneratedAlways<number>
  connection_id: string
  crm: Crm
  object_type: string
  field: string
  why: WhyUnknown
  held: Generated<number>
  held_since: InstantOrNull
  look_at: InstantOrNull
  exception_id: number | null
}

export type HeldRecordTable = {
  connection_id: string
  object_type: string
  record_id: string
  input_id: number
  workflows: string[]
  since: InstantDefault
}

/** When a record is decided again although nothing happens to it, and why. */
export type WakeUpTable = {
  connection_id: string
  object_type: string
  record_id: string
  workflow: string
  reason: string
  at: Instant
}

export type VanishedRecordTable = {
  connection_id: string
  object_type: string
  record_id: string
  found_at: InstantDefault
}

export type MarkQueueTable = {
  connection_id: string
  marked_by: 'owner' | 'account' | 'key' | 'case-owner'
  value: string
  object_type: string
  after_id: Generated<string>
}

/** Each change of what decisions rest on besides records. */
export type ObservedTable = {
  id: Generated<number>
  at: InstantDefault
  connection_id: string
  kind: 'user' | 'schema' | 'connection' | 'assignment'
  subject: string
  value: JsonOrNull<Record<string, unknown>>
}
