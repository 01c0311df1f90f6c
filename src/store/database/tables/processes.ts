import type { Generated } from 'kysely'
import type { InstantDefault, JsonDefault } from './column-types.ts'

export type CounterTable = {
  connection_id: Generated<string>
  /** A calendar day as text, `2026-11-22`. */
  day: Generated<string>
  name: string
  detail: Generated<string>
  n: Generated<number>
  last_at: InstantDefault
}

export type ProcessBeatTable = { role: string; instance: string; beat_at: InstantDefault; detail: JsonDefault<unknown> }
