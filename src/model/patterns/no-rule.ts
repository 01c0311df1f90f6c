import type { CompiledBranch } from '../policy/compile.ts'
import { hiddenInputs, type Routing } from '../policy/routing.ts'
import { compileConditions } from '../rules/evaluate.ts'
import { type CaseFacts, isOnlyUnreadable, whyHidden } from '../rules/facts.ts'
import { renderField } from '../rules/render.ts'
import type { Finding } from './finding.ts'
import { type Case, type Detection, finding, found, NOTHING } from './pattern.ts'

/** The boundary says that rules decide, and no rule covers the record; or no branch does; or its rule names nobody. */
export function noRule({ facts }: Case, routing: Routing): Detection {
  const { record, shape, directory } = facts
  const { branch, winner } = routing
  if (branch === null) {
    return found(
      finding({
        pattern: 'no-rule',
        what: `This ${shape.noun} waits for an owner, and no branch of the workflow covers it.`,
        cause: 'no-branch',
        causeTitle: 'Records that no branch of the workflow covers',
        evidence: { branch: null },
        todo: 'Decide who takes it. Then ask the boundary owner to name the branch it belongs to, or to narrow the scope.',
      }),
    )
  }
  if (branch.branch.mode !== 'rules') return NOTHING
  const unreadable = hiddenInputs(routing, facts)
  if (unreadable.length > 0) {
    const named = [...new Set(unreadable)].join(', ')
    return found(
      finding({
        pattern: 'no-rule',
        what: `The rules of the branch ${branch.branch.branch} ask about ${named}, and ${whyHidden(unreadable, facts)}, so none of them can decide.`,
        cause: `no-rule/${branch.branch.branch}/unreadable`,
        causeTitle: `${named} cannot be judged, and rules depend on it`,
        evidence: {},
        unreadable,
        todo: `${howToMend(unreadable, facts)} Until then decide yourself who takes this ${shape.noun}.`,
      }),
    )
  }
  if (winner !== null) {
    // A rule that gives the record to somebody who left decides nothing; the record would wait for ever, unseen.
    if (directory.personByEmail(record.connectionId, winner.rule.owner) !== undefined) return NOTHING
    return found(
      finding({
        pattern: 'no-rule',
        what: `Rule ${winner.rule.id} gives this ${shape.noun} to ${winner.rule.owner}, who is not an active user of this CRM.`,
        cause: `rule-owner-gone/${winner.rule.id}`,
        causeTitle: `Rule ${winner.rule.id} names ${winner.rule.owner}, who is not active`,
        evidence: { rule: winner.rule.id, owner: winner.rule.owner },
        todo: 'Decide who takes it. Then ask the boundary owner to name somebody else in the rule.',
      }),
    )
  }
  const inputs = tableInputs(branch)
  const evidence = Object.fromEntries(inputs.map(({ field, read }) => [field, read(facts)]))
  const met = Object.entries(evidence).map(([field, value]) => `${renderField(field)} ${value ?? 'blank'}`)
  return found(
    finding({
      pattern: 'no-rule',
      what: `This ${shape.noun} waits for an owner, and no rule of the branch ${branch.branch.branch} covers it (${met.join(', ')}).`,
      cause: `no-rule/${branch.branch.branch}/${inputs
        .filter((i) => i.isNamed)
        .map((i) => evidence[i.field] ?? '')
        .join('/')}`,
      causeTitle: `No rule of the branch ${branch.branch.branch} covers ${met.filter((_, i) => inputs[i]!.isNamed).join(', ') || 'these records'}`,
      evidence,
      todo: 'Decide who takes it. If cases like this will come again, ask the boundary owner for a rule.',
    }),
  )
}

/** The record may wait for an owner, and what would say so cannot be judged. */
export function undecidable(facts: CaseFacts, fields: readonly string[]): Finding {
  const { shape } = facts
  const named = [...new Set(fields)].join(', ')
  return finding({
    pattern: 'no-rule',
    what: `Nobody can say whether the workflow covers this ${shape.noun}: it asks about ${named}, and ${whyHidden(fields, facts)}.`,
    cause: `unreadable/scope/${named}`,
    causeTitle: `${named} cannot be judged, and the workflow depends on it`,
    evidence: {},
    unreadable: fields,
    todo: `${howToMend(fields, facts)} Until then decide yourself who takes this ${shape.noun}.`,
  })
}

/** What a case asks for whose inputs cannot be judged. */
export function howToMend(fields: readonly string[], facts: CaseFacts): string {
  const named = [...new Set(fields)].join(', ')
  return isOnlyUnreadable(fields, facts)
    ? `Ask your CRM admin to let the integration user read ${named}.`
    : `See with your CRM admin what became of ${named}; the workflow or the field has to be put right.`
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
