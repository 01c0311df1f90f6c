import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { startClock } from '../org/clock.ts'
import { createOrg, DEFAULT_SETTINGS, type Org } from '../org/org.ts'
import { withSuffix } from '../org/record-id.ts'
import { runSoql } from './soql-query.ts'

type Values = {
  readonly City: string | null
  readonly NumberOfEmployees: number | null
  readonly IsUnreadByOwner: boolean
}

function orgWith(rows: readonly Values[]): Org {
  const org = createOrg('00D000000000001EAA', startClock(Date.parse('2026-11-22T10:00:00Z')), DEFAULT_SETTINGS)
  for (const [i, row] of rows.entries()) {
    org.store.seed('Lead', { Id: withSuffix(`00Q${String(i).padStart(12, '0')}`), IsDeleted: false, ...row })
  }
  return org
}

const cities = ['Graz', 'graz', 'Wien', "L'Aquila", 'back\\slash', '100%_']
const values = fc.record({
  City: fc.option(fc.constantFrom(...cities)),
  NumberOfEmployees: fc.option(fc.integer({ min: -3, max: 3 })),
  IsUnreadByOwner: fc.boolean(),
})

type Case = { readonly soql: string; readonly fits: (row: Values) => boolean }

const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
const fold = (text: string | null): string | null => text?.toLowerCase() ?? null

/** One comparison as SOQL, and the same said in plain code. */
const leaf: fc.Arbitrary<Case> = fc.oneof(
  fc
    .constantFrom(...cities)
    .map((city) => ({ soql: `City = ${quote(city)}`, fits: (row) => fold(row.City) === fold(city) }) satisfies Case),
  fc
    .constantFrom(...cities)
    .map((city) => ({ soql: `City != ${quote(city)}`, fits: (row) => fold(row.City) !== fold(city) }) satisfies Case),
  fc.constant<Case>({ soql: 'City = null', fits: (row) => row.City === null }),
  fc.constant<Case>({ soql: "City LIKE 'g%'", fits: (row) => fold(row.City)?.startsWith('g') ?? false }),
  fc.constant<Case>({ soql: "City LIKE '100\\%\\_'", fits: (row) => row.City === '100%_' }),
  fc.subarray(cities, { minLength: 1 }).map(
    (some) =>
      ({
        soql: `City IN (${some.map(quote).join(', ')})`,
        fits: (row) => row.City !== null && some.some((city) => fold(city) === fold(row.City)),
      }) satisfies Case,
  ),
  fc.integer({ min: -3, max: 3 }).map(
    (n) =>
      ({
        soql: `NumberOfEmployees >= ${n}`,
        fits: (row) => row.NumberOfEmployees !== null && row.NumberOfEmployees >= n,
      }) satisfies Case,
  ),
  fc
    .boolean()
    .map((flag) => ({ soql: `IsUnreadByOwner = ${flag}`, fits: (row) => row.IsUnreadByOwner === flag }) satisfies Case),
)

const { condition } = fc.letrec<{ condition: Case }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3 },
    leaf,
    tie('condition').map((part) => ({ soql: `NOT (${part.soql})`, fits: (row) => !part.fits(row) }) satisfies Case),
    fc.array(tie('condition'), { minLength: 2, maxLength: 3 }).map(
      (parts) =>
        ({
          soql: parts.map((part) => `(${part.soql})`).join(' AND '),
          fits: (row) => parts.every((part) => part.fits(row)),
        }) satisfies Case,
    ),
    fc.array(tie('condition'), { minLength: 2, maxLength: 3 }).map(
      (parts) =>
        ({
          soql: parts.map((part) => `(${part.soql})`).join(' or '),
          fits: (row) => parts.some((part) => part.fits(row)),
        }) satisfies Case,
    ),
  ),
}))

const idsOf = (org: Org, soql: string): string[] => {
  const result = runSoql(org, soql, { all: false })
  return result.page(0, result.rowCount, '67.0').map((row) => (row as { Id: string }).Id)
}

describe('SOQL', () => {
  it('selects exactly the matching records, for any nesting of conditions', () => {
    fc.assert(
      fc.property(fc.array(values, { maxLength: 12 }), condition, (rows, { soql, fits }) => {
        const org = orgWith(rows)
        const expected = [...org.store.table('Lead').values()].filter((record) => fits(record as unknown as Values))
        assert.deepEqual(
          idsOf(org, `SELECT Id FROM Lead WHERE ${soql}`),
          expected.map((record) => record.Id),
        )
      }),
    )
  })

  it('reading page by page with LIMIT and OFFSET returns the same as reading at once', () => {
    fc.assert(
      fc.property(fc.array(values, { maxLength: 12 }), fc.integer({ min: 1, max: 5 }), (rows, size) => {
        const org = orgWith(rows)
        const order = 'SELECT Id FROM Lead ORDER BY City NULLS LAST, NumberOfEmployees DESC, Id'
        const paged: string[] = []
        for (let offset = 0; offset < rows.length; offset += size)
          paged.push(...idsOf(org, `${order} LIMIT ${size} OFFSET ${offset}`))
        assert.deepEqual(paged, idsOf(org, order))
      }),
    )
  })

  it('refuses nonsense with the vendor’s errors and never crashes', () => {
    const org = orgWith([])
    const word = fc.constantFrom(
      'SELECT',
      'Id',
      'FROM',
      'Lead',
      'WHERE',
      'City',
      '=',
      "'x'",
      '(',
      ')',
      'AND',
      'OR',
      'NOT',
      'IN',
      ',',
      'LIMIT',
      '1',
      'null',
      'ORDER',
      'BY',
      "'",
    )
    fc.assert(
      fc.property(fc.array(word, { maxLength: 20 }), (words) => {
        try {
          runSoql(org, words.join(' '), { all: false })
        } catch (error) {
          assert.equal((error as Error).name, 'ApiError')
        }
      }),
      { numRuns: 500 },
    )
  })
})
