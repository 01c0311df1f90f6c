import { isPostalField, postalDigits, postalNumber } from '../../model/rules/postal-code.ts'

const NUMBER = /^[+-]?\d+(?:\.\d+)?$/
const DAY = /^\d{4}-\d{2}-\d{2}$/
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?$/

type Range = { readonly from?: string | undefined; readonly below?: string | undefined }
type RangeMistake = { readonly end: 'from' | 'below'; readonly message: string }

/** What keeps every value out of the range: an end that is no number, day or code, ends of two kinds, or none between them. */
export function rangeMistakes(field: string, { from, below }: Range): RangeMistake[] {
  const ends = (
    [
      ['from', from],
      ['below', below],
    ] as const
  ).flatMap(([end, text]) => (text === undefined ? [] : [{ end, text }]))
  const isPostal = isPostalField(field)
  const digits = postalDigits({ from: from ?? null, below: below ?? null })
  const measured = ends.map(({ end, text }) => ({ end, text, ...(isPostal ? codeOf(text, digits) : valueIn(text)) }))
  const wrong = measured.filter(({ kind }) => kind === null)
  if (wrong.length > 0) return wrong.map(({ end, text }) => ({ end, message: noMeasure(text, isPostal) }))
  const [first, second] = measured
  if (first === undefined || second === undefined) return []
  if (first.kind !== second.kind) {
    return [{ end: 'below', message: `is a ${second.kind} and from is a ${first.kind}; give both ends as the same` }]
  }
  if (first.value < second.value) return []
  const says = first.value === second.value ? 'is the same as from' : 'lies before from'
  return [{ end: 'below', message: `${says}, so that no value lies between them; from is included, below is not` }]
}

type Measured = { readonly kind: 'number' | 'date' | 'code' | null; readonly value: number }
const NONE: Measured = { kind: null, value: Number.NaN }

function codeOf(text: string, digits: number): Measured {
  const value = postalNumber(text, digits)
  return Number.isNaN(value) ? NONE : { kind: 'code', value }
}

/** 1.000 is one to YAML and a thousand in half of Europe. */
const THOUSANDS = /^[+-]?\d{1,3}(?:\.\d{3})+$/

function valueIn(written: string): Measured {
  const text = written.trim()
  if (THOUSANDS.test(text)) return NONE
  if (NUMBER.test(text)) return { kind: 'number', value: Number(text) }
  if (!DAY.test(text) && !INSTANT.test(text)) return NONE
  const value = Date.parse(text)
  // Date.parse takes 31 February for 3 March.
  const isReal = !Number.isNaN(value) && new Date(Date.parse(text.slice(0, 10))).toJSON()?.startsWith(text.slice(0, 10))
  return isReal ? { kind: 'date', value } : NONE
}

function noMeasure(text: string, isPostal: boolean): string {
  if (THOUSANDS.test(text.trim())) {
    return `"${text}" may be ${Number.parseFloat(text)} or ${text.trim().replaceAll('.', '')}; write the number without a separator`
  }
  if (DAY.test(text.trim()))
    return `"${text}" is neither a number nor a day of the calendar; write a day like 2026-12-25`
  if (isPostal) return `"${text}" is no code of digits; list such codes with prefix, for example prefix: ["SW1", "EC"]`
  return `"${text}" is neither a number nor a day; write a number like 500 without unit or separator, or a day like 2026-12-25; texts are listed with in or prefix`
}
