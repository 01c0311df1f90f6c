import assert from 'node:assert/strict'
import { it } from 'node:test'
import { salesforceId, withChecksum } from './salesforce-id.ts'

it('the checksum encodes which letters of each block of five are upper case', () => {
  assert.equal(withChecksum('00D000000000001'), '00D000000000001EAA')
  assert.equal(withChecksum('000000000000000'), '000000000000000AAA')
  assert.equal(withChecksum('0015000000VALDt'), '0015000000VALDtAAP')
})

it('ids are 18 characters, begin with the prefix and differ', () => {
  const ids = new Set(Array.from({ length: 5000 }, (_, i) => salesforceId('00Q', '5g00000', i)))
  assert.equal(ids.size, 5000)
  for (const id of ids) assert.match(id, /^00Q5g00000[0-9A-Za-z]{5}[A-Z0-5]{3}$/)
})
