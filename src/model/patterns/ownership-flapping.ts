import type { OwnerChange } from '../record/crm-record.ts'
import { knownValue } from '../record/field-value.ts'
import { Unknown } from '../record/knowledge.ts'
import { definePattern, finding, NOTHING, notKnown } from './contract/pattern.ts'

const HOUR_MS = 3_600_000

/** The owner changed back and forth: two automations or two people fight over the record. */
export const ownershipFlapping = definePattern({
  name: 'ownership-flapping',
  title: 'Ownership flapping',
  label: 'owner keeps changing',
  meaning: 'The owner changed several times in a short time and came back to an earlier one.',
  parameters: {
    // The record keeps its newest 12 owner changes, so more could never be seen.
    changes: { kind: 'whole-number', says: 'Owner changes from which it counts.', least: 2, most: 12 },
    withinHours: { kind: 'positive-number', says: 'Hours in which those changes happened.', most: 24 * 90 },
  },
  floor: 'risky',
  endsWithTime: true,
  inputs: (_, { owner }) => [owner],
  sentence: ({ changes, withinHours }) =>
    `the owner changed ${changes} times within ${withinHours} hours and came back to an earlier one`,
  detect(setting, { facts, ahead }) {
    const { record, shape, nowMs } = facts
    const ownerNow = knownValue(record, shape.owner)
    if (ownerNow instanceof Unknown) return notKnown(ownerNow)
    const history = record.ownerHistory
    if (history.length < setting.changes) return NOTHING
    const windowMs = setting.withinHours * HOUR_MS
    const isFound = (changes: Changes) => isBackAndForth(changes, setting.changes, ownerNow)
    const changes = changesSince(history, nowMs - windowMs)
    // Time only takes changes out of the window, so it does not begin by itself.
    if (!isFound(changes)) return NOTHING
    return {
      findings: [
        finding({
          pattern: 'ownership-flapping',
          what:
            ahead === undefined
              ? `The owner of this ${shape.noun} changed ${changes.length} times within ${setting.withinHours} hours and came back to an earlier one.`
              : `Rule ${ahead.rule} would change the owner of this ${shape.noun} for the ${ordinal(changes.length)} time within ${setting.withinHours} hours, back to an earlier one.`,
          evidence: evidenceOf(changes, ahead !== undefined),
          // Older ones leave the window by time alone.
          keyFacts: {
            last: changes
              .slice(-setting.changes)
              .map(({ change: { atMs, owner } }, n) => [
                ahead !== undefined && n === setting.changes - 1 ? null : atMs,
                owner,
              ]),
          },
          todo: `Find the automations or people that keep moving this ${shape.noun}. Agree on one owner, and switch off the others.`,
        }),
      ],
      unknown: null,
      nextRecheckAtMs: endsMs(history, windowMs, nowMs, isFound),
    }
  },
})

/** A change that is not made yet has no time, so that the evidence stays the same however often it is looked at. */
function evidenceOf(changes: Changes, isLastAhead: boolean): Record<string, string | null> {
  const last = changes.at(-1)
  return Object.fromEntries(
    changes.map(({ change }) =>
      isLastAhead && change === last?.change
        ? ['owner by the rule', change.owner]
        : [`owner at ${new Date(change.atMs).toISOString()}`, change.owner],
    ),
  )
}

function ordinal(n: number): string {
  return n === 2 ? '2nd' : n === 3 ? '3rd' : `${n}th`
}

/** Changes of the owner, each with the owner before it (undefined: not known). */
type Changes = readonly { readonly from: string | null | undefined; readonly change: OwnerChange }[]

function isBackAndForth(changes: Changes, least: number, ownerNow: string | null): boolean {
  if (changes.length < least) return false
  // Who held it within the window: everyone it was given to or taken from, but for the present spell.
  return changes.some(
    ({ from, change }, i) => from === ownerNow || (change.owner === ownerNow && i < changes.length - 1),
  )
}

/** When it is found no more, because a change has left the window. */
function endsMs(
  history: readonly OwnerChange[],
  windowMs: number,
  nowMs: number,
  isFound: (changes: Changes) => boolean,
): number | null {
  const leaves = history
    .map(({ atMs }) => Math.floor(atMs + windowMs) + 1)
    .filter((atMs) => atMs > nowMs)
    .sort((a, b) => a - b)
  return leaves.find((atMs) => !isFound(changesSince(history, atMs - windowMs))) ?? null
}

/** One that the CRM dates in our future has happened all the same: the CRM's clock is ahead of ours. */
function changesSince(history: readonly OwnerChange[], sinceMs: number): Changes {
  const changes: { from: string | null | undefined; change: OwnerChange }[] = []
  let before: OwnerChange | undefined
  for (const change of history) {
    const isChange = before === undefined ? change.found === undefined : before.owner !== change.owner
    if (isChange && change.atMs >= sinceMs) changes.push({ from: before?.owner, change })
    before = change
  }
  return changes
}
