import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { readCountry } from '../country.ts'
import { readState } from '../state.ts'

/** Debian's package iso-codes, made by other people than the data that we read countries with. */
const CODES = '/usr/share/iso-codes/json'
const TRANSLATED = '/usr/share/locale'

type Country = { alpha_2: string; alpha_3: string; name: string; official_name?: string; common_name?: string }
/** Debian's list is older than these changes of ISO's own. */
const RECODED: Readonly<Record<string, string>> = {
  'IN-CT': 'IN-CG',
  'IN-OR': 'IN-OD',
  'IN-TG': 'IN-TS',
  'IN-UT': 'IN-UK',
}

type Subdivision = { code: string; name: string }

const skip = existsSync(CODES) ? false : 'iso-codes is not installed'
const read = <T>(list: string): T[] => JSON.parse(readFileSync(`${CODES}/iso_${list}.json`, 'utf8'))[list]
const languages = 'de fr es pt pt_BR it nl sv da nb_NO nb fi pl cs hu ro el ja zh_CN zh_TW ko th ru tr ar'.split(' ')
const fileOf = (language: string) => `${TRANSLATED}/${language}/LC_MESSAGES/iso_3166-1.mo`

describe('countries and states against iso-codes', { skip }, () => {
  it('reads every English name, official name, common name and alpha-3 of ISO 3166-1', () => {
    const wrong = read<Country>('3166-1').flatMap(({ alpha_2, alpha_3, name, official_name, common_name }) =>
      [alpha_2, alpha_3, name, official_name, common_name]
        .filter((text): text is string => text !== undefined)
        .filter((text) => readCountry(text) !== alpha_2)
        .map((text) => `${text}: ${readCountry(text)}, not ${alpha_2}`),
    )
    assert.deepEqual(wrong, [])
  })

  for (const language of languages.filter((one) => existsSync(fileOf(one)))) {
    it(`reads at least 98 % of the names of ISO 3166-1 in ${language}, and none as another country`, () => {
      const translated = readMessages(fileOf(language))
      const missed: string[] = []
      const countries = read<Country>('3166-1')
      for (const { alpha_2, name } of countries) {
        const text = translated.get(name) ?? name
        const code = readCountry(text)
        if (code !== alpha_2) missed.push(`${text}: ${code}, not ${alpha_2}`)
      }
      assert.deepEqual(
        missed.filter((one) => !one.includes(': null,')),
        [],
      )
      assert.ok(missed.length <= countries.length * 0.02, `${missed.length} missed:\n${missed.join('\n')}`)
    })
  }

  for (const country of ['US', 'CA', 'AU', 'BR', 'IN', 'MX', 'CN', 'JP', 'IT', 'IE', 'DE']) {
    it(`reads every name and code of ISO 3166-2 in ${country}`, () => {
      const ours = read<Subdivision>('3166-2').filter(({ code }) => code.startsWith(`${country}-`))
      assert.ok(ours.length > 7)
      const wrong = ours.flatMap(({ code, name }) =>
        [name, code, code.slice(3)]
          .filter((text) => readState(text, country) !== (RECODED[code] ?? code))
          .map((text) => `${text}: ${readState(text, country)}, not ${code}`),
      )
      assert.deepEqual(wrong, [])
    })
  }
})

/** Of a compiled gettext catalogue: a magic number, how many, where the originals and the translations are listed. */
function readMessages(file: string): Map<string, string> {
  const bytes = readFileSync(file)
  const read = bytes.readUInt32LE(0) === 0x950412de ? bytes.readUInt32LE.bind(bytes) : bytes.readUInt32BE.bind(bytes)
  const textAt = (at: number) => bytes.toString('utf8', read(at + 4), read(at + 4) + read(at))
  const messages = new Map<string, string>()
  for (let i = 0; i < read(8); i += 1) messages.set(textAt(read(12) + i * 8), textAt(read(16) + i * 8))
  return messages
}
