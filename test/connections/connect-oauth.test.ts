import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { beginAuthorization, finishAuthorization } from '../../src/connections/draft/authorize.ts'
import { readDraft } from '../../src/connections/draft/draft.ts'
import { startDraft } from '../../src/connections/draft/start.ts'
import { StateRefusedError } from '../../src/connections/errors.ts'
import { openConnection } from '../../src/connections/open-connection.ts'
import type { Grant } from '../../src/crm/grant.ts'
import type { SalesforceClient } from '../../src/crm/salesforce/client/client.ts'
import type { Crm } from '../../src/model/record/change-event.ts'
import { findConnection } from '../../src/store/connections/connections.ts'
import type { CallingOrder } from './calling-process.ts'
import { type ConnectStage, connectStage, SHARES } from './connect-stage.ts'

const SESSION = randomBytes(32)
const CALLER = fileURLToPath(new URL('calling-process.ts', import.meta.url))

/** A process that opens a connection, says so, and calls when it is told to. */
function startCaller() {
  const child = spawn(process.execPath, [CALLER], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => {
    const { value, done } = await lines.next()
    assert.ok(!done, 'the process ended without a word')
    return value as string
  }
  return {
    async start(order: CallingOrder) {
      child.stdin.write(`${JSON.stringify(order)}\n`)
      assert.equal(await next(), 'ready')
    },
    async go(): Promise<string[]> {
      child.stdin.write('go\n')
      return JSON.parse(await next())
    },
  }
}
const REDIRECT: Record<Crm, string> = {
  hubspot: 'http://localhost:4000/oauth/hubspot/callback',
  salesforce: 'http://localhost:4000/oauth/salesforce/callback',
}

describe('logging in at a CRM', () => {
  let stage: ConnectStage
  before(async () => {
    stage = await connectStage()
  })
  after(() => stage.close())

  const oauth = (): Grant => ({
    kind: 'hubspot-oauth',
    clientId: stage.hubspot.credentials.clientId,
    clientSecrets: [stage.hubspot.credentials.clientSecret],
    appId: String(stage.hubspot.appId),
  })
  const pkce = (): Grant => ({
    kind: 'salesforce-pkce',
    clientId: stage.salesforce.credentials.pkceClientId,
    clientSecret: null,
  })

  /** A person says yes, or no, on the CRM's page; answers with what the browser is sent back with. */
  async function decide(crm: Crm, authorizeUrl: string, isYes = true): Promise<URLSearchParams> {
    const url = new URL(authorizeUrl)
    if (crm === 'hubspot') url.searchParams.set('decided', isYes ? 'yes' : 'no')
    const response =
      crm === 'hubspot'
        ? await fetch(url, { redirect: 'manual' })
        : await fetch(url.origin + url.pathname, {
            method: 'POST',
            redirect: 'manual',
            body: new URLSearchParams([...url.searchParams, ['decision', isYes ? 'allow' : 'deny']]),
          })
    assert.equal(response.status, 302, await response.text())
    const location = response.headers.get('location') ?? ''
    assert.ok(location.startsWith(REDIRECT[crm]!), location)
    return new URL(location).searchParams
  }
  const begin = (crm: Crm, draftId: string, sessionHash = SESSION) =>
    beginAuthorization(stage.deps, { draftId, sessionHash, redirectUri: REDIRECT[crm]! })
  const finish = (provider: Crm, back: URLSearchParams, sessionHash = SESSION) =>
    finishAuthorization(stage.deps, {
      provider,
      state: back.get('state') ?? '',
      sessionHash,
      code: back.get('code'),
      error: back.get('error'),
    })
  async function logIn(crm: Crm, grant: Grant): Promise<string> {
    const draftId = await stage.draft(crm, grant)
    assert.equal((await readDraft(stage.deps.db, draftId))?.status, 'authorizing')
    const back = await decide(crm, (await begin(crm, draftId)).authorizeUrl)
    assert.deepEqual(await finish(crm, back), { draftId })
    const draft = await stage.checked(draftId)
    assert.equal(draft.status, 'checked', draft.problem ?? '')
    return (await startDraft(stage.deps, draftId, SHARES)).connectionId
  }
  const refusedAs = (reason: StateRefusedError['reason'], message: RegExp) => (error: unknown) => {
    assert.ok(error instanceof StateRefusedError, String(error))
    assert.equal(error.reason, reason)
    assert.match(error.message, message)
    return true
  }
  const tokenRow = async (id: string) =>
    (
      await sql<{ version: number }>`select version from connection_token where connection_id = ${id}`.execute(
        stage.deps.db,
      )
    ).rows[0]!

  for (const rotates of [false, true]) {
    it(`connects HubSpot by OAuth, and its tokens are renewed where refresh tokens ${rotates ? 'rotate' : 'stay'}`, async () => {
      await stage.control('hubspot', 'POST', 'settings', { rotateRefreshToken: rotates })
      const id = await logIn('hubspot', oauth())
      const row = (await findConnection(stage.deps.db, id))!
      assert.deepEqual([row.grantKind, row.feed], ['hubspot-oauth', 'push'])
      // Two processes long after: both find the token at its end, one of them renews it.
      for (let renewal = 1; renewal <= 2; renewal += 1) {
        const later = { ...stage.deps, nowMs: () => Date.now() + renewal * 31 * 60_000 }
        const seen = (await tokenRow(id)).version
        const clients = [later, { ...later, instance: 'other' }].map((deps) => openConnection(deps, row).client)
        const who = await Promise.all(clients.map((client) => client.identify()))
        assert.deepEqual(new Set(who.map(({ accountId }) => accountId)), new Set([String(stage.hubspot.portalId)]))
        assert.equal((await tokenRow(id)).version, seen + 1)
      }
    })
  }

  for (const rotates of [false, true]) {
    it(`connects Salesforce with PKCE as a public client, where refresh tokens ${rotates ? 'rotate' : 'stay'}`, async () => {
      await stage.control('salesforce', 'POST', 'settings', { rotateRefreshToken: rotates })
      const id = await logIn('salesforce', pkce())
      const row = (await findConnection(stage.deps.db, id))!
      const client = openConnection(stage.deps, row).client as SalesforceClient
      // The session ends, as an admin may end it: two processes meet it, and both go on.
      const session = await client.session()
      const before = (await tokenRow(id)).version
      const again = openConnection({ ...stage.deps, instance: 'other' }, row).client as SalesforceClient
      await again.session()
      const renewed = await Promise.all([client.renewSession(session), again.renewSession(session)])
      assert.equal(renewed[0]!.accessToken, renewed[1]!.accessToken)
      assert.equal((await tokenRow(id)).version, before + 1)
      assert.equal((await client.identify()).accountId, stage.salesforce.credentials.orgId)
    })
  }

  for (const crm of ['hubspot', 'salesforce'] as const) {
    it(`fault matrix 32: two whole processes that meet an ended token of ${crm} at once renew it once, and both go on`, async () => {
      // Whoever uses a refresh token a second time is refused.
      await stage.control(crm, 'POST', 'settings', { rotateRefreshToken: true })
      const id = await logIn(crm, crm === 'hubspot' ? oauth() : pkce())
      const { version } = await tokenRow(id)
      const calls = 8
      const callers = [1, 2].map(() => startCaller())
      for (const caller of callers) {
        await caller.start({
          databaseUrl: stage.database.url,
          keyHex: stage.keys[0]!.key.toString('hex'),
          connectionId: id,
          laterMs: crm === 'hubspot' ? 31 * 60_000 : 0,
          calls,
        })
      }
      if (crm === 'salesforce') {
        await stage.control(crm, 'POST', 'actions', { action: 'advance-clock', ms: 13 * 3_600_000 })
      }
      const answers = await Promise.all(callers.map((caller) => caller.go()))
      const { portalId } = stage.hubspot
      const account = crm === 'hubspot' ? String(portalId) : stage.salesforce.credentials.orgId
      assert.deepEqual(answers, [Array(calls).fill(account), Array(calls).fill(account)])
      assert.equal((await tokenRow(id)).version, version + 1)
      assert.equal((await findConnection(stage.deps.db, id))?.status, 'connected')
    })
  }

  it('connects Salesforce with a JWT: no secret leaves this machine, and no refresh token is kept', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const { clientId } = stage.salesforce.credentials
    await stage.control('salesforce', 'POST', 'settings', { jwtPublicKey: pem, clientId })
    const id = await stage.connect('salesforce', {
      kind: 'salesforce-jwt',
      clientId,
      username: stage.salesforceUsername,
      privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    })
    const row = (await findConnection(stage.deps.db, id))!
    assert.equal(row.grantKind, 'salesforce-jwt')
    assert.equal((await openConnection(stage.deps, row).client.identify()).accountId, row.accountId)
  })

  it('takes an answer once', async () => {
    const draftId = await stage.draft('hubspot', oauth())
    const back = await decide('hubspot', (await begin('hubspot', draftId)).authorizeUrl)
    const both = await Promise.allSettled([finish('hubspot', back), finish('hubspot', back)])
    assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
    await assert.rejects(finish('hubspot', back), refusedAs('used', /already used.*log in again/i))
  })

  it('takes no answer that was never asked for', async () => {
    await assert.rejects(
      finish('hubspot', new URLSearchParams({ state: 'made up', code: 'x' })),
      refusedAs('unknown', /no login that was begun here/),
    )
  })

  it('takes no answer after ten minutes', async () => {
    const draftId = await stage.draft('hubspot', oauth())
    const back = await decide('hubspot', (await begin('hubspot', draftId)).authorizeUrl)
    await sql`update oauth_state set expires_at = now() - interval '1 second' where draft_id = ${draftId}`.execute(
      stage.deps.db,
    )
    await assert.rejects(finish('hubspot', back), refusedAs('stale', /ten minutes/))
  })

  it('lasts ten minutes, and stands in the database as a hash only', async () => {
    const draftId = await stage.draft('hubspot', oauth())
    const { authorizeUrl } = await begin('hubspot', draftId)
    const state = new URL(authorizeUrl).searchParams.get('state')!
    assert.equal(Buffer.from(state, 'base64url').length, 32)
    const { rows } = await sql<{ row: string; left_s: number }>`
      select o::text as row, extract(epoch from expires_at - now())::int as left_s from oauth_state o
      where draft_id = ${draftId}`.execute(stage.deps.db)
    assert.ok(Math.abs(rows[0]!.left_s - 600) < 5)
    assert.ok(!rows[0]!.row.includes(state))
    assert.ok(!rows[0]!.row.includes(Buffer.from(state).toString('hex')))
  })

  it('takes no answer in another browser session, and the first may still finish', async () => {
    const draftId = await stage.draft('hubspot', oauth())
    const back = await decide('hubspot', (await begin('hubspot', draftId)).authorizeUrl)
    await assert.rejects(finish('hubspot', back, randomBytes(32)), refusedAs('other-session', /another browser/))
    assert.deepEqual(await finish('hubspot', back), { draftId })
  })

  it('takes no answer of one provider at the address of the other, so that a code is never shown to the wrong one', async () => {
    const draftId = await stage.draft('salesforce', pkce())
    const back = await decide('salesforce', (await begin('salesforce', draftId)).authorizeUrl)
    await assert.rejects(finish('hubspot', back), refusedAs('other-provider', /other CRM/))
    assert.deepEqual(await finish('salesforce', back), { draftId })
  })

  it('of two tabs, the one that asked last may finish', async () => {
    const draftId = await stage.draft('hubspot', oauth())
    const first = await decide('hubspot', (await begin('hubspot', draftId)).authorizeUrl)
    const second = await decide('hubspot', (await begin('hubspot', draftId)).authorizeUrl)
    await assert.rejects(finish('hubspot', first), refusedAs('used', /newer one/))
    assert.deepEqual(await finish('hubspot', second), { draftId })
  })

  it('a no is the draft’s problem, in a sentence, and so is a code that the CRM does not take', async () => {
    for (const [crm, grant] of [
      ['hubspot', oauth()],
      ['salesforce', pkce()],
    ] as const) {
      const draftId = await stage.draft(crm, grant)
      await finish(crm, await decide(crm, (await begin(crm, draftId)).authorizeUrl, false))
      const declined = await readDraft(stage.deps.db, draftId)
      assert.deepEqual([declined?.status, /not granted/.test(declined?.problem ?? '')], ['failed', true])

      const back = await decide(crm, (await begin(crm, draftId)).authorizeUrl)
      back.set('code', 'CODE-CANARY-0001')
      await finish(crm, back)
      const refused = await readDraft(stage.deps.db, draftId)
      assert.equal(refused?.status, 'failed')
      assert.doesNotMatch(JSON.stringify(refused), /CODE-CANARY/)
    }
  })
})
