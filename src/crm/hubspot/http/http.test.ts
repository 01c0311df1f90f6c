import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { recordingBudget, type ScriptedAnswer, startScriptedServer } from '../../../../test/crm/scripted-server.ts'
import { CrmBusyError, CrmNotSentError, CrmReconnectError, CrmRefusedError, CrmUnknownError } from '../../crm-client.ts'
import { answerClock } from '../../crm-clock.ts'
import type { HubSpotCall } from './call.ts'
import { createHubSpotHttp, type HubSpotHttpOptions } from './http.ts'

const nowMs = Date.parse('2026-11-22T10:00:00Z')
const read: HubSpotCall = { kind: 'read', method: 'GET', path: '/crm/owners/2026-03', attempt: 'list owners' }
const write: HubSpotCall = {
  kind: 'write',
  method: 'POST',
  path: '/crm/objects/2026-03/tasks',
  body: { a: 1 },
  attempt: 'create a task',
}
const fine: ScriptedAnswer = { status: 200, json: { results: [] } }

async function setUp(t: TestContext, answers: ScriptedAnswer[], over: Partial<HubSpotHttpOptions> = {}) {
  const server = await startScriptedServer((_, index) => answers[Math.min(index, answers.length - 1)] ?? fine)
  t.after(() => server.close())
  const budget = recordingBudget()
  const http = createHubSpotHttp({
    clock: answerClock(Date.now),
    baseUrl: `${server.baseUrl}/`,
    token: async () => 'pat-secret',
    budget,
    deadlineMs: 300,
    nowMs: () => nowMs,
    timeZone: () => 'Europe/Berlin',
    ...over,
  })
  return { server, budget, http }
}

describe('a request to HubSpot', () => {
  it('asks the budget once and carries the token and the body', async (t) => {
    const { server, budget, http } = await setUp(t, [{ status: 201, json: { id: '1' } }])
    assert.deepEqual(await http({ ...write, query: { archived: 'false' } }), { status: 201, body: { id: '1' } })
    assert.deepEqual(budget.taken, ['write'])
    const [request] = server.requests
    assert.equal(request?.path, '/crm/objects/2026-03/tasks')
    assert.equal(request?.query.get('archived'), 'false')
    assert.equal(request?.headers.authorization, 'Bearer pat-secret')
    assert.deepEqual(request?.body, { a: 1 })
  })

  it('carries a token of any length', async (t) => {
    const token = `CMe${'x'.repeat(2_000)}`
    const { server, http } = await setUp(t, [fine], { token: async () => token })
    await http(read)
    assert.equal(server.requests[0]?.headers.authorization, `Bearer ${token}`)
  })

  it('is not sent if the budget refuses it', async (t) => {
    const refusing = { ...recordingBudget(), take: () => Promise.reject(new CrmBusyError('spent', nowMs + 1)) }
    const { server, http } = await setUp(t, [fine], { budget: refusing })
    await assert.rejects(http(write), CrmBusyError)
    assert.equal(server.requests.length, 0)
  })

  it('counts every 2xx as success, whichever HubSpot documents', async (t) => {
    for (const status of [200, 201, 202, 204, 207]) {
      const { http } = await setUp(t, [{ status, ...(status === 204 ? {} : { json: {} }) }])
      assert.equal((await http(write)).status, status)
    }
  })

  it('reports HubSpot’s daily usage and pauses when no call is left in its window', async (t) => {
    const headers = {
      'x-hubspot-ratelimit-daily': '625000',
      'x-hubspot-ratelimit-daily-remaining': '600000',
      'x-hubspot-ratelimit-interval-milliseconds': '10000',
      'x-hubspot-ratelimit-remaining': '0',
    }
    const { budget, http } = await setUp(t, [{ status: 200, json: {}, headers }])
    await http(read)
    assert.deepEqual(budget.usage, [{ usedToday: 25_000, limitToday: 625_000 }])
    assert.equal(budget.pauses[0]?.atMs, nowMs + 1_000)
  })

  it('does not follow a redirect, which would carry the token elsewhere', async (t) => {
    const { server, http } = await setUp(t, [{ status: 302, headers: { location: '/elsewhere' }, json: {} }])
    await assert.rejects(http(write), CrmUnknownError)
    assert.equal(server.requests.length, 1)
  })
})

