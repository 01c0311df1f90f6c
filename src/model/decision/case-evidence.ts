import type { ExceptionClass } from '../classes/class.ts'
import { canonicalJson, writtenOnce } from '../policy/canonical.ts'
import type { CompiledPolicy } from '../policy/compile.ts'
import type { Routing } from '../policy/routing.ts'
import { refKey } from '../record/crm-record.ts'
import { isOnlyUnread, type MissingInput, Unknown } from '../record/knowledge.ts'
import { oncePer } from '../record/once-per.ts'
import type { Rule } from '../rules/condition.ts'
import { type CaseFacts, fieldReader } from '../rules/facts.ts'
import type { FoundException } from './find-exceptions.ts'

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
  const pipeline = readOpenPipeline(facts)
  const asked = [unknown, missing, customer, pipeline].filter((one) => one instanceof Unknown)
  const inputs = asked.flatMap((one) => one.inputs)
  if (asked.some(isAnyUnread) || facts.ownerUnknown !== null) return null
  return canonicalJson({
    v: VERSION,
    workflow: policy.workflow,
    pattern: finding.pattern,
    subject: refKey(facts.record),
    detail: finding.detail,
    common: {
      owner: [facts.record.values[facts.shape.owner] ?? null, facts.ownerState],
      class: className satisfies ExceptionClass,
      customer: customer instanceof Unknown ? 'unknown' : customer === 'true',
      pipeline: pipeline instanceof Unknown ? 'unknown' : Number(pipeline ?? 0) >= policy.guards.revenueThreshold,
      // Why one is not readable says the same to everybody: it is not.
      unreadable: [...new Set(inputs.map(inputName))].sort(),
      proposal: proposal === null ? null : { ...proposal, rule: winner === null ? null : ruleContent(winner.rule) },
    },
    facts: finding.keyFacts ?? finding.evidence,
  })
}

function isAnyUnread(unknown: Unknown): boolean {
  return unknown.inputs.some((input) => isOnlyUnread(new Unknown([input])))
}

function inputName({ connectionId, objectType, field }: MissingInput): string {
  return `${connectionId}/${objectType}/${field}`
}

/** What a rule asks and gives. Not why: that is prose. */
const ruleContent = oncePer(({ id, when, owner }: Rule) => writtenOnce({ id, when, owner }))
