import type { DecidedException } from '../../model/decision/decided-exception.ts'
import { type HeldMs, READ_WITHIN_S } from '../../store/decisions/held-records.ts'

type Id = { readonly objectType: string; readonly recordId: string }
type Rests = Pick<DecidedException, 'awaitsReading' | 'classRestsOn' | 'restsOn'>

const SHORT_MS = READ_WITHIN_S * 1_000

/**
 * For how many milliseconds yet a case is not opened, or stays as it is, because what it rests on may be known again at
 * once. Each input has its own two minutes; the input's own case tells of it meanwhile. 0: it is opened or changed now.
 */
export function waitsMs(exception: Rests, held: HeldMs, record: Id, isOpen: boolean): number {
  const inputs = held.get(`${record.objectType}/${record.recordId}`)
  const leftMs = (key: string) => Math.max(0, SHORT_MS - (inputs?.get(key) ?? 0))
  // An open case waits for each: none of them may be worth a change.
  if (isOpen) return Math.max(0, ...exception.restsOn.map(leftMs))
  // A new one only for a reading, and only while nothing else would make it a case anyway.
  return exception.awaitsReading ? Math.min(...exception.classRestsOn.map(leftMs)) : 0
}
