import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { createRequire } from 'node:module'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { change, connectionId, nowMs, read } from '../../../test/support/hubspot-notifications.ts'
import { parseWebhook, WebhookFormatError } from './webhook/delivery.ts'
import { toChangeEvents } from './webhook/events.ts'
import { type SignatureCheck, verifySignature } from './webhook/signature.ts'

const LINE_A =
  '[{"eventId":3816279340,"subscriptionId":25,"portalId":33,"appId":1160452,"occurredAt":1462216307945,' +
  '"subscriptionType":"contact.propertyChange","attemptNumber":0,"objectId":1246965,' +
  '"propertyName":"hubspot_owner_id","propertyValue":"41629779","changeSource":"CRM_UI","sourceId":"userId:9586504"}]'
const SECRET = 'test-client-secret-0001'
const URL_A = 'https://hooks.example.com/hubspot/webhooks'
const SECRET_D = 'yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy'
const URL_D = 'https://www.example.com/webhook_uri'
const BODY_D = "{'example_field':'example_value'}"

type Delivery = {
  url?: string
  body?: string | Buffer
  timestamp?: string
  signature: string
  secrets?: string[]
  nowMs?: number
}

function check({
  url = URL_A,
  body = LINE_A,
  timestamp = '1790000001000',
  signature,
  ...rest
}: Delivery): SignatureCheck {
  return {
    method: 'POST',
    url,
    rawBody: Buffer.from(body),
    headers: { 'x-hubspot-signature-v3': signature, 'x-hubspot-request-timestamp': timestamp },
    secrets: rest.secrets ?? [SECRET],
    nowMs: rest.nowMs ?? Number(timestamp) + 1_000,
  }
}

const SIGNATURE_A = 'd884RbjRNiKyR0g4xveJg9dTHwJfNfrhMtc9KPJ8POk='

