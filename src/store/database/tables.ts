import type { ColumnType, Generated, GeneratedAlways } from 'kysely'
import type { ExceptionClass, Posture } from '../../model/classes/class.ts'
import type { Mode, PatternName } from '../../model/policy/policy.ts'
import type { ChangeActor, ChangeKind, ChangeSource, Crm, FieldText } from '../../model/record/change-event.ts'
import type { AccessFindings, TaskKeySupport } from '../../model/record/crm-facts.ts'
import type { DayResets } from '../../model/record/crm-profile.ts'
import type { FieldStamp, OwnerChange, RecordRef } from '../../model/record/crm-record.ts'
import type { FieldDrift } from '../../model/record/schema-drift.ts'

/**
 * The columns of every table, following `migrations/`. `bigint` arrives as a number and `timestamptz` as a Date, see
 * `database.ts`.
 */
export type Tables = {
  connection: ConnectionTable
  poll_cursor: PollCursorTable
  change_event: ChangeEventTable
  record: RecordTable
  match_key: MatchKeyTable
  object_schema: ObjectSchemaTable
  crm_user: CrmUserTable
  policy_version: PolicyVersionTable
  workflow: WorkflowTable
  exception: ExceptionTable
  task: TaskTable
  intent: IntentTable
  written_value: WrittenValueTable
  ledger: LedgerTable
  ledger_head: LedgerHeadTable
  call_budget: CallBudgetTable
  counter: CounterTable
  sign_in_link: SignInLinkTable
  session: SessionTable
  process_beat: ProcessBeatTable
  connection_token: ConnectionTokenTable
  connection_draft: ConnectionDraftTable
  oauth_state: OAuthStateTable
  notice: NoticeTable
  redecide_queue: RedecideQueueTable
  event_tally: EventTallyTable
  event_tally_cursor: { connection_id: string; after_id: Generated<number> }
  missed_change: MissedChangeTable
  missed_events: MissedEventsTable
  comparison: ComparisonTable
  comparison_object: ComparisonObjectTable
  comparison_day: ComparisonDayTable
  difference: DifferenceTable
  comparison_seen: { connection_id: string; object_type: string; record_id: string }
  territory_assignment: TerritoryAssignmentTable
  assignment_poll: { connection_id: string; version: number; place: Json<AssignmentPlace> }
}

/**
 * Written as text on purpose: given a JavaScript array, the driver would write a Postgres array, which a jsonb column
 * refuses, and given a string it would not quote it. `JSON.stringify` at the call says what is meant.
 */
type Json<Read> = ColumnType<Read, string, string>
type JsonDefault<Read> = ColumnType<Read, string | undefined, string>
type JsonOrNull<Read> = ColumnType<Read | null, string | null | undefined, string | null>
type Instant = ColumnType<Date, Date | string, Date | string>
type InstantDefault = ColumnType<Date, Date | string | undefined, Date | string>
type InstantOrNull = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>

export type BaselineProgress = {
  readonly done: boolean
  readonly objects: Readonly<
    Record<
      string,
      { readonly done: boolean; readonly cursor: string | null; readonly count: number; readonly total: number | null }
    >
  >
}

type ConnectionTable = {
  id: string
  crm: Crm
  title: string
  account_id: string
  base_url: string
  actor_id: string | null
  time_zone: string | null
  status: Generated<'connected' | 'reconnect-needed' | 'disconnected'>
  status_reason: string | null
  credentials: Buffer | null
  task_key: JsonOrNull<{ readonly enforced: boolean; readonly field: string | null; readonly why: string }>
  baseline: JsonDefault<BaselineProgress>
  replay_id: Buffer | null
  stream_state: string | null
  stream_seen_at: InstantOrNull
  grant_kind: string | null
  address: JsonOrNull<StoredAddress>
  revision: Generated<number>
  made_by: Generated<'environment' | 'console' | 'terminal'>
  actor_name: string | null
  edition: string | null
  pages_url: string | null
  feed: Generated<'push' | 'poll' | 'stream'>
  webhook_url: string | null
  former_webhook_url: string | null
  webhook_moved_at: InstantOrNull
  access: JsonOrNull<AccessFindings>
  access_checked_at: InstantOrNull
  writes_since: InstantOrNull
  writes_by: string | null
  erase_since: InstantOrNull
  erased_at: InstantOrNull
  follow_up: 'leave' | 'rejoin' | null
  created_at: InstantDefault
}

