import type { FieldText } from '../change-event.ts'
import type { Stamp, StampedValue } from '../crm-record.ts'

/** Which of two moments is newer, by the CRM's own clock and order. */
export function compareStamps(a: Stamp, b: Stamp): number {
  return a.atMs - b.atMs || a.order - b.order
}

/** Equal moments are decided by the value itself, so that two arrivals of one instant cannot end differently. */
export function compareValues(a: StampedValue, b: StampedValue): number {
  return compareStamps(a, b) || compareText(a.value, b.value)
}

export function compareText(a: FieldText, b: FieldText): number {
  if (a === b) return 0
  if (a === null) return -1
  if (b === null) return 1
  return a < b ? -1 : 1
}
