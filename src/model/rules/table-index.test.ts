import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { caseOf, contact, daysAgo, NOW_MS } from '../../../test/support/example.ts'
import type { FieldText } from '../record/change-event.ts'
import { Unknown } from '../record/knowledge.ts'
import type { Condition, Rule } from './condition.ts'
import { compileTable, firstMatch, missesBefore } from './evaluate.ts'
import { failedCheck, placeRecord } from './place-record.ts'
import { indexTable } from './table-index.ts'

const FIELDS = ['a', 'b', 'fact.country']
const TEXTS = [
  'DE',
  'de',
  ' Ｄｅ',
  'France',
  'fr',
  '',
  '10',
  '99.5',
  '100',
  '-3',
  '1.500',
  '1,500.00',
  '5-20',
  '10-99',
  '100+',
  '<10',
  '<= 10',
  '~ 95',
  'n/a',
  'Infinity',
  'abc',
  'ab',
  '2026-01-01',
  'ab;de',
  'fr;DE;x',
]
const VALUES: FieldText[] = [null, ' ', ...TEXTS, '2026-03-01T10:00:00.000Z', daysAgo(5), daysAgo(5.5), daysAgo(40)]

const field = fc.constantFrom(...FIELDS)
const values = fc.uniqueArray(fc.constantFrom(...TEXTS), { maxLength: 4 })
const end = fc.constantFrom(null, '10', '99.5', '100', '-3', 'abc', '2026-01-01', '2026-03-01', 'Infinity')
const condition: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({ field, op: fc.constantFrom('in' as const, 'not-in' as const), values }),
  fc.record({ field, op: fc.constantFrom('prefix' as const, 'contains' as const), values }),
  fc.record({ field, op: fc.constantFrom('blank' as const, 'not-blank' as const) }),
  fc.record({ field, op: fc.constant('range' as const), from: end, below: end }),
  fc.record({ field, op: fc.constant('older-than' as const), days: fc.constantFrom(0, 5, 30) }),
)
const table: fc.Arbitrary<Rule[]> = fc
  .array(fc.array(condition, { maxLength: 4 }), { maxLength: 70 })
  .map((rows) => rows.map((when, n) => ({ id: `r${n}`, when, owner: 'x@x.example', because: '' })))
const record = fc
  .record({
    a: fc.constantFrom(...VALUES),
    b: fc.constantFrom(...VALUES),
    country: fc.constantFrom('DE', 'France', null),
  })
  .map((drawn) => caseOf(contact(drawn, { lists: new Set(['b']) })).facts)

function checked(rules: readonly Rule[], facts: ReturnType<typeof caseOf>['facts']) {
  const closures = compileTable(rules, 'America/Phoenix')
  const index = indexTable(closures.map(({ when }) => when))
  const placed = placeRecord(index, facts)
  const winner = firstMatch(closures, facts)
  if (winner instanceof Unknown) return checkedWithUnread(rules, facts)
  assert.equal(placed.unknown, null)
  assert.equal(placed.row, winner === null ? -1 : closures.indexOf(winner))
  const before = placed.row === -1 ? closures.length : placed.row
  const misses = Array.from({ length: before }, (_, row) => {
    const failed = failedCheck(index, placed, row, 0)!
    return { rule: rules[row]!.id, failed: failed.says, actual: placed.values[failed.field]! }
  })
  assert.deepEqual(misses, missesBefore(closures, winner, facts))
}

/** Where the conditions one by one do not know the first match, the index does not either, and names the same inputs. */
function checkedWithUnread(rules: readonly Rule[], facts: ReturnType<typeof caseOf>['facts']) {
  const closures = compileTable(rules, 'America/Phoenix')
  const placed = placeRecord(indexTable(closures.map(({ when }) => when)), facts)
  const winner = firstMatch(closures, facts)
  const inputs = (unknown: Unknown | null) => unknown?.inputs.map(({ field, why }) => `${field} ${why}`).toSorted()
  assert.deepEqual(inputs(placed.unknown), inputs(winner instanceof Unknown ? winner : null))
  if (!(winner instanceof Unknown)) assert.equal(placed.row, winner === null ? -1 : closures.indexOf(winner))
}

const place: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({
    field: fc.constant('fact.country'),
    op: fc.constantFrom('in' as const, 'not-in' as const),
    values: fc.uniqueArray(fc.constantFrom('DE', 'FR', 'US'), { minLength: 1 }),
  }),
  fc.record({
    field: fc.constant('fact.state'),
    op: fc.constantFrom('in' as const, 'not-in' as const),
    values: fc.uniqueArray(fc.constantFrom('US-CA', 'US-NY', 'DE-BY'), { minLength: 1 }),
  }),
  fc.record({
    field: fc.constantFrom('fact.country', 'fact.state', 'a'),
    op: fc.constantFrom('blank' as const, 'not-blank' as const),
  }),
)

describe('the index of a table', () => {
  it('does not know the first match where a text names no country or state, and names the same inputs', () => {
    const rows = fc
      .array(fc.array(place, { maxLength: 3 }), { maxLength: 40 })
      .map((all) => all.map((when, n) => ({ id: `r${n}`, when, owner: 'x@x.example', because: '' })))
    const subject = fc
      .record({
        country: fc.constantFrom('Germany', 'USA', 'Holand', 'EMEA', 'n/a', null),
        state: fc.constantFrom('CA', 'Bavaria', 'Bay Area', 'nowhere', '-', null),
        a: fc.constantFrom('x', null),
      })
      .map((drawn) => caseOf(contact(drawn)).facts)
    fc.assert(fc.property(rows, subject, checkedWithUnread), { numRuns: 600 })
  })

  it('gives the same first match and the same misses as the conditions one by one', () => {
    fc.assert(fc.property(table, record, checked), { numRuns: 600 })
  })

  it('agrees with each single condition on every value that matters', () => {
    fc.assert(
      fc.property(condition, condition, (one, other) => {
        const rules = [[one], [one, other], [other]].map((when, n) => ({ id: `r${n}`, when, owner: '', because: '' }))
        for (const value of VALUES)
          checked(rules, caseOf(contact({ a: value, b: value }, { lists: new Set(['a']) })).facts)
      }),
      { numRuns: 300 },
    )
  })

  it('has no first match in an empty table, and always one where a row asks nothing', () => {
    const { facts } = caseOf(contact())
    assert.equal(placeRecord(indexTable([]), facts).row, -1)
    assert.equal(placeRecord(indexTable([[]]), facts).row, 0)
  })

  it('tells ages apart at the moment of decision, not at the moment of compiling', () => {
    const [old] = compileTable([{ id: 'o', when: [{ field: 'a', op: 'older-than', days: 5 }], owner: '', because: '' }])
    const index = indexTable([old!.when])
    const subject = contact({ a: daysAgo(5) })
    assert.equal(placeRecord(index, caseOf(subject, { nowMs: NOW_MS }).facts).row, -1)
    assert.equal(placeRecord(index, caseOf(subject, { nowMs: NOW_MS + 1 }).facts).row, 0)
  })
})