/** Which records the CRM assigns to which territory, as last read. */
type TerritoryAssignmentTable = {
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
  /** `read`: everything, from the start. `tell`: every record is compared. `follow`: what changed since. */
  readonly phase: 'read' | 'tell' | 'follow'
  /** Where the next page of everything begins. */
  readonly cursor: string | null
  readonly madeSinceMs: number
  readonly deletedSinceMs: number
  /** The last record that was compared with what it is assigned to. */
  readonly compared: { readonly objectType: string; readonly recordId: string }
}

type RedecideQueueTable = {
  connection_id: string
  object_type: Generated<string>
  record_id: Generated<string>
}

/** As src/crm/grant.ts has it; the store does not know that room. */
export type StoredAddress = {
  readonly baseUrl: string
  readonly apiVersion: string
  readonly pubsubAddress: string | null
}

type ConnectionTokenTable = {
  connection_id: string
  sealed: Buffer | null
  version: Generated<number>
  renewing_by: string | null
  renewing_until: InstantOrNull
  renewed_at: InstantOrNull
}

type ConnectionDraftTable = {
  id: string
  crm: Crm
  grant_kind: string
  connection_id: string | null
  credentials: Buffer
  tokens: Buffer | null
  address: Json<StoredAddress>
  webhook_url: string | null
  made_by: 'console' | 'terminal'
  status: 'authorizing' | 'checking' | 'checked' | 'failed'
  problem: string | null
  access: JsonOrNull<AccessFindings>
  task_key: JsonOrNull<TaskKeySupport>
  token_version: Generated<number>
  renewing_by: string | null
  renewing_until: InstantOrNull
  check_run: Generated<number>
  created_at: InstantDefault
  updated_at: InstantDefault
}

type OAuthStateTable = {
  state_hash: Buffer
  draft_id: string
  session_hash: Buffer
  provider: Crm
  redirect_uri: string
  verifier: Buffer
  expires_at: Instant
  used_at: InstantOrNull
}

type NoticeTable = {
  id: GeneratedAlways<number>
  connection_id: string
  code: string
  subject: Generated<string>
  level: 'info' | 'warn' | 'stop'
  message: string
  remedy: string | null
  n: Generated<number>
  first_at: InstantDefault
  last_at: InstantDefault
  ended_at: InstantOrNull
  ended_message: string | null
}

type PollCursorTable = {
  connection_id: string
  object_type: string
  modified_until_ms: number
  last_run_at: InstantOrNull
  last_found: Generated<number>
  cursor: string | null
  since_ms: number | null
  latest_ms: number | null
}

type ChangeEventTable = {
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
  complete: boolean
  merged_ids: string[] | null
  source: ChangeSource
  actor: Json<ChangeActor>
  received_at: InstantDefault
  state: Generated<'received' | 'applied' | 'skipped' | 'failed'>
  skip_reason: string | null
}

type RecordTable = {
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
  recheck_at: InstantOrNull
  updated_at: InstantDefault
}

type MatchKeyTable = { key: string; connection_id: string; object_type: string; record_id: string }

/** What the CRM adapters hand over as a field's schema; spelled out here because the store does not know them. */
export type StoredField = {
  readonly name: string
  readonly label: string
  readonly type: 'text' | 'number' | 'boolean' | 'instant' | 'day' | 'picklist' | 'multi-picklist' | 'reference'
  readonly options: readonly string[]
  readonly writable: boolean
}

type ObjectSchemaTable = {
  connection_id: string
  object_type: string
  fields: Json<StoredField[]>
  unreadable: Generated<string[]>
  drift: JsonDefault<FieldDrift[]>
  asked: string[] | null
  read_at: InstantDefault
  refused_since: InstantOrNull
}

type CrmUserTable = {
  connection_id: string
  user_id: string
  kind: string
  email: string | null
  name: string
  active: boolean
  active_members: Generated<number>
  time_zone: string | null
  seen_at: InstantDefault
}

type PolicyVersionTable = {
  hash: string
  workflow: string
  document: Json<unknown>
  source: string
  stored_at: InstantDefault
}

export type WorkflowProblem = { readonly job: string; readonly email: string; readonly problem: string }
export type PolicyLoadError = {
  readonly file: string
  readonly line: number | null
  readonly column: number | null
  readonly field: string | null
  readonly message: string
}

type WorkflowTable = {
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
}

type ExceptionTable = {
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
}

type TaskTable = {
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
  status: Generated<'open' | 'done'>
  written_digest: string | null
  due_at: Instant
  reopened: Generated<number>
  reopen_reason: string | null
  closed_by: string | null
  checking_since: InstantOrNull
  closing_at_ms: number | null
  closing_seen_at_ms: number | null
  created_at: InstantDefault
  closed_at: InstantOrNull
}

