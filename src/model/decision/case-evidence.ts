import type { ExceptionClass } from '../classes/class.ts'
import { canonicalJson, writtenOnce } from '../policy/canonical.ts'
import type { CompiledPolicy } from '../policy/compile.ts'
import type { Routing } from '../policy/routing.ts'
import { refKey } from '../record/crm-record.ts'
import { isOnlyUnread, type MissingInput, Unknown } from '../record/knowledge.ts'
import { oncePer } from '../record/once-per.ts'
import type { CaseFacts } from '../rules/case-facts.ts'
import type { Condition, Rule } from '../rules/condition.ts'
import { fieldReader } from '../rules/facts.ts'
import { asWrittenName } from '../rules/field-name.ts'
import { knownPart } from '../rules/open-pipeline.ts'
import type { FoundException } from './found-exception.ts'

/** A later number: what the facts are made of changed, and every case that a person closed is asked about once more. */
const VERSION = 1

const readCustomer = fieldReader('fact.customer')
const readOpenPipeline = fieldReader('fact.openPipeline')

/** The write that the case holds back, or that a rule makes to settle it. */
export type Proposal = { readonly to: string }

/**
 * What a case rests on, in one spelling: as long as it is the same, a person who closed its task has seen it. No ages, no
 * moment, no prose, nobody's load, no version of a policy. Null: something of it was not read yet, so nobody can say whether it
 * is the same, and an outage shall not make it another.
 */
export function caseEvidence(
  { finding, class: className, unknown }: Pick<FoundException, 'finding' | 'class' | 'unknown'>,
  compiled: CompiledPolicy,
  facts: CaseFacts,
  {
    routing: { winner },
    proposal,
    missing,
  }: {
    readonly routing: Routing
    readonly proposal: Proposal | null
    readonly missing: Unknown | null
  },
): string | null {
  const { policy } = compiled
  const customer = readCustomer(facts)
  const read = readOpenPipeline(facts)
  // Above the limit it says the same, however much is missing.
  const isAbove = knownPart(read) >= policy.guards.revenueThreshold
  const pipeline = isAbove ? null : read
  const asked = [unknown, missing, customer, pipeline].filter((one) => one instanceof Unknown)
  const inputs = asked.flatMap((one) => one.inputs)
  if (inputs.some((input) => isOnlyUnread({ inputs: [input] })) || facts.ownerUnknown !== null) return null
  // In the order of canonical JSON, which then need not sort.
  return canonicalJson({
    common: {
      class: className satisfies ExceptionClass,
      customer: customer instanceof Unknown ? 'unknown' : customer === 'true',
      owner: [facts.record.values[facts.shape.owner] ?? null, facts.ownerState],
      pipeline: pipeline instanceof Unknown ? 'unknown' : isAbove,
      proposal: proposal === null ? null : { rule: winner === null ? null : ruleContent(winner.rule), to: proposal.to },
      // Why one is not readable says the same to everybody: it is not.
      unreadable: inputs.length === 0 ? NONE : [...new Set(inputs.map(inputName))].sort(),
    },
    detail: finding.detail,
    facts: finding.keyFacts ?? finding.evidence,
    pattern: finding.pattern,
    subject: refKey(facts.record),
    v: VERSION,
    workflow: policy.workflow,
  })
}

const NONE: readonly string[] = []

function inputName({ connectionId, objectType, field }: MissingInput): string {
  return `${connectionId}/${objectType}/${field}`
}

/** What a rule asks and gives. Not why: that is prose. Nor in which order, nor how it fits a CRM's description of today. */
const ruleContent = oncePer(({ id, when, owner }: Rule) =>
  writtenOnce({ id, when: when.map(questionOf).sort(), owner }),
)

function questionOf({ unfit: _, ...asked }: Condition): string {
  const field = asWrittenName(asked.field)
  return canonicalJson('values' in asked ? { ...asked, field, values: asked.values.toSorted() } : { ...asked, field })
}
