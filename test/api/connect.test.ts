import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { unzipSync } from 'fflate'
import { sql } from 'kysely'
import type { ConnectOptions } from '../../console/src/connect/connect-options.ts'
import type { DraftsReply } from '../../src/api/connections/connect-types.ts'
import type { ConnectionsReply } from '../../src/api/connections/connection-types.ts'
import { TEST_ADMIN } from '../support/people.ts'
import { appUnderTest, PUBLIC_URL, problemOf } from './app-under-test.ts'
import {
  assertNoneCameOut,
  CANARY,
  call,
  connected,
  cookie,
  DRAFTS,
  hubSpotToken,
  newDraft,
  pkce,
  readDraft,
  stage,
  startConnectStage,
  t,
  untilChecked,
} from './connect-calls.ts'

startConnectStage()

describe('making a connection', () => {
  it('HubSpot by token: checks run behind the answer, then a person starts it', async () => {
    const { draftId, next } = await newDraft(hubSpotToken())
    assert.equal(next, 'check')
    const draft = await untilChecked(draftId)
    assert.equal(draft.status, 'checked', draft.problem ?? '')
    assert.equal(draft.access?.identity?.accountId, String(stage.hubspot.portalId))
    assert.ok(draft.access.checks.length > 5)
    assert.deepEqual([draft.feed, draft.delaySeconds], ['poll', 60])
    const count = await sql<{ n: number }>`select count(*) as n from connection`.execute(t.db)
    assert.equal(count.rows[0]!.n, 0, 'nothing is connected before somebody says so')
    const reply = await call('POST', `${DRAFTS}/${draftId}/start`, { dayShare: 0.1, windowShare: 0.5 })
    assert.equal(reply.statusCode, 200, reply.body)
    const { rows } = await sql<{ day_share: number; made_by: string; feed: string }>`
      select b.day_share, c.made_by, c.feed from connection c join call_budget b on b.connection_id = c.id`.execute(
      t.db,
    )
    assert.deepEqual(
      rows.map((row) => [Math.round(row.day_share * 100), row.made_by, row.feed]),
      [[10, 'console', 'poll']],
    )
    assert.equal((await call('GET', `${DRAFTS}/${draftId}`)).statusCode, 404, 'a started draft is no draft any more')
  })

  it('a draft that is not checked, or not granted, is not started', async () => {
    const { draftId } = await newDraft(pkce())
    const reply = await call('POST', `${DRAFTS}/${draftId}/start`, { dayShare: 0.2, windowShare: 0.8 })
    assert.equal(reply.statusCode, 409)
    assert.match(problemOf(reply).type, /:not-ready$/)
  })

  it('the task property is made when somebody asks for it', async () => {
    const { draftId } = await newDraft(hubSpotToken())
    assert.equal((await untilChecked(draftId)).taskKey?.enforced, false)
    const made = await call('POST', `${DRAFTS}/${draftId}/task-key`)
    assert.equal(made.statusCode, 200, made.body)
    assert.equal(made.json<{ enforced: boolean }>().enforced, true)
    assert.equal((await readDraft(draftId)).taskKey?.enforced, true)
  })

  it('is given up without a trace', async () => {
    const { draftId } = await newDraft(pkce())
    assert.equal((await call('GET', DRAFTS)).json<DraftsReply>().drafts.length, 1)
    assert.equal((await call('DELETE', `${DRAFTS}/${draftId}`)).statusCode, 204)
    assert.equal((await call('GET', `${DRAFTS}/${draftId}`)).statusCode, 404)
    const { rows } = await sql<{ n: number }>`select count(*) as n from connection_draft`.execute(t.db)
    assert.equal(rows[0]!.n, 0)
  })
})

