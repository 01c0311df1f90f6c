import type { Generated } from 'kysely'
import type { Instant, InstantDefault, InstantOrNull } from './column-types.ts'

export type ComparisonTable = {
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

export type ComparisonObjectTable = {
  connection_id: string
  object_type: string
  crm_stated: number | null
  crm_count: number
  our_count: number
  compared_at: Instant
  full_at: InstantOrNull
}

export type ComparisonDayTable = {
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

export type DifferenceTable = {
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

/** Ids that the comparison under way has seen. */
export type ComparisonSeenTable = { connection_id: string; object_type: string; record_id: string }
