import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { foldEvents } from '../../../model/record/fold/fold.ts'
import { tiedFields } from '../../../model/record/fold/reason-to-read.ts'
import '../../profiles.ts'
import { change, connectionId, nowMs, read } from '../../../../test/support/hubspot-notifications.ts'
import { parseWebhook } from './delivery.ts'
import { toChangeEvents } from './events.ts'

describe('a notification of a changed property, in its key, ids and time,', () => {
  it('keeps no value in its key: a digest that only the secret of the app can repeat', () => {
    const notifications = parseWebhook(Buffer.from(JSON.stringify([change()]))).notifications.map(({ event }) => event)
    const keyBy = (digestKey?: string) =>
      toChangeEvents({ connectionId, notifications, nowMs, digestKey }).events[0]?.dedupeKey ?? ''
    assert.equal(keyBy('secret'), keyBy('secret'))
    assert.notEqual(keyBy('secret'), keyBy('other'))
    assert.doesNotMatch(keyBy('secret'), /b\.example/)
  })

  it('keeps ids above 2^53, as numbers and as text, to the last digit', () => {
    const body = JSON.stringify([change({ eventId: 7, objectId: 8, sourceId: 9, portalId: 33 })])
      .replace('"eventId":7', '"eventId":9223372036854775807')
      .replace('"objectId":8', '"objectId":9007199254740993')
      .replace('"sourceId":9', '"sourceId":18446744073709551615')
    const of = (text: string) => {
      const notifications = parseWebhook(Buffer.from(text)).notifications.map(({ event }) => event)
      return toChangeEvents({ connectionId, notifications, nowMs })
    }
    const { events, skipped } = of(body)
    assert.deepEqual(skipped, [])
    assert.equal(events[0]?.recordId, '9007199254740993')
    assert.match(events[0]?.dedupeKey ?? '', /\/9007199254740993\/9223372036854775807\//)
    assert.equal(events[0]?.actor.id, '18446744073709551615')
    const neighbour = of(body.replace('9223372036854775807', '9223372036854775806')).events[0]
    assert.notEqual(neighbour?.dedupeKey, events[0]?.dedupeKey, 'two event ids that are one number')
    const [merged] = of(
      body
        .replace('contact.propertyChange', 'contact.merge')
        .replace('"objectId"', '"mergedObjectIds":[9007199254740995,5],"newObjectId":9007199254740993,"objectId"'),
    ).events
    assert.deepEqual(merged?.mergedIds, ['9007199254740995', '5'])
  })

  for (const [name, occurredAt] of [
    ['0', 0],
    ['in seconds', nowMs / 1_000],
    ['in microseconds', nowMs * 1_000],
    ['missing', undefined],
    ['negative', -5],
    ['text that is no number', 'yesterday'],
  ] as const) {
    it(`with a time that is ${name} is no change of 1970: the record is read`, () => {
      const [event] = read(change({ occurredAt })).events
      assert.deepEqual([event?.kind, event?.fields], ['gap', {}])
      assert.ok((event?.occurredAtMs ?? 0) >= nowMs)
      const later = parseWebhook(Buffer.from(JSON.stringify([change({ occurredAt })]))).notifications
      const [again] = toChangeEvents({
        connectionId,
        notifications: later.map((n) => n.event),
        nowMs: nowMs + 1,
      }).events
      assert.notEqual(again?.dedupeKey, event?.dedupeKey, 'a second change that looks alike is dropped')
    })
  }
})

describe('notifications of other kinds', () => {
  const kindOf = (over: object) => read(change({ propertyName: undefined, ...over })).events[0]?.kind

  it('without a believable time say only that the record is to be read, except an erasure', () => {
    for (const occurredAt of [0, nowMs / 1_000, undefined]) {
      const types = ['deal.creation', 'company.deletion', 'contact.restore', 'contact.merge']
      assert.deepEqual(
        types.map((subscriptionType) => kindOf({ subscriptionType, occurredAt })),
        ['gap', 'gap', 'gap', 'merged'],
      )
      const [erased] = read(change({ subscriptionType: 'contact.privacyDeletion', occurredAt })).events
      assert.deepEqual([erased?.kind, erased?.occurredAtMs], ['erased', nowMs])
    }
  })

  it('have keys that fit an index, whatever is in their other fields', () => {
    const long = 'x'.repeat(100_000)
    const [event] = read(
      change({ subscriptionType: 'contact.deletion', propertyName: long, propertyValue: long }),
    ).events
    assert.ok((event?.dedupeKey.length ?? 0) < 1_000)
  })

  it('cases A01 and S12: are not ordered by their ids where two are of one millisecond, so the record is read', () => {
    const two = (first: number, second: number) => {
      const of = (eventId: number, propertyValue: string) =>
        change({ eventId, propertyName: 'lifecyclestage', propertyValue })
      const body = Buffer.from(JSON.stringify([of(first, 'lead'), of(second, 'customer')]))
      const notifications = parseWebhook(body).notifications.map(({ event }) => event)
      const { events } = toChangeEvents({ connectionId, notifications, nowMs })
      return foldEvents(null, [{ ...events[0]!, complete: true, fields: {}, occurredAtMs: 1 }, ...events], {
        crm: 'hubspot',
        unreadable: new Set(),
      })
    }
    for (const folded of [two(900, 100), two(100, 900)]) {
      assert.equal(folded.needsRead, 'same-instant')
      assert.deepEqual(tiedFields(folded.record), ['lifecyclestage'])
    }
  })
})
