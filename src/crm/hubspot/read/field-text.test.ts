import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { fieldText } from './field-text.ts'

describe('the text of a field', () => {
  it('is null for everything blank, of every type', () => {
    for (const type of [
      'text',
      'number',
      'boolean',
      'instant',
      'day',
      'picklist',
      'multi-picklist',
      'reference',
    ] as const) {
      for (const raw of [null, undefined, '', '  \t', '\u00A0']) assert.equal(fieldText(type, raw), null)
    }
    assert.equal(fieldText('multi-picklist', ';;'), null)
  })

  it('of an instant is ISO in UTC, whether it came as milliseconds or as text', () => {
    const iso = '2026-09-21T14:13:20.000Z'
    for (const raw of ['1790000000000', 1_790_000_000_000, iso, '2026-09-21T16:13:20+02:00', '2026-09-21T14:13:20Z']) {
      assert.equal(fieldText('instant', raw), iso)
    }
    assert.equal(fieldText('instant', 'next week'), 'next week')
    assert.equal(fieldText('instant', '9999999999999999'), '9999999999999999')
  })

  it('of a day is the day, whether it came as midnight or as text', () => {
    for (const raw of ['2026-09-21', '1789948800000', '2026-09-21T00:00:00Z'])
      assert.equal(fieldText('day', raw), '2026-09-21')
    assert.equal(fieldText('day', 'in a few weeks'), 'in a few weeks')
  })

  it('of a number has one spelling per value', () => {
    const pairs = [
      ['10', '10'],
      ['10.0', '10'],
      ['010.50', '10.5'],
      ['-0.0', '0'],
      ['0', '0'],
      ['1e3', '1000'],
      ['1E-7', '0.0000001'],
      ['1.25e1', '12.5'],
      ['-12.5e-3', '-0.0125'],
      ['-4e-99', `-0.${'0'.repeat(98)}4`],
      ['+5', '5'],
      ['007', '7'],
      ['12345678901234567890', '12345678901234567890'],
      ['n/a', 'n/a'],
    ] as const
    for (const [raw, text] of pairs) assert.equal(fieldText('number', raw), text, raw)
  })

  it('of a truth value is lower case and of several choices has no empty ones', () => {
    assert.equal(fieldText('boolean', 'TRUE'), 'true')
    assert.equal(fieldText('boolean', false), 'false')
    assert.equal(fieldText('multi-picklist', ';a; b;;c'), 'a;b;c')
  })

  it('is spelled the same when spelled twice', () => {
    const types = fc.constantFrom('text', 'number', 'boolean', 'instant', 'day', 'multi-picklist' as const)
    const raws = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.double().map(String),
      fc.integer().map(String),
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    )
    fc.assert(
      fc.property(types, raws, (type, raw) => {
        const once = fieldText(type as 'text', raw)
        assert.equal(fieldText(type as 'text', once), once)
        assert.ok(once === null || (once.isWellFormed() && !once.includes('\u0000')))
      }),
    )
  })
})

it('the text of a number keeps its value', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e60, max: 1e60 }), (value) => {
      const text = fieldText('number', String(value))
      assert.equal(Number(text), value === 0 ? 0 : value)
      assert.match(text ?? '', /^-?\d+(\.\d+)?$|e-\d{3}$/)
    }),
  )
})