type IntentTable = {
  id: GeneratedAlways<number>
  connection_id: string
  workflow: string
  kind: 'task' | 'owner'
  task_id: number | null
  object_type: string | null
  record_id: string | null
  payload: Json<unknown>
  policy_hash: string
  receipt_seq: number | null
  state: Generated<'pending' | 'sending' | 'done' | 'unknown' | 'refused' | 'cancelled'>
  lease_epoch: Generated<number>
  lease_until: InstantOrNull
  attempts: Generated<number>
  next_attempt_at: InstantDefault
  outcome: string | null
  crm_id: string | null
  created_at: InstantDefault
  finished_at: InstantOrNull
}

type WrittenValueTable = {
  connection_id: string
  object_type: string
  record_id: string
  field: string
  value: string | null
  before: string | null
  intent_id: number
  written_at: InstantDefault
}

type LedgerTable = {
  seq: number
  at: Instant
  kind: string
  actor: string
  subject: string
  body: string | null
  body_hash: Buffer
  prev_hash: Buffer
  hash: Buffer
}

type LedgerHeadTable = { one: Generated<boolean>; seq: number; hash: Buffer }

type CallBudgetTable = {
  connection_id: string
  window_started_at: InstantDefault
  window_used: Generated<number>
  window_ms: number
  window_limit: number
  search_window_started_at: InstantDefault
  search_used: Generated<number>
  search_limit_per_second: number
  paused_until: InstantOrNull
  paused_why: string | null
  calls_total: Generated<number>
  used_today: number | null
  limit_today: number | null
  day_share: Generated<number>
  window_share: Generated<number>
  day_used: Generated<number>
  day_began_at: InstantDefault
  day_ends_at: InstantDefault
  day_used_before: Generated<number>
  day_resets: Generated<DayResets>
  window_whole: number | null
}

type CounterTable = {
  connection_id: Generated<string>
  /** A calendar day as text, `2026-11-22`. */
  day: Generated<string>
  name: string
  detail: Generated<string>
  n: Generated<number>
  last_at: InstantDefault
}

type SignInLinkTable = { token_hash: Buffer; expires_at: Instant; used_at: InstantOrNull }

type SessionTable = {
  token_hash: Buffer
  actor: string
  created_at: InstantDefault
  seen_at: InstantDefault
  expires_at: Instant
}

type ProcessBeatTable = { role: string; instance: string; beat_at: InstantDefault; detail: JsonDefault<unknown> }

type EventTallyTable = {
  connection_id: string
  /** A calendar day as text, in UTC. */
  day: string
  object_type: string
  source: ChangeSource
  state: 'applied' | 'skipped' | 'failed'
  reason: Generated<string>
  n: number
}

type MissedChangeTable = {
  connection_id: string
  object_type: string
  record_id: string
  modified_at_ms: number
  found_at: InstantDefault
}

type MissedEventsTable = {
  connection_id: string
  n: number
  first_change_ms: number
  last_change_ms: number
  found_at: Instant
}

type ComparisonTable = {
  connection_id: string
  state: Generated<'idle' | 'asked' | 'running'>
  depth: Generated<'recent' | 'full'>
  asked_by: Generated<'clock' | 'person'>
  run: Generated<number>
  since_ms: Generated<number>
  object_type: string | null
  phase: Generated<'read' | 'extra' | 'look'>
  cursor: string | null
  pages: Generated<number>
  records: Generated<number>
  of_total: number | null
  started_at: InstantOrNull
  not_before: InstantOrNull
  problem: string | null
  claimed_by: string | null
  claimed_until: InstantOrNull
  last_full_at: InstantOrNull
  last_recent_at: InstantOrNull
}

type ComparisonObjectTable = {
  connection_id: string
  object_type: string
  crm_stated: number | null
  crm_count: number
  our_count: number
  compared_at: Instant
  full_at: InstantOrNull
}

type ComparisonDayTable = {
  connection_id: string
  object_type: string
  run: number
  day: string
  crm_count: Generated<number>
  our_count: Generated<number>
  /** Decimal digits: wider than a number of ours. */
  crm_digest: Generated<string>
  our_digest: Generated<string>
  compared_at: InstantDefault
}

type DifferenceTable = {
  connection_id: string
  object_type: string
  record_id: string
  day: string
  why: 'missing' | 'extra' | 'different'
  modified_ms: number | null
  crm_hash: Generated<string>
  our_hash: Generated<string>
  run: number
  is_pending: Generated<boolean>
  is_counted: Generated<boolean>
  rechecked_at: InstantDefault
  looks: Generated<number>
  differs_since: InstantOrNull
  asked_at: InstantOrNull
}