describe('an answer of which it is not sure that HubSpot gave it', () => {
  for (const status of [400, 401, 403, 404, 407, 409, 413, 423]) {
    for (const text of ['', '<html>blocked</html>', 'not found', '{"half":']) {
      it(`leaves a write unknown and not repeated: ${status} with "${text}"`, async (t) => {
        const { server, http } = await setUp(t, [{ status, text }, fine])
        await assert.rejects(http(write), CrmUnknownError)
        assert.equal(server.requests.length, 1)
      })
    }
  }
})

describe('a refusal in JSON that is not HubSpot’s', () => {
  for (const [status, json] of [
    [403, { message: 'Forbidden' }],
    [404, { message: 'no Route matched with those values' }],
    [400, { error: { code: 400, status: 'INVALID' } }],
    [413, { error: 'request too large' }],
  ] as const) {
    it(`leaves a write unknown, because a gateway may have sent it: ${status}`, async (t) => {
      const { server, http } = await setUp(t, [{ status, json }, fine])
      await assert.rejects(http(write), CrmUnknownError)
      assert.equal(server.requests.length, 1)
    })
  }
})

describe('what goes wrong on our side', () => {
  const down = async () => {
    throw new Error('Connection terminated unexpectedly')
  }
  const told = { 'x-hubspot-ratelimit-daily': '250000', 'x-hubspot-ratelimit-daily-remaining': '200000' }

  it('with a note about the answer does not take the answer away', async (t) => {
    const budget = { ...recordingBudget(), observe: down, pauseUntil: down }
    const { http } = await setUp(t, [{ status: 201, json: { id: '1' }, headers: told }], { budget })
    assert.equal((await http(write)).status, 201)
    const busy = await setUp(t, [{ status: 429, json: { policyName: 'DAILY', message: '' } }], { budget })
    await assert.rejects(busy.http(write), CrmBusyError)
  })

  it('before the first byte means that nothing was sent', async (t) => {
    const cases: Partial<HubSpotHttpOptions>[] = [
      { token: down },
      { budget: { ...recordingBudget(), take: down } },
      { token: () => Promise.reject(new CrmUnknownError('the login did not answer')) },
      { token: () => Promise.reject(new CrmRefusedError('the login refused', 'X', 400)) },
    ]
    for (const over of cases) {
      const { server, http } = await setUp(t, [fine], over)
      await assert.rejects(http(write), CrmNotSentError)
      assert.equal(server.requests.length, 0)
    }
    const renewing = await setUp(t, [{ status: 401, json: {} }], { tokenRejected: down })
    await assert.rejects(renewing.http(write), CrmNotSentError)
    assert.equal(renewing.server.requests.length, 1)
  })
})

describe('an unreadable answer', () => {
  const ugly: Record<string, ScriptedAnswer> = {
    'a page of HTML with status 200': { status: 200, text: '<html>maintenance</html>' },
    'half a JSON body': { status: 200, text: '{"results":[{"id":"1"' },
    'a JSON list': { status: 200, text: '[]' },
    'a cut connection': 'cut',
    'no answer within the deadline': 'hang',
    'status 500': { status: 500, json: { message: 'internal error' } },
    'status 502 of a proxy': { status: 502, text: 'Bad Gateway' },
    'status 503': { status: 503, text: '' },
    'status 504': { status: 504, text: '' },
    'status 524': { status: 524, text: 'timeout' },
    'status 408': { status: 408, json: { status: 'error', message: 'timeout' } },
    ...Object.fromEntries(
      [521, 522, 523, 525, 526].map((status) => [
        `status ${status} of the network before HubSpot`,
        { status, text: '' },
      ]),
    ),
  }
  for (const [name, answer] of Object.entries(ugly)) {
    it(`makes a write unknown and not repeated: ${name}`, async (t) => {
      const { server, http } = await setUp(t, [answer, fine])
      await assert.rejects(http(write), CrmUnknownError)
      assert.equal(server.requests.length, 1)
    })

    it(`is followed by a second read: ${name}`, async (t) => {
      const { server, budget, http } = await setUp(t, [answer, fine])
      assert.equal((await http(read)).status, 200)
      assert.equal(server.requests.length, 2)
      assert.deepEqual(budget.taken, ['read', 'read'])
    })
  }

  it('with 503, 521 or 523 pauses all calls if HubSpot says how long, else only this one', async (t) => {
    for (const status of [503, 521, 523]) {
      const { server, budget, http } = await setUp(t, [{ status, text: '', headers: { 'retry-after': '30' } }, fine])
      await assert.rejects(http(read), CrmUnknownError)
      assert.deepEqual([server.requests.length, budget.pauses[0]?.atMs], [1, nowMs + 30_000])
      const without = await setUp(t, [{ status, text: '' }, fine])
      const startedAtMs = performance.now()
      await without.http(read)
      assert.ok(performance.now() - startedAtMs >= 950, String(status))
      assert.deepEqual(without.budget.pauses, [])
    }
  })

  it('with 502, 504 or 524 pauses only this call', async (t) => {
    for (const status of [502, 504, 524]) {
      const { budget, http } = await setUp(t, [{ status, text: '' }, fine])
      const startedAtMs = performance.now()
      await http(read)
      assert.ok(performance.now() - startedAtMs >= 950, String(status))
      assert.deepEqual(budget.pauses, [])
    }
  })

  it('ends a read after three attempts', async (t) => {
    const { server, http } = await setUp(t, [{ status: 502, text: 'Bad Gateway' }])
    await assert.rejects(http(read), CrmUnknownError)
    assert.equal(server.requests.length, 3)
  })

  it('that stops within the body ends at the deadline', async (t) => {
    const { createServer } = await import('node:http')
    const server = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write('{"results":')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => {
      server.close()
      server.closeAllConnections()
    })
    const address = server.address()
    assert.ok(address !== null && typeof address === 'object')
    const { http } = await setUp(t, [fine], { baseUrl: `http://127.0.0.1:${address.port}` })
    await assert.rejects(http(write), /no complete answer from HubSpot within 300 ms/)
  })

  it('is "not sent" if nothing listens there', async (t) => {
    const { server, budget, http } = await setUp(t, [fine])
    await server.close()
    await assert.rejects(
      http(write),
      (error) => error instanceof CrmBusyError && /nothing was sent/.test(error.message),
    )
    assert.equal(budget.pauses.length, 1)
  })
})

