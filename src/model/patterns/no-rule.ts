import type { CompiledBranch } from '../policy/compile.ts'
import { hiddenInputs } from '../policy/routing.ts'
import { type CompiledRule, compileConditions } from '../rules/evaluate.ts'
import { type CaseFacts, isOnlyUnreadable, whyHidden } from '../rules/facts.ts'
import { renderField } from '../rules/render.ts'
import type { Finding } from './contract/finding.ts'
import { definePattern, finding, found, NOTHING } from './contract/pattern.ts'

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
    const { branch, winner } = routing
    if (branch === null) return found(noBranch(facts))
    if (branch.branch.mode !== 'rules') return NOTHING
    const unreadable = hiddenInputs(routing, facts)
    if (unreadable.length > 0) return found(hiddenTable(branch, unreadable, facts))
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

function hiddenTable({ branch }: CompiledBranch, unreadable: readonly string[], facts: CaseFacts): Finding {
  const named = [...new Set(unreadable)].join(', ')
  return finding({
    pattern: 'no-rule',
    what: `The rules of the branch ${branch.branch} depend on ${named}, but ${whyHidden(unreadable, facts)}. So no rule can decide.`,
    cause: `no-rule/${branch.branch}/unreadable`,
    causeTitle: `Rules depend on ${named}, which we cannot judge`,
    evidence: {},
    unreadable,
    todo: `${howToMend(unreadable, facts)} Until then assign this ${facts.shape.noun} yourself.`,
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
  const inputs = tableInputs(branch)
  const evidence = Object.fromEntries(inputs.map(({ field, read }) => [field, read(facts)]))
  const met = Object.entries(evidence).map(([field, value]) => `${renderField(field)} ${value ?? 'blank'}`)
  const named = inputs.filter(({ isNamed }) => isNamed).map(({ field }) => evidence[field] ?? '')
  return finding({
    pattern: 'no-rule',
    what: `No rule of the branch ${name} covers this ${facts.shape.noun} (${met.join(', ')}).`,
    cause: `no-rule/${name}/${named.join('/')}`,
    causeTitle: `No rule of the branch ${name} covers ${met.filter((_, i) => inputs[i]!.isNamed).join(', ') || 'these records'}`,
    evidence,
    todo: 'Assign it. If more such cases will come, ask the boundary owner for a rule.',
  })
}

/** The record may wait for an owner; the fields that would tell cannot be judged. */
export function undecidable(facts: CaseFacts, fields: readonly string[]): Finding {
  const { shape } = facts
  const named = [...new Set(fields)].join(', ')
  return finding({
    pattern: 'no-rule',
    what: `We cannot tell whether the workflow covers this ${shape.noun}: it depends on ${named}, but ${whyHidden(fields, facts)}.`,
    cause: `unreadable/scope/${named}`,
    causeTitle: `The workflow depends on ${named}, which we cannot judge`,
    evidence: {},
    unreadable: fields,
    todo: `${howToMend(fields, facts)} Until then assign this ${shape.noun} yourself.`,
  })
}

/** What to do about inputs that cannot be judged. */
function howToMend(fields: readonly string[], facts: CaseFacts): string {
  const named = [...new Set(fields)].join(', ')
  return isOnlyUnreadable(fields, facts)
    ? `Ask your CRM admin to let the integration user read ${named}.`
    : `Ask your CRM admin what happened to ${named}; the field or the workflow needs a fix.`
}

/** Inputs of the table in order of first use. Named: compared with listed values, so its value tells cases apart. */
function tableInputs(branch: CompiledBranch) {
  const inputs = new Map<string, { field: string; isNamed: boolean }>()
  for (const { when } of branch.table) {
    for (const { condition } of when) {
      const known = inputs.get(condition.field) ?? { field: condition.field, isNamed: false }
      known.isNamed ||= condition.op === 'in' || condition.op === 'not-in' || condition.op === 'prefix'
      inputs.set(condition.field, known)
    }
  }
  return [...inputs.values()].map((input) => {
    const [compiled] = compileConditions([{ field: input.field, op: 'blank' }])
    return { ...input, read: compiled!.read }
  })
}
