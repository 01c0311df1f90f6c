import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Signature } from '@hubspot/api-client'
import fc from 'fast-check'
import { decodeSignedUri, signatureV1, signatureV3 } from '../../sandbox/hubspot/webhooks/webhook-signature.ts'

const SECRET = 'test-client-secret-0001'
const HUBSPOT_TESTS_SECRET = 'yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy'
const TARGET = 'https://hooks.example.com/hubspot/webhooks'
const LINE_A =
  '[{"eventId":3816279340,"subscriptionId":25,"portalId":33,"appId":1160452,"occurredAt":1462216307945,"subscriptionType":"contact.propertyChange","attemptNumber":0,"objectId":1246965,"propertyName":"hubspot_owner_id","propertyValue":"41629779","changeSource":"CRM_UI","sourceId":"userId:9586504"}]'

/** The vectors of the contract: D and E are published in HubSpot's own SDK tests. */
const VECTORS = [
  {
    name: 'A',
    secret: SECRET,
    wire: TARGET,
    body: LINE_A,
    timestamp: 1790000001000,
    signature: 'd884RbjRNiKyR0g4xveJg9dTHwJfNfrhMtc9KPJ8POk=',
  },
  {
    name: 'B',
    secret: SECRET,
    wire: TARGET,
    body: '[{"propertyName":"firstname","propertyValue":"Zoë Ünal 東京"}]',
    timestamp: 1790000001000,
    signature: 'k0YXCiqJx0jnq5kX9uJIRPobUI9NV0Pyb5LAXoQLKo4=',
  },
  {
    name: 'C',
    secret: SECRET,
    wire: `${TARGET}?src=hs%3Aapp%2Fv3&x=%28a%29&sp=a%20b`,
    body: '[]',
    timestamp: 1790000001000,
    signature: '1ka6KTDvyJLS/zOzVDmbsWsaUCLlWVjzcEi04dEep4Q=',
  },
  {
    name: 'D',
    secret: HUBSPOT_TESTS_SECRET,
    wire: 'https://www.example.com/webhook_uri',
    body: "{'example_field':'example_value'}",
    timestamp: 1693657560000,
    signature: 'K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y=',
  },
  {
    name: 'E',
    secret: HUBSPOT_TESTS_SECRET,
    wire: 'https://www.example.com/webhook_uri',
    body: "{'example_field':'example_value'}",
    timestamp: 1700000300000,
    signature: 'RnbPH7+UMKVkbV32P8bz450N4M56aPmcru1+D3kSDtw=',
  },
]

describe('HubSpot sandbox: signatures', () => {
  for (const { name, secret, wire, body, timestamp, signature } of VECTORS) {
    it(`vector ${name} of the contract`, () => {
      assert.equal(signatureV3(secret, 'POST', wire, Buffer.from(body), String(timestamp)), signature)
      const url = decodeSignedUri(wire)
      assert.equal(
        Signature.getSignature('POST', 'v3', { clientSecret: secret, requestBody: body, timestamp, url } as never),
        signature,
      )
    })
  }

  it("passes the vendor client's own check, for any body and secret", () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ minLength: 1 }), (body, secret) => {
        const timestamp = Date.now()
        const bytes = Buffer.from(body)
        const requestBody = bytes.toString('utf8')
        const signature = signatureV3(secret, 'POST', TARGET, bytes, String(timestamp))
        const given = { clientSecret: secret, requestBody, timestamp, url: TARGET }
        assert.equal(Signature.isValid({ ...given, signature, signatureVersion: 'v3' } as never), true)
        const v1 = signatureV1(secret, bytes)
        assert.equal(Signature.isValid({ ...given, signature: v1, signatureVersion: 'v1' } as never), true)
      }),
    )
  })

  it('decodes exactly the twelve escapes, in either case, and leaves %20, %26 and %3D', () => {
    const twelve = '%3A%2F%3F%40%21%24%27%28%29%2A%2C%3B'
    assert.equal(decodeSignedUri(twelve), ":/?@!$'()*,;")
    assert.equal(decodeSignedUri(twelve.toLowerCase()), ":/?@!$'()*,;")
    assert.equal(decodeSignedUri('%20%26%3D%25'), '%20%26%3D%25')
  })
})
