import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { describe, it, type TestContext } from 'node:test'
import type { CallBudget } from '../../../src/crm/crm-client.ts'
import { CrmBusyError, CrmReconnectError, CrmUnknownError } from '../../../src/crm/crm-client.ts'
import type { AccessNeeds } from '../../../src/crm/crm-setup.ts'
import type { CrmAddress, HubSpotGrant, OpenOptions, Tokens } from '../../../src/crm/grant.ts'
import { hubSpotAuthorization, hubSpotScopes, openHubSpot } from '../../../src/crm/hubspot/open.ts'
import type { ConnectionId } from '../../../src/model/record/change-event.ts'
import type { AccessCheck } from '../../../src/model/record/crm-facts.ts'
import { type ScriptedAnswer, startScriptedServer } from '../scripted-server.ts'
import { contact, type Stage, setUp, world } from './stage.ts'
import { memoryTokens, tokensOf } from './tokens.ts'

const needs: AccessNeeds = {
  objects: [
    {
      objectType: 'contacts',
      fields: ['email', 'territory', 'hubspot_owner_id', 'no_such_field'],
      ownerField: 'hubspot_owner_id',
    },
    { objectType: 'companies', fields: ['name', 'domain'], ownerField: null },
  ],
}
const redirectUri = 'http://localhost:8080/oauth/hubspot/callback'
const FREE: CallBudget = { take: async () => {}, pauseUntil: async () => {}, observe: async () => {} }

function addressOf(stage: Stage, apiVersion = '2026-03'): CrmAddress {
  return { baseUrl: stage.baseUrl, apiVersion, pubsubAddress: null }
}

function open(stage: Stage, grant: HubSpotGrant, over: Partial<OpenOptions<HubSpotGrant>> = {}) {
  return openHubSpot({
    connectionId: 'hs' as ConnectionId,
    grant,
    address: addressOf(stage),
    tokens: memoryTokens(null),
    budget: FREE,
    taskKey: undefined,
    accountId: undefined,
    pagesUrl: undefined,
    nowMs: Date.now,
    ...over,
  })
}

function tokenGrant(stage: Stage, over: Partial<Extract<HubSpotGrant, { kind: 'hubspot-token' }>> = {}): HubSpotGrant {
  const { token, clientSecret } = stage.credentials
  return { kind: 'hubspot-token', token, clientSecrets: [clientSecret], appId: '9180042', ...over }
}

function oauthGrant(stage: Stage): Extract<HubSpotGrant, { kind: 'hubspot-oauth' }> {
  const { clientId, clientSecret } = stage.credentials
  return { kind: 'hubspot-oauth', clientId, clientSecrets: [clientSecret], appId: null }
}

/** As an admin does it in the browser: to HubSpot's page and back with a code. */
async function logIn(stage: Stage): Promise<Tokens> {
  const { required, optional } = hubSpotScopes(needs)
  const authorization = hubSpotAuthorization({
    grant: oauthGrant(stage),
    address: addressOf(stage),
    scopes: required,
    optionalScopes: optional,
    nowMs: Date.now,
  })
  const codeVerifier = randomBytes(32).toString('base64url')
  const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url')
  const url = authorization.url({ redirectUri, state: 'once', codeChallenge })
  const answer = await fetch(`${url}&decided=yes`, { redirect: 'manual' })
  const code = new URL(answer.headers.get('location') ?? '').searchParams.get('code') ?? ''
  return await authorization.exchange({ code, redirectUri, codeVerifier })
}

const stateOf = (checks: readonly AccessCheck[]) => Object.fromEntries(checks.map(({ id, state }) => [id, state]))

async function untouched(stage: Stage): Promise<void> {
  const { writes } = await stage.control('GET', 'stats')
  assert.deepEqual(await stage.tasks(), [])
  const { results } = (await (
    await fetch(`${stage.baseUrl}/crm/properties/2026-03/tasks/lanekeeper_key`, {
      headers: { authorization: `Bearer ${stage.credentials.token}` },
    })
  ).json()) as { results?: unknown }
  assert.equal(results, undefined, `no property was made: ${JSON.stringify(writes)}`)
}

