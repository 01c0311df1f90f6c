import type { RuleMiss } from '../rules/evaluate.ts'
import { allHold, type CompiledRule, firstMatch } from '../rules/evaluate.ts'
import { type CaseFacts, isAnythingHidden, supposing, unreadableBehind } from '../rules/facts.ts'
import { renderChange, smallestChange } from '../rules/smallest-change.ts'
import { failedCheck, type Placed, placeRecord } from '../rules/table-index.ts'
import type { CompiledBranch, CompiledPolicy } from './compile.ts'

/** Where a record falls, and which rule wins there. */
export type Routing = {
  readonly branch: CompiledBranch | null
  readonly winner: CompiledRule | null
  /** Where it stands in the index of all routes. */
  readonly placed: Placed
}

export function routeRecord({ routes, search }: CompiledPolicy, facts: CaseFacts): Routing {
  const placed = placeRecord(search.index, facts)
  const route = routes[placed.row]
  return { branch: route?.branch ?? null, winner: route?.rule ?? null, placed }
}

/** The same by closures, one condition after the other: what the index is held against. */
export function routeByClosures({ branches }: CompiledPolicy, facts: CaseFacts): Omit<Routing, 'placed'> {
  for (const branch of branches) {
    if (!allHold(branch.when, facts)) continue
    return { branch, winner: branch.branch.mode === 'rules' ? firstMatch(branch.table, facts) : null }
  }
  return { branch: null, winner: null }
}

/** Inputs of the branch that our credentials may not read. Any at all: its table decides nothing, it would be guessing. */
export function hiddenInputs({ branch }: Routing, facts: CaseFacts): string[] {
  if (branch === null || !isAnythingHidden(facts)) return []
  return branch.inputs.flatMap((field) => unreadableBehind(field, facts))
}

/** Of each earlier rule of the branch, the first condition that failed, and what it met. */
export function missesOf({ routes, search }: CompiledPolicy, { branch, placed }: Routing): RuleMiss[] {
  const misses: RuleMiss[] = []
  if (branch === null) return misses
  for (let row = placed.row - 1; routes[row]?.branch === branch; row -= 1) {
    const failed = failedCheck(search.index, placed, row, branch.when.length)
    if (failed === null) continue
    misses.push({ rule: routes[row]!.rule!.rule.id, failed: failed.says, actual: placed.values[failed.field]! })
  }
  return misses.reverse()
}

const NO_BRANCH = 'no branch would cover it'

/** M57: what would have sent the record elsewhere, in words; null where no single input would. */
export function routingChange(compiled: CompiledPolicy, facts: CaseFacts, { placed }: Routing): string | null {
  const { routes, search } = compiled
  const change = smallestChange(
    search,
    placed,
    facts,
    (row) => routes[row]?.outcome ?? NO_BRANCH,
    ({ field, to }) => {
      const { branch, winner } = routeByClosures(compiled, supposing(facts, new Map([[field, to]])))
      return routes.find((route) => route.branch === branch && route.rule === winner)?.outcome ?? NO_BRANCH
    },
  )
  return change === null ? null : `${renderChange(change)}, ${change.outcome}.`
}
