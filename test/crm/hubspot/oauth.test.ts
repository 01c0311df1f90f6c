import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { describe, it, type TestContext } from 'node:test'
import { CrmBusyError, CrmReconnectError, CrmUnknownError } from '../../../src/crm/crm-client.ts'
import type { HubSpotApiVersion } from '../../../src/crm/hubspot/http/paths.ts'
import { hubSpotAuthorizeUrl } from '../../../src/crm/hubspot/login/authorize-url.ts'
import { exchangeHubSpotCode, refreshHubSpotTokens } from '../../../src/crm/hubspot/login/oauth.ts'
import { type ScriptedAnswer, startScriptedServer } from '../scripted-server.ts'
import { setUp, world } from './stage.ts'

const redirectUri = 'http://localhost:8080/oauth/hubspot/callback'
const scopes = ['oauth', 'crm.objects.contacts.read']

async function connected(
  t: TestContext,
  settings: Parameters<typeof setUp>[2] = {},
  apiVersion: HubSpotApiVersion = '2026-03',
) {
  const stage = await setUp(t, world({}), settings)
  const { clientId, clientSecret } = stage.credentials
  const options = { baseUrl: stage.baseUrl, apiVersion, clientId, clientSecret, nowMs: Date.now, deadlineMs: 1_000 }
  const codeVerifier = randomBytes(32).toString('base64url')
  const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url')
  const url = hubSpotAuthorizeUrl({
    pagesUrl: stage.baseUrl,
    clientId,
    redirectUri,
    scopes,
    optionalScopes: ['crm.schemas.tasks.write'],
    state: 's t&',
    codeChallenge,
  })
  assert.match(url, /&scope=oauth%20crm\.objects\.contacts\.read&/)
  assert.match(url, /&optional_scope=crm\.schemas\.tasks\.write$/)
  assert.ok(!url.includes(clientSecret) && !url.includes(codeVerifier))
  const answer = await fetch(`${url}&decided=yes`, { redirect: 'manual' })
  const back = new URL(answer.headers.get('location') ?? '')
  assert.equal(back.searchParams.get('state'), 's t&')
  const grant = { code: back.searchParams.get('code') ?? '', redirectUri, codeVerifier }
  return { ...stage, options, grant }
}

describe('connecting by OAuth', () => {
  for (const apiVersion of ['v3', '2026-03', '2026-09'] as const) {
    it(`gives tokens that work, for whom, and until when, through ${apiVersion}`, async (t) => {
      const { options, grant, another, control } = await connected(t, {}, apiVersion)
      const before = Date.now()
      const tokens = await exchangeHubSpotCode(options, grant)
      assert.equal(tokens.accountId, '4471001')
      assert.deepEqual(tokens.scopes, [...scopes, 'crm.schemas.tasks.write'])
      const expiresAtMs = tokens.expiresAtMs ?? 0
      assert.ok(expiresAtMs >= before + 1_800_000 && expiresAtMs <= Date.now() + 1_800_000)
      const client = another({ token: async () => tokens.accessToken })
      assert.equal((await client.identify()).accountId, '4471001')
      const { requests } = await control('GET', 'stats')
      assert.ok(Object.keys(requests as object).includes('POST /oauth/token'), JSON.stringify(requests))
    })
  }

  it('takes a code once and with its verifier only', async (t) => {
    const first = await connected(t)
    await assert.rejects(
      exchangeHubSpotCode(first.options, { ...first.grant, codeVerifier: 'other' }),
      CrmReconnectError,
    )
    const second = await connected(t)
    await exchangeHubSpotCode(second.options, second.grant)
    await assert.rejects(exchangeHubSpotCode(second.options, second.grant), CrmReconnectError)
  })

  for (const rotateRefreshToken of [true, false]) {
    it(`keeps the refresh token of each answer (HubSpot ${rotateRefreshToken ? 'rotates' : 'keeps'} it)`, async (t) => {
      const { options, grant } = await connected(t, { rotateRefreshToken })
      let tokens = await exchangeHubSpotCode(options, grant)
      for (let round = 1; round <= 3; round += 1) {
        const next = await refreshHubSpotTokens(options, tokens.refreshToken ?? '')
        assert.notEqual(next.accessToken, tokens.accessToken)
        assert.equal(next.refreshToken !== tokens.refreshToken, rotateRefreshToken)
        tokens = next
      }
    })
  }

  it('asks an admin to reconnect after the grant was revoked, and never shows the token', async (t) => {
    const { options } = await connected(t)
    await assert.rejects(refreshHubSpotTokens(options, 'na1-secret'), (error) => {
      assert.ok(error instanceof CrmReconnectError)
      assert.match(error.message, /400 invalid_grant/)
      assert.ok(!`${error.stack}`.includes('na1-secret'))
      return true
    })
  })

  it('asks an admin to reconnect after any refused refresh, which is no refusal of a record', async (t) => {
    let answer: ScriptedAnswer = 'cut'
    const server = await startScriptedServer(() => answer)
    t.after(() => server.close())
    const app = { clientId: 'app', clientSecret: 'secret', nowMs: Date.now, deadlineMs: 1_000 }
    const refreshed = (status: number, json?: object) => {
      answer = json ? { status, json } : { status, text: '<h1>Bad gateway or so</h1>' }
      return refreshHubSpotTokens({ ...app, baseUrl: server.baseUrl, apiVersion: '2026-03' }, 'refresh-1')
    }
    for (const status of [400, 403, 404, 410, 422]) {
      await assert.rejects(refreshed(status, { status: 'BAD_HUB', message: 'No' }), CrmReconnectError, String(status))
      await assert.rejects(refreshed(status), CrmUnknownError, `${status} of a proxy`)
    }
    for (const status of [423, 429]) await assert.rejects(refreshed(status, { status: 'LATER' }), CrmBusyError)
    await assert.rejects(refreshed(408, { status: 'TIMEOUT' }), CrmUnknownError)
  })

  it('tells "retry later" and "unknown" from "refused"', async (t) => {
    const { options, control } = await connected(t)
    await control('POST', 'faults', { kind: '503', path: '/oauth/', retryAfterS: 9 })
    await assert.rejects(refreshHubSpotTokens(options, 'x'), CrmBusyError)
    for (const kind of ['html', 'truncated', 'hang', '500']) {
      await control('DELETE', 'faults')
      await control('POST', 'faults', { kind, path: '/oauth/' })
      await assert.rejects(refreshHubSpotTokens(options, 'x'), CrmUnknownError, kind)
    }
  })
})