describe('the signature of a delivery', () => {
  it('holds for plain ASCII (vector A)', () => {
    assert.equal(verifySignature(check({ signature: SIGNATURE_A })), 'ok')
  })

  it('holds for the raw UTF-8 bytes (vector B)', () => {
    const body = '[{"propertyName":"firstname","propertyValue":"Zoë Ünal 東京"}]'
    assert.equal(Buffer.byteLength(body), 66)
    const signature = 'k0YXCiqJx0jnq5kX9uJIRPobUI9NV0Pyb5LAXoQLKo4='
    assert.equal(verifySignature(check({ body, signature })), 'ok')
  })

  it('decodes exactly the twelve escapes of the query, in either case of letters (vector C)', () => {
    const signature = '1ka6KTDvyJLS/zOzVDmbsWsaUCLlWVjzcEi04dEep4Q='
    for (const query of ['?src=hs%3Aapp%2Fv3&x=%28a%29&sp=a%20b', '?src=hs%3aapp%2fv3&x=%28a%29&sp=a%20b']) {
      assert.equal(verifySignature(check({ url: URL_A + query, body: '[]', signature })), 'ok')
    }
    const undecoded = 'y0rabdwJz0GIBRZ+XlHHtEQDlSAqIj2IR+iwKCBtnYI='
    const url = `${URL_A}?src=hs%3Aapp%2Fv3&x=%28a%29&sp=a%20b`
    assert.equal(verifySignature(check({ url, body: '[]', signature: undecoded })), 'bad-signature')
  })

  it("holds for the vectors that HubSpot's own SDKs publish (D and E)", () => {
    const base = { url: URL_D, body: BODY_D, secrets: [SECRET_D] }
    const d = { ...base, timestamp: '1693657560000', signature: 'K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y=' }
    const e = { ...base, timestamp: '1700000300000', signature: 'RnbPH7+UMKVkbV32P8bz450N4M56aPmcru1+D3kSDtw=' }
    assert.equal(verifySignature(check(d)), 'ok')
    assert.equal(verifySignature(check(e)), 'ok')
  })

  it("agrees with HubSpot's own client on any body and time", () => {
    const { Signature } = createRequire(import.meta.url)('@hubspot/api-client')
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 4e12 }), (body, timestamp) => {
        const signature = Signature.getSignature('POST', 'v3', {
          clientSecret: SECRET,
          requestBody: body,
          url: URL_A,
          timestamp,
        })
        fc.pre(body.isWellFormed())
        assert.equal(verifySignature(check({ body, signature, timestamp: String(timestamp) })), 'ok')
      }),
    )
  })

  it('is refused after any change of secret, body, URL, time or method', () => {
    const good = check({ signature: SIGNATURE_A })
    assert.equal(verifySignature({ ...good, secrets: ['another'] }), 'bad-signature')
    assert.equal(verifySignature({ ...good, rawBody: Buffer.from(`${LINE_A} `) }), 'bad-signature')
    assert.equal(verifySignature({ ...good, url: `${URL_A}/` }), 'bad-signature')
    assert.equal(verifySignature({ ...good, method: 'PUT' }), 'bad-signature')
    assert.equal(verifySignature(check({ signature: SIGNATURE_A, timestamp: '1790000001001' })), 'bad-signature')
  })

  it('holds under the old and the new secret while they are rotated, and under no empty one', () => {
    assert.equal(verifySignature(check({ signature: SIGNATURE_A, secrets: ['new', SECRET] })), 'ok')
    assert.equal(verifySignature(check({ signature: SIGNATURE_A, secrets: [SECRET, 'old'] })), 'ok')
    const empty = createHmac('sha256', '').update(`POST${URL_A}${LINE_A}1790000001000`).digest('base64')
    assert.equal(verifySignature(check({ signature: empty, secrets: [''] })), 'bad-signature')
    assert.equal(verifySignature(check({ signature: SIGNATURE_A, secrets: [] })), 'bad-signature')
  })

  it('may be exactly five minutes old or ahead, and not a millisecond more', () => {
    const at = (nowMs: number) => verifySignature(check({ signature: SIGNATURE_A, nowMs: 1_790_000_001_000 + nowMs }))
    assert.equal(at(300_000), 'ok')
    assert.equal(at(300_001), 'stale')
    assert.equal(at(-300_000), 'ok')
    assert.equal(at(-300_001), 'stale')
  })

  it('survives a proxy that turned "+" into a space', () => {
    const base = { url: URL_D, body: BODY_D, secrets: [SECRET_D], timestamp: '1693657560000' }
    const signature = 'K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y='.replace('+', ' ')
    assert.equal(verifySignature(check({ ...base, signature })), 'ok')
  })

  it('that is missing, doubled or not base64 of 32 bytes is malformed', () => {
    for (const headers of [
      {},
      { 'x-hubspot-signature-v3': SIGNATURE_A },
      { 'x-hubspot-request-timestamp': '1790000001000' },
      { 'x-hubspot-signature-v3': [SIGNATURE_A, SIGNATURE_A], 'x-hubspot-request-timestamp': '1790000001000' },
      { 'x-hubspot-signature-v3': 'deadbeef', 'x-hubspot-request-timestamp': '1790000001000' },
      { 'x-hubspot-signature-v3': SIGNATURE_A, 'x-hubspot-request-timestamp': 'soon' },
      { 'x-hubspot-signature-v3': SIGNATURE_A, 'x-hubspot-request-timestamp': '1.79e12' },
    ]) {
      assert.equal(verifySignature({ ...check({ signature: SIGNATURE_A }), headers }), 'malformed')
    }
  })
})

