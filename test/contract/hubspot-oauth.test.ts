import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { Client } from '@hubspot/api-client'
import { type Harness, refusal, startHarness, startReceiver } from './hubspot-sandbox.ts'

const REDIRECT = 'http://localhost:8080/oauth/hubspot/callback'

async function tokenCall(hubspot: Harness, form: Record<string, string>, path = '/oauth/2026-03/token') {
  const { clientId, clientSecret } = hubspot.sandbox.credentials
  const response = await hubspot.client.apiRequest({
    method: 'POST',
    path,
    authType: 'none',
    defaultJson: false,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ client_id: clientId, client_secret: clientSecret, ...form }).toString(),
  } as never)
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

async function consent(hubspot: Harness, more: Record<string, string> = {}): Promise<URL> {
  const { credentials, url } = hubspot.sandbox
  const asked = new URL(
    hubspot.client.oauth.getAuthorizationUrl(
      credentials.clientId,
      REDIRECT,
      'oauth crm.objects.contacts.read crm.objects.contacts.write',
      undefined,
      'st4te',
    ),
  )
  const local = new URL(asked.pathname + asked.search, url)
  for (const [name, value] of Object.entries(more)) local.searchParams.set(name, value)
  const page = await fetch(local)
  assert.equal(page.status, 200)
  assert.match(await page.text(), /crm\.objects\.contacts\.read/)
  local.searchParams.set('decided', 'yes')
  const answer = await fetch(local, { redirect: 'manual' })
  assert.equal(answer.status, 302)
  return new URL(answer.headers.get('location')!)
}

