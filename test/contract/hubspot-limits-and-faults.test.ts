import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Client } from '@hubspot/api-client'
import { type Harness, refusal, startHarness } from './hubspot-sandbox.ts'

const TASK = { properties: { hs_timestamp: '1790000000000', hs_task_subject: 'Once' }, associations: [] }

async function taskCount(hubspot: Harness): Promise<number> {
  return ((await hubspot.control('GET', '/tasks')) as { tasks: unknown[] }).tasks.length
}

describe('HubSpot sandbox: rate limits', () => {
  it('counts down in headers and answers 429 TEN_SECONDLY_ROLLING when the window is full', async () => {
    await using hubspot = await startHarness({ rateLimit: 3 })
    const remaining: (string | null)[] = []
    for (let call = 0; call < 3; call += 1) {
      const { headers } = await hubspot.fetch('/crm/v3/owners')
      remaining.push(headers.get('x-hubspot-ratelimit-remaining'))
      assert.equal(headers.get('x-hubspot-ratelimit-max'), '3')
      assert.equal(headers.get('x-hubspot-ratelimit-interval-milliseconds'), '10000')
      assert.equal(headers.get('x-hubspot-ratelimit-daily'), '625000')
    }
    assert.deepEqual(remaining, ['2', '1', '0'])
    const error = await refusal(hubspot.client.crm.owners.ownersApi.getPage())
    assert.equal(error.code, 429)
    assert.equal(error.body.policyName, 'TEN_SECONDLY_ROLLING')
    assert.equal(error.body.errorType, 'RATE_LIMIT')
    assert.equal(error.body.status, 'error')
    assert.equal((await hubspot.fetch('/crm/v3/owners', { token: hubspot.sandbox.credentials.userToken })).status, 200)
    const stats = (await hubspot.control('GET', '/stats')) as { rateLimited: number; calls: number }
    assert.deepEqual([stats.rateLimited, stats.calls], [1, 5])
  })

  it('answers 429 DAILY when the day is used up', async () => {
    await using hubspot = await startHarness({ dailyLimit: 1 })
    await hubspot.client.crm.owners.ownersApi.getPage()
    const error = await refusal(hubspot.client.crm.owners.ownersApi.getPage())
    assert.deepEqual(
      [error.code, error.body.policyName, error.body.message],
      [429, 'DAILY', 'You have reached your daily limit.'],
    )
  })
})

