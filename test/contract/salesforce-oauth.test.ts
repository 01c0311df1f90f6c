import assert from 'node:assert/strict'
import { createHash, createSign, generateKeyPairSync, randomBytes } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { Connection, OAuth2 } from 'jsforce'
import type { SalesforceSandbox } from '../../sandbox/salesforce/app.ts'
import { connect, control, startSandbox, withoutRefresh } from './salesforce-clients.ts'

const REDIRECT = 'http://127.0.0.1:9/callback'
const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })

describe('signing in to the Salesforce sandbox', () => {
  let sandbox: SalesforceSandbox
  before(async () => {
    sandbox = await startSandbox({ jwtPublicKey: keys.publicKey.export({ type: 'spki', format: 'pem' }).toString() })
  })
  after(() => sandbox.close())

  const token = async (form: Record<string, string>) => {
    const response = await fetch(`${sandbox.url}/services/oauth2/token`, {
      method: 'POST',
      body: new URLSearchParams(form),
    })
    return { status: response.status, body: (await response.json()) as Record<string, string> }
  }
  const oauth2 = (options: object = {}) =>
    new OAuth2({
      loginUrl: sandbox.url,
      clientId: sandbox.credentials.clientId,
      clientSecret: sandbox.credentials.clientSecret,
      redirectUri: REDIRECT,
      ...options,
    })
  /** What a person does in the browser: open the page, press Allow, be sent back with a code. */
  const allow = async (authorizeUrl: string, decision = 'allow'): Promise<URLSearchParams> => {
    const page = await fetch(authorizeUrl)
    assert.match(await page.text(), /Allow access\?/)
    const form = new URLSearchParams(new URL(authorizeUrl).search)
    form.set('decision', decision)
    const answer = await fetch(`${sandbox.url}/services/oauth2/authorize`, {
      method: 'POST',
      body: form,
      redirect: 'manual',
    })
    assert.equal(answer.status, 302)
    return new URL(answer.headers.get('location')!).searchParams
  }
  const signedIn = async () => {
    const app = oauth2({ useVerifier: true })
    const params = await allow(app.getAuthorizationUrl({ scope: 'api refresh_token', state: 's1' }))
    assert.equal(params.get('state'), 's1')
    return { app, answer: await app.requestToken(params.get('code')!) }
  }

  it('a token answer has text values only, with identity URL and instance', async () => {
    const { clientId, clientSecret, orgId } = sandbox.credentials
    const { status, body } = await token({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
    })
    assert.equal(status, 200)
    for (const value of Object.values(body)) assert.equal(typeof value, 'string')
    assert.match(body.id!, new RegExp(`/id/${orgId}/005\\w{15}$`))
    assert.equal(body.instance_url, sandbox.url)
    assert.equal(body.token_type, 'Bearer')
    assert.ok(body.access_token!.startsWith(`${orgId.slice(0, 15)}!`))
    assert.equal('refresh_token' in body || 'expires_in' in body, false)
    const expected = Math.abs(Number(body.issued_at) - sandbox.org.clock.now())
    assert.ok(expected < 60_000)
  })

  it('the two clients run as two different users', async () => {
    const [ours, theirs] = [await connect(sandbox), await connect(sandbox, { asUser: true })]
    assert.notEqual((await ours.identity()).user_id, (await theirs.identity()).user_id)
    assert.equal((await ours.identity()).organization_id, sandbox.credentials.orgId)
  })

  it('refuses wrong secrets, unknown clients and unknown grants with error and error_description', async () => {
    const { clientId } = sandbox.credentials
    const wrong = await token({ grant_type: 'client_credentials', client_id: clientId, client_secret: 'wrong' })
    assert.deepEqual([wrong.status, wrong.body.error], [400, 'invalid_client'])
    assert.ok(wrong.body.error_description)
    assert.equal(
      (await token({ grant_type: 'client_credentials', client_id: 'x', client_secret: 'y' })).body.error,
      'invalid_client_id',
    )
    assert.equal((await token({ grant_type: 'password' })).body.error, 'unsupported_grant_type')
  })

  it('userinfo and the identity URL require the token in the header and return org and user', async () => {
    const connection = await connect(sandbox)
    const headers = { authorization: `Bearer ${connection.accessToken}` }
    const info = (await (await fetch(`${sandbox.url}/services/oauth2/userinfo`, { headers })).json()) as Record<
      string,
      string
    >
    assert.equal(info.organization_id, sandbox.credentials.orgId)
    const identity = (await (await fetch(connection.userInfo!.url, { headers })).json()) as Record<string, string>
    assert.equal(identity.user_id, info.user_id)
    assert.equal((await fetch(`${sandbox.url}/services/oauth2/userinfo`)).status, 403)
  })

  it('authorization code with PKCE, as jsforce does it', async () => {
    const { answer } = await signedIn()
    assert.ok(answer.refresh_token)
    const connection = new Connection({
      version: '67.0',
      instanceUrl: answer.instance_url,
      accessToken: answer.access_token,
    })
    assert.ok((await connection.query('SELECT COUNT() FROM User')).totalSize > 0)
  })

  it('a code works once, with its own verifier and redirect URI only', async () => {
    const verifier = randomBytes(64).toString('base64url')
    const challenge = createHash('sha256').update(verifier).digest('base64url')
    const url = oauth2().getAuthorizationUrl({ code_challenge: challenge, code_challenge_method: 'S256' } as never)
    const { clientId, clientSecret } = sandbox.credentials
    const redeem = async (extra: Record<string, string>) => {
      const code = (await allow(url)).get('code')!
      const form = {
        grant_type: 'authorization_code',
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uri: REDIRECT,
        code,
      }
      return { form, answer: await token({ ...form, ...extra }) }
    }
    assert.equal((await redeem({ code_verifier: 'wrong' })).answer.body.error, 'invalid_grant')
    assert.equal((await redeem({})).answer.body.error, 'invalid_grant')
    assert.equal(
      (await redeem({ code_verifier: verifier, redirect_uri: 'http://127.0.0.1:9/other' })).answer.body.error,
      'redirect_uri_mismatch',
    )
    const good = await redeem({ code_verifier: verifier })
    assert.equal(good.answer.status, 200)
    assert.equal((await token({ ...good.form, code_verifier: verifier })).body.error, 'invalid_grant')
  })

  it('a user who declines is redirected with access_denied', async () => {
    const params = await allow(oauth2({ useVerifier: true }).getAuthorizationUrl({}), 'deny')
    assert.deepEqual([params.get('error'), params.get('code')], ['access_denied', null])
  })

  it('a redirect to another host is refused', async () => {
    const answer = await fetch(oauth2({ redirectUri: 'https://example.org/steal' }).getAuthorizationUrl({}))
    assert.equal(answer.status, 400)
    await answer.text()
  })

  it('without rotation a refresh token keeps working', async () => {
    const { app, answer } = await signedIn()
    const first = await app.refreshToken(answer.refresh_token!)
    assert.equal(first.refresh_token, undefined)
    assert.notEqual((await app.refreshToken(answer.refresh_token!)).access_token, first.access_token)
  })

  it('with rotation each refresh issues a new token, and reusing an old one revokes the whole family', async () => {
    await control(sandbox, 'POST', 'settings', { rotateRefreshToken: true })
    const { app, answer } = await signedIn()
    const second = await app.refreshToken(answer.refresh_token!)
    assert.notEqual(second.refresh_token, answer.refresh_token)
    const third = await app.refreshToken(second.refresh_token!)
    await assert.rejects(app.refreshToken(answer.refresh_token!), {
      name: 'invalid_grant',
      message: 'expired access/refresh token',
    })
    await assert.rejects(app.refreshToken(third.refresh_token!), { name: 'invalid_grant' })
    await control(sandbox, 'POST', 'settings', { rotateRefreshToken: false })
  })

  it('J-3: jsforce refreshes by itself but keeps the old refresh token; only the refresh event has the new one', async () => {
    await control(sandbox, 'POST', 'settings', { rotateRefreshToken: true })
    const { app, answer } = await signedIn()
    const connection = new Connection({
      version: '67.0',
      oauth2: app,
      instanceUrl: answer.instance_url,
      accessToken: 'long gone',
      refreshToken: answer.refresh_token!,
    })
    let rotated: string | undefined
    connection.on('refresh', (_token: string, response: { refresh_token?: string }) => {
      rotated = response.refresh_token
    })
    assert.ok((await connection.query('SELECT COUNT() FROM User')).totalSize > 0)
    assert.equal(connection.refreshToken, answer.refresh_token)
    assert.ok(rotated && rotated !== answer.refresh_token)
    await control(sandbox, 'POST', 'settings', { rotateRefreshToken: false })
  })

  it('J-2: a grant that stays revoked answers 401 for ever, so a client must count its refreshes', async () => {
    const good = await connect(sandbox)
    let refreshes = 0
    const connection = new Connection({
      version: '67.0',
      instanceUrl: sandbox.url,
      accessToken: good.accessToken!,
      refreshFn: (_connection, callback) => {
        refreshes++
        if (refreshes > 3) callback(new Error('gave up'))
        else callback(null, good.accessToken!)
      },
    })
    await control(sandbox, 'POST', 'faults', { kind: 'revoked' })
    await assert.rejects(async () => await connection.query('SELECT COUNT() FROM User'), /gave up/)
    assert.equal(refreshes, 4)
    const { clientId, clientSecret } = sandbox.credentials
    const again = await token({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret })
    assert.equal(again.body.error, 'invalid_grant')
    await control(sandbox, 'DELETE', 'faults')
    assert.ok(await connect(sandbox))
  })

  it('a revoked token fails at once, and so does one older than the session time', async () => {
    const connection = await connect(sandbox)
    await new OAuth2({ loginUrl: sandbox.url }).revokeToken(connection.accessToken!)
    await assert.rejects(() => withoutRefresh(connection).limits(), {
      name: 'INVALID_SESSION_ID',
      message: 'Session expired or invalid',
    })
    const old = withoutRefresh(await connect(sandbox))
    await control(sandbox, 'POST', 'actions', { action: 'advance-clock', ms: 121 * 60_000 })
    await assert.rejects(() => old.limits(), { name: 'INVALID_SESSION_ID' })
  })

  it('JWT bearer: signed, for a known user, at most five minutes ahead, no refresh token', async () => {
    const user = [...sandbox.org.store.table('User').values()].find((candidate) => candidate.IsActive === true)!
    const assertion = (claims: object, key = keys.privateKey) => {
      const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
      const exp = Math.floor(sandbox.org.clock.now() / 1000) + 180
      const text = `${encode({ alg: 'RS256' })}.${encode({ iss: sandbox.credentials.clientId, sub: user.Username, aud: sandbox.url, exp, ...claims })}`
      return `${text}.${createSign('RSA-SHA256').update(text).sign(key).toString('base64url')}`
    }
    const ask = (jwt: string) => token({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: jwt })
    const good = await ask(assertion({}))
    assert.equal(good.status, 200)
    assert.equal('refresh_token' in good.body, false)
    assert.equal((await ask(assertion({ exp: 1 }))).body.error, 'invalid_grant')
    assert.equal((await ask(assertion({ sub: 'nobody@brightwater.example' }))).body.error, 'invalid_grant')
    const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    assert.equal((await ask(assertion({}, stranger))).body.error, 'invalid_grant')
    const nowS = Math.floor(sandbox.org.clock.now() / 1000)
    assert.equal((await ask(assertion({ exp: nowS + 295 }))).status, 200)
    for (const claims of [
      { exp: nowS + 600 },
      { exp: undefined },
      { aud: 'https://evil.example' },
      { aud: undefined },
      { iss: 'no such client' },
      { iss: undefined },
      { sub: undefined },
    ]) {
      const refused = await ask(assertion(claims))
      assert.deepEqual([refused.status, refused.body.error], [400, 'invalid_grant'], JSON.stringify(claims))
    }
    assert.equal((await ask(assertion({ aud: 'https://login.salesforce.com' }))).status, 200)
    // Another app's key, given while running, and taken away again.
    const { userClientId } = sandbox.credentials
    const pem = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const setKey = (jwtPublicKey: string | null) =>
      control(sandbox, 'POST', 'settings', { clientId: userClientId, jwtPublicKey })
    const theirs = () => ask(assertion({ iss: userClientId }, pem.privateKey))
    assert.equal((await theirs()).status, 400)
    await setKey(pem.publicKey.export({ type: 'spki', format: 'pem' }).toString())
    assert.equal((await theirs()).status, 200)
    assert.equal((await ask(assertion({}, pem.privateKey))).status, 400, 'the key of one app opens no other')
    await setKey(null)
    assert.equal((await theirs()).status, 400)
    assert.equal((await setKey('no key')).status, 400)
  })

  it('a public client signs in with PKCE alone, from any port and path of this machine, and must not send a secret', async () => {
    const { pkceClientId } = sandbox.credentials
    const redirectUri = 'http://localhost:51234/oauth/salesforce/callback'
    const app = new OAuth2({ loginUrl: sandbox.url, clientId: pkceClientId, redirectUri, useVerifier: true })
    const code = (await allow(app.getAuthorizationUrl({ state: 's2' }))).get('code')!
    const answer = await app.requestToken(code)
    assert.ok(answer.refresh_token)
    assert.ok((await app.refreshToken(answer.refresh_token!)).access_token)
    const form = { grant_type: 'refresh_token', client_id: pkceClientId, refresh_token: answer.refresh_token! }
    assert.equal((await token({ ...form, client_secret: 'guess' })).body.error, 'invalid_client')
    assert.equal(
      (await token({ grant_type: 'client_credentials', client_id: pkceClientId, client_secret: '' })).body.error,
      'invalid_client',
    )
    const bare = await fetch(
      new OAuth2({ loginUrl: sandbox.url, clientId: pkceClientId, redirectUri }).getAuthorizationUrl({}),
    )
    assert.equal(bare.status, 400)
    assert.match(await bare.text(), /missing required code challenge/)
  })

  it('a confidential client sends its secret too, unless the app does not require one', async () => {
    const { app, answer } = await signedIn()
    const { clientId } = sandbox.credentials
    const refresh = { grant_type: 'refresh_token', client_id: clientId, refresh_token: answer.refresh_token! }
    assert.equal((await token(refresh)).body.error, 'invalid_client')
    const bare = oauth2({ useVerifier: true, clientSecret: undefined })
    const redeem = async () => bare.requestToken((await allow(bare.getAuthorizationUrl({}))).get('code')!)
    await assert.rejects(redeem(), { name: 'invalid_client' })
    await control(sandbox, 'POST', 'settings', { requireSecret: false })
    assert.equal((await token(refresh)).status, 200)
    assert.ok((await redeem()).access_token)
    await control(sandbox, 'POST', 'settings', { requireSecret: true })
    assert.ok((await app.refreshToken(answer.refresh_token!)).access_token)
  })

  it('revoking a refresh token revokes the access tokens that came with it', async () => {
    const { app, answer } = await signedIn()
    const renewed = await app.refreshToken(answer.refresh_token!)
    const other = await signedIn()
    const limits = (accessToken: string) =>
      new Connection({ version: '67.0', instanceUrl: sandbox.url, accessToken }).limits()
    assert.ok(await limits(renewed.access_token))
    await app.revokeToken(answer.refresh_token!)
    await assert.rejects(limits(answer.access_token), { name: 'INVALID_SESSION_ID' })
    await assert.rejects(limits(renewed.access_token), { name: 'INVALID_SESSION_ID' })
    await assert.rejects(app.refreshToken(answer.refresh_token!), { name: 'invalid_grant' })
    assert.ok(await limits(other.answer.access_token), 'another sign-in of the same user is untouched')
  })

  it('a deactivated run-as user has no sessions and gets none', async () => {
    const signed = await connect(sandbox, { asUser: true })
    const connection = withoutRefresh(signed)
    const user_id = signed.userInfo!.id
    const admin = await connect(sandbox)
    await admin.sobject('User').update({ Id: user_id, IsActive: false } as never)
    await assert.rejects(connection.limits(), { name: 'INVALID_SESSION_ID' })
    await assert.rejects(connect(sandbox, { asUser: true }), { name: 'invalid_grant', message: 'inactive user' })
    await admin.sobject('User').update({ Id: user_id, IsActive: true } as never)
    assert.ok(await connection.limits())
  })

  it('an org can require PKCE of every client', async () => {
    await control(sandbox, 'POST', 'settings', { requirePkce: true })
    assert.equal((await fetch(oauth2().getAuthorizationUrl({}))).status, 400)
    assert.ok((await signedIn()).answer.access_token)
    await control(sandbox, 'POST', 'settings', { requirePkce: false })
    const without = await fetch(oauth2().getAuthorizationUrl({}))
    assert.equal(without.status, 200)
    await without.text()
  })

  it('userinfo returns user, org and last modification', async () => {
    const { accessToken } = await connect(sandbox)
    const response = await fetch(`${sandbox.url}/services/oauth2/userinfo`, {
      headers: { authorization: `Bearer ${accessToken}` },
    })
    const info = (await response.json()) as Record<string, unknown>
    for (const name of ['sub', 'user_id', 'organization_id', 'preferred_username', 'email', 'name', 'family_name']) {
      assert.ok(typeof info[name] === 'string' && info[name] !== '', name)
    }
    assert.ok(['zoneinfo', 'locale', 'language', 'urls', 'active', 'updated_at'].every((name) => name in info))
    assert.equal(info.active, true)
  })
})
