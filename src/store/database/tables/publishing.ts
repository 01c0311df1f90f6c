import type { Generated } from 'kysely'
import type { MarkedClass, MarkOrigin } from '../../../model/policy/mark.ts'
import type { MarkedContent } from '../../../model/policy/marks.ts'
import type { Policy } from '../../../model/policy/policy.ts'
import type { Instant, InstantDefault, InstantOrNull, Json, JsonDefault, JsonOrNull } from './column-types.ts'

export type PublishedHow = 'seeded' | 'before-publishing' | 'published' | 'narrowed' | 'way-back' | 'ended'
export type DraftHow = 'published' | 'narrowed' | 'way-back'
export type DraftState = 'draft' | 'approved' | 'preparing' | 'in-force' | 'withdrawn'

/** As `config/yaml` says it. */
export type TextError = {
  readonly line: number
  readonly column: number
  readonly field: string
  readonly message: string
}

export type PublicationTable = {
  seq: number
  document: string
  content_hash: string
  content: Json<unknown>
  source: string
  base_seq: number | null
  how: PublishedHow
  draft_id: number | null
  by: string
  in_force_at: InstantDefault
}

export type PolicyDraftTable = {
  id: Generated<number>
  document: string
  how: DraftHow
  base_seq: number | null
  hash: string | null
  state: DraftState
  authors: Generated<string[]>
  unknown_author: Generated<boolean>
  file: string | null
  made_by: string
  made_at: InstantDefault
  changed_at: InstantDefault
  approved_at: InstantOrNull
  preparing_at: InstantOrNull
  prepared: JsonOrNull<readonly Policy[]>
  seq: number | null
  ended_at: InstantOrNull
  ended_by: string | null
  end_reason: string | null
}

export type PolicyDraftTextTable = {
  draft_id: number
  version: number
  hash: string | null
  base_seq: number | null
  source: string
  content: JsonOrNull<unknown>
  errors: JsonDefault<readonly TextError[]>
  by: string
  at: InstantDefault
}

export type ApprovalTable = {
  id: Generated<number>
  draft_id: number
  hash: string
  person_id: string
  at: InstantDefault
  ended_at: InstantOrNull
  end_reason: string | null
}

export type MarkTable = {
  id: Generated<number>
  workflow: string
  rule: string
  rule_hash: string
  content: Json<MarkedContent>
  class: MarkedClass
  reason: string
  origin: MarkOrigin
  proposed_by: string
  proposed_at: InstantDefault
  agreed_by: string | null
  agreed_at: InstantOrNull
  ends_at: Instant
  ended_at: InstantOrNull
  ended_by: string | null
  end_reason: string | null
}
