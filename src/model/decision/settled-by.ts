import type { Mark } from '../policy/mark.ts'
import { liveMark } from '../policy/marks.ts'
import type { Policy } from '../policy/policy.ts'
import type { Routing } from '../policy/routing.ts'
import type { FoundException } from './found-exception.ts'

/** What lets a rule settle a case: expected cases need no more than the policy, any other a mark. */
export type Leave = 'expected' | Mark

/** Whether the winning rule may settle this case without a person. Null: it may not. Never an unknown. */
export function leaveToSettle(
  { class: of, finding }: Pick<FoundException, 'class' | 'finding'>,
  { branch, winner }: Pick<Routing, 'branch' | 'winner'>,
  policy: Pick<Policy, 'marks'>,
  nowMs: number,
): Leave | null {
  if (of === 'unknown' || branch === null || winner === null || !branch.branch.settles.includes(finding.pattern))
    return null
  return of === 'expected' ? 'expected' : liveMark(policy, winner.rule.id, of, nowMs)
}

/** What of these the winning rule may settle without a person, and by whose leave. */
export function settledBy(
  found: readonly FoundException[],
  routing: Routing,
  policy: Pick<Policy, 'marks'>,
  nowMs: number,
): ReadonlyMap<FoundException, Leave> {
  const settled = new Map<FoundException, Leave>()
  for (const one of found) {
    const leave = leaveToSettle(one, routing, policy, nowMs)
    if (leave !== null) settled.set(one, leave)
  }
  return settled
}
