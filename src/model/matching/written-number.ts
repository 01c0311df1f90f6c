import { visibleText } from '../record/visible-text.ts'
import { countsPeople, currencyWords, scaleWords, wordBefore, wordBehind } from './number-words.ts'
import { isPlaceholder } from './placeholder.ts'
import { remembered } from './places/remembered.ts'
import { withoutSpreadsheet } from './spreadsheet-text.ts'

/** Where a number lies: from `low` to `high`, both included unless `isOpen` leaves `high` out. One number has two equal ends. */
export type Span = { readonly low: number; readonly high: number; readonly isOpen: boolean }

/** What a text may mean as a number. */
export type WrittenNumber = {
  /** Every meaning that it may have; none: it names no number that we can read, and may mean any. */
  readonly spans: readonly Span[]
  /** ISO 4217 of the currencies that its sign or code may stand for; null: it names none. */
  readonly currencies: readonly string[] | null
}

const POINT = 46
const ZERO = 48
const MAYBE_THOUSANDS = /^\s*[+-]?[1-9]\d{0,2}\.\d{3}$/

/**
 * The number as CRMs spell theirs: `1500`, `1500.0`, `-3`, `1e3`. NaN for any other text, and for `1.500`, which people also
 * write for a thousand and a half.
 */
export function plainNumber(text: string): number {
  const end = text.length - 1
  if (text.charCodeAt(end) < ZERO) return Number.NaN
  const n = Number(text)
  if (!Number.isFinite(n)) return Number.NaN
  return text.charCodeAt(end - 3) === POINT && MAYBE_THOUSANDS.test(text) ? Number.NaN : n
}

/** Reads what people and forms write: "1.500,00", "51-200", "200+", "~300", "$5k". Null: a placeholder, so it is blank. */
export const writtenNumber: (text: string) => WrittenNumber | null = remembered((text) => {
  if (isPlaceholder(text, 'other')) return null
  const plain = comparable(text)
  if (plain.length > LENGTH_MAX) return NOTHING
  const own = plainNumber(plain)
  if (!Number.isNaN(own)) return { spans: [one(own)], currencies: null }
  const found = (['.', ','] as const).map((decimal) => phrase(plain, decimal))
  return {
    spans: distinct(found.flatMap(({ spans }) => spans)),
    currencies: found.find(({ currencies }) => currencies !== null)?.currencies ?? null,
  }
})

function one(n: number): Span {
  return { low: n, high: n, isOpen: false }
}

function distinct(spans: readonly Span[]): Span[] {
  return [...new Map(spans.map((span) => [`${span.low} ${span.high} ${span.isOpen}`, span])).values()]
}

const LENGTH_MAX = 60
const NOTHING: WrittenNumber = { spans: [], currencies: null }
const ZEROS = ['٠', '۰', '०', '০', '๐'].map((zero) => zero.charCodeAt(0))

