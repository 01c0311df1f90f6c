import { plainNumber, type Span, writtenNumber } from '../matching/written-number.ts'
import type { Condition } from './condition.ts'
import { nameInHomeCurrency, readFieldName } from './field-name.ts'

type Range = Extract<Condition, { op: 'range' }>

/** `from` is included, `below` is not. */
export type Ends = { readonly from: number; readonly below: number }

/** Reads a value of one field: the number, every span in which it may lie, or null for a placeholder. No span: it may be any. */
export type ReadNumber = (text: string) => number | readonly Span[] | null

const ANY: readonly Span[] = []

/** The one reading of numbers for everything that compares them: conditions, tables and changes that would matter. */
export function numberReader(field: string, isNumberField = false): ReadNumber {
  const currency = readFieldName(field)?.currency
  return (text) => {
    const plain = plainNumber(text)
    if (!Number.isNaN(plain)) return plain
    if (isNumberField && Number.isFinite(Number(text))) return Number(text)
    const written = writtenNumber(text)
    if (written === null) return null
    const { spans, currencies } = written
    // An amount of another currency, or of one that nobody says, is another amount.
    const isOther = currency !== undefined && currencies !== null && !currencies.includes(currency ?? '')
    if (isOther) return ANY
    const [first] = spans
    return spans.length === 1 && first!.low === first!.high ? first!.low : spans
  }
}

/** An amount of a CRM's own number field; null where its text means no single number, or names a currency. Blank is 0. */
export function amountOf(text: string | null): number | null {
  const read = text === null ? 0 : readAmount(text)
  return typeof read === 'number' ? read : read === null ? 0 : null
}

const readAmount = numberReader(nameInHomeCurrency(''), true)

export function endsOf({ from, below }: Range, measure: (text: string) => number): Ends {
  return {
    from: from === null ? Number.NEGATIVE_INFINITY : measure(from),
    below: below === null ? Number.POSITIVE_INFINITY : measure(below),
  }
}

/** Whether the value lies in the range; null: it may, and may not. */
export function liesIn(read: ReturnType<ReadNumber>, ends: Ends): boolean | null {
  if (typeof read === 'number') return read >= ends.from && read < ends.below
  if (read === null) return false
  if (read.length === 0) return null
  // An end that is no number, or two that leave no room, has nothing between them.
  if (!(ends.from < ends.below) || read.every((span) => isOutside(span, ends))) return false
  return read.every((span) => isInside(span, ends)) ? true : null
}

function isInside({ low, high, isOpen }: Span, { from, below }: Ends): boolean {
  return low >= from && (high < below || (isOpen && high === below))
}

function isOutside({ low, high, isOpen }: Span, { from, below }: Ends): boolean {
  return high < from || (isOpen && high === from) || low >= below
}