describe('what was entered wrong', () => {
  const cases: readonly [string, object, string, RegExp][] = [
    ['no token', { kind: 'hubspot-token', token: ' ' }, 'token', /Distribution tab/],
    ['a token left out', { kind: 'hubspot-token' }, 'token', /Distribution tab/],
    ['letters for an app id', { kind: 'hubspot-token', token: 'x', appId: 'nine' }, 'appId', /number/],
    [
      'login.salesforce.com',
      {
        kind: 'salesforce-client-credentials',
        clientId: 'a',
        clientSecret: 'b',
        baseUrl: 'https://login.salesforce.com',
      },
      'baseUrl',
      /My Domain/,
    ],
    [
      'a host of somebody else',
      { kind: 'hubspot-token', token: 'x', baseUrl: 'https://evil.example' },
      'baseUrl',
      /evil/,
    ],
    ['no address', { kind: 'salesforce-pkce', clientId: 'a' }, 'baseUrl', /My Domain/],
    [
      'a webhook address with a query',
      { kind: 'hubspot-token', token: 'x', webhookUrl: 'https://a.example/hook?x=1' },
      'webhookUrl',
      /https/,
    ],
    [
      'a certificate for a key',
      {
        kind: 'salesforce-jwt',
        clientId: 'a',
        username: 'u@acme.com',
        privateKey: `-----BEGIN CERTIFICATE-----\n${CANARY}\n-----END CERTIFICATE-----`,
        baseUrl: 'https://acme.my.salesforce.com',
      },
      'privateKey',
      /key/i,
    ],
    ['a kind that there is not', { kind: 'password' }, 'kind', /./],
  ]
  for (const [name, body, field, message] of cases) {
    it(`${name} is said in a sentence at its field`, async () => {
      const reply = await call('POST', DRAFTS, body)
      assert.equal(reply.statusCode, 400, reply.body)
      const found = problemOf(reply).errors?.find((error) => error.field === field)
      assert.ok(found, `no sentence for ${field} in ${reply.body}`)
      assert.match(found.problem, message)
    })
  }

  it('shares outside of 1 to 100 % are refused, each at its field', async () => {
    const { draftId } = await newDraft(pkce())
    const reply = await call('POST', `${DRAFTS}/${draftId}/start`, { dayShare: 0, windowShare: 1.2 })
    assert.equal(reply.statusCode, 400)
    assert.deepEqual(
      problemOf(reply).errors?.map((error) => error.field),
      ['dayShare', 'windowShare'],
    )
  })

  it('push without a secret to believe it by is refused before anything is tried', async () => {
    const reply = await call('POST', DRAFTS, { ...hubSpotToken(), webhookUrl: 'https://hooks.example.com/hubspot' })
    assert.equal(reply.statusCode, 400, reply.body)
    assert.deepEqual(
      problemOf(reply).errors?.map((error) => error.field),
      ['clientSecret'],
    )
  })
})

describe('who may do it', () => {
  it('nobody without a session, by no route and no method', async () => {
    const { draftId } = await newDraft(pkce())
    const routes: readonly ['GET' | 'POST' | 'DELETE', string, object?][] = [
      ['GET', DRAFTS],
      ['POST', DRAFTS, hubSpotToken()],
      ['GET', `${DRAFTS}/${draftId}`],
      ['DELETE', `${DRAFTS}/${draftId}`],
      ['POST', `${DRAFTS}/${draftId}/check`],
      ['POST', `${DRAFTS}/${draftId}/authorize`],
      ['POST', `${DRAFTS}/${draftId}/task-key`],
      ['POST', `${DRAFTS}/${draftId}/start`, { dayShare: 0.2, windowShare: 0.8 }],
      ['GET', '/api/console/connect-options'],
      ['GET', '/api/console/hubspot-project.zip?kind=static'],
      ['POST', '/api/console/connections/x/check'],
      ['POST', '/api/console/connections/x/shares', { dayShare: 0.2, windowShare: 0.8 }],
      ['POST', '/api/console/connections/x/client-secret', { retireOld: true }],
      ['POST', '/api/console/connections/x/writing', { allowed: true }],
      ['POST', '/api/console/connections/x/task-key'],
      ['POST', '/api/console/connections/x/disconnect', { history: 'keep' }],
    ]
    for (const [method, url, payload] of routes) {
      const reply = await t.call({ method, url, ...(payload ? { payload } : {}) })
      assert.equal(reply.statusCode, 401, `${method} ${url}: ${reply.body}`)
    }
  })

  it('no page of another origin', async () => {
    const { draftId } = await newDraft(pkce())
    for (const [method, url] of [
      ['POST', `${DRAFTS}/${draftId}/check`],
      ['DELETE', `${DRAFTS}/${draftId}`],
    ] as const) {
      const reply = await call(method, url, undefined, { origin: 'https://evil.example' })
      assert.equal(reply.statusCode, 403)
    }
    assert.equal((await call('GET', `${DRAFTS}/${draftId}`)).statusCode, 200)
  })

  it('nothing is changed by a GET or by another method', async () => {
    const { draftId } = await newDraft(pkce())
    for (const path of ['check', 'authorize', 'task-key', 'start']) {
      // An address with an id in it is not known under another method, so it is simply not there.
      assert.equal((await call('GET', `${DRAFTS}/${draftId}/${path}`)).statusCode, 404, path)
    }
    assert.equal((await call('PUT', `${DRAFTS}/${draftId}`)).statusCode, 404)
    assert.equal((await readDraft(draftId)).status, 'authorizing')
  })

  it('a draft that is not there is 404, whatever its id looks like', async () => {
    for (const id of ['00000000-0000-4000-8000-000000000000', 'abc']) {
      for (const [method, path] of [
        ['GET', ''],
        ['DELETE', ''],
        ['POST', '/check'],
        ['POST', '/authorize'],
        ['POST', '/task-key'],
      ] as const) {
        assert.equal((await call(method, `${DRAFTS}/${id}${path}`)).statusCode, 404, `${method} ${id}${path}`)
      }
    }
    assert.equal((await call('GET', `${DRAFTS}/${encodeURIComponent("x' or 1=1")}`)).statusCode, 400)
  })
})