describe('HubSpot sandbox: faults on command', () => {
  it('the control path does not exist without its secret', async () => {
    await using hubspot = await startHarness()
    assert.equal((await hubspot.fetch('/__sandbox/labels')).status, 404)
    const { labels } = (await hubspot.control('GET', '/labels')) as { labels: { recordId: string }[] }
    assert.deepEqual(
      labels.map((label) => label.recordId),
      ['102'],
    )
  })

  it('commits and cuts the connection: the caller sees an error and the task exists', async () => {
    await using hubspot = await startHarness()
    await hubspot.control('POST', '/faults', {
      kind: 'commit-then-reset',
      method: 'POST',
      path: '/crm/v3/objects/tasks',
    })
    await assert.rejects(hubspot.client.crm.objects.tasks.basicApi.create(TASK), TypeError)
    assert.equal(await taskCount(hubspot), 1)
    await hubspot.client.crm.objects.tasks.basicApi.create(TASK)
    assert.equal(await taskCount(hubspot), 2)
  })

  it('trap 9: commits and never answers, and giving up does not undo the write', async () => {
    await using hubspot = await startHarness()
    await hubspot.control('POST', '/faults', { kind: 'commit-then-hang' })
    const call = fetch(`${hubspot.sandbox.url}/crm/v3/objects/tasks`, {
      method: 'POST',
      headers: { authorization: `Bearer ${hubspot.sandbox.credentials.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(TASK),
      signal: AbortSignal.timeout(300),
    })
    await assert.rejects(call, { name: 'TimeoutError' })
    assert.equal(await taskCount(hubspot), 1)
  })

  it("trap 2: the client's own retry of a create after a lost answer makes a duplicate", async () => {
    await using hubspot = await startHarness()
    const { token } = hubspot.sandbox.credentials
    await hubspot.control('POST', '/faults', { kind: 'commit-then-502', method: 'POST', path: '/crm/v3/objects/tasks' })
    const retrying = new Client({ accessToken: token, basePath: hubspot.sandbox.url, numberOfApiCallRetries: 2 })
    await retrying.crm.objects.tasks.basicApi.create(TASK)
    assert.equal(await taskCount(hubspot), 2)
  })

  it('answers late but correctly', async () => {
    await using hubspot = await startHarness()
    await hubspot.control('POST', '/faults', { kind: 'hang', delayMs: 200, path: '/crm/v3/owners' })
    const startedMs = performance.now()
    await hubspot.client.crm.owners.ownersApi.getPage()
    assert.ok(performance.now() - startedMs >= 195)
  })

  it('sends 429 with and without Retry-After, and the daily limit', async () => {
    await using hubspot = await startHarness()
    await hubspot.control('POST', '/faults', { kind: '429', retryAfterS: 7 })
    const first = await hubspot.fetch('/crm/v3/owners')
    assert.deepEqual([first.status, first.headers.get('retry-after')], [429, '7'])
    await hubspot.control('POST', '/faults', { kind: 'daily-limit' })
    const second = await hubspot.fetch('/crm/v3/owners')
    assert.equal(second.headers.get('retry-after'), null)
    assert.equal(((await second.json()) as { policyName: string }).policyName, 'DAILY')
    assert.equal((await hubspot.fetch('/crm/v3/owners')).status, 200)
  })

  for (const kind of ['423', '477', '500', '502', '503', '504']) {
    it(`answers ${kind} as often as it is told`, async () => {
      await using hubspot = await startHarness()
      await hubspot.control('POST', '/faults', { kind, times: 2, path: '/crm' })
      const statuses = []
      for (let call = 0; call < 3; call += 1) statuses.push((await hubspot.fetch('/crm/v3/owners')).status)
      assert.deepEqual(statuses, [Number(kind), Number(kind), 200])
    })
  }

  it('answers with an HTML page and status 200, or with half a JSON body', async () => {
    await using hubspot = await startHarness()
    await hubspot.control('POST', '/faults', { kind: 'html' })
    const page = await hubspot.fetch('/crm/v3/owners')
    assert.equal(page.status, 200)
    assert.match(page.headers.get('content-type') ?? '', /html/)
    await hubspot.control('POST', '/faults', { kind: 'truncated' })
    const half = await hubspot.fetch('/crm/v3/owners')
    assert.equal(half.status, 200)
    assert.match(half.headers.get('content-type') ?? '', /json/)
    await assert.rejects(half.json(), SyntaxError)
  })

  it('expires a token once, revokes it until the fault is cleared, and removes a scope', async () => {
    await using hubspot = await startHarness()
    const { ownersApi } = hubspot.client.crm.owners
    await hubspot.control('POST', '/faults', { kind: 'expired-token' })
    assert.equal((await refusal(ownersApi.getPage())).body.category, 'EXPIRED_AUTHENTICATION')
    await ownersApi.getPage()
    await hubspot.control('POST', '/faults', { kind: 'revoked' })
    for (let call = 0; call < 3; call += 1) assert.equal((await refusal(ownersApi.getPage())).code, 401)
    await hubspot.control('DELETE', '/faults')
    await ownersApi.getPage()
    await hubspot.control('POST', '/faults', { kind: 'missing-scope' })
    const error = await refusal(hubspot.client.crm.contacts.basicApi.update('101', { properties: {} }))
    assert.equal(error.code, 403)
    assert.equal(error.body.category, 'MISSING_SCOPES')
    const [detail] = error.body.errors as { context: { requiredGranularScopes: string[] } }[]
    assert.deepEqual(detail?.context.requiredGranularScopes, ['crm.objects.contacts.write'])
  })

  it('a revoked grant cannot be refreshed either, and an expired token does not stop a refresh', async () => {
    await using hubspot = await startHarness()
    const { clientId, clientSecret } = hubspot.sandbox.credentials
    const refresh = async () => {
      const response = await fetch(`${hubspot.sandbox.url}/oauth/2026-03/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: clientId,
          client_secret: clientSecret,
        }),
      })
      return [response.status, ((await response.json()) as { error?: string }).error]
    }
    await hubspot.control('POST', '/faults', { kind: 'expired-token' })
    assert.deepEqual(await refresh(), [200, undefined])
    assert.equal((await hubspot.fetch('/crm/v3/owners')).status, 401)
    await hubspot.control('POST', '/faults', { kind: 'revoked' })
    assert.deepEqual(await refresh(), [400, 'invalid_grant'])
  })

  it('keeps refusing calls that need a scope the app lacks', async () => {
    await using hubspot = await startHarness({ missingScopes: ['crm.objects.deals.read'] })
    assert.equal((await refusal(hubspot.client.crm.deals.basicApi.getPage())).code, 403)
    assert.equal((await refusal(hubspot.client.crm.deals.basicApi.getById('301'))).code, 403)
    await hubspot.client.crm.contacts.basicApi.getPage()
  })

  it('refuses a fault or a setting that does not exist', async () => {
    await using hubspot = await startHarness()
    await assert.rejects(hubspot.control('POST', '/faults', { kind: 'earthquake' }), /There is no fault .+earthquake/)
    await assert.rejects(hubspot.control('POST', '/settings', { webhookUlr: 'x' }), /There is no setting .+webhookUlr/)
    await assert.rejects(hubspot.control('POST', '/settings', { rateLimit: 'many' }), /Setting .+rateLimit.+ cannot be/)
  })
})
