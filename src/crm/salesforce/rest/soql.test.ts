import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { soqlContains, soqlId, soqlIds, soqlInstant, soqlName, soqlText } from './soql.ts'

/** Reads a SOQL literal as the vendor's table of escapes says, and fails when text is left behind its end. */
function readLiteral(soql: string): string {
  assert.equal(soql[0], "'")
  const spelled: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' }
  let text = ''
  for (let at = 1; at < soql.length; at++) {
    const letter = soql[at]!
    if (letter === "'") {
      assert.equal(at, soql.length - 1, `the literal ends early in ${soql}`)
      return text
    }
    if (letter === '\\') {
      at++
      text += spelled[soql[at]!] ?? soql[at]
    } else text += letter
  }
  throw new Error(`the literal never ends: ${soql}`)
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what SOQL cannot spell
const UNSPELLABLE = /[\u0000-\u0007\u000b\u000e-\u001f]/

describe('SOQL text', () => {
  it('reads back as exactly what went in, whatever that is', () => {
    const nasty = fc.string({
      unit: fc.oneof(fc.constantFrom('\\', "'", '"', '\n', '%', '_', ' ', 'O', 'R'), fc.string({ maxLength: 1 })),
      maxLength: 60,
    })
    fc.assert(
      fc.property(nasty, (text) => {
        if (UNSPELLABLE.test(text)) assert.throws(() => soqlText(text), RangeError)
        else assert.equal(readLiteral(soqlText(text)), text)
      }),
    )
  })

  it('keeps the escape that breaks out of the query builder of jsforce inside the literal', () => {
    assert.equal(soqlText("x\\' OR Id != null OR Company = '"), "'x\\\\\\' OR Id != null OR Company = \\''")
  })

  it('takes % and _ for themselves in a LIKE', () => {
    assert.equal(soqlContains('50%_[LK-a]'), "'%50\\%\\_[LK-a]%'")
  })

  it('refuses an empty id list instead of selecting everything', () => {
    assert.throws(() => soqlIds([]), /must not be empty/)
    assert.equal(soqlIds(['00Q5f000005bwLFEAY', '00Q5f000005bwLG']), "('00Q5f000005bwLFEAY','00Q5f000005bwLG')")
  })

  it('refuses ids and names that are none', () => {
    assert.throws(() => soqlId("00Q' OR ''='"), RangeError)
    for (const bad of ['', 'Id FROM User', 'a;b', '1a', 'A..B', 'Owner.Name,Id']) {
      assert.throws(() => soqlName(bad), RangeError, bad)
    }
    assert.equal(soqlName('Owner.Name'), 'Owner.Name')
    assert.equal(soqlName('Lanekeeper_Key__c'), 'Lanekeeper_Key__c')
  })

  it('refuses a literal longer than Salesforce takes', () => {
    assert.throws(() => soqlText('x'.repeat(4_001)), /4000 characters/)
  })

  it('writes instants in UTC with milliseconds', () => {
    assert.equal(soqlInstant(1712693965007), '2024-04-09T20:19:25.007Z')
  })
})
