import type { Generated } from 'kysely'
import type { Instant, InstantDefault, InstantOrNull, JsonDefault } from './column-types.ts'

export type CounterTable = {
  connection_id: Generated<string>
  /** A calendar day as text, `2026-11-22`. */
  day: Generated<string>
  name: string
  detail: Generated<string>
  n: Generated<number>
  last_at: InstantDefault
}

export type SignInLinkTable = { token_hash: Buffer; expires_at: Instant; used_at: InstantOrNull }

export type SessionTable = {
  token_hash: Buffer
  actor: string
  created_at: InstantDefault
  seen_at: InstantDefault
  expires_at: Instant
}

export type ProcessBeatTable = { role: string; instance: string; beat_at: InstantDefault; detail: JsonDefault<unknown> }
