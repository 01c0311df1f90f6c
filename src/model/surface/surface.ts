import type { ExceptionClass, Posture } from '../classes/class.ts'
import type { Mode, PatternName } from '../policy/policy.ts'
import type { Crm } from '../record/change-event.ts'

/**
 * The exception surface: what is broken in the records that were read, how much of it, whose it is and what rules could
 * settle. Counts and names only; never a value of a record beyond the titles of the worst cases.
 */
export type Surface = {
  readonly takenAt: string
  readonly connections: readonly SurfaceConnection[]
  /** Connected, and not counted anywhere: they are still imported. */
  readonly leftOut: readonly { readonly id: string; readonly crm: Crm; readonly title: string }[]
  readonly workflows: readonly { readonly workflow: string; readonly title: string; readonly mode: Mode }[]
  readonly records: {
    /** Live records that were read, tasks left out. */
    readonly read: number
    /** Those of objects that a running workflow watches: the whole of every share below. */
    readonly watched: number
    /** Watched records with at least one open case. */
    readonly affected: number
    /** Records that changed and wait for their next decision. */
    readonly toDecide: number
  }
  readonly cases: {
    readonly open: number
    readonly overdue: number
    readonly byPattern: readonly PatternCount[]
    /** All five, always in this order. */
    readonly byClass: readonly ClassCount[]
  }
  readonly rules: RuleCount
  readonly recordOwners: readonly RecordOwner[]
  readonly caseOwners: readonly CaseOwner[]
  /** Owners beyond those listed, with what lies with them. */
  readonly moreRecordOwners: Rest
  readonly moreCaseOwners: Rest
  readonly worst: readonly WorstCase[]
  readonly fields: readonly FieldCount[]
  readonly sources: readonly SourceOfObject[]
}

export type Rest = { readonly owners: number; readonly cases: number }

export type SurfaceConnection = {
  readonly id: string
  readonly crm: Crm
  readonly title: string
  readonly objects: readonly SurfaceObject[]
}

export type SurfaceObject = {
  readonly objectType: string
  readonly records: number
  readonly affected: number
  readonly cases: number
  readonly isWatched: boolean
}

export type PatternCount = {
  readonly pattern: PatternName
  readonly cases: number
  /** Records with at least one open case of this pattern. */
  readonly records: number
  readonly byClass: Readonly<Record<ExceptionClass, number>>
}

export type ClassCount = {
  readonly class: ExceptionClass
  readonly posture: Posture
  readonly cases: number
  readonly records: number
}

/** Who may end a case. Every case, open or settled, is in exactly one of these. */
export type RuleOutcome = 'settled' | 'could-settle' | 'field' | 'no-rule' | 'person' | 'unknown'

export type RuleCount = {
  readonly byOutcome: Readonly<Record<RuleOutcome, number>>
  /** Where the cases lie that rules could settle, largest first. */
  readonly couldSettle: readonly CoveredCases[]
  /** Cases for which no rule is written, in forms that repeat, largest first. */
  readonly repeated: readonly { readonly workflow: string; readonly title: string; readonly cases: number }[]
  /** All cases of such repeating forms, also those not listed. */
  readonly repeatedCases: number
}

export type CoveredCases = {
  readonly workflow: string
  readonly branch: string
  readonly pattern: PatternName
  readonly cases: number
}

export type RecordOwner = {
  readonly name: string
  readonly state: 'active' | 'left' | 'queue' | 'unknown to the CRM' | 'nobody'
  readonly cases: number
  readonly records: number
  /** Watched records that this owner has in all. */
  readonly owned: number
}

export type CaseOwner = {
  readonly name: string
  readonly isActive: boolean
  readonly cases: number
  readonly overdue: number
  readonly byClass: Readonly<Record<ExceptionClass, number>>
}

export type WorstCase = {
  readonly title: string
  readonly crm: Crm
  readonly objectType: string
  readonly pattern: PatternName
  readonly class: ExceptionClass
  readonly posture: Posture
  readonly what: string
  readonly classBecause: string
  readonly owner: string
  /** Open deals of the record's account, in the CRM's own currency. Null: the record has no known account. */
  readonly openPipeline: number | null
  readonly openedAt: string
  readonly dueAt: string
  readonly recordUrl: string | null
}

/** A field that some running workflow asks to be filled or fresh. */
export type FieldCount = {
  readonly connection: string
  readonly crm: Crm
  readonly objectType: string
  readonly field: string
  readonly missing: number
  readonly stale: number
  readonly blank: number
  /** All live records of the object of which the field was read, in scope or not. */
  readonly records: number
  /** A workflow calls it missing when it is blank; otherwise blank is no fault. */
  readonly isRequired: boolean
  readonly isUnreadable: boolean
}

export type SourceOfObject = {
  readonly connection: string
  readonly crm: Crm
  readonly objectType: string
  /** The CRM's own field that says where a record came from. Null: Lanekeeper knows none for this object. */
  readonly field: string | null
  /** Why there are no counts, in words. Null: there are. */
  readonly notRead: string | null
  readonly bySource: readonly {
    readonly source: string
    readonly records: number
    /** Records of this source with an open case about a missing or stale field. */
    readonly weak: number
  }[]
}
