import { type FieldText, READ_ORDER } from '../change-event.ts'
import type { ReadStamp, Stamp, StampedValue } from '../crm-record.ts'
import type { FoldOutcome } from './fold-outcome.ts'
import { MERGED_INTO } from './merged-events.ts'
import type { Draft } from './record-draft.ts'
import { ERASED } from './record-marks.ts'
import { compareStamps, compareValues } from './stamp-order.ts'

export type Reading = StampedValue & { readonly sinceMs?: number }

/** Three registers of a field: newest received change, newest reading, and oldest reading until a change is received. */
export type Registers = { told: StampedValue | null; read: Reading | null; firstRead: StampedValue | null }

export function foldReceived(draft: Draft, field: string, incoming: StampedValue): FoldOutcome {
  const { told, read } = registersOf(draft, field)
  const newest = told !== null && compareValues(told, incoming) >= 0 ? told : incoming
  const isTied = told !== null && field !== MERGED_INTO && isTiedNow(draft, told, incoming)
  const outcome = writeField(draft, field, incoming.value, {
    told: isTied ? { ...newest, tied: true } : newest,
    read,
    firstRead: null,
  })
  // That another value was told of the same moment is news, whichever of them stands.
  return isTied && told.tied === undefined && outcome === 'superseded' ? 'applied' : outcome
}

/**
 * Two values of one moment, of which the CRM does not say which came later. In the moment of an erasure none is: what it took away
 * can no longer be compared.
 */
function isTiedNow({ isOrdered, stamps }: Draft, told: StampedValue, incoming: StampedValue): boolean {
  if (stamps[ERASED]?.atMs === told.atMs && incoming.atMs <= told.atMs) return false
  if (told.tied === true && !isLater(incoming, told, isOrdered)) return true
  if (told.atMs !== incoming.atMs || told.value === incoming.value) return false
  if (isOrdered) return told.order === incoming.order
  return told.order !== READ_ORDER && incoming.order !== READ_ORDER
}

function isLater(a: Stamp, b: Stamp, isOrdered: boolean): boolean {
  if (a.atMs !== b.atMs) return a.atMs > b.atMs
  return a.order > b.order && (isOrdered || a.order === READ_ORDER)
}

export function foldReading(draft: Draft, field: string, incoming: StampedValue, answersMs: number): FoldOutcome {
  const before = registersOf(draft, field)
  const { value, atMs, order } = incoming
  const reading: Reading = answersMs > atMs ? { value, atMs: answersMs, order, sinceMs: atMs } : incoming
  const read = before.read !== null && compareReadings(before.read, reading) >= 0 ? before.read : reading
  // After an erasure the oldest reading is gone for good, so then no order of arrival may use one.
  const usesFirst = before.told === null && draft.stamps[ERASED] === undefined
  const isFirst = before.firstRead === null || compareValues(incoming, before.firstRead) < 0
  const firstRead = usesFirst ? (isFirst ? incoming : before.firstRead) : null
  return writeField(draft, field, value, { told: before.told, read, firstRead })
}

function writeField(draft: Draft, field: string, said: FieldText, registers: Registers): FoldOutcome {
  const valueBefore = draft.values[field]
  const wasKnown = draft.stamps[field] !== undefined
  writeRegisters(draft, field, registers)
  const value = draft.values[field] ?? null
  if (!wasKnown || valueBefore !== value) return 'applied'
  return said !== value ? 'superseded' : 'no-change'
}

export function registersOf(draft: Draft, field: string): Registers {
  const stamp = draft.stamps[field]
  if (stamp === undefined) return { told: null, read: null, firstRead: null }
  const value = draft.values[field] ?? null
  if (stamp.read === undefined) {
    const { atMs, order, tied } = stamp
    return { told: { value, atMs, order, ...(tied && { tied }) }, read: null, firstRead: null }
  }
  const read: Reading = { value, ...stamp.read }
  const told = stamp.told ?? null
  return { told, read, firstRead: told === null ? (stamp.firstRead ?? modifiedAt(read)) : null }
}

/** A reading of the moment of a change shows what became of it, unless the CRM itself puts it before. */
function isOlder(read: Stamp, told: Stamp, isOrdered: boolean): boolean {
  return isOrdered ? compareStamps(read, told) < 0 : read.atMs < told.atMs
}

/** The reading by the record's own time. */
function modifiedAt({ value, atMs, order, sinceMs }: Reading): StampedValue {
  return { value, atMs: sinceMs ?? atMs, order }
}

export function writeRegisters(draft: Draft, field: string, { told, read, firstRead }: Registers): void {
  if (told !== null && (read === null || isOlder(read, told, draft.isOrdered))) {
    draft.values[field] = told.value
    draft.stamps[field] = { atMs: told.atMs, order: told.order, ...(told.tied && { tied: told.tied }) }
    return
  }
  if (read === null) return
  const { value, ...readStamp } = read
  const modified = modifiedAt(read)
  // The value is as old as the last received change to it, or as the first time we saw it there.
  const since = told?.value === value ? told : told === null && firstRead?.value === value ? firstRead : modified
  draft.values[field] = value
  draft.stamps[field] = {
    atMs: since.atMs,
    order: since.order,
    read: readStamp satisfies ReadStamp,
    ...(told !== null && { told }),
    ...(firstRead !== null && compareValues(firstRead, modified) !== 0 && { firstRead }),
  }
}

function compareReadings(a: Reading, b: Reading): number {
  return compareValues(a, b) || (a.sinceMs ?? a.atMs) - (b.sinceMs ?? b.atMs)
}
