import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { CrmBusyError, CrmReconnectError, CrmRefusedError, CrmUnknownError } from '../../../src/crm/crm-client.ts'
import type { SalesforceGrant } from '../../../src/crm/grant.ts'
import { audiencesOf } from '../../../src/crm/salesforce/login/jwt-assertion.ts'
import { salesforceAuthorization } from '../../../src/crm/salesforce/open.ts'
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
  USER_ID,
} from './scripted-org.ts'

type Pkce = Extract<SalesforceGrant, { kind: 'salesforce-pkce' }>
const PUBLIC: Pkce = { kind: 'salesforce-pkce', clientId: 'lane-client', clientSecret: null }
const CONFIDENTIAL: Pkce = { ...PUBLIC, clientSecret: 'lane-secret' }
const EXPIRED: Answer = { status: 401, json: [{ message: 'Session expired', errorCode: 'INVALID_SESSION_ID' }] }
const EMPTY = rows()

describe('logging in to Salesforce', () => {
  let org: ScriptedOrg
  beforeEach(async () => {
    org = await startScriptedOrg()
  })
  afterEach(() => org.close())

  const logins = () => org.requests.filter(({ path }) => path === '/services/oauth2/token')
  const form = (at: number) => Object.fromEntries(new URLSearchParams(String(logins().at(at)?.body)))
  const answer = (more: Record<string, unknown>, token = 'fresh!token'): Answer => ({
    json: {
      access_token: token,
      instance_url: org.url,
      id: `${org.url}/id/${ORG_ID}/${USER_ID}`,
      scope: 'api refresh_token',
      token_type: 'Bearer',
      ...more,
    },
  })
  const refusal = (error: string, error_description: string): Answer => ({
    status: 400,
    json: { error, error_description },
  })
  const address = () => ({ baseUrl: org.url, apiVersion: '67.0', pubsubAddress: null })

  describe('with PKCE', () => {
    const authorization = (grant: Pkce = PUBLIC, allowsHost = (_url: string) => true, deadlineMs = 10_000) =>
      salesforceAuthorization({ grant, address: address(), allowsHost, nowMs: Date.now, deadlineMs })
    const exchange = (grant?: Pkce, deadlineMs?: number) =>
      authorization(grant, undefined, deadlineMs).exchange({
        code: 'aPrxSECRET',
        redirectUri: 'https://lane.example/cb',
        codeVerifier: 'vvv',
      })

    it('sends users to an authorize URL that names the challenge method, which jsforce leaves out', () => {
      const url = new URL(
        authorization().url({ redirectUri: 'https://lane.example/cb?a=1&b', state: 's t&ate', codeChallenge: 'ch' }),
      )
      assert.equal(`${url.origin}${url.pathname}`, `${org.url}/services/oauth2/authorize`)
      assert.deepEqual(Object.fromEntries(url.searchParams), {
        response_type: 'code',
        client_id: 'lane-client',
        redirect_uri: 'https://lane.example/cb?a=1&b',
        scope: 'api refresh_token',
        state: 's t&ate',
        code_challenge: 'ch',
        code_challenge_method: 'S256',
      })
    })

    it('exchanges a code with the verifier, and sends a secret only where there is one', async () => {
      org.on('POST', '/services/oauth2/token', answer({ refresh_token: 'r1' }))
      const tokens = await exchange(PUBLIC)
      assert.deepEqual(tokens, {
        accessToken: 'fresh!token',
        refreshToken: 'r1',
        expiresAtMs: null,
        instanceUrl: org.url,
        accountId: ORG_ID,
        userId: USER_ID,
        scopes: ['api', 'refresh_token'],
      })
      const common = {
        grant_type: 'authorization_code',
        client_id: 'lane-client',
        redirect_uri: 'https://lane.example/cb',
        code: 'aPrxSECRET',
        code_verifier: 'vvv',
      }
      assert.deepEqual(form(-1), common)
      await exchange(CONFIDENTIAL)
      assert.deepEqual(form(-1), { ...common, client_secret: 'lane-secret' })
    })

    it('says what Salesforce refused and never shows the code, even where Salesforce repeats it', async () => {
      org.on('POST', '/services/oauth2/token', refusal('invalid_grant', 'expired authorization code aPrxSECRET'))
      await assert.rejects(exchange(), (error) => {
        assert.ok(error instanceof CrmRefusedError)
        assert.equal(error.code, 'invalid_grant')
        assert.match(error.message, /expired authorization code …/)
        return true
      })
    })

    it('refuses an app without the scope refresh_token, which could not stay logged in', async () => {
      org.on('POST', '/services/oauth2/token', answer({}))
      await assert.rejects(exchange(), /gave no refresh token: add the scope/)
    })

    it('refuses a token answer that names a host outside the allowed ones', async () => {
      org.on('POST', '/services/oauth2/token', answer({ refresh_token: 'r1', instance_url: 'https://evil.example' }))
      const strict = authorization(PUBLIC, (url) => url === org.url)
      await assert.rejects(
        strict.exchange({ code: 'c', redirectUri: 'https://lane.example/cb', codeVerifier: 'v' }),
        (error) => error instanceof CrmReconnectError && /evil\.example.*not on the list/.test(error.message),
      )
    })

    it('reports an unknown outcome when the answer to a code is lost, because a code works only once', async () => {
      org.on('POST', '/services/oauth2/token', silence)
      await assert.rejects(
        exchange(PUBLIC, 500),
        (error) => error instanceof CrmUnknownError && /500 ms/.test(error.message),
      )
      org.on('POST', '/services/oauth2/token', reset)
      await assert.rejects(exchange(), CrmUnknownError)
    })

    it('J-3: stores a rotated refresh token before the new access token is used, and uses it the next time', async () => {
      const log: string[] = []
      const tokens = seenTokens(tokensAt(org.url, { refreshToken: 'r1' }), log)
      org.on(
        'POST',
        '/services/oauth2/token',
        answer({ refresh_token: 'r2' }, 'fresh!token2'),
        answer({ refresh_token: 'r3' }, 'fresh!token3'),
      )
      org.on('GET', '/query', (request, response) => {
        const token = String(request.headers.authorization).slice(-6)
        log.push(`query ${token}`)
        const refused = log.filter((line) => line === `query ${token}`).length > 1 || token.endsWith('old')
        response.writeHead(refused ? 401 : 200, { 'content-type': 'application/json' })
        response.end(JSON.stringify(refused ? (EXPIRED as { json: unknown }).json : (EMPTY as { json: unknown }).json))
      })
      const { client } = org.open({ grant: PUBLIC, tokens })
      await client.identify()
      assert.deepEqual(form(0), { grant_type: 'refresh_token', client_id: 'lane-client', refresh_token: 'r1' })
      await client.identify()
      assert.equal(form(1).refresh_token, 'r2')
      assert.ok(log.indexOf('commit token2 r2') < log.indexOf('query token2'), log.join(', '))
      assert.ok(log.indexOf('commit token2 r2') >= 0)
    })

    it('keeps the old refresh token where the org does not rotate', async () => {
      const tokens = seenTokens(tokensAt(org.url, { refreshToken: 'r1' }))
      org.on('POST', '/services/oauth2/token', answer({}))
      org.on('GET', '/query', EXPIRED, EMPTY)
      await org.open({ grant: CONFIDENTIAL, tokens }).client.identify()
      assert.equal(tokens.committed[0]?.refreshToken, 'r1')
      assert.equal(form(0).client_secret, 'lane-secret')
    })

    it('asks an admin to log in again when the refresh token is refused, after one attempt', async () => {
      const tokens = seenTokens(tokensAt(org.url, { refreshToken: 'r1' }))
      org.on('POST', '/services/oauth2/token', refusal('invalid_grant', 'expired access/refresh token r1'))
      org.on('GET', '/query', EXPIRED)
      await assert.rejects(org.open({ grant: PUBLIC, tokens }).client.identify(), (error) => {
        assert.ok(error instanceof CrmReconnectError)
        assert.match(error.remedy, /Log in to Salesforce again from the Connections page/)
        assert.doesNotMatch(error.message, /r1/)
        return true
      })
      assert.equal(logins().length, 1)
      assert.equal(tokens.committed.length, 0)
    })

    it('asks an admin to log in when there is no refresh token', async () => {
      await assert.rejects(org.open({ grant: PUBLIC }).client.identify(), CrmReconnectError)
      assert.equal(logins().length, 0)
    })
  })

  describe('with a signed assertion', () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const grant: SalesforceGrant = {
      kind: 'salesforce-jwt',
      clientId: 'lane-client',
      privateKey: pem,
      username: 'lane@acme.example',
    }

    it('signs RS256 for the user, three minutes ahead, and sends neither secret nor key', async () => {
      org.on('POST', '/services/oauth2/token', answer({}))
      org.on('GET', '/query', EMPTY)
      const nowMs = Date.parse('2026-11-22T10:00:00.500Z')
      const { client, tokens } = org.open({ grant, nowMs: () => nowMs })
      await client.identify()
      const { assertion, ...rest } = form(0)
      assert.deepEqual(rest, { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer' })
      const [head, body, signature] = assertion!.split('.') as [string, string, string]
      const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())
      assert.deepEqual(read(head), { alg: 'RS256' })
      assert.deepEqual(read(body), {
        iss: 'lane-client',
        sub: 'lane@acme.example',
        aud: org.url,
        exp: nowMs / 1_000 - 0.5 + 180,
      })
      const key = createPublicKey(publicKey.export({ type: 'spki', format: 'pem' }))
      assert.ok(verify('RSA-SHA256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url')))
      assert.equal(tokens.committed[0]?.refreshToken, null)
    })

    it('signs again after a 401: there is no refresh token', async () => {
      org.on('POST', '/services/oauth2/token', answer({}, 'a!token1'), answer({}, 'a!token2'))
      org.on('GET', '/query', EXPIRED, EMPTY)
      await org.open({ grant }).client.identify()
      assert.equal(logins().length, 2)
      assert.match(form(1).grant_type!, /jwt-bearer/)
    })

    it('signs by the clock of the org where it differs from ours', async () => {
      const theirs = Date.parse('2026-11-22T10:10:00Z')
      const date = new Date(theirs).toUTCString()
      org.on(
        'POST',
        '/services/oauth2/token',
        {
          status: 400,
          json: { error: 'invalid_grant', error_description: 'expired authorization code' },
          headers: { date },
        },
        answer({}),
      )
      org.on('GET', '/query', EMPTY)
      await org.open({ grant, nowMs: () => Date.parse('2026-11-22T10:00:00Z') }).client.identify()
      const claims = JSON.parse(Buffer.from(form(1).assertion!.split('.')[1]!, 'base64url').toString())
      assert.equal(claims.exp, theirs / 1_000 + 180)
      assert.equal(logins().length, 2)
    })

    it('names the generic host as audience of a My Domain, then the My Domain itself', () => {
      assert.deepEqual(audiencesOf('https://acme.my.salesforce.com'), [
        'https://login.salesforce.com',
        'https://acme.my.salesforce.com',
      ])
      for (const testing of [
        'https://acme--qa.sandbox.my.salesforce.com',
        'https://acme--qa.my.salesforce.com',
        'https://x-dev-ed.scratch.my.salesforce.com',
      ]) {
        assert.deepEqual(audiencesOf(testing), ['https://test.salesforce.com', testing])
      }
      assert.equal(audiencesOf('https://acme-dev-ed.develop.my.salesforce.com')[0], 'https://login.salesforce.com')
      assert.deepEqual(audiencesOf('http://127.0.0.1:1'), ['http://127.0.0.1:1'])
    })

    it('says what an admin has to check when the user is not pre-authorized', async () => {
      org.on('POST', '/services/oauth2/token', refusal('invalid_grant', "user hasn't approved this consumer"))
      await assert.rejects(
        org.open({ grant }).client.identify(),
        (error) =>
          error instanceof CrmReconnectError && /pre-authorized/.test(error.remedy) && /approved/.test(error.message),
      )
    })

    it('names the problem of an unusable key without showing any of the key', async () => {
      for (const [privateKey, why] of [
        [pem.slice(0, 400), /not a PEM/],
        [
          generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
          /RSA keys only/,
        ],
        [
          generateKeyPairSync('rsa', { modulusLength: 1024 })
            .privateKey.export({ type: 'pkcs8', format: 'pem' })
            .toString(),
          /1024 bits.*2048/,
        ],
      ] as const) {
        await assert.rejects(org.open({ grant: { ...grant, privateKey } }).client.identify(), (error) => {
          assert.ok(error instanceof CrmReconnectError)
          assert.match(error.remedy, why)
          assert.ok(!`${error.message}${error.remedy}`.includes(privateKey.slice(40, 80)))
          return true
        })
      }
    })
  })

  it('sends the token nowhere when instance_url is not an allowed host', async () => {
    const evil = await startScriptedOrg()
    try {
      org.on('POST', '/services/oauth2/token', answer({ instance_url: evil.url }))
      const { client, tokens } = org.open({ allowsHost: (url) => url === org.url })
      await assert.rejects(
        client.identify(),
        (error) => error instanceof CrmReconnectError && /allowed/.test(error.remedy),
      )
      assert.equal(evil.requests.length, 0)
      assert.equal(tokens.committed.length, 0)
    } finally {
      await evil.close()
    }
  })

  it('checks instance_url against My Domain hosts by default', async () => {
    org.on('POST', '/services/oauth2/token', answer({ instance_url: 'https://evil.example' }))
    await assert.rejects(org.client().identify(), CrmReconnectError)
  })

  it('checks stored tokens too, since the settings may have changed', async () => {
    const tokens = seenTokens(tokensAt('https://evil.example'))
    await assert.rejects(org.open({ tokens }).client.identify(), CrmReconnectError)
  })

  it('refuses a grant of another org for this connection', async () => {
    await assert.rejects(
      org.open({ accountId: '00D000000000001AAA' }).client.identify(),
      (error) => error instanceof CrmReconnectError && /belongs to org/.test(error.message),
    )
    assert.equal(org.requests.filter(({ path }) => path === '/query').length, 0)
  })

  it('two processes that meet one 401 log in once, and the second uses what the first stored', async () => {
    const tokens = seenTokens(tokensAt(org.url))
    org.on('GET', '/query', (request, response) => {
      const stale = request.headers.authorization === 'Bearer old'
      response.writeHead(stale ? 401 : 200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(stale ? (EXPIRED as { json: unknown }).json : (EMPTY as { json: unknown }).json))
    })
    const [one, other] = [org.open({ tokens }).client, org.open({ tokens }).client]
    await Promise.all([one.session(), other.session()])
    await Promise.all([one.identify(), other.identify()])
    assert.equal(logins().length, 1)
  })

  it('logs in once more when the session that another process stored has expired too', async () => {
    const tokens = seenTokens(tokensAt(org.url))
    org.on('GET', '/query', (request, response) => {
      const good = request.headers.authorization?.endsWith('token1')
      response.writeHead(good ? 200 : 401, { 'content-type': 'application/json' })
      response.end(JSON.stringify((good ? (EMPTY as { json: unknown }) : (EXPIRED as { json: unknown })).json))
    })
    const { client } = org.open({ tokens })
    await client.session() // this process now holds version 1
    await tokens.renew(1, async () => tokensAt(org.url, { accessToken: 'renewed-by-another-and-expired' }))
    await client.identify()
    assert.equal(logins().length, 1)
  })

  for (const [what, passing] of [
    ['too many logins in an hour', refusal('invalid_grant', 'login rate exceeded')],
    ['a refresh that crossed another', refusal('invalid_grant', 'token request is already being processed')],
    ['a server error', refusal('server_error', 'unknown')],
    ['a page of a proxy', { status: 403, html: '<html>blocked</html>' } as Answer],
    ['an answer that never comes', silence],
    ['a cut answer', reset],
    ['an answer that is no token', { json: { hello: 1 } } as Answer],
  ] as const) {
    it(`${what} postpones the login and is not a lost grant`, async () => {
      org.on('POST', '/services/oauth2/token', passing)
      await assert.rejects(org.open({ deadlineMs: 300 }).client.identify(), CrmBusyError)
    })
  }

  describe('revoking a grant', () => {
    const revoked = () => org.requests.filter(({ path }) => path === '/services/oauth2/revoke')

    it('revokes the refresh token, which ends its sessions with it', async () => {
      org.on('POST', '/services/oauth2/revoke', { json: {} })
      const tokens = seenTokens(tokensAt(org.url, { refreshToken: 'r1' }))
      const given = await org.open({ grant: PUBLIC, tokens }).setup.revoke()
      assert.equal(given.revoked, true)
      assert.equal(String(revoked()[0]?.body), 'token=r1')
      assert.doesNotMatch(given.message, /r1/)
    })

    it('succeeds when Salesforce no longer knows the token', async () => {
      org.on('POST', '/services/oauth2/revoke', refusal('unsupported_token_type', 'this token type is not supported'))
      const tokens = seenTokens(tokensAt(org.url, { refreshToken: 'r1' }))
      const given = await org.open({ grant: PUBLIC, tokens }).setup.revoke()
      assert.equal(given.revoked, true)
      assert.match(given.message, /no longer knew/)
    })

    it('ends the session of an app with a secret and reports that the secret itself stays valid', async () => {
      org.on('POST', '/services/oauth2/revoke', { json: {} })
      const given = await org.open({ tokens: seenTokens(tokensAt(org.url)) }).setup.revoke()
      assert.equal(String(revoked()[0]?.body), 'token=old')
      assert.match(given.message, /stays valid in Salesforce/)
    })

    it('fails while Salesforce cannot be reached', async () => {
      org.on('POST', '/services/oauth2/revoke', { status: 503, html: 'x' })
      const tokens = seenTokens(tokensAt(org.url, { refreshToken: 'r1' }))
      await assert.rejects(org.open({ grant: PUBLIC, tokens }).setup.revoke(), CrmBusyError)
    })
  })
})