describe('a notification of a changed property', () => {
  it('brings the new value, its time and the person', () => {
    const { events, skipped } = read(change())
    assert.deepEqual(skipped, [])
    assert.equal(events.length, 1)
    const { dedupeKey = '', ...event } = events[0] ?? {}
    assert.match(
      dedupeKey,
      new RegExp(`^hook/33/contact.propertyChange//541935488729/7/${nowMs - 5_000}/email/[\\w-]{16}$`),
    )
    assert.deepEqual(event, {
      connectionId,
      objectType: 'contacts',
      recordId: '541935488729',
      kind: 'changed',
      occurredAtMs: nowMs - 5_000,
      order: 7,
      fields: { email: 'a@b.example' },
      complete: false,
      source: 'webhook',
      actor: { kind: 'person', id: '12', ours: false },
    })
  })

  it('keeps its key over retries and loses it for another event, time or property', () => {
    const keyOf = (over: object) => read(change(over)).events[0]?.dedupeKey
    const key = keyOf({})
    assert.equal(keyOf({ attemptNumber: 9 }), key)
    for (const other of [
      { eventId: 8 },
      { occurredAt: nowMs - 5_001 },
      { propertyName: 'phone' },
      { objectId: 1 },
      { portalId: 34 },
      { propertyValue: 'c@d.example' },
      { propertyValue: '' },
      { propertyValue: undefined },
    ]) {
      assert.notEqual(keyOf(other), key, JSON.stringify(other))
    }
  })

  it('spells an instant like a read does', () => {
    const { events } = read(change({ propertyName: 'closedate', propertyValue: '1790000000000' }))
    assert.deepEqual(events[0]?.fields, { closedate: '2026-09-21T14:13:20.000Z' })
  })

  it('takes the type of custom fields from its caller', () => {
    const { notifications } = parseWebhook(
      Buffer.from(JSON.stringify([change({ propertyName: 'renewal', propertyValue: '1790000000000' })])),
    )
    const { events } = toChangeEvents({
      connectionId,
      notifications: notifications.map(({ event }) => event),
      nowMs,
      fieldType: (objectType, field) => (objectType === 'contacts' && field === 'renewal' ? 'day' : undefined),
    })
    assert.deepEqual(events[0]?.fields, { renewal: '2026-09-21' })
  })

  it('is ours when HubSpot names our app as its integration, and not when it names another', () => {
    const actor = (sourceId: string) => read(change({ changeSource: 'INTEGRATION', sourceId })).events[0]?.actor
    assert.deepEqual(actor('900'), { kind: 'integration', id: '900', ours: true })
    assert.deepEqual(actor('901'), { kind: 'integration', id: '901', ours: false })
  })

  it('with a withheld value is a gap and never the word REDACTED', () => {
    for (const over of [{ propertyValue: 'REDACTED' }, { isSensitive: true }]) {
      const { events } = read(change(over))
      assert.equal(events[0]?.kind, 'gap')
      assert.deepEqual(events[0]?.fields, {})
    }
  })

  it('cleared arrives as null', () => {
    assert.deepEqual(read(change({ propertyValue: '' })).events[0]?.fields, { email: null })
  })

  it('with U+0000 or half a surrogate pair is made storable', () => {
    const body =
      '[{"portalId":1,"subscriptionType":"contact.propertyChange","objectId":5,"occurredAt":1790000000000,"propertyName":"email","propertyValue":"a\\u0000b\\ud800c"}]'
    const notifications = parseWebhook(Buffer.from(body)).notifications.map(({ event }) => event)
    assert.deepEqual(toChangeEvents({ connectionId, notifications, nowMs }).events[0]?.fields, {
      email: 'a\uFFFDb\uFFFDc',
    })
  })

  it('named __proto__ is left out, and so are its keys', () => {
    const { events, skipped } = read(change({ propertyName: '__proto__' }))
    assert.deepEqual([events, skipped], [[], [{ reason: 'property-name', type: 'contact.propertyChange' }]])
    const body = Buffer.from(
      '[{"__proto__":{"portalId":5,"objectId":6},"subscriptionType":"contact.deletion","occurredAt":1}]',
    )
    assert.deepEqual(parseWebhook(body).skipped, [{ at: 0, reason: 'no-portal' }])
    assert.equal(Object.hasOwn(Object.prototype, 'portalId'), false)
  })

  it('from a clock that runs ahead does not win for ever: its value is not taken, and the record is read', () => {
    const [event] = read(change({ occurredAt: nowMs + 9e9 })).events
    assert.deepEqual([event?.kind, event?.fields, event?.occurredAtMs], ['gap', {}, nowMs + 300_000])
    assert.equal(read(change({ occurredAt: nowMs + 300_000 })).events[0]?.kind, 'changed')
  })

  it('is dated by the clock of its portal, however late and on whichever attempt it comes', () => {
    const [event] = read(change({ occurredAt: nowMs - 80 * 3_600_000, attemptNumber: 6 })).events
    assert.deepEqual([event?.kind, event?.occurredAtMs], ['changed', nowMs - 80 * 3_600_000])
  })

  it('by an app whose id nobody told us is ours when it is the app that the notification was sent to', () => {
    const body = Buffer.from(JSON.stringify([change({ changeSource: 'INTEGRATION', sourceId: '900' })]))
    const notifications = parseWebhook(body).notifications.map(({ event }) => event)
    const { events } = toChangeEvents({ connectionId, notifications, appId: null, nowMs })
    assert.equal(events[0]?.actor.ours, true)
  })

  it('from a source that nobody has listed has an unknown actor', () => {
    const [event] = read(change({ changeSource: 'TELEPATHY', sourceId: 'x-1' })).events
    assert.deepEqual([event?.kind, event?.actor], ['changed', { kind: 'unknown', id: 'x-1', ours: false }])
  })
})

