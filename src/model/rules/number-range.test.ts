import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { caseOf, company, contact, unknownOf } from '../../../test/support/example.ts'
import { Unknown } from '../record/knowledge.ts'
import type { Condition } from './condition.ts'
import { compileConditions } from './evaluate.ts'
import { unknownInWords } from './unknown-in-words.ts'

type Ends = { from?: string; below?: string; field?: string }

/** Whether a contact with this size lies in the range; null: it is not known. */
function lies(size: string, { from, below, field = 'size' }: Ends): boolean | null {
  const range: Condition = { field, op: 'range', from: from ?? null, below: below ?? null }
  const home = / in ([A-Z]{3})$/.exec(field)?.[1]
  const subject = { ...contact({ size }), ...(home !== undefined && { homeCurrency: home }) }
  const answer = compileConditions([range])[0]!.holds(caseOf(subject).facts)
  return answer instanceof Unknown ? null : answer
}

describe('a range over a number as people write it', () => {
  const isFrom1000 = (size: string) => lies(size, { from: '1000' })

  it('reads what can mean one number only', () => {
    const large = ['1,500.00', '1.500,00', '1 500', "1'500", '1,234,567', '1,00,000', '1k', '1.2M', '1,5 Mio. €', '5e3']
    const more = [
      'USD 5,000.00',
      '$5k',
      'CHF 5’000.-',
      '１５００',
      '١٬٥٠٠',
      "'1500",
      '1500 employees',
      'Employees: 1500',
    ]
    for (const size of [...large, ...more]) assert.equal(isFrom1000(size), true, size)
    for (const size of ['0,500', '0.500', '12,5', '300 employees', '٣٠٠', '-1,500.00', '999 FTE', '15 %']) {
      assert.equal(isFrom1000(size), false, size)
    }
  })

  it('knows what can mean two numbers where both lie on one side, and nothing else', () => {
    for (const size of ['1.500', '1,500', '€ 1.200', 'USD 5,000', '3 mil', ' 1.500 ']) {
      assert.equal(lies(size, { from: '1' }), true, size)
      assert.equal(lies(size, { below: '1' }), false, size)
    }
    for (const size of ['1.500', '1,500', '€ 1.200', 'USD 5,000']) assert.equal(isFrom1000(size), null, size)
    assert.equal(lies('3 mil', { from: '10000' }), null, 'thousands in Spanish, millions in English')
    assert.equal(lies('2 billion', { below: '10000000000' }), null, 'a million millions in German')
  })

  it('takes people for whole', () => {
    for (const size of ['1.500 employees', '1,500 Mitarbeiter:innen', 'Employees: 1.500', '10,001+ employees']) {
      assert.equal(isFrom1000(size), true, size)
    }
    assert.equal(isFrom1000('1.500 FTE'), null)
    assert.equal(lies('1.001-5.000 employees', { from: '1000' }), true)
    assert.equal(lies('about 1.500 people', { from: '1000' }), true)
    assert.equal(isFrom1000('12.5 employees'), null)
  })

  it('knows a band where all of it lies on one side', () => {
    for (const size of [
      '51-200',
      '51 – 200',
      '51 to 200',
      '51 bis 200 Mitarbeiter',
      'between 51 and 200',
      '51–200人',
    ]) {
      assert.equal(lies(size, { from: '51', below: '201' }), true, size)
      assert.equal(lies(size, { from: '201' }), false, size)
      assert.equal(lies(size, { below: '51' }), false, size)
      assert.equal(lies(size, { from: '100' }), null, size)
      assert.equal(lies(size, { below: '200' }), null, size)
    }
    assert.deepEqual(
      ['200+', '> 200', '200 or more', 'more than 200', '200+ employees'].map((size) => lies(size, { from: '200' })),
      [true, true, true, true, true],
    )
    assert.equal(lies('200+', { from: '500' }), null)
    assert.equal(lies('200+', { below: '200' }), false)
    assert.deepEqual(
      ['<10', 'under 10', '<= 10', 'up to 10'].map((size) => lies(size, { below: '10' })),
      [true, true, null, null],
    )
    assert.equal(lies('<10', { from: '10' }), false)
    assert.equal(lies('10K-50K', { from: '10000', below: '50001' }), true)
    assert.equal(lies('10-50K', { from: '1000' }), null, 'the K may count for both')
    assert.equal(lies('1.001-5.000', { from: '1', below: '5001' }), true)
  })

  it('takes about a number for a tenth more or less', () => {
    for (const size of ['approx. 300', '~300', '300 (est.)', 'ca. 300', 'rund 300 Mitarbeiter']) {
      assert.equal(lies(size, { from: '200', below: '400' }), true, size)
      assert.equal(lies(size, { from: '300' }), null, size)
    }
  })

  it('does not know what names no number that it can read', () => {
    const none = [
      'two hundred',
      'many',
      '1/2',
      '24/7',
      '01-12',
      '2024-01-15',
      '10-5',
      '10, 20',
      '300 Main Street',
      '(500)',
    ]
    for (const size of [...none, '51-200;201-500', '$5k/month', 'Infinity', '1 0000', '5 offices']) {
      assert.equal(isFrom1000(size), null, size)
      assert.equal(lies(size, { below: '1000' }), null, size)
    }
  })

  it('takes a placeholder for blank', () => {
    for (const size of ['-', 'n/a', 'Unknown', '--None--', '?']) assert.equal(isFrom1000(size), false, size)
  })

  it('compares no amount that names another currency', () => {
    const inEuro = { from: '1000', field: 'size in EUR' }
    assert.equal(lies('€ 5k', inEuro), true)
    assert.equal(lies('5k', inEuro), true)
    assert.equal(lies('$5k', inEuro), null)
    assert.equal(lies('$5k', { ...inEuro, field: 'size in CAD' }), true)
    assert.equal(lies('5k USD', { ...inEuro, field: 'size in the home currency' }), null)
  })

  it('says which field of which record holds the text', () => {
    const why = (field: string) => {
      const [range] = compileConditions([{ field, op: 'range', from: '100', below: null }])
      const account = company({ numberofemployees: '51-200' })
      const answer = range!.holds(caseOf(contact({ size: '51-200' }), { neighbours: { account } }).facts)
      return answer instanceof Unknown ? [unknownInWords(answer), answer.inputs[0]!.name] : answer
    }
    const [large] = compileConditions([{ field: 'fact.employees', op: 'range', from: '100', below: null }])
    const accountCandidates = ['1', '2'].map((recordId) => company({ numberofemployees: '51-200' }, { recordId }))
    const neighbours = { account: unknownOf('companies', { why: 'ambiguous' }), accountCandidates }
    const ofSeveral = large!.holds(caseOf(contact(), { neighbours }).facts)
    assert.ok(ofSeveral instanceof Unknown)
    assert.match(unknownInWords(ofSeveral), /numberofemployees of the company leaves open which number/)
    assert.deepEqual(why('size'), ['the text in size of the contact leaves open which number it means', 'size'])
    for (const field of ['fact.employees', 'account.numberofemployees']) {
      assert.deepEqual(why(field), [
        'the text in numberofemployees of the company leaves open which number it means',
        'account.numberofemployees',
      ])
    }
  })
})