describe('HubSpot sandbox: OAuth', () => {
  it('leads from consent to a code to tokens that the API accepts for this app', async () => {
    await using hubspot = await startHarness()
    const location = await consent(hubspot)
    assert.equal(location.searchParams.get('state'), 'st4te')
    const code = location.searchParams.get('code')!
    const form = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT }
    const { status, body } = await tokenCall(hubspot, form)
    assert.equal(status, 200)
    assert.equal(body.expires_in, 1_800)
    assert.equal(body.hub_id, 4471001)
    assert.equal(body.token_use, 'access_token')
    assert.deepEqual(body.scopes, ['oauth', 'crm.objects.contacts.read', 'crm.objects.contacts.write'])
    const client = new Client({ accessToken: String(body.access_token), basePath: hubspot.sandbox.url })
    const made = await client.crm.contacts.basicApi.create({
      properties: { email: 'o@auth.example' },
      associations: [],
    })
    const [entry] = (await client.crm.contacts.basicApi.getById(made.id, [], ['email'])).propertiesWithHistory!.email!
    assert.equal(entry?.sourceId, '9180042')
    assert.equal((await tokenCall(hubspot, form)).status, 400, 'a code works once')
  })

  it('checks the PKCE verifier', async () => {
    await using hubspot = await startHarness()
    const code_challenge = createHash('sha256').update('right').digest('base64url')
    const form = { grant_type: 'authorization_code', redirect_uri: REDIRECT }
    const first = (await consent(hubspot, { code_challenge })).searchParams.get('code')!
    assert.equal(
      (await tokenCall(hubspot, { ...form, code: first, code_verifier: 'wrong' })).body.error,
      'invalid_grant',
    )
    const second = (await consent(hubspot, { code_challenge })).searchParams.get('code')!
    assert.equal((await tokenCall(hubspot, { ...form, code: second, code_verifier: 'right' })).status, 200)
  })

  for (const rotateRefreshToken of [false, true]) {
    it(`refreshes ${rotateRefreshToken ? 'with a new refresh token, after which the old one is dead' : 'with the same refresh token'}`, async () => {
      await using hubspot = await startHarness({ rotateRefreshToken })
      const code = (await consent(hubspot)).searchParams.get('code')!
      const granted = await tokenCall(hubspot, { grant_type: 'authorization_code', code, redirect_uri: REDIRECT })
      const refresh_token = String(granted.body.refresh_token)
      const renewed = await tokenCall(hubspot, { grant_type: 'refresh_token', refresh_token })
      assert.notEqual(renewed.body.access_token, granted.body.access_token)
      assert.equal(renewed.body.refresh_token !== refresh_token, rotateRefreshToken)
      const again = await tokenCall(hubspot, { grant_type: 'refresh_token', refresh_token }, '/oauth/v1/token')
      assert.equal(again.status, rotateRefreshToken ? 400 : 200)
      if (rotateRefreshToken)
        assert.deepEqual([again.body.error, again.body.status], ['invalid_grant', 'BAD_REFRESH_TOKEN'])
    })
  }

  it('introspects a token, and a revoked refresh token gets invalid_grant', async () => {
    await using hubspot = await startHarness()
    const code = (await consent(hubspot)).searchParams.get('code')!
    const { body } = await tokenCall(hubspot, { grant_type: 'authorization_code', code, redirect_uri: REDIRECT })
    const info = await tokenCall(hubspot, { token: String(body.access_token) }, '/oauth/2026-03/token/introspect')
    assert.deepEqual([info.body.active, info.body.hub_id, info.body.app_id], [true, 4471001, 9180042])
    const older = await hubspot.client.oauth.accessTokensApi.get(String(body.access_token))
    assert.equal(older.hubId, 4471001)
    const refresh_token = String(body.refresh_token)
    await tokenCall(hubspot, { token: refresh_token }, '/oauth/2026-03/token/revoke')
    assert.equal(
      (await tokenCall(hubspot, { grant_type: 'refresh_token', refresh_token })).body.status,
      'BAD_REFRESH_TOKEN',
    )
  })

  it('a token has the scopes of the consent only; a scope that the portal lacks is not granted', async () => {
    await using hubspot = await startHarness({ missingScopes: ['crm.objects.contacts.write'] })
    const code = (await consent(hubspot)).searchParams.get('code')!
    const { body } = await tokenCall(hubspot, { grant_type: 'authorization_code', code, redirect_uri: REDIRECT })
    assert.deepEqual(body.scopes, ['oauth', 'crm.objects.contacts.read'])
    await hubspot.control('POST', '/settings', { missingScopes: [] })
    const client = new Client({ accessToken: String(body.access_token), basePath: hubspot.sandbox.url })
    await client.crm.contacts.basicApi.getPage()
    await client.crm.properties.coreApi.getAll('contacts')
    for (const refused of [
      client.crm.contacts.basicApi.update('101', { properties: { city: 'x' } }),
      client.crm.companies.basicApi.getPage(),
      client.crm.owners.ownersApi.getPage(),
    ]) {
      assert.equal((await refusal(refused)).body.category, 'MISSING_SCOPES')
    }
    const details = await hubspot.fetch('/account-info/2026-03/details', { token: String(body.access_token) })
    assert.equal(details.status, 200)
  })

  it('a revocation stops renewal, while access tokens work until they expire', async () => {
    await using hubspot = await startHarness({ accessTokenSeconds: 1, rateLimit: 100_000 })
    const code = (await consent(hubspot)).searchParams.get('code')!
    const { body } = await tokenCall(hubspot, { grant_type: 'authorization_code', code, redirect_uri: REDIRECT })
    const grantedMs = performance.now()
    assert.equal(body.expires_in, 1)
    const [token, refresh_token] = [String(body.access_token), String(body.refresh_token)]
    const introspect = async (what: string) =>
      (await tokenCall(hubspot, { token: what }, '/oauth/2026-03/token/introspect')).body
    assert.equal((await introspect(refresh_token)).token_use, 'refresh_token')
    await tokenCall(hubspot, { token: refresh_token }, '/oauth/2026-03/token/revoke')
    assert.deepEqual(await introspect(refresh_token), { active: false })
    const renewed = await tokenCall(hubspot, { grant_type: 'refresh_token', refresh_token })
    assert.deepEqual([renewed.status, renewed.body.error], [400, 'invalid_grant'])
    const call = async () => {
      const response = await hubspot.fetch('/crm/v3/objects/contacts/101', { token })
      return [response.status, ((await response.json()) as { category?: string }).category]
    }
    assert.deepEqual(await call(), [200, undefined], 'revoking does not uninstall')
    let answer = await call()
    while (answer[0] === 200) answer = await call()
    assert.deepEqual(answer, [401, 'EXPIRED_AUTHENTICATION'])
    assert.ok(performance.now() - grantedMs >= 950, 'not before its time')
    assert.deepEqual(await introspect(token), { active: false })
  })

  it('a new client secret signs webhooks and gets tokens; the old one no longer does', async () => {
    let secret = 'the second secret'
    await using receiver = await startReceiver(() => secret)
    await using hubspot = await startHarness({ webhookUrl: receiver.url })
    const code = (await consent(hubspot)).searchParams.get('code')!
    const { body } = await tokenCall(hubspot, { grant_type: 'authorization_code', code, redirect_uri: REDIRECT })
    const refresh = { grant_type: 'refresh_token', refresh_token: String(body.refresh_token) }
    await hubspot.control('POST', '/settings', { clientSecret: secret })
    assert.equal((await tokenCall(hubspot, refresh)).body.error, 'invalid_client')
    assert.equal((await tokenCall(hubspot, { ...refresh, client_secret: secret })).status, 200)
    await hubspot.personClient.crm.contacts.basicApi.update('103', { properties: { city: 'Natal' } })
    await receiver.until('the change arrived', () => receiver.deliveries.length === 1)
    assert.equal(receiver.deliveries[0]?.signed, true)
    secret = hubspot.sandbox.credentials.clientSecret
    await hubspot.personClient.crm.contacts.basicApi.update('103', { properties: { city: 'Recife' } })
    await receiver.until('the next change arrived', () => receiver.deliveries.length === 2)
    assert.equal(receiver.deliveries[1]?.signed, false, 'not signed with the first secret any more')
    assert.equal('clientSecret' in (await hubspot.control('GET', '/settings')), false)
  })

  it('an uninstalled app has no working token left', async () => {
    await using hubspot = await startHarness()
    const code = (await consent(hubspot)).searchParams.get('code')!
    const { body } = await tokenCall(hubspot, { grant_type: 'authorization_code', code, redirect_uri: REDIRECT })
    const token = String(body.access_token)
    const removed = await hubspot.fetch('/appinstalls/2026-03/external-install', { method: 'DELETE', token })
    assert.equal(removed.status, 204)
    assert.equal((await hubspot.fetch('/crm/v3/owners', { token })).status, 401)
    const { refresh_token } = body as { refresh_token: string }
    assert.equal((await tokenCall(hubspot, { grant_type: 'refresh_token', refresh_token })).body.error, 'invalid_grant')
  })

  it('an uninstalled app gets no webhooks and its static token is refused, until it is installed again', async () => {
    await using receiver = await startReceiver(() => '')
    await using hubspot = await startHarness({ webhookUrl: receiver.url })
    const rename = (city: string) => hubspot.personClient.crm.contacts.basicApi.update('103', { properties: { city } })
    await hubspot.control('POST', '/settings', { installed: false })
    await rename('Recife')
    assert.equal((await hubspot.fetch('/crm/v3/owners')).status, 401)
    await consent(hubspot).then((location) =>
      tokenCall(hubspot, {
        grant_type: 'authorization_code',
        code: location.searchParams.get('code')!,
        redirect_uri: REDIRECT,
      }),
    )
    assert.equal((await hubspot.fetch('/crm/v3/owners')).status, 200)
    await rename('Natal')
    await receiver.until('the change after the second installation arrived', () => receiver.events.length > 0)
    assert.deepEqual(
      receiver.events.map(({ propertyValue }) => propertyValue),
      ['Natal'],
    )
  })

  it('a rotated static token replaces the old one at once', async () => {
    await using hubspot = await startHarness()
    await hubspot.control('POST', '/settings', { token: 'pat-na1-second' })
    assert.equal((await hubspot.fetch('/crm/v3/owners')).status, 401)
    assert.equal((await hubspot.fetch('/crm/v3/owners', { token: 'pat-na1-second' })).status, 200)
  })

  it('a person who cancels is sent back with an error, the state and no code', async () => {
    await using hubspot = await startHarness()
    const { credentials, url } = hubspot.sandbox
    const query = new URLSearchParams({
      client_id: credentials.clientId,
      redirect_uri: REDIRECT,
      scope: 'oauth',
      state: 'st4te',
    })
    const page = await (await fetch(`${url}/oauth/authorize?${query}`)).text()
    assert.match(page, />Cancel</)
    const answer = await fetch(`${url}/oauth/authorize?${query}&decided=no`, { redirect: 'manual' })
    const back = new URL(answer.headers.get('location')!).searchParams
    assert.deepEqual([back.get('error'), back.get('state'), back.get('code')], ['access_denied', 'st4te', null])
  })

  it('refuses a wrong client secret, a missing token and an unknown token', async () => {
    await using hubspot = await startHarness()
    assert.equal(
      (await tokenCall(hubspot, { grant_type: 'refresh_token', client_secret: 'no' })).body.error,
      'invalid_client',
    )
    const unknown = await refusal(
      new Client({ accessToken: 'nobody', basePath: hubspot.sandbox.url }).crm.owners.ownersApi.getPage(),
    )
    assert.equal(unknown.code, 401)
    assert.equal(unknown.body.category, 'INVALID_AUTHENTICATION')
    assert.equal((await fetch(`${hubspot.sandbox.url}/crm/v3/owners`)).status, 401)
  })

  it('sends nobody to a redirect address that is neither https nor local', async () => {
    await using hubspot = await startHarness()
    const query = new URLSearchParams({
      client_id: hubspot.sandbox.credentials.clientId,
      redirect_uri: 'http://evil.example/',
    })
    const answer = await fetch(`${hubspot.sandbox.url}/oauth/authorize?${query}&decided=yes`, { redirect: 'manual' })
    assert.equal(answer.status, 400)
  })
})
