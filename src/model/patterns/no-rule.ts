import { foldText } from '../matching/fold-text.ts'
import type { CompiledBranch, CompiledPolicy } from '../policy/compile.ts'
import type { Unknown } from '../record/knowledge.ts'
import type { CaseFacts } from '../rules/case-facts.ts'
import { namedPerson } from '../rules/condition.ts'
import type { CompiledConditions, CompiledRule } from '../rules/evaluate.ts'
import { howToRead, isOnlyNotUnderstood, type UnreadText, unreadText } from '../rules/place-facts.ts'
import { renderField, renderOwner } from '../rules/render.ts'
import { unreadNumbers } from '../rules/unread-number.ts'
import { evidenceOf } from './contract/evidence.ts'
import type { Finding } from './contract/finding.ts'
import { branchInputs, inputClasses } from './contract/input-classes.ts'
import { definePattern, finding, found, NOTHING, notKnown } from './contract/pattern.ts'
import { type RuleOutcome, ruleOutcome } from './contract/rule-outcome.ts'

/** By the boundary rules decide, but no rule covers the record, no branch does, or its rule gives it to nobody who is there. */
export const noRule = definePattern({
  name: 'no-rule',
  title: 'No rule',
  label: 'no rule covers it',
  meaning: 'A record waits for an owner where rules decide, and no rule gives one.',
  parameters: {},
  restsOn: 'routing',
  sentence: () => 'a record needs an owner where rules decide, and no rule covers it',
  recheck: 'somebody to whom its rule gives it leaves the office or is back then',
  detect(_, { facts, compiled, routing }) {
    if (routing === null) return NOTHING
    const { branch, winner, unknown } = routing
    if (unknown !== null)
      return isOnlyNotUnderstood(unknown) ? found(notRead(branch, unknown, compiled, facts)) : notKnown(unknown)
    if (branch === null) return found(noBranch(compiled, facts))
    if (branch.branch.mode !== 'rules') return NOTHING
    if (winner === null) return found(uncovered(branch, compiled, facts))
    // Without this, the record of a rule whose owner left would wait for ever, unseen.
    const outcome = ruleOutcome(winner.rule.owner, compiled, facts)
    const { why, recheckAtMs, unknown: missing } = outcome
    if (missing !== null) return notKnown(missing)
    const detection = why === null ? NOTHING : found(givesNobody(winner, why, outcome, facts))
    return recheckAtMs === null ? detection : { ...detection, nextRecheckAtMs: recheckAtMs }
  },
})

function noBranch({ branches }: CompiledPolicy, facts: CaseFacts): Finding {
  const { shape } = facts
  return finding({
    pattern: 'no-rule',
    what: `This ${shape.noun} needs an owner, but no branch of the workflow covers it.`,
    cause: 'no-branch',
    causeTitle: 'Records that no branch of the workflow covers',
    evidence: { branch: null },
    keyFacts: {
      branch: null,
      inputs: inputClasses(
        branches.flatMap(({ when }) => when),
        facts,
      ),
    },
    todo: 'Assign it. Then ask the boundary owner to add a branch for it, or to narrow the scope.',
  })
}

function givesNobody(
  { rule }: CompiledRule,
  why: string,
  outcome: Pick<RuleOutcome, 'isAway' | 'isShared'>,
  { shape }: CaseFacts,
): Finding {
  const owner = renderOwner(rule.owner)
  const isPerson = namedPerson(rule.owner) !== null
  const isAway = isPerson && outcome.isAway
  const isShared = isPerson && outcome.isShared
  return finding({
    pattern: 'no-rule',
    what: `Rule ${rule.id} assigns this ${shape.noun} to ${owner}, ${why}.`,
    // Of one person all records wait for the same.
    ...(isPerson
      ? {
          cause: `rule-owner-${isAway ? 'away' : isShared ? 'shared' : 'gone'}/${rule.id}`,
          causeTitle: `Rule ${rule.id} names ${owner}, ${isAway || isShared ? why : 'who is not active'}`,
        }
      : {
          cause: `rule-gives-nobody/${rule.id}`,
          causeTitle: `Rule ${rule.id} assigns these records to ${owner}, and that is nobody who can have them`,
        }),
    evidence: { rule: rule.id, owner },
    keyFacts: { rule: rule.id, owner, isAway, isShared },
    todo: isAway
      ? 'Assign it, or name a delegate in the calendar of the company. It is written by the rule when its owner is back.'
      : isShared
        ? 'Assign it. Then give each of these users an e-mail of their own in the CRM, or deactivate those who are not the person meant. If one is a program, ask the workflow owner to name it under integrations in people.yaml.'
        : isPerson
          ? 'Assign it. Then ask the boundary owner to name another owner in the rule.'
          : 'Assign it. If more such cases will come, ask the boundary owner for a rule that comes before this one.',
  })
}

