import type { GeneratedAlways } from 'kysely'
import type { Instant, InstantDefault, InstantOrNull, JsonOrNull } from './column-types.ts'

/** What an upgrade did to a case of a record that did not change. */
export type CaseChange = 'opened' | 'closed' | 'changed' | 'asked-again'

/** Cases of one connection, workflow and pattern. */
export type UpgradeGroup = {
  readonly connectionId: string
  readonly workflow: string
  readonly pattern: string
  readonly opened: number
  readonly closed: number
  /** To another class. */
  readonly changed: number
  /** A person had closed their tasks twice without a change; they rest on something else now. */
  readonly askedAgain: number
  /** Ids of some of these cases. */
  readonly examples: readonly number[]
}

/** Tasks that waited for the report. */
export type UpgradeTasks = { readonly created: number; readonly changed: number; readonly closed: number }

export type UpgradeTable = {
  id: GeneratedAlways<number>
  from_reading: string
  to_reading: string
  started_at: InstantDefault
  limit_at: Instant
  finished_at: InstantOrNull
  undecided: number | null
  report: JsonOrNull<UpgradeGroup[]>
  tasks: JsonOrNull<UpgradeTasks>
  ledger_seq: number | null
  released_at: InstantOrNull
}

export type UpgradeScopeTable = {
  upgrade_id: number
  connection_id: string
  workflow: string
  policy_changed: boolean
  marked_at: InstantOrNull
  decided_at: InstantOrNull
}

export type UpgradeCaseTable = {
  upgrade_id: number
  exception_id: number
  connection_id: string
  change: CaseChange
  class_before: string | null
}
