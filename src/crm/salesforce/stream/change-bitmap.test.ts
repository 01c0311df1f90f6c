import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { bitmapNames, type SchemaField } from './change-bitmap.ts'

const ADDRESS = ['Street', 'City', 'State', 'PostalCode', 'Country']

/** Bit set to the vendor's text, the other way round from what is tested. */
function toBitmap(positions: readonly number[]): string {
  const bits = positions
    .reduce((sum, at) => sum | (1n << BigInt(at)), 0n)
    .toString(16)
    .toUpperCase()
  return `0x${bits.length % 2 === 0 ? bits : `0${bits}`}`
}

describe('a change bitmap', () => {
  const fields: SchemaField[] = [
    { name: 'ChangeEventHeader', children: [] },
    { name: 'Name', children: ['Salutation', 'FirstName', 'LastName'] },
    { name: 'Phone', children: [] },
    { name: 'Address', children: ADDRESS },
    ...Array.from({ length: 90 }, (_, at) => ({ name: `Field${at}__c`, children: [] })),
  ]

  it('names exactly the set positions, also beyond 64 fields', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: fields.length - 1 })), (positions) => {
        const expected = positions.toSorted((a, b) => a - b).map((at) => fields[at]!.name)
        assert.deepEqual(bitmapNames([toBitmap(positions)], fields), expected)
      }),
    )
  })

  it('that holds only a part of a compound names that part', () => {
    assert.deepEqual(bitmapNames(['3-0x02'], fields), ['Address.City'])
    assert.deepEqual(bitmapNames(['0x04', '1-0x06', '3-0x01'], fields), [
      'Phone',
      'Name.FirstName',
      'Name.LastName',
      'Address.Street',
    ])
  })

  it('reads lower-case hex alike', () => {
    assert.deepEqual(bitmapNames(['0xc'], fields), bitmapNames(['0x0C'], fields))
  })

  it('of another schema version is an error and never a wrong name', () => {
    assert.throws(() => bitmapNames([toBitmap([fields.length])], fields), /no field/)
    assert.throws(() => bitmapNames(['2-0x01'], fields), /Phone has no part 0/)
  })

  it('that is empty names nothing', () => {
    assert.deepEqual(bitmapNames([], fields), [])
    assert.deepEqual(bitmapNames(['0x00'], fields), [])
  })
})

type Vector = {
  readonly fieldOrder?: readonly string[] | 'same'
  readonly bitmap: readonly string[]
  readonly expect?: readonly string[]
  readonly expect_by_official_python_sample?: readonly string[]
}

// The vendor's documentation samples are kept beside the repository, not in it.
const vectorsFile = path.resolve(
  import.meta.dirname,
  '../../../../../shared/contracts/salesforce/derived/bitmap-vectors.json',
)

describe('the bitmaps printed in the vendor documentation', {
  skip: existsSync(vectorsFile) ? false : 'vectors not here',
}, () => {
  it('decode to the fields printed there', () => {
    const { vectors } = JSON.parse(readFileSync(vectorsFile, 'utf8')) as { vectors: readonly Vector[] }
    let order: readonly string[] = []
    let account: readonly string[] = []
    for (const vector of vectors) {
      if (Array.isArray(vector.fieldOrder)) order = vector.fieldOrder
      else if (vector.fieldOrder === undefined) order = account
      if (account.length === 0) account = order
      const fields = order.map((name) => ({ name, children: name.endsWith('Address') ? ADDRESS : [] }))
      const expected = vector.expect ?? vector.expect_by_official_python_sample
      assert.deepEqual(bitmapNames(vector.bitmap, fields), expected)
    }
    assert.ok(vectors.length >= 5)
  })
})
