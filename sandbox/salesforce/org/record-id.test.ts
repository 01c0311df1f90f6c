import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { IdSequence, normaliseId, withSuffix } from './record-id.ts'

const id15 = fc.stringMatching(/^[0-9A-Za-z]{15}$/)

describe('record ids', () => {
  it('get the suffixes of the vendor samples', () => {
    for (const id of ['0015f00002J9YYEAA3', '0014H00002LbR7QQAV', '0055f000005mc66AAA', '0015500001QdQWaAAN']) {
      assert.equal(withSuffix(id.slice(0, 15)), id)
    }
  })

  it('mean the same in 15 and 18 characters, however the suffix is written', () => {
    fc.assert(
      fc.property(id15, (id) => {
        const long = withSuffix(id)
        assert.equal(normaliseId(id), long)
        assert.equal(normaliseId(long), long)
        assert.equal(normaliseId(id + long.slice(15).toLowerCase()), long)
      }),
    )
  })

  it('are refused with a wrong suffix, length or character', () => {
    for (const text of [
      '001900K0001pPuOAAU',
      '',
      '0015f00002J9YY',
      '0015f00002J9YYEAA',
      "0015f00002J9Y'EAA3",
      '0015f00002J9YYEAA33',
    ]) {
      assert.equal(normaliseId(text), null)
    }
  })

  it('of a sequence never repeat and are valid', () => {
    const ids = new IdSequence()
    const taken = Array.from({ length: 5_000 }, () => ids.take('00Q'))
    assert.equal(new Set(taken).size, taken.length)
    for (const id of taken) assert.equal(normaliseId(id), id)
  })
})
