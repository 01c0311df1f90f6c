import type { ExceptionClass } from '../classes/class.ts'
import type { Finding } from '../patterns/contract/finding.ts'
import type { PatternSetting } from '../policy/policy.ts'
import type { Unknown } from '../record/knowledge.ts'
import type { CaseFacts } from '../rules/case-facts.ts'

/** What one pattern of the policy found, with its class. */
export type FoundException = {
  readonly finding: Finding
  readonly setting: PatternSetting
  readonly class: ExceptionClass
  readonly classBecause: string
  /** What would have to be known to class it; null: nothing. */
  readonly unknown: Unknown | null
  /** Of what a write would make and is therefore not made: the record as that write would leave it. */
  readonly ahead?: CaseFacts
}
