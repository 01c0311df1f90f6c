import type { UnknownBranch } from './unknown-branches.ts'

/** An unknown branch whose removal changes nothing that anybody could see, and why. */
type Equivalent = { readonly path: string; readonly was: string; readonly because: string }

/** Reviewed one by one. Better is code without the branch. */
const EQUIVALENT: readonly Equivalent[] = [
  {
    path: 'src/model/policy/routing.ts',
    was: 'actual instanceof Unknown',
    because: 'failedCheck answers only checks whose value is known; it narrows the type',
  },
  {
    path: 'src/model/rules/evaluate.ts',
    was: 'actual instanceof Unknown',
    because: 'a condition that is known to fail has read a known value; it narrows the type',
  },
  {
    path: 'src/model/rules/smallest-change.ts',
    was: 'from instanceof Unknown',
    because:
      'where the row is known, no value of an unknown field leads to another, so none gets here; it narrows the type',
  },
  {
    path: 'src/model/policy/territory-conflicts.ts',
    was: 'allHold(compiled.scope, supposed) !== true',
    because:
      'the records that are tried are made up here and hide nothing; passing an unknown would be the wrong default',
  },
  {
    path: 'src/model/patterns/contract/input-classes.ts',
    was: 'holds(facts) !== true',
    because: 'its input is known there, so the condition is as well; counting an unknown would be the wrong default',
  },
  {
    path: 'src/model/decision/look-ahead.ts',
    was: 'account instanceof Unknown',
    because: 'an account that is not known has no key, so no write of it is planned; it narrows the type',
  },
]

export function equivalentOf(branch: UnknownBranch): Equivalent | undefined {
  return EQUIVALENT.find((one) => names(one, branch))
}

/** Those that name no place any more, or several of one text: which one was reviewed? */
export function staleEquivalents(branches: readonly UnknownBranch[]): Equivalent[] {
  return EQUIVALENT.filter((one) => branches.filter((branch) => names(one, branch)).length !== 1)
}

function names({ path, was }: Equivalent, branch: UnknownBranch): boolean {
  return path === branch.path && was === branch.was.replaceAll(/\s+/g, ' ')
}
