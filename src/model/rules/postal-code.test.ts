import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { caseOf, lead } from '../../../test/support/example.ts'
import { zoneOf } from '../record/wall-clock.ts'
import { columnKey, makeColumn } from './columns.ts'
import type { Condition } from './condition.ts'
import { allHold, compileConditions } from './evaluate.ts'
import { isPostalField } from './postal-code.ts'

/** By the closure, and by the column of a table, which must agree. */
function holds(condition: Condition, value: string): boolean {
  const { facts } = caseOf(lead({ PostalCode: value }))
  const byClosure = allHold(compileConditions([condition]), facts)
  const column = makeColumn([condition], zoneOf('UTC'))
  assert.equal(column.holds(condition)[column.classOf(value, 0, false)] === 1, byClosure, value)
  return byClosure === true
}
const prefix = (...values: string[]): Condition => ({ field: 'PostalCode', op: 'prefix', values })
const range = (from: string | null, below: string | null): Condition => ({
  field: 'PostalCode',
  op: 'range',
  from,
  below,
})

describe('a postal code', () => {
  it('case L21: lies in a British district by its outward part', () => {
    for (const value of ['SW1 0AA', 'SW1A 1AA', 'sw1a1aa', 'SW1', 'SW1V 3JD'])
      assert.ok(holds(prefix('SW1'), value), value)
    for (const value of ['SW10 0AA', 'SW19 5AE', 'SW100AA', 'SW10', 'S1 2AB'])
      assert.ok(!holds(prefix('SW1'), value), value)
    assert.ok(holds(prefix('SW10'), 'SW10 0AA'))
    assert.ok(holds(prefix('SW1A'), 'SW1A 2AA'))
    assert.ok(!holds(prefix('SW10'), 'SW1 0AA'))
    assert.ok(holds(prefix('SW1 0'), 'SW1 0AA'))
    assert.ok(!holds(prefix('SW1 0'), 'SW10 0AA'))
    assert.ok(holds(prefix('SW'), 'SW10 0AA'))
    assert.ok(!holds(prefix('S'), 'SW10 0AA') && holds(prefix('S'), 'S10 2TN'))
    assert.ok(!holds(prefix('B'), 'BS1 5AH') && holds(prefix('B'), 'B1 1AA'))
    assert.ok(holds(prefix('E1', 'SW1A'), 'SW1A 1AA'))
  })

  it('lies in every other district by how it begins, however it is spaced', () => {
    assert.ok(holds(prefix('941'), '94105-1234'))
    assert.ok(holds(prefix('K1A'), 'k1a 0b1') && holds(prefix('K1'), 'K1A0B1') && !holds(prefix('K1B'), 'K1A 0B1'))
    assert.ok(holds(prefix('80'), 'D-80331') && holds(prefix('100'), '1000-001') && holds(prefix('113 4'), '11346'))
    assert.ok(holds(prefix('D02'), 'D02 X285') && holds(prefix('1012'), '1012 AB'))
  })

  it('case L08: lies in a range by as many digits as the range has', () => {
    for (const value of ['94105', '94105-1234', '941051234', ' 94105 '])
      assert.ok(holds(range('94000', '95000'), value), value)
    for (const value of ['95000', '93999-9999', 'SW1A 1AA', ''])
      assert.ok(!holds(range('94000', '95000'), value), value)
    assert.ok(holds(range('01000', '06000'), '02139') && holds(range('010', '060'), '02139'))
    assert.ok(holds(range('80000', null), 'D-80331') && holds(range('01000-000', '06000-000'), '01310-100'))
    assert.ok(holds(range('11000', '12000'), '113 46'))
    assert.notEqual(columnKey(range('010', '060')), columnKey(range('01000', '06000')))
  })

  it('is in a list of codes with and without its four more digits', () => {
    const listed: Condition = { field: 'PostalCode', op: 'in', values: ['94105', 'SW1A 1AA'] }
    for (const value of ['94105-1234', '94105', 'sw1a1aa']) assert.ok(holds(listed, value), value)
    assert.ok(!holds(listed, '94106'))
    assert.ok(holds({ field: 'PostalCode', op: 'not-in', values: ['94105'] }, '94106-1234'))
  })

  it('is one with a country in front, and as spreadsheets leave it', () => {
    const isIn = (code: string, value: string) => holds({ field: 'PostalCode', op: 'in', values: [code] }, value)
    for (const value of ['80331', 'D-80331', 'DE-80331', 'DE 80331', 'de80331', '80331.0', "'80331", '="80331"']) {
      assert.ok(isIn('80331', value), value)
      assert.ok(holds({ field: 'PostalCode', op: 'prefix', values: ['80'] }, value), value)
      assert.ok(holds({ field: 'PostalCode', op: 'prefix', values: ['D-80'] }, value), value)
    }
    assert.ok(isIn('100-0001', '〒100-0001'))
    assert.ok(isIn('00-950', 'PL 00-950'))
    assert.ok(isIn('111 22', 'SE-111 22'))
    // British, Dutch, Irish and Argentine codes have letters of their own, and what lost its zero is another code.
    for (const [code, value] of [
      ['55 1AA', 'DE55 1AA'],
      ['1636', 'B1636'],
      ['02', 'D02'],
      ['02139', '2139'],
      ['80331', 'XX 80331'],
      ['1012', '1012 AB'],
    ] as const)
      assert.ok(!isIn(code, value), value)
  })

  it('is known by the name of its field', () => {
    for (const name of [
      'PostalCode',
      'account.BillingPostalCode',
      'zip',
      'Zip_Code__c',
      'salesforce.Lead.PostalCode',
      'PLZ__c',
    ])
      assert.ok(isPostalField(name), name)
    for (const name of ['country', 'gzip', 'ZipFileId', 'Company', 'fact.country'])
      assert.ok(!isPostalField(name), name)
  })
})
