import type { CompiledBranch } from '../policy/compile.ts'
import type { CompiledConditions, CompiledRule } from '../rules/evaluate.ts'
import type { CaseFacts } from '../rules/facts.ts'
import { renderField } from '../rules/render.ts'
import { evidenceOf } from './contract/evidence.ts'
import type { Finding } from './contract/finding.ts'
import { definePattern, finding, found, NOTHING, notKnown } from './contract/pattern.ts'

/** By the boundary rules decide, but no rule covers the record, no branch does, or its rule names an inactive owner. */
export const noRule = definePattern({
  name: 'no-rule',
  title: 'No rule',
  label: 'no rule covers it',
  meaning: 'A record waits for an owner where rules decide, and no rule gives one.',
  parameters: {},
  restsOn: 'routing',
  sentence: () => 'a record needs an owner where rules decide, and no rule covers it',
  detect(_, { facts, routing }) {
    if (routing === null) return NOTHING
    const { branch, winner, unknown } = routing
    if (unknown !== null) return notKnown(unknown)
    if (branch === null) return found(noBranch(facts))
    if (branch.branch.mode !== 'rules') return NOTHING
    if (winner === null) return found(uncovered(branch, facts))
    // Without this, the record of a rule whose owner left would wait for ever, unseen.
    const isOwnerActive = facts.directory.personByEmail(facts.record.connectionId, winner.rule.owner) !== undefined
    return isOwnerActive ? NOTHING : found(ownerGone(winner, facts))
  },
})

function noBranch({ shape }: CaseFacts): Finding {
  return finding({
    pattern: 'no-rule',
    what: `This ${shape.noun} needs an owner, but no branch of the workflow covers it.`,
    cause: 'no-branch',
    causeTitle: 'Records that no branch of the workflow covers',
    evidence: { branch: null },
    todo: 'Assign it. Then ask the boundary owner to add a branch for it, or to narrow the scope.',
  })
}

function ownerGone({ rule }: CompiledRule, { shape }: CaseFacts): Finding {
  return finding({
    pattern: 'no-rule',
    what: `Rule ${rule.id} assigns this ${shape.noun} to ${rule.owner}, who is not an active user of this CRM.`,
    cause: `rule-owner-gone/${rule.id}`,
    causeTitle: `Rule ${rule.id} names ${rule.owner}, who is not active`,
    evidence: { rule: rule.id, owner: rule.owner },
    todo: 'Assign it. Then ask the boundary owner to name another owner in the rule.',
  })
}

function uncovered(branch: CompiledBranch, facts: CaseFacts): Finding {
  const { branch: name } = branch.branch
  const conditions = asksOf(branch)
  const named = namedInputs(conditions)
  const evidence = evidenceOf(conditions, facts)
  const inWords = (field: string) => `${renderField(field)} ${evidence[field] ?? 'blank'}`
  const met = Object.keys(evidence)
  const telling = met.filter((field) => named.has(field))
  return finding({
    pattern: 'no-rule',
    what: `No rule of the branch ${name} covers this ${facts.shape.noun} (${met.map(inWords).join(', ')}).`,
    cause: `no-rule/${name}/${telling.map((field) => evidence[field] ?? '').join('/')}`,
    causeTitle: `No rule of the branch ${name} covers ${telling.map(inWords).join(', ') || 'these records'}`,
    evidence,
    todo: 'Assign it. If more such cases will come, ask the boundary owner for a rule.',
  })
}

/** Everything that the rules of the branch ask, in their order. */
function asksOf(branch: CompiledBranch): CompiledConditions {
  return branch.table.flatMap(({ when }) => when)
}

/** Inputs that are compared with listed values, so that their value tells cases apart. */
function namedInputs(conditions: CompiledConditions): ReadonlySet<string> {
  const named = conditions.filter(({ condition: { op } }) => op === 'in' || op === 'not-in' || op === 'prefix')
  return new Set(named.map(({ condition }) => condition.field))
}
