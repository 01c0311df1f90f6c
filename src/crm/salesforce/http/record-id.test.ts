import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isSalesforceId, longId, sameId } from './record-id.ts'

describe('a Salesforce id', () => {
  it('of 15 characters gets the check characters that Salesforce itself appends', () => {
    // Both spellings of these ids are printed in the vendor's documentation samples.
    assert.equal(longId('0015f00002J9YYE'), '0015f00002J9YYEAA3')
    assert.equal(longId('000000000000000'), '000000000000000AAA')
    assert.equal(longId('0055f000005mc66'), '0055f000005mc66AAA')
  })

  it('of 18 characters stays as it is', () => {
    assert.equal(longId('00Q5f000005bwLFEAY'), '00Q5f000005bwLFEAY')
  })

  it('is refused when it could break out of a query or a path', () => {
    for (const bad of ['', '001', "001' OR Id != '", '001000000000000/..', '0010000000000000', '001*']) {
      assert.equal(isSalesforceId(bad), false, bad)
      assert.equal(longId(bad), null, bad)
    }
  })

  it('is the same in either spelling, and different when only the case differs', () => {
    assert.equal(sameId('0015f00002J9YYE', '0015f00002J9YYEAA3'), true)
    assert.equal(sameId('0015f00002J9YYe', '0015f00002J9YYEAA3'), false)
    assert.equal(sameId(null, '0015f00002J9YYEAA3'), false)
  })
})