function stageOf(t: TestContext, settings: Parameters<typeof setUp>[2] = {}): Promise<Stage> {
  return setUp(t, world({ contacts: [contact(1), contact(2)] }), settings)
}

describe('a token of a static app', () => {
  it('is checked one permission at a time without writing, and each result is reported at once', async (t) => {
    const stage = await stageOf(t)
    const { setup, client } = open(stage, tokenGrant(stage))
    const told: AccessCheck[] = []
    const found = await setup.checkAccess(needs, (check) => told.push(check))
    assert.deepEqual(stateOf(found.checks), {
      identify: 'works',
      'read/contacts': 'works',
      'fields/contacts': 'works',
      'write-owner/contacts': 'works',
      'read/companies': 'works',
      'fields/companies': 'works',
      search: 'works',
      owners: 'works',
      'read/tasks': 'works',
      'write/tasks': 'works',
      'task-key': 'works',
      webhooks: 'works',
    })
    assert.deepEqual(told, found.checks)
    assert.ok(found.checks.every(({ grant, said }) => grant === null && said === null))
    const { identity } = found
    assert.deepEqual(
      [identity.accountId, identity.actorId, identity.actorName, identity.edition],
      ['4471001', '9180042', 'app 9180042', 'STANDARD'],
    )
    // The sandbox serves its pages where it serves its API.
    assert.equal(identity.pagesUrl, stage.baseUrl)
    assert.equal(client.recordUrl('contacts', '1'), `${stage.baseUrl}/contacts/4471001/record/0-1/1`)
    await untouched(stage)
  })

  it('names missing fields per object and counts existing ones', async (t) => {
    const stage = await stageOf(t)
    const { objects } = await open(stage, tokenGrant(stage)).setup.checkAccess(needs)
    assert.deepEqual(
      objects.map(({ objectType, unreadable }) => [objectType, unreadable]),
      [
        ['contacts', ['no_such_field']],
        ['companies', []],
      ],
    )
    assert.ok(objects.every(({ fields }) => fields > 5))
  })

  it('shows the limits that HubSpot states', async (t) => {
    const stage = await stageOf(t, { dailyLimit: 250_000, rateLimit: 100 })
    const { limits } = await open(stage, tokenGrant(stage)).setup.checkAccess(needs)
    assert.deepEqual(
      [limits?.limitToday, limits?.resets, limits?.window],
      [250_000, 'midnight of the account', { ms: 10_000, limit: 100 }],
    )
  })

  it('without write scopes names them before anything is written, with HubSpot’s message', async (t) => {
    const missingScopes = ['crm.objects.contacts.write', 'crm.objects.companies.read', 'crm.schemas.tasks.write']
    const stage = await stageOf(t, { missingScopes })
    const { checks } = await open(stage, tokenGrant(stage)).setup.checkAccess(needs)
    // HubSpot lets definitions be read with any of many scopes; which, is not the point here.
    const missing = checks.filter(({ id, state }) => state === 'missing' && !id.startsWith('fields/'))
    assert.deepEqual(
      missing.map(({ id }) => id),
      ['write-owner/contacts', 'read/companies', 'write/tasks', 'task-key'],
    )
    for (const { id, grant, said, costs } of missing) {
      const scope = id.includes('companies')
        ? missingScopes[1]
        : id === 'task-key'
          ? missingScopes[2]
          : missingScopes[0]
      assert.ok(scope && grant?.includes(scope), `${id}: ${grant}`)
      assert.match(grant ?? '', /install the app again/)
      assert.match(said ?? '', /This app has not been granted all required scopes/)
      assert.ok(costs.length > 10)
    }
    await untouched(stage)
  })

  it('cannot set owners in a field that is read-only or missing', async (t) => {
    const stage = await stageOf(t)
    for (const ownerField of ['lastmodifieddate', 'no_such_owner']) {
      const { checks } = await open(stage, tokenGrant(stage)).setup.checkAccess({
        objects: [{ objectType: 'contacts', fields: [], ownerField }],
      })
      const check = checks.find(({ id }) => id === 'write-owner/contacts')
      assert.equal(check?.state, 'missing')
      assert.ok(check.grant?.includes(ownerField), check.grant ?? '')
    }
  })

  it('without a client secret is polled, and the check says what that costs', async (t) => {
    const stage = await stageOf(t)
    const { checks } = await open(stage, tokenGrant(stage, { clientSecrets: [] })).setup.checkAccess(needs)
    const webhooks = checks.find(({ id }) => id === 'webhooks')
    assert.deepEqual([webhooks?.state, webhooks?.need], ['missing', 'optional'])
    assert.match(webhooks?.costs ?? '', /about once a minute/)
    assert.match(webhooks?.grant ?? '', /client secret/)
  })

  it('has unknown permissions if HubSpot gives no usable answer', async (t) => {
    const stage = await stageOf(t)
    await stage.control('POST', 'faults', { kind: 'html', path: '/crm/owners', times: 20 })
    const { checks } = await open(stage, tokenGrant(stage)).setup.checkAccess(needs)
    const owners = checks.find(({ id }) => id === 'owners')
    assert.deepEqual([owners?.state, owners?.said], ['unknown', null])
    assert.equal(checks.find(({ id }) => id === 'read/tasks')?.state, 'works')
  })

  it('that HubSpot rejects ends the checks', async (t) => {
    const stage = await stageOf(t)
    const { setup } = open(stage, tokenGrant(stage, { token: 'pat-na1-wrong' }))
    await assert.rejects(setup.checkAccess(needs), (error) => {
      assert.ok(error instanceof CrmReconnectError)
      assert.ok(!`${error.stack}`.includes('pat-na1-wrong'))
      return true
    })
    // Nothing renews a static token: HubSpot is asked once more, and never for another one.
    const { requests } = await stage.control('GET', 'stats')
    assert.deepEqual(Object.entries(requests as object), [['GET /account', 2]])
    await stage.control('POST', 'faults', { kind: 'hang', times: 20, delayMs: 5_000 })
    const slow = open(stage, tokenGrant(stage), { deadlineMs: 100 })
    await assert.rejects(slow.setup.checkAccess(needs), CrmUnknownError)
  })

  it('at its daily limit waits for midnight in the stored zone of its account', async (t) => {
    const stage = await stageOf(t)
    await stage.control('POST', 'faults', { kind: 'daily-limit', times: 5 })
    const atMs = Date.parse('2026-11-22T10:00:00Z')
    const { client } = open(stage, tokenGrant(stage), { timeZone: 'Europe/Berlin', nowMs: () => atMs })
    await assert.rejects(
      client.users(),
      (error) => error instanceof CrmBusyError && error.retryAtMs === Date.parse('2026-11-22T23:00:00Z'),
    )
  })

  it('cannot be revoked by us, and the message names who can', async (t) => {
    const stage = await stageOf(t)
    const { revoked, message } = await open(stage, tokenGrant(stage)).setup.revoke()
    assert.equal(revoked, false)
    assert.match(message, /Rotate it/)
  })

  it('counts the live records of an object as HubSpot does', async (t) => {
    const stage = await stageOf(t)
    const { setup } = open(stage, tokenGrant(stage))
    assert.equal(await setup.count('contacts'), 2)
    await stage.change({ op: 'archive', objectType: 'contacts', id: '1' })
    assert.equal(await setup.count('contacts'), 1)
  })

  it('gives no count if HubSpot states none or its search limit of 10,000', async (t) => {
    for (const [total, count] of [
      [9_999, 9_999],
      [10_000, null],
      [25_123, 25_123],
      ['many', null],
      [undefined, null],
    ]) {
      const server = await startScriptedServer(() => ({ status: 200, json: { total, results: [] } }))
      t.after(() => server.close())
      const stage = { baseUrl: server.baseUrl, credentials: { token: 'x', clientSecret: 'y' } } as Stage
      assert.equal(await open(stage, tokenGrant(stage)).setup.count('contacts'), count)
    }
  })

  it('is used through the version of the API that the address names, and no other', async (t) => {
    const stage = await stageOf(t)
    for (const apiVersion of ['v3', '2026-03', '2026-09']) {
      const { setup } = open(stage, tokenGrant(stage), { address: addressOf(stage, apiVersion) })
      assert.equal((await setup.checkAccess(needs)).checks.filter(({ state }) => state !== 'works').length, 0)
    }
    assert.throws(() => open(stage, tokenGrant(stage), { address: addressOf(stage, '2026-04') }), /2026-04/)
  })
})

