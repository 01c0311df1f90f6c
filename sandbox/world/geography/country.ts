/** A country of the generated world: how people write its name, its cities and its telephone numbers. */
export type Country = {
  readonly iso: string
  /** How people write the country: ISO code, English, its own languages. No spelling fits two countries. */
  readonly spellings: readonly string[]
  readonly language: Language
  readonly cities: readonly string[]
  readonly tlds: readonly string[]
  readonly phone: PhonePlan
  readonly timeZone: string
  /** Share of the organizations that are from here: a country with 10 has twice as many as one with 5. */
  readonly weight: number
}

export type Language =
  | 'en'
  | 'de'
  | 'fr'
  | 'nl'
  | 'sv'
  | 'no'
  | 'da'
  | 'fi'
  | 'es'
  | 'pt'
  | 'it'
  | 'pl'
  | 'cs'
  | 'hu'
  | 'ro'
  | 'el'
  | 'ja'

export type PhonePlan = {
  readonly calling: string
  /** Digits dialed before a national number. Null: national writing is ambiguous, so numbers are never written so. */
  readonly trunk: string | null
  /** National numbers; `#` is any digit. Uses the regulator's range for fiction where there is one. */
  readonly fixed: readonly string[]
  readonly mobile: readonly string[]
}

export function northAmericanPlan(areas: string): PhonePlan {
  const numbers = areas.split(' ').map((area) => `${area}55501##`)
  return { calling: '1', trunk: '', fixed: numbers, mobile: numbers }
}
export function phonePlan(calling: string, trunk: string | null, fixed: string, mobile: string): PhonePlan {
  return { calling, trunk, fixed: fixed.split(' '), mobile: mobile.split(' ') }
}

/** One row of a region's table; `|` separates spellings and cities, a blank separates top-level domains. */
export function country(
  iso: string,
  spellings: string,
  language: Language,
  cities: string,
  tlds: string,
  phone: PhonePlan,
  timeZone: string,
  weight: number,
): Country {
  return {
    iso,
    spellings: [iso, ...spellings.split('|')],
    language,
    cities: cities.split('|'),
    tlds: tlds.split(' '),
    phone,
    timeZone,
    weight,
  }
}
