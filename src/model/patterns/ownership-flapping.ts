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
  detect(setting, { facts }) {
    const { record, shape, nowMs } = facts
    const ownerNow = knownValue(record, shape.owner)
    if (ownerNow instanceof Unknown) return notKnown(ownerNow)
    const history = record.ownerHistory
    if (history.length < setting.changes) return NOTHING
    const windowMs = setting.withinHours * HOUR_MS
    const changes = changesWithin(history, nowMs - windowMs, nowMs)
    if (changes.length < setting.changes) return NOTHING
    // Who held it within the window: everyone it was given to or taken from, but for the present spell.
    const heldBefore = changes.some(
      ({ from, change }, i) => from === ownerNow || (change.owner === ownerNow && i < changes.length - 1),
    )
    if (!heldBefore) return NOTHING
    // It ends at the latest when so many changes have left the window that too few remain.
    const lastNeeded = changes[changes.length - setting.changes]!
    return {
      findings: [
        finding({
          pattern: 'ownership-flapping',
          what: `The owner of this ${shape.noun} changed ${changes.length} times within ${setting.withinHours} hours and came back to an earlier one.`,
          evidence: Object.fromEntries(
            changes.map(({ change }) => [`owner at ${new Date(change.atMs).toISOString()}`, change.owner]),
          ),
          todo: `Find the automations or people that keep moving this ${shape.noun}. Agree on one owner, and switch off the others.`,
        }),
      ],
      unknown: null,
      nextRecheckAtMs: lastNeeded.change.atMs + windowMs + 1,
    }
  },
})

/** Changes of the owner in the window, each with the owner before it (undefined: not known). */
function changesWithin(
  history: readonly OwnerChange[],
  sinceMs: number,
  nowMs: number,
): { readonly from: string | null | undefined; readonly change: OwnerChange }[] {
  const changes: { from: string | null | undefined; change: OwnerChange }[] = []
  let before: OwnerChange | undefined
  for (const change of history) {
    const isChange = before === undefined ? change.found === undefined : before.owner !== change.owner
    if (isChange && change.atMs >= sinceMs && change.atMs <= nowMs) changes.push({ from: before?.owner, change })
    before = change
  }
  return changes
}