describe('the key of tasks at connect', () => {
  it('is probed without writing, then created on request and enforced', async (t) => {
    const stage = await stageOf(t)
    const { setup } = open(stage, tokenGrant(stage))
    const before = await setup.probeTaskKey()
    assert.deepEqual([before.enforced, before.field], [false, null])
    assert.match(before.why, /Lanekeeper can create it/)
    await untouched(stage)
    const made = await setup.createTaskKey()
    assert.deepEqual([made.enforced, made.field], [true, 'lanekeeper_key'])
    assert.deepEqual(await setup.probeTaskKey(), made)
    assert.deepEqual(await setup.createTaskKey(), made, 'asked twice, answered alike')
  })

  it('names the missing scope if the app may not create it', async (t) => {
    const stage = await stageOf(t, { missingScopes: ['crm.schemas.tasks.write'] })
    const { enforced, why } = await open(stage, tokenGrant(stage)).setup.createTaskKey()
    assert.equal(enforced, false)
    assert.match(why, /crm\.schemas\.tasks\.write/)
  })

  it('explains the read-back if the account refuses unique properties', async (t) => {
    const stage = await stageOf(t, { taskUniqueProperty: false })
    const { enforced, field, why } = await open(stage, tokenGrant(stage)).setup.createTaskKey()
    assert.deepEqual([enforced, field], [false, 'lanekeeper_key'])
    assert.match(why, /looks a task up before it writes it again/)
  })
})

