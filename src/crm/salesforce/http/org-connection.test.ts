import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { HttpRequest } from '../../http-exchange.ts'
import { OrgConnection } from './org-connection.ts'

const ORG = 'https://acme.my.salesforce.com'
const DATA = `${ORG}/services/data/v67.0`

function connection(): { org: OrgConnection; sent: HttpRequest[] } {
  const sent: HttpRequest[] = []
  const org = new OrgConnection({ instanceUrl: ORG, version: '67.0' }, async (request) => {
    sent.push(request)
    return { answered: request.url }
  })
  return { org, sent }
}

describe('a jsforce connection that sends through our transport', () => {
  it("sends every verb of jsforce's that we use as one plain request to the org's data API", async () => {
    const { org, sent } = connection()
    await org.describe('Lead')
    await org.limits()
    await org.deleted('Lead', new Date('2026-11-22T10:00:00Z'), new Date('2026-11-22T11:00:00Z'))
    await org.requestGet('/query?q=SELECT+Id+FROM+Lead')
    await org.requestPatch('/composite/sobjects', { records: [] })
    assert.deepEqual(
      sent.map(({ method, url, body }) => [method, url.replace(DATA, ''), body]),
      [
        ['GET', '/sobjects/Lead/describe', undefined],
        ['GET', '/limits', undefined],
        [
          'GET',
          '/sobjects/Lead/deleted?start=2026-11-22T10%3A00%3A00%2B00%3A00&end=2026-11-22T11%3A00%3A00%2B00%3A00',
          undefined,
        ],
        ['GET', '/query?q=SELECT+Id+FROM+Lead', undefined],
        ['PATCH', '/composite/sobjects', '{"records":[]}'],
      ],
    )
    assert.ok(sent.every(({ url }) => url.startsWith(`${DATA}/`)))
  })

  it('returns what the transport read', async () => {
    assert.deepEqual(await connection().org.requestGet('/limits'), { answered: `${DATA}/limits` })
  })

  it('sends nothing outside the data API of its org, whatever address an answer named', async () => {
    const { org, sent } = connection()
    for (const url of ['https://evil.example/', `${ORG}.evil.example/services/data/v67.0/limits`, `${DATA}x/limits`]) {
      assert.throws(() => org.request(url), TypeError, url)
    }
    assert.equal(sent.length, 0)
  })

  it('refuses a body that is not text, because its bytes cannot be counted beforehand', () => {
    const body = new URLSearchParams({ a: '1' })
    assert.throws(() => connection().org.request({ method: 'POST', url: '/x', body }), TypeError)
  })
})
