import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { decimalText, fieldText, timeMs, typeOf } from './field-text.ts'

describe('a field value', () => {
  it('of a date-time is spelled alike from REST, from the stream and from CometD', () => {
    const at = Date.UTC(2026, 10, 22, 10)
    for (const value of [
      '2026-11-22T10:00:00.000+0000',
      '2026-11-22T10:00:00Z',
      '2026-11-22T11:00:00+01:00',
      at,
      BigInt(at),
    ]) {
      assert.equal(fieldText(value, 'instant'), '2026-11-22T10:00:00.000Z')
    }
  })

  it('with U+0000 or half a surrogate pair is made storable, whichever type it has', () => {
    for (const type of [undefined, 'text', 'picklist', 'instant', 'day', 'number', 'boolean'] as const) {
      const value = fieldText('a\u0000b\ud800c', type)
      assert.equal(value, 'a\uFFFDb\uFFFDc')
    }
  })

  it('of a date is a day, also when the stream sends midnight UTC in milliseconds', () => {
    for (const value of ['2024-06-30', 1719705600000, 1719705600000n, '2024-06-30T00:00:00.000+0000']) {
      assert.equal(fieldText(value, 'day'), '2024-06-30')
    }
  })

  it('of a number is decimal text without an exponent', () => {
    assert.equal(fieldText(300000.0, 'number'), '300000')
    assert.equal(fieldText(1.5, 'number'), '1.5')
    assert.equal(fieldText('300000.00', 'number'), '300000')
    assert.equal(fieldText(-0, 'number'), '0')
    assert.equal(decimalText(1e21), '1000000000000000000000')
    assert.equal(decimalText(-1.25e-9), '-0.00000000125')
    assert.equal(decimalText(1.5e22), '15000000000000000000000')
  })

  it('keeps the number that it spells', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = decimalText(value)!
        assert.match(text, /^-?\d+(\.\d+)?$/)
        assert.equal(Number(text), value === 0 ? 0 : value)
      }),
    )
  })

  it('that is blank is null, and null stays null', () => {
    for (const value of [null, undefined, '', '  ', '\n']) assert.equal(fieldText(value, 'text'), null)
  })

  it('of a boolean is true or false', () => {
    assert.equal(fieldText(true, 'boolean'), 'true')
    assert.equal(fieldText(false, undefined), 'false')
  })

  it('keeps text as it is, also text that looks like a number', () => {
    assert.equal(fieldText('007', 'text'), '007')
    assert.equal(fieldText('2026-11-22', 'text'), '2026-11-22')
  })
})

describe('times and types of Salesforce', () => {
  it('are read from every spelling', () => {
    assert.equal(timeMs('2013-05-07T22:07:19.000+0000'), Date.UTC(2013, 4, 7, 22, 7, 19))
    assert.equal(timeMs(5n), 5)
    assert.equal(timeMs('yesterday'), null)
  })

  it('leave compounds out, since their parts are fields of their own', () => {
    assert.equal(typeOf('address'), null)
    assert.equal(typeOf('phone'), 'text')
    assert.equal(typeOf('currency'), 'number')
  })
})
