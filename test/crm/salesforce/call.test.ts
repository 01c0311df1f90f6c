import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import {
  CrmBusyError,
  CrmReconnectError,
  CrmRefusedError,
  CrmUnknownError,
  type OwnerFieldWrite,
} from '../../../src/crm/crm-client.ts'
import {
  type Answer,
  ORG_ID,
  reset,
  rows,
  type ScriptedOrg,
  seenTokens,
  silence,
  startScriptedOrg,
  tokensAt,
  truncated,
  USER_ID,
} from './scripted-org.ts'

const LEAD = '00Q5f000005bwLFEAY'
const ORGANIZATION = rows({
  Id: ORG_ID,
  Name: 'Brightwater',
  TimeZoneSidKey: 'Europe/Berlin',
  OrganizationType: 'Enterprise Edition',
  IsSandbox: true,
})
const sessionExpired: Answer = {
  status: 401,
  json: [{ message: 'Session expired or invalid', errorCode: 'INVALID_SESSION_ID' }],
}
const ownerWrite: OwnerFieldWrite = { key: 'w1', objectType: 'Lead', recordId: LEAD, field: 'OwnerId', to: USER_ID }

describe('a call to Salesforce', () => {
  let org: ScriptedOrg
  beforeEach(async () => {
    org = await startScriptedOrg()
  })
  afterEach(() => org.close())
  const to = (path: string) => org.requests.filter((request) => request.path.startsWith(path))

  it('carries our client name, the pinned version and the token, and asks the budget first', async () => {
    org.on('GET', '/query', ORGANIZATION)
    const client = org.client()
    assert.deepEqual(await client.identify(), {
      accountId: ORG_ID,
      title: 'Brightwater',
      timeZone: 'Europe/Berlin',
      actorId: USER_ID,
      actorName: 'lane@brightwater.example',
      edition: 'Enterprise Edition, sandbox',
      pagesUrl: org.url,
    })
    const [request] = to('/query')
    assert.equal(request?.headers['sforce-call-options'], 'client=lanekeeper')
    assert.match(String(request?.headers.authorization), /^Bearer 00D.*!token1$/)
    assert.deepEqual(client.budget.taken, ['read', 'read', 'read']) // the login, the query, who we are
  })

  it('tells the budget what the CRM says is left of the day', async () => {
    org.on('GET', '/query', {
      json: { totalSize: 0, done: true, records: [] },
      headers: { 'sforce-limit-info': 'api-usage=18/5000' },
    })
    const client = org.client()
    await client.identify()
    assert.deepEqual(client.budget.observed, [{ usedToday: 18, limitToday: 5000 }])
  })

  it('logs in again once after a 401 and repeats the request, a write too', async () => {
    org.on('PATCH', '/composite/sobjects', sessionExpired, { json: [{ id: LEAD, success: true, errors: [] }] })
    assert.deepEqual(await org.client().writeOwners([ownerWrite]), [{ key: 'w1', outcome: 'done', id: LEAD }])
    assert.equal(to('/services/oauth2/token').length, 2)
    assert.equal(to('/composite/sobjects').length, 2)
  })

  it('gives up with a step for the admin when the fresh session is refused as well, instead of looping', async () => {
    org.on('GET', '/query', sessionExpired)
    await assert.rejects(
      org.client().identify(),
      (error) => error instanceof CrmReconnectError && /External Client App/.test(error.remedy),
    )
    assert.equal(to('/query').length, 2)
    assert.equal(to('/services/oauth2/token').length, 2)
  })

  it('shares one login among requests that meet the 401 together, and saves the session before using it', async () => {
    const order: string[] = []
    const tokens = seenTokens(tokensAt(org.url), order)
    org.on('GET', '/query', (request, response) => {
      order.push(`query ${String(request.headers.authorization).slice(-6)}`)
      const ok = request.headers.authorization?.endsWith('token1')
      response.writeHead(ok ? 200 : 401, { 'content-type': 'application/json' })
      response.end(
        JSON.stringify(ok ? { totalSize: 0, done: true, records: [] } : (sessionExpired as { json: unknown }).json),
      )
    })
    const client = org.client({ tokens })
    await Promise.all([client.identify(), client.identify(), client.identify()])
    assert.equal(to('/services/oauth2/token').length, 1)
    assert.ok(order.indexOf('commit token1') < order.indexOf('query token1'), order.join(', '))
  })

  it('names the step to take when the grant is gone', async () => {
    org.on('POST', '/services/oauth2/token', {
      status: 400,
      json: { error: 'invalid_grant', error_description: 'no run-as user' },
    })
    await assert.rejects(
      org.client().identify(),
      (error) => error instanceof CrmReconnectError && /no run-as user/.test(error.message),
    )
  })

  it('treats a login server that is down as busy, since nothing was sent to the CRM', async () => {
    org.on('POST', '/services/oauth2/token', { status: 503, html: '<html>maintenance</html>' })
    await assert.rejects(org.client().writeOwners([ownerWrite]), CrmBusyError)
  })

  it('waits and tells everybody to wait when the daily limit is reached', async () => {
    org.on('GET', '/query', {
      status: 403,
      json: [{ errorCode: 'REQUEST_LIMIT_EXCEEDED', message: 'TotalRequests Limit exceeded.' }],
    })
    const client = org.client()
    await assert.rejects(client.identify(), CrmBusyError)
    assert.equal(to('/query').length, 1)
    assert.ok(client.budget.paused[0]!.atMs > Date.now() + 10 * 60_000)
  })

  it('comes back soon when calls are left for the day, and there were only too many at once', async () => {
    org.on('GET', '/query', {
      status: 403,
      json: [{ errorCode: 'REQUEST_LIMIT_EXCEEDED', message: 'TotalRequests Limit exceeded.' }],
      headers: { 'sforce-limit-info': 'api-usage=18/5000' },
    })
    const client = org.client()
    await assert.rejects(client.identify(), CrmBusyError)
    assert.ok(client.budget.paused[0]!.atMs < Date.now() + 10_000)
  })

  it('keeps the Retry-After of a 429 to the second', async () => {
    org.on('GET', '/query', { status: 429, json: [], headers: { 'retry-after': '7' } })
    await assert.rejects(
      org.client({ nowMs: () => 1_000_000 }).identify(),
      (error) => error instanceof CrmBusyError && error.retryAtMs === 1_007_000,
    )
  })

  it('believes no Retry-After of more than a day', async () => {
    for (const after of ['2592000', '1e400']) {
      org.on('GET', '/query', { status: 429, json: [], headers: { 'retry-after': after } })
      await assert.rejects(
        org.client({ nowMs: () => 1_000_000 }).identify(),
        (error) => error instanceof CrmBusyError && error.retryAtMs === 1_000_000 + 86_400_000,
      )
    }
  })

  for (const [name, ugly] of [
    ['an HTML page with status 200', { html: '<html>We are down for maintenance</html>' }],
    ['an HTML page with status 502', { status: 502, html: '<html>Bad gateway</html>' }],
    ['half a JSON body', truncated],
    [
      'JSON that ends early',
      ((_r, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"tot')) as Answer,
    ],
    ['a cut connection', reset],
  ] as const) {
    it(`repeats a read that met ${name}`, async () => {
      org.on('GET', '/query', ugly, ORGANIZATION)
      assert.equal((await org.client().identify()).title, 'Brightwater')
      assert.equal(to('/query').length, 2)
    })

    it(`never repeats a write that met ${name}, and calls its rows unknown`, async () => {
      org.on('PATCH', '/composite/sobjects', ugly)
      const [outcome] = await org.client().writeOwners([ownerWrite])
      assert.equal(outcome?.outcome, 'unknown')
      assert.equal(to('/composite/sobjects').length, 1)
    })
  }

  it('stops repeating a read after three attempts', async () => {
    org.on('GET', '/query', { status: 500, json: [{ errorCode: 'UNKNOWN_EXCEPTION', message: 'oops' }] })
    await assert.rejects(org.client().identify(), CrmUnknownError)
    assert.equal(to('/query').length, 3)
  })

  it('gives up a write at its own deadline, with an unknown outcome', async () => {
    org.on('PATCH', '/composite/sobjects', silence)
    const [outcome] = await org.client({ deadlineMs: 150 }).writeOwners([ownerWrite])
    assert.deepEqual(
      [outcome?.outcome, 'why' in outcome! && /no answer in 150 ms/.test(outcome.why)],
      ['unknown', true],
    )
  })

  it('is safe to do again when the connection was never made', async () => {
    const gone = await startScriptedOrg()
    await gone.close()
    const client = org.client({ tokens: seenTokens(tokensAt(gone.url)) })
    await assert.rejects(client.writeOwners([ownerWrite]), CrmBusyError)
  })

  it('never follows a redirect with the token in hand', async () => {
    org.on('GET', '/query', (_r, response) => response.writeHead(302, { location: `${org.url}/elsewhere` }).end())
    await assert.rejects(org.client().identify(), CrmUnknownError)
    assert.equal(to('/elsewhere').length, 0)
  })

  it('says in the words of the CRM what it refused', async () => {
    org.on('GET', '/sobjects/Lead/describe', {
      status: 403,
      json: [{ errorCode: 'INSUFFICIENT_ACCESS', message: 'no access to Lead' }],
    })
    await assert.rejects(
      org.client().describe('Lead'),
      (error) =>
        error instanceof CrmRefusedError &&
        error.code === 'INSUFFICIENT_ACCESS' &&
        error.status === 403 &&
        error.message === 'no access to Lead',
    )
  })

  it('is not made at all with a version or a client name that would be misread', () => {
    assert.throws(() => org.client({ apiVersion: '50.0' }), /60\.0 or later/)
    assert.throws(() => org.client({ callOptionsClient: 'a;client=b' }), RangeError)
  })
})
