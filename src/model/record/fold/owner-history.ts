import type { OwnerChange } from '../crm-record.ts'
import type { Draft } from './record-draft.ts'
import { ERASED } from './record-marks.ts'
import { compareStamps, compareText } from './stamp-order.ts'

/** A flap needs a handful of entries; twelve leave room for a noisy week. */
export const OWNER_HISTORY_MAX = 12

/** A set of distinct changes, of which the newest are kept: the same set in any order of arrival. */
export function addOwner(draft: Draft, change: OwnerChange): boolean {
  const erasedAt = draft.stamps[ERASED]
  if (erasedAt !== undefined && compareStamps(change, erasedAt) <= 0) return false
  const history = draft.ownerHistory
  const same = history.find((known) => compareOwners(known, change) === 0)
  // Received as a change and found at the same moment: it was a change.
  if (same !== undefined && (same.found === undefined || change.found === true)) return false
  const entries = history.filter((known) => known !== same)
  entries.push(change)
  entries.sort(compareOwners)
  draft.ownerHistory = entries.slice(-OWNER_HISTORY_MAX)
  return same === undefined && draft.ownerHistory.includes(change)
}

function compareOwners(a: OwnerChange, b: OwnerChange): number {
  return compareStamps(a, b) || compareText(a.owner, b.owner)
}