function uncovered(branch: CompiledBranch, compiled: CompiledPolicy, facts: CaseFacts): Finding {
  const { branch: name } = branch.branch
  const evidence = evidenceOf(asksOf(branch), facts)
  const met = Object.keys(evidence)
  const unread = new Map(met.map((field) => [field, unreadText(field, facts)] as const).filter(isUnread))
  const inWords = (field: string) => `${renderField(field)} ${evidence[field] ?? 'blank'}`
  const what = `No rule of the branch ${name} covers this ${facts.shape.noun} (${met.map(inWords).join(', ')}).`
  return finding({
    pattern: 'no-rule',
    what: [what, ...[...unread.values()].map(({ says }) => `T${says.slice(1)}.`)].join(' '),
    // One rule may be missing or several: the list says what each record has. A text that names nothing needs another look.
    cause: unread.size === 0 ? `no-rule/${name}` : `no-rule/${name}/not-understood`,
    causeTitle:
      unread.size === 0
        ? `No rule of the branch ${name} covers these records`
        : `No rule of the branch ${name} covers these records, because a text of theirs names nothing that we know`,
    evidence,
    keyFacts: {
      branch: name,
      inputs: branchInputs(branch, compiled, facts),
      texts: [...unread.values()].map(({ field, text }) => `${field}: ${foldText(text).trim()}`),
    },
    todo:
      unread.size === 0
        ? 'Assign it. If more such cases will come, ask the boundary owner for a rule.'
        : howToRead([...unread.values()]),
  })
}

/** Rules decide by a country, state or number, and what the record holds leaves it open: any of them may be the one. */
function notRead(branch: CompiledBranch | null, unknown: Unknown, compiled: CompiledPolicy, facts: CaseFacts): Finding {
  const name = branch?.branch.branch ?? null
  const conditions = branch === null ? compiled.branches.flatMap(conditionsOf) : asksOf(branch)
  const evidence = evidenceOf(conditions, facts)
  const numbers = unreadNumbers(conditions, facts)
  const texts = [...Object.keys(evidence).flatMap((field) => unreadText(field, facts) ?? []), ...numbers]
  const open = numbers.length === 0 ? 'names no country or state' : 'leaves open what it means'
  const which = name === null ? 'branch of the workflow' : `rule of the branch ${name}`
  const says = texts.map((text) => `${text.says.charAt(0).toUpperCase()}${text.says.slice(1)}.`)
  return finding({
    pattern: 'no-rule',
    what: [`We cannot tell which ${which} covers this ${facts.shape.noun}.`, ...says].join(' '),
    cause: `no-rule/${name ?? 'any-branch'}/not-understood`,
    causeTitle: `We cannot tell which ${which} covers these records, because a text of theirs ${open}`,
    evidence,
    keyFacts: {
      branch: name,
      inputs: inputClasses(conditions, facts),
      texts: texts.map(({ field, text }) => `${field}: ${foldText(text).trim()}`),
    },
    todo: howToRead(texts),
    reports: unknown,
  })
}

function isUnread(entry: readonly [string, UnreadText | null]): entry is [string, UnreadText] {
  return entry[1] !== null
}

/** Everything that the rules of the branch ask, in their order. */
function asksOf(branch: CompiledBranch): CompiledConditions {
  return branch.table.flatMap(({ when }) => when)
}

function conditionsOf(branch: CompiledBranch): CompiledConditions {
  return [...branch.when, ...asksOf(branch)]
}