function comparable(text: string): string {
  const plain = visibleText(text.normalize('NFKC'))
    .replaceAll(/[٠-٩۰-۹०-९০-৯๐-๙]/g, (digit) => String(digitValue(digit.charCodeAt(0))))
    .replaceAll('٫', '.')
    .replaceAll(/[٬’‘´`_]/g, "'")
    .replaceAll(/[\p{Pd}−⁃]/gu, '-')
    .replaceAll(/\s+/g, ' ')
    .toLowerCase()
  return withoutSpreadsheet(plain).replace(/[.,;]$/, '')
}

function digitValue(code: number): number {
  return ZEROS.map((zero) => code - zero).find((value) => value >= 0 && value < 10)!
}

/** A mark of decimals; the other one of the two then parts thousands. */
type Decimal = '.' | ','

/** About a number is taken for a tenth more or less. */
const ABOUT = 0.1
const ABOUT_BEFORE =
  /^(?:~|≈|±|(?:approx(?:imately)?|appr|circa|ca|c|about|around|roughly|some|est(?:imated)?|rund|etwa|ungefähr|env(?:iron)?|aprox(?:imadamente)?|unos|cerca de|ongeveer)(?:\.|\b)(?!\d))\s*/
const ABOUT_BEHIND = /\s*(?:\((?:est|estimated|estimate|approx|geschätzt|ca)\.?\)|\best(?:\.|imated)?|-?ish|\bor so)$/
const AT_LEAST =
  /^(?:>=?|≥|(?:more than|greater than|over|above|at least|minimum|min\.?|from|über|mehr als|mindestens|ab|plus de|au moins|más de|mas de|al menos|più di|oltre|mais de|meer dan)(?= ))\s*/
const BELOW =
  /^(?:<(?!=)|(?:less than|fewer than|under|below|unter|weniger als|moins de|menos de|meno di|minder dan)(?= ))\s*/
const AT_MOST = /^(?:<=|≤|(?:up to|at most|maximum|max\.?|bis zu|bis|höchstens|jusqu'à|hasta|fino a|até|tot)(?= ))\s*/
const OR_MORE =
  /\s*(?:\+|\b(?:or|and) (?:more|above|over|up)|\bplus|\bund mehr|\boder mehr|\bet plus|\bou plus|\bo más|\by más|\bou mais|\be oltre)$/
const OR_LESS = /\s*\b(?:or|and) (?:less|fewer|below|under)$/
const BAND =
  /^(?:between |from |von |zwischen )?(.*?\d.*?) ?(?:-|\.{2,}|(?<= )(?:to|and|bis|und|à|a)(?= )) ?((?=.*\d).*)$/

function phrase(text: string, decimal: Decimal): WrittenNumber {
  const before = ABOUT_BEFORE.exec(text)?.[0] ?? ''
  const inner = text.slice(before.length)
  const bare = inner.replace(ABOUT_BEHIND, '')
  const isAbout = before !== '' || bare !== inner
  const { spans, currencies } = exactly(wordBehind(bare), decimal)
  const real = countsPeople(text) ? spans.filter(isWhole) : spans
  return { spans: isAbout ? real.map(about) : real, currencies }
}

function isWhole({ low, high }: Span): boolean {
  return [low, high].every((end) => !Number.isFinite(end) || Number.isInteger(end))
}

function about({ low, high, isOpen }: Span): Span {
  return { low: low - Math.abs(low) * ABOUT, high: high + Math.abs(high) * ABOUT, isOpen }
}

/** Whatever stands around it: one bound, two, or the number itself. */
function exactly(text: string, decimal: Decimal): WrittenNumber {
  const spanned = (rest: string, span: (value: number) => Span): WrittenNumber => {
    const { values, currencies } = amount(rest, decimal)
    return { spans: values.map(span), currencies }
  }
  const upTo = (isOpen: boolean) => (high: number) => ({ low: Number.NEGATIVE_INFINITY, high, isOpen })
  const atLeast = (low: number) => ({ low, high: Number.POSITIVE_INFINITY, isOpen: true })
  const own = amount(text, decimal)
  if (own.values.length > 0) {
    return { spans: own.values.map(one), currencies: own.currencies }
  }
  const band = bandOf(text, decimal)
  if (band !== null) return band
  if (AT_LEAST.test(text)) return spanned(text.replace(AT_LEAST, ''), atLeast)
  if (BELOW.test(text)) return spanned(text.replace(BELOW, ''), upTo(true))
  if (AT_MOST.test(text)) return spanned(text.replace(AT_MOST, ''), upTo(false))
  if (OR_MORE.test(text)) return spanned(wordBehind(text.replace(OR_MORE, '')), atLeast)
  if (OR_LESS.test(text)) return spanned(wordBehind(text.replace(OR_LESS, '')), upTo(false))
  return NOTHING
}

/** Null: it is no band. A zero in front is part of a day or a code: `01-12`. */
function bandOf(text: string, decimal: Decimal): WrittenNumber | null {
  const [, first = '', second = ''] = BAND.exec(text) ?? []
  if (first === '' || /^0\d/.test(first) || /^0\d/.test(second)) return null
  const from = amount(first, decimal)
  const to = amount(second, decimal)
  // In "10-50k" the k may count for both.
  const shared = from.scales.length === 0 ? from.values.flatMap((n) => to.scales.map((scale) => n * scale)) : []
  const spans = [...new Set([...from.values, ...shared])].flatMap((low) =>
    to.values.filter((high) => low < high).map((high) => ({ low, high, isOpen: false })),
  )
  const isOne = from.currencies === null || to.currencies === null || `${from.currencies}` === `${to.currencies}`
  return spans.length > 0 && isOne ? { spans, currencies: from.currencies ?? to.currencies } : null
}

type Amount = {
  readonly values: readonly number[]
  /** What it was multiplied by; none: it names no thousands or millions. */
  readonly scales: readonly number[]
  readonly currencies: readonly string[] | null
}

const AMOUNT = /^([+-]?)(\D*?)([+-]?)(\d(?:[\d.,' ]*\d)?)(?:[.,]-)?(.*)$/

function amount(text: string, decimal: Decimal): Amount {
  const none: Amount = { values: [], scales: [], currencies: null }
  const [, sign = '', before = '', inner = '', digits = '', behind = ''] = AMOUNT.exec(text) ?? []
  const size = digits === '' ? null : sizeOf(digits, decimal)
  if (size === null || (sign !== '' && inner !== '')) return none
  const isNegative = sign === '-' || inner === '-'
  const n = isNegative ? -size : size
  const inFront = currencyWords(wordBefore(before))
  const after = scaleWords(behind)
  if (inFront === null || after === null) return none
  const currencies = inFront.length > 0 ? inFront : after.currencies.length > 0 ? after.currencies : null
  if (inFront.length > 0 && after.currencies.length > 0 && `${inFront}` !== `${after.currencies}`) return none
  const values = (after.scales.length === 0 ? [1] : after.scales).map((scale) => n * scale)
  return { values, scales: after.scales, currencies }
}

const GROUPS = {
  '.': /^(?:[1-9]\d{0,2}(?:([,' ])\d{3})(?:\1\d{3})*|[1-9]\d?(?:,\d{2})+,\d{3}|\d+)(?:\.\d+)?$/,
  ',': /^(?:[1-9]\d{0,2}(?:([.' ])\d{3})(?:\1\d{3})*|\d+)(?:,\d+)?$/,
}

/** The digits where one mark parts decimals; null where they cannot be written so. */
function sizeOf(digits: string, decimal: Decimal): number | null {
  if (!GROUPS[decimal].test(digits)) return null
  const [whole = '', fraction = '0'] = digits.split(decimal)
  return Number(`${whole.replaceAll(/\D/g, '')}.${fraction}`)
}
