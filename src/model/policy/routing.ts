import type { RuleMiss } from '../decision.ts'
import { allHold, type CompiledRule, firstMatch, missesBefore } from '../rules/evaluate.ts'
import { type CaseFacts, unreadableBehind } from '../rules/facts.ts'
import { renderChange, smallestChange } from '../rules/smallest-change.ts'
import type { CompiledBranch, CompiledPolicy } from './compile.ts'

/** Where a record falls, and which rule wins there. */
export type Routing = { readonly branch: CompiledBranch | null; readonly winner: CompiledRule | null }

export function routeRecord(compiled: CompiledPolicy, facts: CaseFacts): Routing {
  const branch = firstBranch(compiled.branches, facts)
  if (branch === null || branch.branch.mode !== 'rules') return { branch, winner: null }
  return { branch, winner: firstMatch(branch.table, facts) }
}

/** Inputs of the branch that our credentials may not read. Any at all: its table decides nothing, it would be guessing. */
export function hiddenInputs({ branch }: Routing, facts: CaseFacts): string[] {
  return branch === null ? [] : branch.inputs.flatMap((field) => unreadableBehind(field, facts))
}

function firstBranch(branches: readonly CompiledBranch[], facts: CaseFacts): CompiledBranch | null {
  for (const branch of branches) if (allHold(branch.when, facts)) return branch
  return null
}

/** Of each earlier rule, why it did not fire. */
export function missesOf({ branch, winner }: Routing, facts: CaseFacts): RuleMiss[] {
  return branch === null ? [] : missesBefore(branch.table, winner, facts)
}

/** M57: what would have sent the record elsewhere, in words; null where no single input would. */
export function routingChange(compiled: CompiledPolicy, facts: CaseFacts): string | null {
  const conditions = compiled.branches.flatMap(({ branch }) => [
    ...branch.when,
    ...branch.rules.flatMap((rule) => rule.when),
  ])
  const change = smallestChange(facts, conditions, (supposed) => describe(routeRecord(compiled, supposed)))
  return change === null ? null : `${renderChange(change)}, ${change.outcome}.`
}

function describe({ branch, winner }: Routing): string {
  if (winner !== null) return `${winner.rule.owner} would get it`
  if (branch === null) return 'no branch would cover it'
  return branch.branch.mode === 'rules'
    ? `no rule of the branch ${branch.branch.branch} would cover it`
    : `a person would decide it in the branch ${branch.branch.branch}`
}
