import { Unknown } from '../record/knowledge.ts'
import type { CaseFacts } from '../rules/case-facts.ts'
import type { RuleMiss } from '../rules/evaluate.ts'
import { allHold, type CompiledRule, firstMatch } from '../rules/evaluate.ts'
import { supposing } from '../rules/facts.ts'
import { failedCheck, type Placed, placeRecord } from '../rules/place-record.ts'
import { renderChange, smallestChange } from '../rules/smallest-change.ts'
import type { CompiledBranch, CompiledPolicy } from './compile.ts'

/** Where a record falls, and which rule wins there. */
export type Routing = {
  /** Null: no branch covers the record, or it is not known which. */
  readonly branch: CompiledBranch | null
  /** Null: no rule wins, or it is not known which. */
  readonly winner: CompiledRule | null
  /** Why it is not known where the record falls or which rule wins; null: it is known. */
  readonly unknown: Unknown | null
  /** Where it stands in the index of all routes. */
  readonly placed: Placed
}

export function routeRecord({ routes, search }: CompiledPolicy, facts: CaseFacts): Routing {
  const placed = placeRecord(search.index, facts)
  const route = routes[placed.row]
  if (placed.unknown === null) {
    return { branch: route?.branch ?? null, winner: route?.rule ?? null, unknown: null, placed }
  }
  // Whatever the unknown inputs are, the branch is known where every row that may be the first is of one branch.
  const branches = new Set(placed.maybe.map((row) => routes[row]!.branch)).add(route?.branch as CompiledBranch)
  const branch = branches.size === 1 ? (route?.branch ?? null) : null
  return { branch, winner: null, unknown: placed.unknown, placed }
}

/** The same by closures, one condition after the other: what the index is held against. */
export function routeByClosures({ branches }: CompiledPolicy, facts: CaseFacts): Omit<Routing, 'placed'> {
  let unknown: Unknown | null = null
  for (const branch of branches) {
    const isIn = allHold(branch.when, facts)
    if (isIn === false) continue
    const winner = branch.branch.mode === 'rules' ? firstMatch(branch.table, facts) : null
    const isKnown = isIn === true && unknown === null
    if (isKnown && !(winner instanceof Unknown)) return { branch, winner, unknown: null }
    unknown = Unknown.both(unknown, isIn === true ? null : isIn)
    if (winner instanceof Unknown) unknown = Unknown.both(unknown, winner)
    if (isIn === true) return { branch: isKnown ? branch : null, winner: null, unknown }
  }
  return { branch: null, winner: null, unknown }
}

/** Of each earlier rule of the branch, the first condition that failed, and what it met. */
export function missesOf({ routes, search }: CompiledPolicy, { branch, placed }: Routing): RuleMiss[] {
  const misses: RuleMiss[] = []
  if (branch === null || placed.unknown !== null) return misses
  const from = branch.when.length
  for (let row = branch.firstRow; row < placed.row; row += 1) {
    const failed = failedCheck(search.index, placed, row, from)
    if (failed === null) continue
    const actual = placed.values[failed.field]!
    if (actual instanceof Unknown) continue
    misses.push({ rule: routes[row]!.rule!.rule.id, failed: failed.says, actual })
  }
  return misses
}

const NO_BRANCH = 'no branch would cover it'

/** M57: what would have sent the record elsewhere, in words; null where no single input would. */
export function routingChange(compiled: CompiledPolicy, facts: CaseFacts, { placed }: Routing): string | null {
  const { routes, search } = compiled
  const outcomeOf = (row: number) => routes[row]?.outcome ?? NO_BRANCH
  const change = smallestChange(search, placed, facts, outcomeOf, ({ field, to }) => {
    const changed = placeRecord(search.index, supposing(facts, new Map([[field, to]])))
    // What nobody knows is no other outcome.
    return outcomeOf(changed.unknown === null ? changed.row : placed.row)
  })
  return change === null ? null : `${renderChange(change)}, ${change.outcome}.`
}
