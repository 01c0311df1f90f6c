import { ruleOutcome } from '../patterns/contract/rule-outcome.ts'
import { findPattern } from '../patterns/registry.ts'
import type { CompiledPolicy } from '../policy/compile.ts'
import type { Routing } from '../policy/routing.ts'
import { DATE_MAX_MS } from '../record/instant.ts'
import type { CaseFacts } from '../rules/case-facts.ts'
import { nextFlipMs, nextRowFlipMs } from '../rules/next-flip.ts'
import { rowsAtSomeTime } from '../rules/place-record.ts'
import type { FoundException } from './found-exception.ts'
import type { Leave } from './settled-by.ts'

/**
 * What time alone changes: the record comes under the workflow, begins to wait for its action, falls to another rule or
 * branch, its case to another class, the pilot takes it, the owner of its rule is away or back, the mark that lets its rule settle it ends, or a pattern's grace or window ends:
 * `pattern/stale-field`.
 */
export type WakeReason = 'scope' | 'action' | 'branch' | 'class' | 'pilot' | 'owner' | 'mark' | `pattern/${string}`

/** When the answer changes although the record does not, and what of it. */
export type WakeUp = { readonly atMs: number; readonly reason: WakeReason }

export function wakeAt(atMs: number | null, reason: WakeReason): WakeUp | null {
  return atMs === null || atMs > DATE_MAX_MS ? null : { atMs, reason }
}

export function earlierOf(one: WakeUp | null, other: WakeUp | null): WakeUp | null {
  if (one === null || other === null) return one ?? other
  return other.atMs < one.atMs ? other : one
}

/** When a record that the workflow does not cover comes under it. */
export function scopeWake({ aging, scope }: CompiledPolicy, facts: CaseFacts): WakeUp | null {
  return aging.scope ? wakeAt(nextFlipMs(scope, facts), 'scope') : null
}

/** When a record begins to wait for the workflow's action. */
export function actionWake({ aging, waits }: CompiledPolicy, facts: CaseFacts): WakeUp | null {
  return aging.waits && waits !== 'never' ? wakeAt(nextFlipMs(waits, facts), 'action') : null
}

/** When another rule or branch gets the record, or the pilot's slice takes it: where its place in the rules matters. */
export function routingWake(compiled: CompiledPolicy, facts: CaseFacts, routing: Routing): WakeUp | null {
  const { aging, pilot, policy } = compiled
  const branch = aging.routes.length === 0 ? null : wakeAt(nextRouteMs(compiled, facts, routing), 'branch')
  if (!aging.pilot || policy.mode !== 'pilot' || pilot === null || routing.winner === null) return branch
  return earlierOf(branch, wakeAt(nextFlipMs(pilot, facts), 'pilot'))
}

function nextRouteMs({ aging, search }: CompiledPolicy, facts: CaseFacts, { placed }: Routing): number | null {
  return nextRowFlipMs(aging.routes, placed.row, facts, rowsAtSomeTime(search.index, placed))
}

/** When somebody to whom the winning rule gives the record leaves the office or comes back. */
export function ownerWake(compiled: CompiledPolicy, facts: CaseFacts, { winner }: Routing): WakeUp | null {
  if (winner === null || compiled.policy.calendar.away === undefined) return null
  return wakeAt(ruleOutcome(winner.rule.owner, compiled, facts).recheckAtMs, 'owner')
}

/** When one of the found cases falls into another class: an earlier rule of the classes begins to hold. */
export function classWake(
  { aging, classes }: CompiledPolicy,
  facts: CaseFacts,
  found: readonly FoundException[],
): WakeUp | null {
  if (!aging.classes) return null
  let earliest: WakeUp | null = null
  for (const { finding } of found) {
    for (const { rule, when } of classes) {
      if (rule.pattern !== undefined && rule.pattern !== finding.pattern) continue
      if (when.every(({ holds }) => holds(facts) !== false)) break
      earliest = earlierOf(earliest, wakeAt(nextFlipMs(when, facts), 'class'))
    }
  }
  return earliest
}

/** When a rule may no longer settle what it is marked for. */
export function markWake(leaves: Iterable<Leave>): WakeUp | null {
  let earliest: WakeUp | null = null
  for (const leave of leaves) {
    if (leave !== 'expected') earliest = earlierOf(earliest, wakeAt(leave.endsAtMs, 'mark'))
  }
  return earliest
}

const REASONS: Readonly<Record<string, string>> = {
  scope: 'by its age it comes under this workflow then',
  action: 'by its age it begins to wait for the workflow then',
  branch: 'by its age another rule or branch gets it then',
  class: 'by its age its case falls into another class then',
  pilot: 'by its age the pilot takes it then',
  owner: 'somebody to whom its rule gives it leaves the office or is back then',
  mark: 'the mark that lets its rule settle it ends then',
  'pilot-cap': 'the pilot may write again then',
  'other-write': 'another write to it should be done by then',
  refused: 'what the CRM refused is tried again then',
  reading: 'what is missing should be read by then',
  failed: 'it could not be decided and is tried again then',
  before: 'something about it changes with time',
}

/** Why a record is looked at again, as people read it: "looked at again on ... because ...". */
export function wakeText(reason: string): string {
  const [kind = '', pattern = ''] = reason.split('/')
  if (kind === 'pattern') {
    const found = findPattern(pattern)
    return found === undefined ? REASONS.before! : `${found.recheck} (${found.title.toLowerCase()})`
  }
  return REASONS[kind] ?? REASONS.before!
}
