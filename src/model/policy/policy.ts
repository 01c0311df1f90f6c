import type { BusinessCalendar } from '../calendar/business-calendar.ts'
import type { ExceptionClass, ReviewCircle } from '../classes/class.ts'
import type { ConnectionId, Crm } from '../record/change-event.ts'
import type { CompanyPeople } from '../record/company-people.ts'
import type { Readings } from '../record/readings.ts'
import type { Conditions, Rule } from '../rules/condition.ts'
import type { Mark } from './mark.ts'

/** draft: not run. observe: decides, writes nothing. pilot: narrow slice and daily cap. live. */
export type Mode = 'draft' | 'observe' | 'pilot' | 'live'

export type Job = 'reviewer' | 'override' | 'rollback' | 'boundary' | 'data' | 'workflow'

/** Whoever has a job that was offered and accepted: of ours, and which users the person confirmed as theirs. */
export type JobHolder = {
  readonly personId: string
  readonly name: string
  /** By connection: the ids of their users there. */
  readonly users: Readonly<Record<ConnectionId, readonly string[]>>
  /** Known by a provider or by mail, besides or instead. */
  readonly signsIn: boolean
}

/** Who does what in a workflow: as its file names them, or where jobs were given, as people hold them now. */
export type PolicyOwners = {
  /** E-mails in order of preference: the first who is active and has room is asked. Of a file never empty. */
  readonly reviewers: Readonly<Record<ReviewCircle, readonly string[]>>
  /** Null: nobody holds the job. Of a file never. */
  readonly override: string | null
  readonly rollback: string | null
  readonly boundary: string | null
  readonly data: string | null
  readonly workflow: string | null
  /** M2: e-mail to the day on which that person accepted their jobs in this workflow. */
  readonly accepted: Readonly<Record<string, string>>
  /** By the e-mail above. Absent of those whom only the file names. */
  readonly holders?: Readonly<Record<string, JobHolder>>
}

/** The jobs that one person has, beside the circles of reviewers. */
export const SINGLE_JOBS = ['override', 'rollback', 'boundary', 'data', 'workflow'] as const
export type SingleJob = (typeof SINGLE_JOBS)[number]

/** Every job is vacant. */
export const NO_OWNERS: PolicyOwners = {
  reviewers: { general: [], senior: [], approved: [] },
  override: null,
  rollback: null,
  boundary: null,
  data: null,
  workflow: null,
  accepted: {},
}

/** The name of a pattern in `patterns/registry.ts`. Policies are checked against the registry when they are loaded. */
export type PatternName = string

/** Which object of which CRM a pattern compares with, or a workflow watches. */
export type ObjectRef = { readonly crm: Crm; readonly object: string }

/** An object whose records count as "the same person or account". */
export type ComparedObject = ObjectRef & {
  /** Whose exception a pair is: the newer record's (default), or always this workflow's. */
  readonly subject?: 'newer' | 'ours'
}

export type ParameterValue = string | number | boolean | readonly string[] | readonly ComparedObject[]

/** A pattern that a workflow watches for, with a value for each parameter that the pattern declares. */
export type PatternSetting = {
  readonly pattern: PatternName
  /** Narrows the setting to one object of a workflow that watches several. */
  readonly only?: ObjectRef
  readonly [parameter: string]: ParameterValue | ObjectRef | undefined
}

export type ClassRule = {
  /** Absent: any pattern. */
  readonly pattern?: PatternName
  readonly when: Conditions
  readonly class: ExceptionClass
  readonly because: string
}

export type BranchMode = 'rules' | 'review' | 'manual'

export type Branch = {
  readonly branch: string
  readonly when: Conditions
  readonly mode: BranchMode
  /** Why this mode was chosen, for people. */
  readonly because: string
  /** The first-match table that gives the owner. Only in rules mode. */
  readonly rules: readonly Rule[]
  /**
   * Patterns that this table may settle by writing the owner it gives, without a person: expected cases as they are, any
   * other class only where the rule is marked for it. Only in rules mode.
   */
  readonly settles: readonly PatternName[]
  /** Without effect: of versions from before marks were rows. Files may no longer name any. */
  readonly settlesClasses: readonly ExceptionClass[]
}

/** One row of the territory table, first match. Shared by the workflows of a company. */
export type Territory = {
  readonly territory: string
  readonly title: string
  readonly when: Conditions
  /** E-mails of those who work it. */
  readonly members: readonly string[]
}

export type Guards = {
  /** Business minutes until the task is due, per class. */
  readonly deadlineMinutes: Readonly<Record<ExceptionClass, number>>
  /** Open tasks a reviewer can hold before the next in the chain is asked. */
  readonly capacity: number
  /** Open pipeline from which a case is revenue-impacting at least. */
  readonly revenueThreshold: number
  /** ISO 4217, of the threshold. Absent: the company's home currency, see `Readings.currency`. */
  readonly revenueCurrency?: string
  /** Business days for which automated writes go on without a data, boundary or workflow owner. Absent: `VACANCY_DAYS`. */
  readonly vacancyDays?: number
  /** How often two sides may change an owner in turn before nothing automated writes it. Absent: `LOOP_DEFAULT`. */
  readonly loops?: { readonly alternations: number; readonly withinHours: number }
}

export type Policy = {
  readonly workflow: string
  readonly title: string
  readonly objects: readonly ObjectRef[]
  readonly action: {
    readonly kind: 'assign-owner'
    /** In plain English, what the workflow does downstream. */
    readonly says: string
    /** The record waits for the action while these hold. Never: no routing, the workflow only watches. */
    readonly when: Conditions | 'never'
  }
  readonly ifWrongForTwoWeeks: string
  readonly mode: Mode
  /** Only in pilot: narrower than scope, and a number of owner writes per day. */
  readonly pilot: { readonly when: Conditions; readonly dailyCap: number } | null
  readonly scope: Conditions
  /** No part of what a version is: people come and go while it stays in force, see `policyContent`. */
  readonly owners: PolicyOwners
  readonly patterns: readonly PatternSetting[]
  /**
   * What marks an existing customer beside what the product knows of each CRM, each by one field of one object. Any of them
   * is enough. Absent: nothing else does.
   */
  readonly customers?: Conditions
  readonly classes: readonly ClassRule[]
  readonly boundary: readonly Branch[]
  readonly guards: Guards
  readonly territories: readonly Territory[]
  /** Absent: the company has agreed on none. */
  readonly readings?: Readings
  /** Absent: the company has said nothing about its users. */
  readonly people?: CompanyPeople
  readonly calendar: BusinessCalendar
  /** No part of what a version is either: two people make them for a rule, and they end, see `withMarks`. Absent: none. */
  readonly marks?: readonly Mark[]
}

/** What a version is, and what its hash is of: everything but who holds its jobs and what they marked. */
export type PolicyContent = Omit<Policy, 'owners' | 'marks'>

export function policyContent({ owners: _, marks: __, ...content }: Policy): PolicyContent {
  return content
}

/** A policy together with the SHA-256 of its content in canonical form, which every decision cites. */
export type PolicyVersion = { readonly hash: string; readonly policy: Policy }
