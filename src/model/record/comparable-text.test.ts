import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { comparableText } from './comparable-text.ts'
import { isBlankText } from './visible-text.ts'

describe('text that is compared', () => {
  it('case L25: is the same with invisible characters at the ends and inside', () => {
    for (const hidden of ['\u200b', '\u200c', '\u2060', '\u00ad', '\ufeff', '\u200f', '\ufe0f', '\u3164', '\u0007']) {
      for (const text of [`Germany${hidden}`, `${hidden}Germany`, `Ger${hidden}many`]) {
        assert.equal(comparableText(text), 'germany', JSON.stringify(text))
      }
    }
  })

  it('case L11: is the same with and without accents, and with any number of blanks inside', () => {
    for (const [one, other] of [
      ['São Paulo', 'Sao Paulo'],
      ['Île-de-France', 'Ile-de-France'],
      ['New York', 'New  York'],
      ['New York', 'New\u00a0York'],
      ['New York', ' New\tYork '],
      ['Bad Homburg\nTaunus', 'Bad Homburg Taunus'],
      ['Köln', 'Koln'],
      ['Ko\u0308ln', 'Köln'],
      ['Łódź', 'Lodz'],
      ['Ørsted', 'orsted'],
      ['Αθήνα', 'ΑΘΗΝΑ'],
      ['Ｔｏｋｙｏ', 'Tokyo'],
    ] as const) {
      assert.equal(comparableText(one), comparableText(other), `${one} / ${other}`)
    }
  })

  it('case L27: is the same with the Turkish dotted I and with ß', () => {
    for (const [one, other] of [
      ['İSTANBUL', 'Istanbul'],
      ['STRASSE', 'Straße'],
      ['DIYARBAKIR', 'Diyarbakır'],
      ['İzmir', 'izmir'],
      ['GROẞ', 'groß'],
    ] as const) {
      assert.equal(comparableText(one), comparableText(other), `${one} / ${other}`)
    }
  })

  it('is the same with every shape of dashes and quotes', () => {
    for (const dash of ['-', '‐', '‑', '–', '—', '−', '－']) {
      assert.equal(comparableText(`Customer ${dash} Direct`), 'customer - direct', dash)
    }
    for (const quote of ["'", '’', '‘', '`', '´', 'ʼ', '′'])
      assert.equal(comparableText(`L${quote}Oréal`), "l'oreal", quote)
    for (const [open, close] of ['""', '“”', '„“', '«»'].map((pair) => [...pair])) {
      assert.equal(comparableText(`${open}A${close} Team`), '"a" team')
    }
  })

  it('tells apart what is written with other letters, digits or signs', () => {
    for (const [one, other] of [
      ['Köln', 'Bonn'],
      ['Tier 1', 'Tier 11'],
      ['A&B', 'A+B'],
      ['non-EMEA', 'EMEA'],
      ['が', 'か'],
      ['Москва', 'Moskva'],
    ] as const) {
      assert.notEqual(comparableText(one), comparableText(other))
    }
  })

  it('is blank where nothing in it can be seen', () => {
    for (const text of ['', ' \t\n', '\u200b', '\u00ad\u2060 \ufeff', '\u2800', '\u3164', '\u0000']) {
      assert.equal(isBlankText(text), true, JSON.stringify(text))
    }
    for (const text of ['-', '0', '\u200ba', '日', '😀']) assert.equal(isBlankText(text), false, text)
  })
})
