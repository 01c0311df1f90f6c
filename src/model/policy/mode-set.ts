import { isSame } from './diff/rows.ts'
import { isLooser } from './diff/say-conditions.ts'
import type { Mode, Policy, PolicyContent } from './policy.ts'

/** How far a workflow may go at most, as people set it. A version says only what it begins with. */
export type ModeSet = {
  readonly mode: Mode
  /** Above a pilot: what it falls back to. */
  readonly pilot: PolicyContent['pilot']
}

export function withMode(policy: Policy, set: ModeSet | null): Policy {
  return set === null ? policy : { ...policy, mode: set.mode, pilot: set.pilot }
}

const LADDER: readonly Mode[] = ['draft', 'observe', 'pilot', 'live']

/** M66: whether more may be written than before. What is both more and less is more. */
export function reachOf(from: ModeSet, to: ModeSet): 'same' | 'lower' | 'raise' {
  const step = LADDER.indexOf(to.mode) - LADDER.indexOf(from.mode)
  if (step !== 0) return step > 0 ? 'raise' : 'lower'
  const [old, now] = [from.pilot, to.pilot]
  if (isSame(old, now)) return 'same'
  // The limits of a pilot are gone, or there are some where there were none: below and above a pilot, where none hold.
  if (old === null || now === null) return 'lower'
  const isSlice = isSame(old.when, now.when)
  if (now.dailyCap > old.dailyCap || !(isSlice || isLooser(now.when, old.when))) return 'raise'
  return 'lower'
}
