import type { Generated, GeneratedAlways } from 'kysely'
import type { ExceptionClass, Posture } from '../../../model/classes/class.ts'
import type { Staff } from '../../../model/people/staff.ts'
import type { ModeSet } from '../../../model/policy/mode-set.ts'
import type { Mode, PatternName, PolicyOwners } from '../../../model/policy/policy.ts'
import type { FieldText } from '../../../model/record/change-event.ts'
import type { RecordRef } from '../../../model/record/crm-record.ts'
import type { Instant, InstantDefault, InstantOrNull, Json, JsonDefault, JsonOrNull } from './column-types.ts'

export type CrmUserTable = {
  connection_id: string
  user_id: string
  kind: string
  email: string | null
  name: string
  active: boolean
  active_members: Generated<number | null>
  time_zone: string | null
  seen_at: InstantDefault
  unlisted_since: InstantOrNull
  answered_at: InstantOrNull
  gone_at: InstantOrNull
  frozen: boolean | null
  integration: boolean | null
  members: string[] | null
  territories: string[] | null
  login_id: string | null
}

export type UserCheckTable = {
  connection_id: string
  user_id: string
  held: Generated<boolean>
  said_gone: Generated<boolean>
  attempts: Generated<number>
  ask_after: InstantDefault
  since: InstantDefault
  answered_at: InstantOrNull
  problem: string | null
}

export type PolicyVersionTable = {
  hash: string
  workflow: string
  document: Json<unknown>
  source: string
  stored_at: InstantDefault
}

/** A policy as the code of its time reads it. */
export type WorkflowVersionTable = {
  id: GeneratedAlways<number>
  workflow: string
  hash: string
  reading_version: string
  first_at: InstantDefault
  raise_id: Generated<number>
}

export type BacklogWriteTable = {
  id: GeneratedAlways<number>
  connection_id: string
  object_type: string
  record_id: string
  workflow: string
  version_id: number
  since: InstantDefault
  look_at: InstantDefault
  from_id: string | null
  to_id: string | null
  branch: string | null
  seen_by: number | null
}

export type BacklogApplicationTable = {
  id: GeneratedAlways<number>
  workflow: string
  version_id: number
  up_to: number
  cap: number
  per_hour: number
  seen: Json<unknown>
  started_by: string
  started_at: InstantDefault
  state: Generated<'running' | 'stopped' | 'done' | 'superseded'>
  ended_at: InstantOrNull
  ended_by: string | null
}

export type ModeChangeTable = {
  id: GeneratedAlways<number>
  workflow: string
  mode: Mode
  pilot: JsonOrNull<ModeSet['pilot']>
  is_raise: boolean
  origin: 'before-publishing' | 'first-version' | 'person'
  why: string
  changed_by: string
  changed_at: InstantDefault
}

export type WorkflowProblem = {
  readonly kind: 'vacant' | 'in-doubt' | 'fragile'
  readonly job: string
  readonly email: string
  readonly problem: string
  readonly connectionId: string | null
}

export type PolicyLoadError = {
  readonly file: string
  readonly line: number | null
  readonly column: number | null
  readonly field: string | null
  readonly message: string
}

export type WorkflowTable = {
  workflow: string
  title: string
  hash: string | null
  mode: Mode
  effective_mode: Mode
  problems: JsonDefault<WorkflowProblem[]>
  load_error: JsonOrNull<PolicyLoadError>
  /** The file that it came from when that could last be read. */
  file: string | null
  updated_at: InstantDefault
  version_id: number | null
  jobs_revision: Generated<number>
  file_owners: JsonOrNull<PolicyOwners>
  staff: JsonOrNull<Staff>
  jobs_from: InstantOrNull
  version_turn: Generated<number>
}

export type WorkflowConnectionTable = {
  connection_id: string
  workflow: string
  effective_mode: Mode | null
  began_at: InstantOrNull
  waits_for: Generated<string[]>
}

export type ChangedFact = { readonly name: string; readonly before: string | null; readonly after: string | null }

export type ExceptionTable = {
  id: GeneratedAlways<number>
  connection_id: string
  workflow: string
  pattern: PatternName
  subject: string
  object_type: string
  record_id: string
  title: string
  class: ExceptionClass
  class_because: string
  posture: Posture
  branch: string | null
  owner_email: string
  passed_over: JsonDefault<{ readonly email: string; readonly why: string }[]>
  what: string
  would_have: string
  todo: string
  cause: string
  cause_title: string | null
  evidence: Json<Record<string, FieldText>>
  involves: JsonDefault<RecordRef[]>
  holds_field: string | null
  status: Generated<'open' | 'settled-by-rule' | 'resolved'>
  settled_by_rule: string | null
  resolution: string | null
  task_id: number | null
  receipt_seq: number | null
  policy_hash: string
  due_at: Instant
  opened_at: InstantDefault
  resolved_at: InstantOrNull
  reopened: Generated<number>
  updated_at: InstantDefault
  evidence_key: string | null
  reopened_for: Generated<string[]>
  waited_for: Generated<string[]>
  waits_since: InstantOrNull
  changed_facts: JsonOrNull<ChangedFact[]>
  facts_changed_at: InstantOrNull
  waits_closer: JsonOrNull<{ readonly userId: string; readonly name: string | null; readonly isLastChange: boolean }>
}

/** The one key of this database's evidence keys. */
export type EvidenceSecretTable = {
  one: Generated<boolean>
  secret: Buffer
}

export type TaskTable = {
  id: GeneratedAlways<number>
  connection_id: string
  workflow: string
  cause: string
  key: string
  owner_email: string
  object_type: string | null
  record_id: string | null
  crm_task_id: string | null
  crm_owner_id: string | null
  hung_object_type: string | null
  hung_record_id: string | null
  gone_from_crm: Generated<boolean>
  restored_at: InstantOrNull
  status: Generated<'open' | 'done'>
  written_digest: string | null
  written_subject: string | null
  written_body: string | null
  due_at: Instant
  reopened: Generated<number>
  reopen_reason: string | null
  closed_by: string | null
  checking_since: InstantOrNull
  closing_at_ms: number | null
  closing_seen_at_ms: number | null
  created_at: InstantDefault
  closed_at: InstantOrNull
  checking_after: number | null
  rests_until: InstantOrNull
}

export type IntentTable = {
  id: GeneratedAlways<number>
  connection_id: string
  workflow: string
  kind: 'task' | 'owner' | 'link' | 'repair' | 'job'
  task_id: number | null
  object_type: string | null
  record_id: string | null
  payload: Json<unknown>
  policy_hash: string
  receipt_seq: number | null
  state: Generated<'pending' | 'sending' | 'done' | 'unknown' | 'refused' | 'cancelled'>
  lease_epoch: Generated<number>
  lease_until: InstantOrNull
  lease_by: string | null
  attempts: Generated<number>
  next_attempt_at: InstantDefault
  outcome: string | null
  crm_id: string | null
  created_at: InstantDefault
  finished_at: InstantOrNull
  granted_at: InstantOrNull
  not_sent: string | null
  not_sent_at: InstantOrNull
  backlog: Generated<boolean>
  application_id: number | null
  upgrade_id: number | null
  empty_searches: Generated<number>
  search_again_at: InstantOrNull
  version_turn: Generated<number>
}

export type OpenTaskCountTable = {
  owner_email: string
  n: number
}

export type OpenTaskChangeTable = {
  owner_email: string
  n: number
}
