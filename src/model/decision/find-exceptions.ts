import type { ExceptionClass } from '../classes/class.ts'
import type { Finding } from '../patterns/contract/finding.ts'
import type { PatternInput } from '../patterns/contract/pattern.ts'
import { undecidable } from '../patterns/no-rule.ts'
import { patternOf } from '../patterns/registry.ts'
import type { PatternSetting } from '../policy/policy.ts'
import { classify, unjudged } from './classify.ts'

/** What one pattern of the policy found, with its class. */
export type FoundException = {
  readonly finding: Finding
  readonly setting: PatternSetting
  readonly class: ExceptionClass
  readonly classBecause: string
}

export type FoundExceptions = {
  readonly found: readonly FoundException[]
  /** When a grace period or window ends and the answer may change. Null: it cannot. */
  readonly recheckAtMs: number | null
}

/** Runs every pattern of the policy on the record and classes what they find. */
export function findExceptions(settings: readonly PatternSetting[], input: PatternInput): FoundExceptions {
  const found: FoundException[] = []
  let recheckAtMs: number | null = null
  for (const setting of settings) {
    const { findings, nextRecheckAtMs } = patternOf(setting).detect(setting, input)
    if (nextRecheckAtMs !== null && (recheckAtMs === null || nextRecheckAtMs < recheckAtMs))
      recheckAtMs = nextRecheckAtMs
    for (const finding of findings) found.push(classed(finding, setting, input))
  }
  return { found, recheckAtMs }
}

/**
 * M15: it is not known whether the workflow covers the record, or whether it waits, and that is not a yes. So
 * everything found is unknown, and a record that may wait becomes an exception.
 */
export function inDoubt(
  found: readonly FoundException[],
  doubts: readonly string[],
  waits: boolean,
  input: PatternInput,
): FoundException[] {
  const all = [...found]
  if (waits && !found.some(({ finding }) => finding.pattern === 'no-rule')) {
    all.push(classed(undecidable(input.facts, doubts), { pattern: 'no-rule' }, input))
  }
  return all.map((one) => ({ ...one, ...unjudged(doubts, input.facts) }))
}

function classed(finding: Finding, setting: PatternSetting, { facts, compiled }: PatternInput): FoundException {
  const { class: ruled, because } = classify(finding, facts, compiled.classes, compiled.policy.guards)
  return { finding, setting, class: ruled, classBecause: because }
}
