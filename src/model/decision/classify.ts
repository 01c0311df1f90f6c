import type { ExceptionClass } from '../classes/class.ts'
import type { Finding } from '../patterns/contract/finding.ts'
import { findPattern } from '../patterns/registry.ts'
import type { CompiledClassRule } from '../policy/compile.ts'
import type { Guards } from '../policy/policy.ts'
import { allHold, hiddenOf } from '../rules/evaluate.ts'
import { type CaseFacts, fieldReader, unreadableBehind, whyHidden } from '../rules/facts.ts'

export type Classified = { readonly class: ExceptionClass; readonly because: string }

/** How much a class asks for; a floor lifts up to it. Unknown is outside: it is never lifted and never lowered. */
const WEIGHT: Readonly<Record<Exclude<ExceptionClass, 'unknown'>, number>> = {
  expected: 0,
  risky: 1,
  'customer-facing': 2,
  'revenue-impacting': 3,
}

const readCustomer = fieldReader('fact.customer')
const readOpenPipeline = fieldReader('fact.openPipeline')

/**
 * M5: exactly one class. The policy's rules say it, first match; the built-in floors may lift it; what no rule covers,
 * or what rests on a field that we may not read, is unknown.
 */
export function classify(
  finding: Finding,
  facts: CaseFacts,
  rules: readonly CompiledClassRule[],
  guards: Guards,
): Classified {
  if (finding.unreadable.length > 0) return unjudged(finding.unreadable, facts)
  for (const { rule, when } of rules) {
    if (rule.pattern !== undefined && rule.pattern !== finding.pattern) continue
    // A rule that asks about a hidden field cannot be answered, so neither can whether a later one would be first.
    const hidden = hiddenOf(when, facts)
    if (hidden.length > 0) return unjudged(hidden, facts)
    if (!allHold(when, facts)) continue
    if (rule.class === 'unknown') return { class: 'unknown', because: rule.because }
    const lowest = findPattern(finding.pattern)?.floor ?? null
    return rule.class === 'expected' && lowest !== null
      ? lifted(lowest, 'It changes who works the record', facts, guards)
      : lifted(rule.class, rule.because, facts, guards)
  }
  return { class: 'unknown', because: `No class rule covers ${finding.pattern} on this record` }
}

function lifted(
  ruled: Exclude<ExceptionClass, 'unknown'>,
  because: string,
  facts: CaseFacts,
  { revenueThreshold }: Guards,
): Classified {
  const hidden = [...unreadableBehind('fact.customer', facts), ...unreadableBehind('fact.openPipeline', facts)]
  if (hidden.length > 0) return unjudged(hidden, facts)
  const pipeline = Number(readOpenPipeline(facts) ?? 0)
  if (pipeline >= revenueThreshold && WEIGHT[ruled] < WEIGHT['revenue-impacting']) {
    const because = `${amount(pipeline)} open pipeline (limit ${amount(revenueThreshold)})`
    return { class: 'revenue-impacting', because }
  }
  if (readCustomer(facts) === 'true' && WEIGHT[ruled] < WEIGHT['customer-facing']) {
    return { class: 'customer-facing', because: 'Existing customer' }
  }
  return { class: ruled, because }
}

/** Without the currency, which the CRM may not tell: "352,000". */
function amount(value: number): string {
  return value.toLocaleString('en-US')
}

/** The class of a finding that rests on fields which we cannot judge. */
export function unjudged(fields: readonly string[], facts: CaseFacts): Classified {
  const why = whyHidden(fields, facts)
  return { class: 'unknown', because: `${why.charAt(0).toUpperCase()}${why.slice(1)}, so the case is unclassified` }
}
