import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { encodeBitmap, type TouchedField } from './bitmap.ts'

/** Written independently of the encoder, from the rule in the vendor's samples. */
function decode(bitmap: readonly string[]): TouchedField[] {
  const touched: TouchedField[] = []
  for (const element of bitmap) {
    const [, parent, digits] = /^(?:(\d+)-)?0x([0-9A-F]+)$/.exec(element) ?? []
    const bytes = Buffer.from(digits ?? '', 'hex').reverse()
    for (const [at, byte] of bytes.entries()) {
      for (let bit = 0; bit < 8; bit++) {
        if ((byte & (1 << bit)) === 0) continue
        const position = at * 8 + bit
        touched.push(parent === undefined ? { index: position, part: null } : { index: Number(parent), part: position })
      }
    }
  }
  return touched
}

const sorted = (touched: readonly TouchedField[]): string[] =>
  [...new Set(touched.map(({ index, part }) => `${index}.${part ?? ''}`))].sort()

describe('bitmaps of change events', () => {
  it('are whole bytes in capitals', () => {
    assert.deepEqual(
      encodeBitmap([
        { index: 16, part: null },
        { index: 22, part: null },
      ]),
      ['0x410000'],
    )
    assert.deepEqual(encodeBitmap([{ index: 16, part: null }]), ['0x010000'])
  })

  it('are empty without changes, and have no outer element when only parts of a compound changed', () => {
    assert.deepEqual(encodeBitmap([]), [])
    assert.deepEqual(encodeBitmap([{ index: 4, part: 1 }]), ['4-0x02'])
  })

  it('decode to exactly the encoded fields', () => {
    const field = fc.record({ index: fc.nat(120), part: fc.option(fc.nat(20)) })
    fc.assert(
      fc.property(fc.array(field), (fields) => {
        assert.deepEqual(sorted(decode(encodeBitmap(fields))), sorted(fields))
      }),
    )
  })
})
