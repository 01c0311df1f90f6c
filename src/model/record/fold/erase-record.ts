import type { Stamp, StampedValue } from '../crm-record.ts'
import { registersOf, writeRegisters } from './field-registers.ts'
import type { Draft } from './record-draft.ts'
import { ERASED } from './record-marks.ts'
import { compareStamps } from './stamp-order.ts'

/** Drops everything at or before the erasure. What happened to the record afterwards stays. */
export function erase(draft: Draft, at: Stamp): void {
  for (const field of Object.keys(draft.stamps)) {
    if (field.startsWith('@')) {
      if (compareStamps(draft.stamps[field]!, at) <= 0) {
        delete draft.stamps[field]
        delete draft.values[field]
      }
      continue
    }
    const { told, read } = registersOf(draft, field)
    delete draft.values[field]
    delete draft.stamps[field]
    writeRegisters(draft, field, {
      told: told !== null && compareStamps(told, at) > 0 ? withoutTie(told, at) : null,
      read: read !== null && compareStamps(read, at) > 0 ? read : null,
      firstRead: null,
    })
  }
  draft.ownerHistory = draft.ownerHistory.filter((change) => compareStamps(change, at) > 0)
  draft.stamps[ERASED] = { atMs: at.atMs, order: at.order }
}

/** The other value of this moment may be gone now. */
function withoutTie({ tied, ...told }: StampedValue, { atMs }: Stamp): StampedValue {
  return tied === undefined || told.atMs === atMs ? told : { ...told, tied }
}