describe('a connection that stands', () => {
  it('is checked again, with its share of the limits changed', async () => {
    const id = await connected()
    const checked = await call('POST', `/api/console/connections/${id}/check`)
    assert.equal(checked.statusCode, 200, checked.body)
    const shares = await call('POST', `/api/console/connections/${id}/shares`, { dayShare: 0.33, windowShare: 0.5 })
    assert.equal(shares.statusCode, 200, shares.body)
    const listed = await call('GET', '/api/console/connections')
    assert.equal(listed.statusCode, 200, listed.body)
    const { budget, access } = listed.json<ConnectionsReply>().connections[0]!
    assert.deepEqual([budget?.dayShare, budget?.windowShare], [0.33, 0.5])
    assert.ok((access?.checks.length ?? 0) > 5)
  })

  it('is only read until a person lets the workflows write, who can take it back', async () => {
    const id = await connected()
    const writes = async () =>
      (await call('GET', '/api/console/connections')).json<ConnectionsReply>().connections[0]!.writes
    assert.equal(await writes(), null)
    const url = `/api/console/connections/${id}/writing`
    assert.equal((await call('POST', url, { allowed: 'yes' })).statusCode, 400)
    assert.deepEqual((await call('POST', url, { allowed: true })).json(), { isOn: true, waitsFor: [] })
    assert.deepEqual([(await writes())?.by, (await writes())?.name], ['person', TEST_ADMIN])
    assert.deepEqual((await call('POST', url, { allowed: false })).json(), { isOn: false, waitsFor: [] })
    assert.equal(await writes(), null)
  })

  it('gets the task property that was put off', async () => {
    const id = await connected()
    const taskKey = async () =>
      (await call('GET', '/api/console/connections')).json<ConnectionsReply>().connections[0]!.taskKey
    // The portal may have it from another test; what counts is that it is asked and kept.
    await sql`update connection set task_key = '{"enforced":false,"field":null,"why":"not yet"}'`.execute(t.db)
    assert.equal((await taskKey())?.enforced, false)
    const made = await call('POST', `/api/console/connections/${id}/task-key`)
    assert.equal(made.statusCode, 200, made.body)
    assert.equal((await taskKey())?.enforced, true)
  })

  it('takes a second client secret and lets go of the first', async () => {
    const id = await connected()
    const url = `/api/console/connections/${id}/client-secret`
    assert.equal((await call('POST', url, {})).statusCode, 400)
    assert.equal((await call('POST', url, { add: `${CANARY}-new-client-secret` })).statusCode, 204)
    assert.equal((await call('POST', url, { retireOld: true })).statusCode, 204)
  })

  it('is ended with its history kept; erased only when its name is typed', async () => {
    const id = await connected()
    const url = `/api/console/connections/${id}/disconnect`
    const wrong = await call('POST', url, { history: 'erase', title: 'something' })
    assert.equal(wrong.statusCode, 400)
    assert.match(problemOf(wrong).detail, /HubSpot/)
    const kept = await call('POST', url, { history: 'keep' })
    assert.equal(kept.statusCode, 200, kept.body)
    assert.ok(kept.json<{ message: string[] }>().message.length > 0)
    const { rows } = await sql<{ status: string; title: string; credentials: Buffer | null }>`
      select status, title, credentials from connection`.execute(t.db)
    assert.deepEqual([rows[0]!.status, rows[0]!.credentials], ['disconnected', null])
    const erased = await call('POST', url, { history: 'erase', title: rows[0]!.title })
    assert.equal(erased.statusCode, 200, erased.body)
  })

  it('that is not there is 404', async () => {
    for (const path of ['check', 'disconnect', 'shares', 'client-secret', 'task-key']) {
      const payload = { disconnect: { history: 'keep' }, shares: { dayShare: 0.2, windowShare: 0.8 } }[path] ?? {
        retireOld: true,
      }
      assert.equal((await call('POST', `/api/console/connections/nobody/${path}`, payload)).statusCode, 404, path)
    }
  })
})

