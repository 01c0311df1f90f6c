import type { Generated, GeneratedAlways } from 'kysely'
import type { InstantDefault } from './column-types.ts'

export type PermitTable = {
  connection_id: string
  workflow: string
  kinds: string[]
  why: Generated<string>
  changed_at: InstantDefault
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