describe('a temporary refusal', () => {
  const busyUntil = async (t: TestContext, answer: ScriptedAnswer) => {
    const { budget, http } = await setUp(t, [answer])
    let retryAtMs = 0
    await assert.rejects(http(write), (error) => {
      assert.ok(error instanceof CrmBusyError)
      retryAtMs = error.retryAtMs
      return true
    })
    assert.equal(budget.pauses[0]?.atMs, retryAtMs, 'everyone else waits as well')
    return retryAtMs - nowMs
  }
  const rolling = {
    status: 'error',
    message: 'You have reached your ten_secondly_rolling limit.',
    policyName: 'TEN_SECONDLY_ROLLING',
  }

  it('at the ten-second limit waits ten seconds, or as long as HubSpot says', async (t) => {
    assert.equal(await busyUntil(t, { status: 429, json: rolling }), 10_000)
    assert.equal(await busyUntil(t, { status: 429, json: rolling, headers: { 'retry-after': '7' } }), 7_000)
    const date = new Date(nowMs + 90_000).toUTCString()
    assert.equal(await busyUntil(t, { status: 429, json: rolling, headers: { 'retry-after': date } }), 90_000)
    assert.equal(await busyUntil(t, { status: 429, text: 'slow down', headers: { 'retry-after': 'a while' } }), 10_000)
  })

  it("at the daily limit waits for midnight in the account's zone", async (t) => {
    const json = { status: 'error', message: 'You have reached your daily limit.', policyName: 'DAILY' }
    assert.equal(await busyUntil(t, { status: 429, json }), Date.parse('2026-11-22T23:00:00Z') - nowMs)
  })

  it('while the account moves waits as long as HubSpot says, at most a day', async (t) => {
    assert.equal(await busyUntil(t, { status: 477, json: {}, headers: { 'retry-after': '3600' } }), 3_600_000)
    assert.equal(await busyUntil(t, { status: 477, json: {}, headers: { 'retry-after': '999999' } }), 86_400_000)
  })

  it('of a locked record waits two seconds, or longer if HubSpot says so', async (t) => {
    const { server, budget, http } = await setUp(t, [{ status: 423, json: {} }, fine])
    const startedAtMs = performance.now()
    await http(write)
    assert.ok(performance.now() - startedAtMs >= 1_950)
    assert.deepEqual([server.requests.length, budget.pauses[0]?.atMs], [2, nowMs + 2_000])
    assert.equal(await busyUntil(t, { status: 423, json: {}, headers: { 'retry-after': '1' } }), 2_000)
    assert.equal(await busyUntil(t, { status: 423, json: {}, headers: { 'retry-after': '9' } }), 9_000)
  })

  it('at the daily limit waits an hour if the zone of the account is unknown', async (t) => {
    const json = { status: 'error', message: 'You have reached your daily limit.', policyName: 'DAILY' }
    const { http } = await setUp(t, [{ status: 429, json }], { timeZone: () => null })
    await assert.rejects(http(write), (error) => error instanceof CrmBusyError && error.retryAtMs === nowMs + 3_600_000)
  })

  it('at the secondly limit waits a second', async (t) => {
    const { server, budget, http } = await setUp(t, [
      { status: 429, json: { policyName: 'SECONDLY', message: '' } },
      fine,
    ])
    await http(read)
    assert.deepEqual([server.requests.length, budget.pauses[0]?.atMs], [2, nowMs + 1_000])
  })

  it('by a proxy, without HubSpot’s body, is retried later by a read', async (t) => {
    const { http } = await setUp(t, [{ status: 403, text: '<html>blocked</html>' }])
    await assert.rejects(http(read), (error) => error instanceof CrmBusyError && error.retryAtMs === nowMs + 60_000)
  })

  it('that is short is waited out, also by a write, since nothing was written', async (t) => {
    const json = { status: 'error', message: 'You have reached your secondly limit.' }
    const { server, budget, http } = await setUp(t, [{ status: 429, json, headers: { 'retry-after': '0' } }, fine])
    await http(write)
    assert.equal(server.requests.length, 2)
    assert.deepEqual(budget.taken, ['write', 'write'])
    assert.equal(budget.pauses.length, 1)
  })
})