describe('what the page for connecting is told', () => {
  it('where the CRMs come back to, what is asked for, and that HubSpot cannot call localhost', async () => {
    const options = (await call('GET', '/api/console/connect-options')).json<ConnectOptions>()
    assert.equal(options.hubspot.redirectUri, `${PUBLIC_URL}/oauth/hubspot/callback`)
    assert.equal(options.isPublic, false)
    assert.equal(options.hubspot.pollSeconds, 60)
    assert.ok(options.hubspot.scopes.required.includes('crm.objects.contacts.read'))
    assert.deepEqual(options.salesforce.entities.length, 5)
  })

  it('where HubSpot would not send a login back to this address, in a sentence', async () => {
    const at = await appUnderTest({ connect: (db) => stage.setUp(db, 'http://127.0.0.1:4000') })
    try {
      const url = '/api/console/hubspot-project.zip?kind='
      const headers = { cookie: await at.signIn() }
      const refused = await at.call({ method: 'GET', url: `${url}oauth`, headers })
      assert.equal(refused.statusCode, 400, refused.body)
      assert.match(problemOf(refused).detail, /http:\/\/localhost, not to "http:\/\/127\.0\.0\.1:4000/)
      assert.equal((await at.call({ method: 'GET', url: `${url}static`, headers })).statusCode, 200)
    } finally {
      await at.close()
    }
  })

  it('the project files come as one archive, with the redirect address where one is needed', async () => {
    const reply = await call('GET', '/api/console/hubspot-project.zip?kind=oauth&push=false')
    assert.equal(reply.statusCode, 200)
    assert.equal(reply.headers['content-type'], 'application/zip')
    const files = unzipSync(new Uint8Array(reply.rawPayload))
    const text = (path: string) => new TextDecoder().decode(files[path])
    assert.ok(Object.keys(files).every((path) => path.startsWith('lanekeeper/')))
    assert.ok(files['lanekeeper/hsproject.json'])
    assert.match(text('lanekeeper/src/app/app-hsmeta.json'), /oauth\/hubspot\/callback/)
    assert.equal(
      Object.keys(files).some((path) => path.includes('webhooks')),
      false,
      'nobody could call us',
    )
  })
})

describe('while the sandbox runs', () => {
  it('nothing of one’s own is taken, with the command that changes that', async () => {
    const own = await appUnderTest({ connect: (db) => stage.setUp(db, PUBLIC_URL, { sandbox: true }) })
    const signedIn = await own.signIn()
    const reply = await own.call({
      method: 'POST',
      url: DRAFTS,
      payload: hubSpotToken(),
      headers: { cookie: signedIn },
    })
    assert.equal(reply.statusCode, 409)
    assert.match(problemOf(reply).detail, /npm start -- --own/)
    await own.close()
  })
})

describe('secrets', () => {
  it('go in and never come out, in no answer, header, error or address of this file', async () => {
    const { draftId } = await newDraft({
      ...hubSpotToken(`pat-na1-${CANARY}-token`),
      clientSecret: `${CANARY}-client-secret`,
      webhookUrl: 'https://hooks.example.com/webhooks/hubspot',
    })
    const draft = await untilChecked(draftId)
    assert.equal(draft.status, 'failed')
    await call('GET', DRAFTS)
    await call('GET', '/api/console/connections')
    const { token, clientSecret } = stage.hubspot.credentials
    assertNoneCameOut([CANARY, token, clientSecret])
  })

  it('are sealed in the database', async () => {
    await newDraft({ ...hubSpotToken(`pat-na1-${CANARY}-token`) })
    const { rows } = await sql<{ row: string }>`
      select encode(credentials, 'escape') || coalesce(problem, '') || address::text as row from connection_draft`.execute(
      t.db,
    )
    assert.ok(rows.length > 0 && rows.every(({ row }) => !row.includes(CANARY)))
  })
})
