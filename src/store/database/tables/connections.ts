import type { Generated, GeneratedAlways } from 'kysely'
import type { Crm } from '../../../model/record/change-event.ts'
import type { AccessFindings, TaskKeySupport } from '../../../model/record/crm-facts.ts'
import type { DayResets } from '../../../model/record/crm-profile.ts'
import type { Instant, InstantDefault, InstantOrNull, Json, JsonDefault, JsonOrNull } from './column-types.ts'

export type ConnectionTable = {
  id: string
  crm: Crm
  title: string
  account_id: string
  /** Made by the database of the two: the issuer of its users as identities, see `crmIdentity`. */
  identity_issuer: GeneratedAlways<string>
  base_url: string
  actor_id: string | null
  time_zone: string | null
  status: Generated<'connected' | 'reconnect-needed' | 'disconnected'>
  status_reason: string | null
  credentials: Buffer | null
  task_key: JsonOrNull<{ readonly enforced: boolean; readonly field: string | null; readonly why: string }>
  baseline: JsonDefault<BaselineProgress>
  joined_at: InstantOrNull
  reading_until: InstantOrNull
  reading_by: string | null
  polled_at: InstantOrNull
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
  home_currency: string | null
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
  ended_by: string | null
}

export type BaselineProgress = {
  readonly done: boolean
  readonly objects: Readonly<
    Record<
      string,
      { readonly done: boolean; readonly cursor: string | null; readonly count: number; readonly total: number | null }
    >
  >
}

/** As src/crm/grant.ts has it; the store does not know that room. */
export type StoredAddress = {
  readonly baseUrl: string
  readonly apiVersion: string
  readonly pubsubAddress: string | null
}

export type ConnectionTokenTable = {
  connection_id: string
  sealed: Buffer | null
  version: Generated<number>
  renewing_by: string | null
  renewing_until: InstantOrNull
  renewed_at: InstantOrNull
}

export type ConnectionDraftTable = {
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

export type OAuthStateTable = {
  state_hash: Buffer
  draft_id: string
  session_hash: Buffer
  provider: Crm
  redirect_uri: string
  verifier: Buffer
  expires_at: Instant
  used_at: InstantOrNull
}

export type CallBudgetTable = {
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

export type NoticeTable = {
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
