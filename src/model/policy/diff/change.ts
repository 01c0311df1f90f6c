import type { PatternSetting } from '../policy.ts'

/** Which part of a policy a change is in, for headings. */
export type Part =
  | 'purpose'
  | 'mode'
  | 'scope'
  | 'jobs'
  | 'patterns'
  | 'classes'
  | 'branches'
  | 'rules'
  | 'marks'
  | 'limits'
  | 'territories'
  | 'readings'
  | 'users'
  | 'calendar'

/**
 * Which way a change goes. narrows: rules settle less, and nothing else changes. widens: M66, a mode or cap is raised, a rule
 * settles more, or conditions let more records in. wording: only what people read. other: the records say which.
 */
export type Reach = 'narrows' | 'widens' | 'wording' | 'other'

export type Change = {
  readonly part: Part
  readonly kind: 'added' | 'removed' | 'moved' | 'changed'
  /** What changed, by the name that the policy gives it. Empty: the part has only one of it. */
  readonly name: string
  /** A sentence that names what it was and what it is now. */
  readonly says: string
  readonly reach: Reach
}

/** What only folders right of this one can say. */
export type DiffWords = {
  /** A pattern's setting, as `explain` says it. */
  readonly pattern: (setting: PatternSetting) => string
}
