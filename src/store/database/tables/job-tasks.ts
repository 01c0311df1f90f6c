import type { Generated, GeneratedAlways } from 'kysely'
import type { Instant, InstantDefault, InstantOrNull } from './column-types.ts'

export type JobTaskTable = {
  task_id: number
  about: string
  person_id: string
  for_workflow: string
  lane: string
  circle: string | null
  job_id: number | null
  subject: string
  body: string
  last_line: string
  closing: string | null
  left_closed_at: InstantOrNull
}

export type JobDueTable = {
  job_id: number
  reason: string
  at: Instant
  done_at: InstantOrNull
  of_at: Instant
}

export type JobMessageTable = {
  id: GeneratedAlways<number>
  job_id: number | null
  cause: string
  person_id: string
  reason: string
  address: string
  subject: string
  body: string
  made_at: InstantDefault
  tries: Generated<number>
  next_try_at: InstantDefault
  sent_at: InstantOrNull
  error: string | null
}
