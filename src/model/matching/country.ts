import { getCountries } from 'libphonenumber-js/min'
import { foldedWords } from './fold-text.ts'

/** Languages in which CRMs of our customers hold country names. Their names come with the platform's own data. */
const LANGUAGES = [
  'en',
  'de',
  'fr',
  'es',
  'pt',
  'it',
  'nl',
  'sv',
  'da',
  'nb',
  'fi',
  'pl',
  'cs',
  'hu',
  'ro',
  'el',
  'ja',
  'zh',
  'ko',
] as const

/** What people write besides the official name. Three-letter codes of the larger countries are among them. */
const ALSO: Readonly<Record<string, readonly string[]>> = {
  US: [
    'usa',
    'u.s.',
    'u.s.a.',
    'united states of america',
    'the united states',
    'america',
    'amerika',
    'estados unidos de america',
  ],
  GB: [
    'uk',
    'u.k.',
    'great britain',
    'britain',
    'england',
    'scotland',
    'wales',
    'northern ireland',
    'gbr',
    'united kingdom of great britain and northern ireland',
  ],
  IE: ['republic of ireland', 'eire', 'irl'],
  DE: ['deu', 'ger', 'federal republic of germany', 'bundesrepublik deutschland', 'brd'],
  AT: ['aut'],
  CH: ['che', 'swiss'],
  FR: ['fra'],
  NL: ['nld', 'holland', 'the netherlands'],
  BE: ['bel'],
  LU: ['lux'],
  SE: ['swe'],
  NO: ['nor'],
  DK: ['dnk'],
  FI: ['fin'],
  ES: ['esp'],
  PT: ['prt'],
  IT: ['ita'],
  PL: ['pol'],
  CZ: ['cze', 'czech republic', 'ceska republika', 'tschechische republik'],
  HU: ['hun'],
  RO: ['rou', 'rom'],
  GR: ['grc', 'hellas'],
  CA: ['can'],
  BR: ['bra', 'brasil'],
  MX: ['mex', 'méxico'],
  AR: ['arg'],
  CL: ['chl'],
  CO: ['col'],
  JP: ['jpn', 'nippon', 'nihon', '日本国'],
  CN: ['chn', "people's republic of china", 'prc', 'p.r. china'],
  KR: ['kor', 'korea', 'republic of korea'],
  AU: ['aus'],
  NZ: ['nzl', 'aotearoa'],
  IN: ['ind', 'bharat'],
  ZA: ['zaf', 'rsa'],
  AE: ['uae', 'u.a.e.'],
  RU: ['rus', 'russian federation'],
  TR: ['tur', 'turkey', 'türkei'],
  VN: ['vietnam'],
}

let codeByName: ReadonlyMap<string, string> | null = null

/** ISO 3166 alpha-2 of the country that the text names, in any of our languages; null where it names none. */
export function readCountry(text: string | null | undefined): string | null {
  if (text == null || text === '') return null
  codeByName ??= buildNames()
  return codeByName.get(text) ?? codeByName.get(nameKey(text)) ?? null
}

/** Made on first use: 245 countries in 19 languages, a few thousand short strings. */
function buildNames(): Map<string, string> {
  const names = new Map<string, string>()
  const codes = [...getCountries()].sort()
  for (const language of LANGUAGES) {
    const display = new Intl.DisplayNames([language], { type: 'region', fallback: 'none' })
    for (const code of codes) {
      const key = nameKey(display.of(code) ?? '')
      // The first language wins, so that one spelling can never mean two countries.
      if (key !== '' && !names.has(key)) names.set(key, code)
    }
  }
  for (const code in ALSO) for (const name of ALSO[code]!) names.set(nameKey(name), code)
  for (const code of codes) {
    names.set(code, code)
    names.set(code.toLowerCase(), code)
  }
  return names
}

function nameKey(text: string): string {
  return foldedWords(text.replaceAll('.', '')).join(' ')
}
