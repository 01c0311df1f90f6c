import type { Generated, GeneratedAlways } from 'kysely'
import type { Instant, InstantDefault, InstantOrNull } from './column-types.ts'

export type PermitTable = {
  connection_id: string
  workflow: string
  kinds: string[]
  why: Generated<string>
  changed_at: InstantDefault
  paused_branches: Generated<string[]>
}

export type PauseTable = {
  id: GeneratedAlways<number>
  scope: 'branch' | 'workflow' | 'connection'
  workflow: string | null
  branch: string | null
  connection_id: string | null
  reason: string
  paused_by: string
  paused_at: InstantDefault
  asked_by: string | null
  ended_at: InstantOrNull
  ended_by: string | null
}

export type PauseRequestTable = {
  id: GeneratedAlways<number>
  scope: 'branch' | 'workflow' | 'connection'
  workflow: string | null
  branch: string | null
  connection_id: string | null
  reason: string
  asked_by: string
  asked_at: InstantDefault
  due_at: Instant
  answer: 'paused' | 'declined' | null
  answer_reason: string | null
  answered_at: InstantOrNull
  answered_by: string | null
}

export type PauseReleaseTable = {
  pause_id: number
  workflow: string
  released_by: string
  released_at: InstantDefault
}

export type PauseGrantTable = {
  pause_id: number
  attempt_id: number
}

export type WriteAttemptTable = {
  id: GeneratedAlways<number>
  connection_id: string
  call: number
  intent_id: number
  lease_epoch: number
  workflow: string
  kind: string
  object_type: string | null
  record_id: string | null
  task_id: number | null
  field: string | null
  before: string | null
  value: string | null
  granted_at: InstantDefault
}

export type WriteAnswerTable = {
  id: GeneratedAlways<number>
  connection_id: string
  attempt_id: number
  outcome: 'done' | 'refused' | 'gone' | 'unknown' | 'not-written'
  why: string | null
  status: number | null
  request_id: string | null
  crm_id: string | null
  after: string | null
  late: Generated<boolean>
  at: InstantDefault
}