describe('other notifications', () => {
  const kindOf = (over: object) => read(change({ propertyName: undefined, ...over })).events[0]?.kind

  it('are named by what happened', () => {
    assert.equal(kindOf({ subscriptionType: 'deal.creation' }), 'created')
    assert.equal(kindOf({ subscriptionType: 'company.deletion' }), 'deleted')
    assert.equal(kindOf({ subscriptionType: 'contact.restore' }), 'restored')
    assert.equal(kindOf({ subscriptionType: 'contact.privacyDeletion' }), 'erased')
    assert.equal(kindOf({ subscriptionType: undefined, eventType: 'contact.creation' }), 'created')
  })

  it('of the generic kind name their object by its type id', () => {
    const { events } = read(
      change({
        subscriptionType: 'object.propertyChange',
        objectTypeId: '0-27',
        propertyName: 'hs_task_status',
        propertyValue: 'COMPLETED',
      }),
    )
    assert.equal(events[0]?.objectType, 'tasks')
    assert.deepEqual(events[0]?.fields, { hs_task_status: 'COMPLETED' })
  })

  it('of a creation are the same whatever their undocumented changeFlag says', () => {
    const events = ['CREATED', 'NEW', 7, undefined].map(
      (changeFlag) => read(change({ subscriptionType: 'contact.creation', changeFlag })).events[0],
    )
    assert.equal(new Set(events.map((event) => JSON.stringify(event))).size, 1)
  })

  it('of a generic link take its types by id, or by the words of the classic one', () => {
    const link = { objectId: undefined, occurredAt: nowMs, fromObjectId: 1, toObjectId: 2 }
    const generic = read(
      change({ ...link, subscriptionType: 'object.associationChange', fromObjectTypeId: '0-1', toObjectTypeId: '0-2' }),
    ).events
    const classic = read(
      change({ ...link, subscriptionType: 'contact.associationChange', associationType: 'CONTACT_TO_COMPANY' }),
    ).events
    const sides = (events: typeof generic) =>
      events.map(({ kind, objectType, recordId }) => [kind, objectType, recordId])
    assert.deepEqual(sides(generic), [
      ['associated', 'contacts', '1'],
      ['associated', 'companies', '2'],
    ])
    assert.deepEqual(sides(classic), sides(generic))
  })

  it('of a merge keep the record with the new id and give up the others', () => {
    const merge = {
      subscriptionType: 'contact.merge',
      objectId: 10,
      primaryObjectId: 10,
      mergedObjectIds: [10, 11],
      newObjectId: 99,
    }
    const [event] = read(change(merge)).events
    assert.deepEqual([event?.kind, event?.recordId, event?.mergedIds], ['merged', '99', ['10', '11']])
    const [kept] = read(change({ ...merge, newObjectId: undefined })).events
    assert.deepEqual([kept?.recordId, kept?.mergedIds], ['10', ['11']])
  })

  it('of a link have no objectId and concern both records, once for both directions', () => {
    const link = { objectId: undefined, occurredAt: nowMs, isPrimaryAssociation: false }
    const there = change({
      ...link,
      subscriptionType: 'contact.associationChange',
      associationType: 'CONTACT_TO_COMPANY',
      fromObjectId: 1,
      toObjectId: 2,
    })
    const back = change({
      ...link,
      eventId: 8,
      subscriptionType: 'company.associationChange',
      associationType: 'COMPANY_TO_CONTACT',
      fromObjectId: 2,
      toObjectId: 1,
    })
    const { events } = read(there, back)
    assert.deepEqual(
      events.map(({ kind, objectType, recordId }) => [kind, objectType, recordId]),
      [
        ['associated', 'contacts', '1'],
        ['associated', 'companies', '2'],
        ['associated', 'companies', '2'],
        ['associated', 'contacts', '1'],
      ],
    )
    assert.equal(new Set(events.map(({ dedupeKey }) => dedupeKey)).size, 2)
  })

  it('that we cannot use are left out with the reason', () => {
    const reasons = read(
      change({ subscriptionType: 'ticket.propertyChange' }),
      change({ subscriptionType: 'conversation.newMessage' }),
      change({ subscriptionType: undefined }),
      change({ subscriptionType: 'contact.deletion', objectId: undefined }),
      change({ subscriptionType: 'object.creation', objectTypeId: '2-4711' }),
    ).skipped.map(({ reason }) => reason)
    assert.deepEqual(reasons, [
      'object-not-watched',
      'unknown-type',
      'unknown-type',
      'no-record-id',
      'object-not-watched',
    ])
  })
})

