import type { Finding } from '../patterns/contract/finding.ts'
import type { PatternInput } from '../patterns/contract/pattern.ts'
import { patternOf } from '../patterns/registry.ts'
import type { CompiledPolicy } from '../policy/compile.ts'
import type { PatternName, PatternSetting } from '../policy/policy.ts'
import { isWhollyKnown, unknownAmong } from '../record/field-value.ts'
import { Unknown } from '../record/knowledge.ts'
import type { CaseFacts } from '../rules/case-facts.ts'
import { isAging } from '../rules/next-flip.ts'
import { unknownInWords } from '../rules/unknown-in-words.ts'
import { classify } from './classify.ts'
import type { FoundException } from './found-exception.ts'
import { earlierOf, type WakeUp, wakeAt } from './wake-up.ts'

export type FoundExceptions = {
  readonly found: readonly FoundException[]
  /** Inputs of the patterns that are not known, each once for all patterns. Null: all are known. */
  readonly unknown: Unknown | null
  /** Patterns that may have more to find: nothing found there is no proof that nothing is wrong. */
  readonly undecided: ReadonlySet<PatternName>
  /** When a grace period or window of a pattern ends and the answer changes. Null: it does not. */
  readonly wake: WakeUp | null
}

const NONE: ReadonlySet<PatternName> = new Set()

/** Runs every pattern of the policy on the record and classes what they find. */
export function findExceptions(settings: readonly PatternSetting[], input: PatternInput): FoundExceptions {
  const { record, shape } = input.facts
  // As nearly always: then the inputs need not even be listed.
  const isAllKnown = isWhollyKnown(record)
  const found: FoundException[] = []
  let unknown: Unknown | null = null
  let undecided: Set<PatternName> | null = null
  let wake: WakeUp | null = null
  for (const setting of settings) {
    const pattern = patternOf(setting)
    const { findings, unknown: more, nextRecheckAtMs } = pattern.detect(setting, input)
    if (nextRecheckAtMs !== null) wake = earlierOf(wake, wakeAt(nextRecheckAtMs, `pattern/${pattern.name}`))
    for (const finding of findings) found.push(classed(finding, setting, input))
    const inputs = isAllKnown ? null : unknownAmong(record, pattern.inputs(setting, shape))
    const missing = Unknown.both(inputs, more)
    if (missing === null) continue
    unknown = Unknown.both(unknown, missing)
    undecided ??= new Set()
    undecided.add(pattern.name)
  }
  return { found, unknown, undecided: undecided ?? NONE, wake }
}

function classed(finding: Finding, setting: PatternSetting, { facts, compiled }: PatternInput): FoundException {
  // No class rule can say what it means that nobody knows where the record goes.
  if (finding.reports !== undefined && patternOf(setting).restsOn === 'routing') {
    const classBecause = unknownInWords(finding.reports)
    return {
      finding,
      setting,
      class: 'unknown',
      classBecause: capital(classBecause),
      unknown: null,
    }
  }
  const { class: ruled, because, unknown } = classify(finding, facts, compiled.classes, compiled.policy.guards)
  return { finding, setting, class: ruled, classBecause: because, unknown }
}

/** With its class, as far as no class rule that only waits for an age takes it out of what is unknown. */
export function classedWithoutTime(
  one: FoundException,
  { classes, policy }: CompiledPolicy,
  facts: CaseFacts,
): FoundException {
  if (one.class === 'unknown') return one
  const timeless = classes.filter(({ rule, when }) => rule.class === 'unknown' || !isAging(when))
  const { class: ruled, because, unknown } = classify(one.finding, facts, timeless, policy.guards)
  return ruled === 'unknown' ? { ...one, class: ruled, classBecause: because, unknown } : one
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}