describe('a final refusal', () => {
  it('is not a first 401, which is retried with the token that is then current', async (t) => {
    let token = 'old'
    const rejected: string[] = []
    const { server, http } = await setUp(t, [{ status: 401, json: { category: 'EXPIRED_AUTHENTICATION' } }, fine], {
      token: async () => token,
      tokenRejected: async (refused) => {
        rejected.push(refused)
        token = 'new'
      },
    })
    await http(write)
    assert.deepEqual(rejected, ['old'])
    assert.deepEqual(
      server.requests.map(({ headers }) => headers.authorization),
      ['Bearer old', 'Bearer new'],
    )
  })

  it('asks an admin to reconnect after a second 401', async (t) => {
    const { server, http } = await setUp(t, [
      { status: 401, json: { message: 'Authentication credentials not found' } },
    ])
    await assert.rejects(http(read), (error) => error instanceof CrmReconnectError && /reconnect/.test(error.remedy))
    assert.equal(server.requests.length, 2)
  })

  it('names the missing scopes', async (t) => {
    const json = {
      status: 'error',
      category: 'MISSING_SCOPES',
      message: 'This app hasn’t been granted all required scopes',
      errors: [{ message: 'one or more', context: { requiredGranularScopes: ['crm.objects.deals.read'] } }],
    }
    const { server, http } = await setUp(t, [{ status: 403, json }])
    await assert.rejects(
      http(read),
      (error) => error instanceof CrmReconnectError && /crm\.objects\.deals\.read/.test(error.remedy),
    )
    assert.equal(server.requests.length, 1)
  })

  it('keeps HubSpot’s own message and the most specific code', async (t) => {
    const json = {
      status: 'error',
      category: 'VALIDATION_ERROR',
      message: 'Property values were not valid',
      errors: [
        {
          message: 'Property "nope" does not exist',
          code: 'PROPERTY_DOESNT_EXIST',
          context: { propertyName: ['nope'] },
        },
      ],
    }
    const { http } = await setUp(t, [{ status: 400, json }])
    await assert.rejects(http(write), (error) => {
      assert.ok(error instanceof CrmRefusedError)
      assert.deepEqual([error.code, error.status], ['PROPERTY_DOESNT_EXIST', 400])
      assert.match(error.message, /Property values were not valid Property "nope" does not exist/)
      return true
    })
  })

  it('survives an error body of any shape', async (t) => {
    for (const json of [{}, { errors: 'x' }, { errors: [null, 5, { context: 7 }] }, { message: 5, category: [] }]) {
      const { http } = await setUp(t, [{ status: 400, json }])
      await assert.rejects(http(write), (error) => error instanceof CrmRefusedError && error.code === 'HTTP_400')
    }
  })

  it('never shows the token', async (t) => {
    for (const answer of [
      { status: 401, json: {} },
      { status: 400, json: {} },
      'cut',
      { status: 200, text: 'x' },
    ] as const) {
      const { http } = await setUp(t, [answer])
      await assert.rejects(http(write), (error) => error instanceof Error && !`${error.stack}`.includes('pat-secret'))
    }
  })
})
