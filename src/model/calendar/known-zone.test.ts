import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { knownZone } from './known-zone.ts'

describe('a time zone', () => {
  it('is known by a name that this runtime has, and null by any other', () => {
    for (const zone of ['Europe/Berlin', 'UTC', 'America/New_York', 'Asia/Ho_Chi_Minh'])
      assert.equal(knownZone(zone), zone)
    for (const zone of ['GMT', 'CET', 'EST5EDT', 'US/Pacific', 'Asia/Calcutta', '+05:30'])
      assert.equal(knownZone(zone), zone)
    for (const zone of ['Asia/Hanoi', 'Mars/Olympus', '', ' ', 'GMT+25', 'Europe/Berlin\u0000', null]) {
      assert.equal(knownZone(zone), null, String(zone))
    }
  })

  it('is not known by three letters that several places call theirs', () => {
    for (const zone of ['IST', 'BST', 'EST', 'PST', 'CST', 'AST', 'MST', 'ist', 'ECT', 'ACT'])
      assert.equal(knownZone(zone), null, zone)
  })
})