describe('a body that is not a delivery', () => {
  const codeOf = (body: string | Buffer) => {
    try {
      parseWebhook(Buffer.from(body))
    } catch (error) {
      if (error instanceof WebhookFormatError) return error.code
      throw error
    }
    return 'read'
  }

  it('is refused by a code that says why', () => {
    assert.equal(codeOf(''), 'not-json')
    assert.equal(codeOf('[{"a":1}'), 'not-json')
    assert.equal(codeOf('{"portalId":1}'), 'not-a-list')
    assert.equal(codeOf(`[${Array(50_001).fill('{}').join()}]`), 'too-many')
    assert.equal(codeOf('['.repeat(10_000) + ']'.repeat(10_000)), 'too-deep')
    assert.equal(codeOf(Buffer.alloc(8 * 1024 * 1024 + 1, 0x20)), 'too-large')
  })

  it('is still read where one item is not: that one is left out with the reason, the others stand', () => {
    const items = [change({}), null, 7, 'text', [change({})], change({ portalId: 'none' }), change({ objectId: 6 })]
    const { notifications, skipped } = parseWebhook(Buffer.from(JSON.stringify(items)))
    assert.deepEqual(
      notifications.map(({ event }) => event.objectId),
      ['541935488729', '6'],
    )
    assert.deepEqual(skipped, [
      ...[1, 2, 3, 4].map((at) => ({ at, reason: 'not-an-object' })),
      { at: 5, reason: 'no-portal' },
    ])
  })

  it('may mix portals: each notification comes with its own', () => {
    const { notifications } = parseWebhook(
      Buffer.from(JSON.stringify([change({ portalId: 1 }), change({ portalId: 2 })])),
    )
    assert.deepEqual(
      notifications.map(({ portalId }) => portalId),
      [1, 2],
    )
  })

  it('may hold any number of brackets inside a text', () => {
    assert.equal(codeOf(JSON.stringify([change({ propertyValue: `${'[{'.repeat(500)}\\"[` })])), 'read')
  })

  it('of any bytes gives nothing but notifications or its own error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        codeOf(Buffer.from(bytes))
      }),
    )
  })

  it('of any JSON in place of any field still becomes events or reasons, whose text can be stored', () => {
    const names = Object.keys(
      change({ fromObjectId: 1, toObjectId: 2, mergedObjectIds: [], associationType: '', objectTypeId: '' }),
    )
    const types = fc.constantFrom(
      'contact.propertyChange',
      'object.merge',
      'deal.associationChange',
      'contact.deletion',
    )
    const item = fc
      .record({ subscriptionType: types })
      .chain((base) =>
        fc
          .dictionary(fc.constantFrom(...names), fc.jsonValue({ maxDepth: 2 }))
          .map((over) => change({ ...base, ...over })),
      )
    fc.assert(
      fc.property(fc.array(item, { maxLength: 5 }), (items) => {
        const { events, skipped, unread } = read(...items)
        assert.ok(events.length + skipped.length + unread >= items.length)
        for (const event of events) {
          assert.ok(Number.isSafeInteger(event.occurredAtMs) && Number.isSafeInteger(event.order))
          assert.match(event.recordId, /^\d{1,20}$/)
          assert.ok(event.dedupeKey.isWellFormed() && !event.dedupeKey.includes('\u0000'))
          for (const value of Object.values(event.fields))
            assert.ok(value === null || (value.isWellFormed() && !value.includes('\u0000')))
        }
      }),
    )
  })
})