describe('an OAuth grant', () => {
  it('is requested on HubSpot’s own page, with scopes separated by %20 and no secret in the URL', () => {
    const { required, optional } = hubSpotScopes(needs)
    const at = (baseUrl: string, pagesUrl?: string) =>
      new URL(
        hubSpotAuthorization({
          grant: { kind: 'hubspot-oauth', clientId: 'c 1', clientSecrets: ['hush'], appId: null },
          address: { baseUrl, apiVersion: '2026-03', pubsubAddress: null },
          pagesUrl,
          scopes: required,
          optionalScopes: optional,
          nowMs: Date.now,
        }).url({ redirectUri, state: 's&1', codeChallenge: 'challenge' }),
      )
    const url = at('https://api.hubapi.com')
    assert.equal(`${url.origin}${url.pathname}`, 'https://app.hubspot.com/oauth/authorize')
    assert.ok(url.search.includes(`scope=${required.join('%20')}&`), url.search)
    assert.ok(!url.href.includes('hush'))
    assert.deepEqual(
      ['client_id', 'redirect_uri', 'state', 'code_challenge_method', 'optional_scope'].map((name) =>
        url.searchParams.get(name),
      ),
      ['c 1', redirectUri, 's&1', 'S256', 'crm.schemas.tasks.write'],
    )
    assert.equal(at('https://api.hubapi.com', 'https://app-eu1.hubspot.com').origin, 'https://app-eu1.hubspot.com')
    assert.equal(at('http://127.0.0.1:4010').origin, 'http://127.0.0.1:4010')
  })

  it('works with the tokens of the login, for the portal and the user who connected it', async (t) => {
    const stage = await stageOf(t)
    const tokens = memoryTokens(await logIn(stage))
    const { setup, client } = open(stage, oauthGrant(stage), { tokens })
    const { identity, checks, limits } = await setup.checkAccess(needs)
    assert.deepEqual(
      checks.filter(({ state }) => state !== 'works'),
      [],
    )
    assert.equal(identity.accountId, '4471001')
    assert.equal(identity.actorId, '9180042', 'the app is known from HubSpot, although nobody told us')
    assert.ok(identity.actorName !== null && identity.actorName !== 'app 9180042', identity.actorName ?? '')
    assert.equal(limits, null, 'HubSpot states no daily limit for OAuth apps')
    assert.deepEqual((await client.changedSince({ ...baseline, cursor: null })).events.length, 2)
  })

  it('shows the email of the user who connected it, or none if HubSpot does not say', async (t) => {
    const answers: { introspect: ScriptedAnswer; actor: [string | null, string | null] }[] = [
      {
        introspect: { status: 200, json: { active: true, app_id: 900, user: 'ana@example.com', user_id: 5 } },
        actor: ['900', 'ana@example.com'],
      },
      { introspect: { status: 200, json: { active: true, user_id: 5 } }, actor: [null, 'user 5'] },
      { introspect: { status: 500, json: {} }, actor: [null, null] },
      { introspect: { status: 200, text: '<html>' }, actor: [null, null] },
    ]
    for (const { introspect, actor } of answers) {
      const server = await startScriptedServer(({ path }) =>
        path.endsWith('/introspect') ? introspect : { status: 200, json: { portalId: 77 } },
      )
      t.after(() => server.close())
      const { client } = openHubSpot({
        connectionId: 'hs' as ConnectionId,
        grant: { kind: 'hubspot-oauth', clientId: 'c', clientSecrets: ['hush'], appId: null },
        address: { baseUrl: server.baseUrl, apiVersion: '2026-09', pubsubAddress: null },
        tokens: memoryTokens(tokensOf({ expiresAtMs: Date.now() + 1_800_000 })),
        budget: FREE,
        taskKey: undefined,
        accountId: undefined,
        pagesUrl: undefined,
        nowMs: Date.now,
      })
      const identity = await client.identify()
      assert.deepEqual([identity.actorId, identity.actorName], actor)
      const asked = server.requests.find(({ path }) => path === '/oauth/2026-09/token/introspect')
      const form = new URLSearchParams(asked?.text)
      assert.deepEqual([form.get('token'), form.get('client_secret')], ['access-1', 'hush'])
      assert.ok(
        server.requests.every(({ query }) => query.size === 0),
        'nothing secret in an address',
      )
    }
  })

  it('with missing scopes names them', async (t) => {
    const stage = await stageOf(t, { missingScopes: ['crm.objects.owners.read'] })
    const tokens = await logIn(stage)
    const fewer = { ...tokens, scopes: [] }
    const { checks } = await open(stage, oauthGrant(stage), { tokens: memoryTokens(fewer) }).setup.checkAccess(needs)
    const owners = checks.find(({ id }) => id === 'owners')
    assert.equal(owners?.state, 'missing')
    assert.match(owners.grant ?? '', /crm\.objects\.owners\.read.*connect this account again/)
  })

  for (const rotateRefreshToken of [true, false]) {
    it(`is renewed before it ends by one of two processes (HubSpot ${rotateRefreshToken ? 'rotates' : 'keeps'} the refresh token)`, async (t) => {
      const stage = await stageOf(t, { rotateRefreshToken })
      const first = await logIn(stage)
      const tokens = memoryTokens(first)
      const clock = { aheadMs: 0 }
      const nowMs = () => Date.now() + clock.aheadMs
      const both = [1, 2].map(() => open(stage, oauthGrant(stage), { tokens, nowMs }))
      await Promise.all(both.map(({ client }) => client.identify()))
      clock.aheadMs = 26 * 60_000
      await Promise.all(both.flatMap(({ client }) => [client.identify(), client.users(), client.describe('contacts')]))
      assert.equal(tokens.renewals, 1)
      assert.notEqual(tokens.tokens?.accessToken, first.accessToken)
      assert.equal(tokens.tokens?.refreshToken !== first.refreshToken, rotateRefreshToken)
      assert.ok(tokens.tokens?.scopes.length)
    })
  }

  it('whose token HubSpot rejects early is renewed once, and the request is retried', async (t) => {
    const stage = await stageOf(t)
    const tokens = memoryTokens(await logIn(stage))
    const { client } = open(stage, oauthGrant(stage), { tokens })
    await stage.control('POST', 'faults', { kind: 'expired-token', path: '/crm' })
    assert.equal((await client.users()).length, 3)
    assert.equal(tokens.renewals, 1)
  })

  it('whose token expires within a batch finishes the batch, each write once', async (t) => {
    const stage = await stageOf(t)
    const tokens = memoryTokens(await logIn(stage))
    const { client } = open(stage, oauthGrant(stage), { tokens })
    await stage.control('POST', 'faults', { kind: 'expired-token', path: '/crm/objects/2026-03/contacts/batch/update' })
    const outcomes = await client.writeOwners(
      ['1', '2', '99'].map((recordId) => ({
        key: recordId,
        objectType: 'contacts',
        recordId,
        field: 'hubspot_owner_id',
        to: '502',
      })),
    )
    assert.deepEqual(
      outcomes.map(({ key, outcome }) => [key, outcome]),
      [
        ['1', 'done'],
        ['2', 'done'],
        ['99', 'gone'],
      ],
    )
    assert.equal(tokens.renewals, 1)
  })

  it('cannot be renewed after revoking, and may be revoked twice', async (t) => {
    const stage = await stageOf(t)
    const tokens = memoryTokens(await logIn(stage))
    const { setup } = open(stage, oauthGrant(stage), { tokens })
    const { revoked, message } = await setup.revoke()
    assert.equal(revoked, true)
    assert.match(message, /uninstall it/)
    assert.equal((await setup.revoke()).revoked, true)
    const later = open(stage, oauthGrant(stage), { tokens, nowMs: () => Date.now() + 40 * 60_000 })
    await assert.rejects(later.client.identify(), CrmReconnectError)
    assert.equal(
      (await open(stage, oauthGrant(stage)).setup.revoke()).revoked,
      false,
      'nothing kept, nothing given back',
    )
  })

  it('never shows tokens, code or secret in an error', async (t) => {
    const stage = await stageOf(t)
    const tokens = memoryTokens(await logIn(stage))
    const secrets = [tokens.tokens?.accessToken, tokens.tokens?.refreshToken, stage.credentials.clientSecret]
    const { client, setup } = open(stage, oauthGrant(stage), {
      tokens,
      nowMs: () => Date.now() + 40 * 60_000,
      deadlineMs: 300,
    })
    for (const kind of ['html', 'truncated', 'hang', '500', 'revoked']) {
      await stage.control('POST', 'faults', { kind, path: '/oauth', times: 3, delayMs: 1_000 })
      for (const attempt of [() => client.identify(), () => setup.revoke()]) {
        const error = await attempt().then(
          () => '',
          (error: unknown) => `${(error as Error).stack} ${JSON.stringify(error)} ${String((error as Error).cause)}`,
        )
        for (const secret of secrets) assert.ok(secret && !error.includes(secret), kind)
      }
      await stage.control('DELETE', 'faults')
    }
  })
})

const baseline = {
  objectType: 'contacts',
  fields: ['email'],
  historyFields: [],
  sinceMs: 0,
  source: 'baseline',
} as const
