import type { Policy } from '../policy.ts'
import { branchChanges } from './branch-diff.ts'
import type { Change, DiffWords } from './change.ts'
import { classChanges, patternChanges } from './class-diff.ts'
import { companyChanges } from './company-diff.ts'
import { jobChanges } from './jobs-diff.ts'
import { limitChanges } from './limits-diff.ts'
import { markChanges } from './mark-diff.ts'
import { purposeChanges } from './purpose-diff.ts'
import { isSame } from './rows.ts'

/** M41: every difference between two versions of a policy, in the order in which a policy is read aloud. */
export function diffPolicies(from: Policy, to: Policy, words: DiffWords): Change[] {
  const changes = [
    ...purposeChanges(from, to),
    ...jobChanges(from.owners, to.owners),
    ...patternChanges(from, to, words),
    ...classChanges(from, to),
    ...branchChanges(from.boundary, to.boundary),
    ...markChanges(from, to),
    ...limitChanges(from.guards, to.guards),
    ...companyChanges(from, to),
  ]
  if (changes.length > 0 || isSame(from, to)) return changes
  // A field that this list does not know yet must not pass without a word.
  const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])] as (keyof Policy)[]
  const other = keys.filter((key) => !isSame(from[key], to[key]))
  return other.map((key) => {
    return { part: 'purpose', kind: 'changed', name: key, says: `${key} is written differently.`, reach: 'other' }
  })
}
