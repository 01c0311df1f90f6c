import type { ExceptionClass } from '../classes/class.ts'
import type { Finding } from '../patterns/contract/finding.ts'
import { findPattern } from '../patterns/registry.ts'
import type { CompiledClassRule } from '../policy/compile.ts'
import type { Guards } from '../policy/policy.ts'
import { Unknown } from '../record/knowledge.ts'
import type { CaseFacts } from '../rules/case-facts.ts'
import { allHold } from '../rules/evaluate.ts'
import { fieldReader } from '../rules/facts.ts'
import { knownPart, openPipeline } from '../rules/open-pipeline.ts'
import { unknownInWords } from '../rules/unknown-in-words.ts'

export type Classified = {
  readonly class: ExceptionClass
  readonly because: string
  /** What would have to be known to class the case; null: the class rests on nothing unknown. */
  readonly unknown: Unknown | null
}

type KnownClass = Exclude<ExceptionClass, 'unknown'>

/** How much a class asks for; a floor lifts up to it. Unknown is outside: it is never lifted and never lowered. */
const WEIGHT: Readonly<Record<KnownClass, number>> = {
  expected: 0,
  risky: 1,
  'customer-facing': 2,
  'revenue-impacting': 3,
}

const readCustomer = fieldReader('fact.customer')
const readHomePipeline = fieldReader('fact.openPipeline')

/**
 * M5: exactly one class. The policy's rules say it, first match; the built-in floors may lift it; what no rule covers,
 * or what rests on an input that is not known, is unknown.
 */
export function classify(
  finding: Finding,
  facts: CaseFacts,
  rules: readonly CompiledClassRule[],
  guards: Guards,
): Classified {
  for (const { rule, when } of rules) {
    if (rule.pattern !== undefined && rule.pattern !== finding.pattern) continue
    const holds = allHold(when, facts)
    if (holds === false) continue
    // A rule that may hold may be the first, so a later one cannot say the class.
    if (holds !== true) return unjudged(holds)
    if (rule.class === 'unknown') return { class: 'unknown', because: rule.because, unknown: null }
    const lowest = findPattern(finding.pattern)?.floor ?? null
    return rule.class === 'expected' && lowest !== null
      ? lifted(lowest, 'It changes who works the record', facts, guards)
      : lifted(rule.class, rule.because, facts, guards)
  }
  return { class: 'unknown', because: 'No class rule covers this kind of case', unknown: null }
}

/** An input that could not lift the class any further need not be known. */
function lifted(ruled: KnownClass, because: string, facts: CaseFacts, guards: Guards): Classified {
  const { revenueThreshold, revenueCurrency } = guards
  let unknown: Unknown | null = null
  if (WEIGHT[ruled] < WEIGHT['revenue-impacting']) {
    const pipeline = revenueCurrency === undefined ? readHomePipeline(facts) : openPipeline(facts, revenueCurrency)
    const known = knownPart(pipeline)
    if (known >= revenueThreshold) {
      const of = revenueCurrency === undefined ? '' : ` ${revenueCurrency}`
      const least = pipeline instanceof Unknown ? 'At least ' : ''
      const says = `${least}${amount(known)}${of} open pipeline (limit ${amount(revenueThreshold)}${of})`
      return { class: 'revenue-impacting', because: says, unknown: null }
    }
    if (pipeline instanceof Unknown) unknown = pipeline
  }
  if (WEIGHT[ruled] < WEIGHT['customer-facing']) {
    const customer = readCustomer(facts)
    if (customer instanceof Unknown) unknown = Unknown.both(unknown, customer)
    else if (customer === 'true' && unknown === null) {
      return { class: 'customer-facing', because: 'Existing customer', unknown: null }
    }
  }
  return unknown === null ? { class: ruled, because, unknown } : unjudged(unknown)
}

/** Without the currency, which the CRM may not tell: "352,000". */
function amount(value: number): string {
  return value.toLocaleString('en-US')
}

/** The class of a finding that rests on what is not known. */
function unjudged(unknown: Unknown): Classified {
  const why = unknownInWords(unknown)
  const because = `${why.charAt(0).toUpperCase()}${why.slice(1)}, so the case is unclassified`
  return { class: 'unknown', because, unknown }
}
