import { z } from 'zod'
import { readCountry } from '../../model/matching/country.ts'
import { isPlaceholder } from '../../model/matching/placeholder.ts'
import { readingKey } from '../../model/matching/places/reading-key.ts'
import { isStateCode } from '../../model/matching/places/state-names.ts'
import type { Readings } from '../../model/record/readings.ts'
import { Currency } from '../conditions/currency.ts'
import { Day, Email } from './company-documents.ts'

const Text = z.string({ error: 'must be the text as it stands in the CRM, in quotes' }).trim().min(1)

/** Who agreed to it, and when: until people approve readings in the console, the file is where that is kept. */
const AGREED = { agreedBy: Email, agreedOn: Day } as const

const Country = z.string({ error: 'must be a code of ISO 3166-1 like NL' }).superRefine((code, context) => {
  const iso = readCountry(code)
  if (/^[A-Z]{2}$/.test(code) && iso === code) return
  const remedy = iso === null ? 'write a code of ISO 3166-1 like NL' : `write ${iso}`
  context.addIssue({ code: 'custom', message: `"${code}" is no country code; ${remedy}` })
})

const State = z.string({ error: 'must be a code of ISO 3166-2 like US-CA' }).superRefine((code, context) => {
  if (isStateCode(code)) return
  context.addIssue({ code: 'custom', message: `"${code}" is no state; write a code of ISO 3166-2 like US-CA` })
})

/** `readings.yaml`: what texts mean that name no country or state by themselves. */
export const ReadingsDocument = z
  .strictObject({
    currency: Currency.optional(),
    countries: z.array(z.strictObject({ text: Text, country: Country, ...AGREED })).default([]),
    states: z.array(z.strictObject({ text: Text, state: State, ...AGREED })).default([]),
  })
  .superRefine(({ countries, states }, context) => {
    const refuse = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message })
    for (const [i, { text, country }] of countries.entries()) {
      const known = readCountry(text)
      if (known !== null && known !== country) {
        refuse(['countries', i, 'text'], `"${text}" names ${known} already, and cannot mean ${country} besides`)
      }
    }
    for (const [list, rows] of Object.entries({ countries, states })) {
      for (const [i, { text }] of rows.entries()) {
        if (isPlaceholder(text, 'country')) {
          refuse(
            [list, i, 'text'],
            `"${text}" stands for a blank field, so it is never read as a place; remove this line`,
          )
        }
        if (rows.findIndex((row) => readingKey(row.text) === readingKey(text)) === i) continue
        refuse([list, i, 'text'], `"${text}" is there twice; each text has one meaning`)
      }
    }
  })
  .transform(
    ({ countries, states, currency }): Readings => ({
      ...(currency !== undefined && { currency }),
      countries: Object.fromEntries(countries.map(({ text, country }) => [readingKey(text), country])),
      states: Object.fromEntries(states.map(({ text, state }) => [readingKey(text), state])),
    }),
  )
