/** What stands beside numbers. Reviewed 2026-12-01. */

/** Signs and codes of currencies; a sign that several countries use stands for any of theirs. */
const DOLLARS = ['USD', 'CAD', 'AUD', 'NZD', 'SGD', 'HKD', 'MXN']
const CROWNS = ['SEK', 'NOK', 'DKK', 'CZK', 'ISK']
const CODES = [
  ...DOLLARS,
  ...CROWNS,
  ...'EUR GBP JPY CNY CHF PLN HUF RON BGN TRY INR BRL ZAR ILS AED SAR KRW TWD THB IDR MYR PHP VND ARS CLP COP PEN RUB UAH'.split(
    ' ',
  ),
]
const CURRENCIES: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ...CODES.map((code) => [code.toLowerCase(), [code]] as const),
  ...['€', 'euro', 'euros'].map((word) => [word, ['EUR']] as const),
  ...['$', 'dollar', 'dollars'].map((word) => [word, DOLLARS] as const),
  ...['us$', 'us dollars'].map((word) => [word, ['USD']] as const),
  ['ca$', ['CAD']],
  ['c$', ['CAD']],
  ['a$', ['AUD']],
  ['au$', ['AUD']],
  ['nz$', ['NZD']],
  ['s$', ['SGD']],
  ['hk$', ['HKD']],
  ['r$', ['BRL']],
  ['£', ['GBP']],
  ['¥', ['JPY', 'CNY']],
  ['円', ['JPY']],
  ['₹', ['INR']],
  ['rs', ['INR']],
  ['rs.', ['INR']],
  ['₩', ['KRW']],
  ['₽', ['RUB']],
  ['₺', ['TRY']],
  ['₪', ['ILS']],
  ['zł', ['PLN']],
  ['kr', CROWNS],
  ['kr.', CROWNS],
  ['fr.', ['CHF']],
  ['sfr.', ['CHF']],
])

const THOUSAND = [1e3]
const MILLION = [1e6]
const MILLIARD = [1e9]
/** A thousand in Spanish and Portuguese; a billion is a million millions in most of Europe. */
const SCALES: ReadonlyMap<string, readonly number[]> = new Map<string, readonly number[]>([
  ...['k', 'thousand', 'tsd', 'tsd.', 'tausend', 'mille', 'tys', 'tys.'].map((word) => [word, THOUSAND] as const),
  ...['m', 'mm', 'mn', 'mio', 'mio.', 'million', 'millions', 'millionen', 'millones', 'milhões', 'milioni'].map(
    (word) => [word, MILLION] as const,
  ),
  ...['bn', 'b', 'mrd', 'mrd.', 'milliarde', 'milliarden', 'milliard', 'milliards', 'miliardi'].map(
    (word) => [word, MILLIARD] as const,
  ),
  ['mil', [1e3, 1e6]],
  ['billion', [1e9, 1e12]],
  ['billions', [1e9, 1e12]],
  ['t', [1e3, 1e12]],
  ...['lakh', 'lakhs', 'lac'].map((word) => [word, [1e5]] as const),
  ...['crore', 'crores', 'cr'].map((word) => [word, [1e7]] as const),
  ['%', [1, 0.01]],
])

/** Those who come whole. */
const PEOPLE =
  'employees?|staff|people|persons?|ppl|headcount|users?|members?|workers?|ma|mitarbeiter(?:[:*]?innen)?|mitarbeitende|beschäftigte|angestellte|employés|salariés|collaborateurs|personnes|empleados|trabajadores|personas|dipendenti|addetti|funcionários|colaboradores|medewerkers|werknemers|anställda|ansatte|medarbejdere|pracowników|人|名|명'
/** What is counted. */
const UNIT = `${PEOPLE}|ftes?|seats?|licen[sc]es?|units?`
const UNIT_BEHIND = new RegExp(`\\s*(?<!\\p{L})(?:${UNIT})\\.?$`, 'u')
const UNIT_BEFORE = new RegExp(`^(?:${UNIT})(?::|(?= ))\\s*`, 'u')

const ONLY_PEOPLE = new RegExp(`(?<!\\p{L})(?:${PEOPLE})(?!\\p{L})`, 'u')

/** True: it counts people, so that 1.500 of them are no one and a half. */
export function countsPeople(text: string): boolean {
  return ONLY_PEOPLE.test(text)
}

/** The text without what is counted at its end, as in `300 employees`. */
export function wordBehind(text: string): string {
  return text.replace(UNIT_BEHIND, '').trim()
}

/** The same at its start, as in `Employees: 300`. */
export function wordBefore(text: string): string {
  return text.replace(UNIT_BEFORE, '').trim()
}

/** The currencies that the words may stand for; empty: there are no words; null: they say something else. */
export function currencyWords(words: string): readonly string[] | null {
  return words === '' ? [] : (CURRENCIES.get(words) ?? null)
}

/** What follows the digits: thousands or millions, a currency, both (`k €`, `TEUR`) or none; null: something else. */
export function scaleWords(
  behind: string,
): { readonly scales: readonly number[]; readonly currencies: readonly string[] } | null {
  const words = behind.trim()
  if (words === '') return { scales: [], currencies: [] }
  const whole = SCALES.get(words)
  if (whole !== undefined) return { scales: whole, currencies: [] }
  const currency = CURRENCIES.get(words)
  if (currency !== undefined) return { scales: [], currencies: currency }
  for (let at = 1; at < words.length; at += 1) {
    const scales = SCALES.get(words.slice(0, at).trim())
    const currencies = CURRENCIES.get(words.slice(at).trim())
    if (scales !== undefined && currencies !== undefined) {
      return { scales: words.startsWith('t') ? THOUSAND : scales, currencies }
    }
  }
  return null
}
