import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import { beginAuthorization, finishAuthorization } from '../../src/connections/draft/authorize.ts'
import { checkDraft } from '../../src/connections/draft/check.ts'
import { discardDraft, readDraft } from '../../src/connections/draft/draft.ts'
import { startDraft } from '../../src/connections/draft/start.ts'
import type { Tokens } from '../../src/crm/grant.ts'
import { saveLogin, updateDraft } from '../../src/store/connections/drafts.ts'
import { claimRenewal, readSealedTokens, releaseRenewal, storeRenewed } from '../../src/store/connections/tokens.ts'
import type { Tables } from '../../src/store/database/tables.ts'
import { draftTokensOf, tokensOf } from '../../src/store/secrets/secret-places.ts'
import { type ConnectStage, connectStage, SHARES } from './connect-stage.ts'

const SESSION = randomBytes(32)
const REDIRECT = 'http://localhost:4000/oauth/hubspot/callback'

/** The way to a CRM, on which calls of one kind can be held up. */
type Gate = {
  readonly url: string
  /** Holds the next call whose path matches, and answers once there is one. */
  hold(path: RegExp): { readonly reached: Promise<void>; readonly release: () => void }
  close(): void
}

async function gateTo(upstream: string): Promise<Gate> {
  let held: { path: RegExp; reach: () => void; released: Promise<void> } | null = null
  const server = createServer(async (request, response) => {
    const body = await bytesOf(request)
    const here = held?.path.test(request.url ?? '') ? held : null
    if (here) {
      held = null
      here.reach()
      await here.released
    }
    const { authorization, 'content-type': type } = request.headers
    const answer = await fetch(upstream + request.url, {
      method: request.method ?? 'GET',
      redirect: 'manual',
      headers: { ...(authorization ? { authorization } : {}), ...(type ? { 'content-type': type } : {}) },
      ...(body.length > 0 ? { body } : {}),
    })
    const location = answer.headers.get('location')
    response.writeHead(answer.status, {
      'content-type': answer.headers.get('content-type') ?? 'text/plain',
      ...(location ? { location } : {}),
    })
    response.end(Buffer.from(await answer.arrayBuffer()))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hold(path) {
      const reached = Promise.withResolvers<void>()
      const released = Promise.withResolvers<void>()
      held = { path, reach: reached.resolve, released: released.promise }
      return { reached: reached.promise, release: released.resolve }
    },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

async function bytesOf(request: IncomingMessage): Promise<Buffer<ArrayBuffer>> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks) as Buffer<ArrayBuffer>
}

describe('starting and discarding a draft while something else happens to it', { timeout: 60_000 }, () => {
  let stage: ConnectStage
  let gate: Gate
  before(async () => {
    stage = await connectStage()
    gate = await gateTo(stage.hubspot.url)
  })
  after(async () => {
    gate.close()
    await stage.close()
  })

  async function loggedIn(): Promise<string> {
    const { clientId, clientSecret } = stage.hubspot.credentials
    const appId = String(stage.hubspot.appId)
    const draftId = await stage.draft(
      'hubspot',
      { kind: 'hubspot-oauth', clientId, clientSecrets: [clientSecret], appId },
      { address: { ...stage.address('hubspot'), baseUrl: gate.url } },
    )
    const request = { draftId, sessionHash: SESSION, redirectUri: REDIRECT }
    const { authorizeUrl } = await beginAuthorization(stage.deps, request)
    const answer = await fetch(`${authorizeUrl}&decided=yes`, { redirect: 'manual' })
    const back = new URL(answer.headers.get('location') ?? '').searchParams
    const [state, code] = [back.get('state') ?? '', back.get('code')]
    await finishAuthorization(stage.deps, { provider: 'hubspot', state, sessionHash: SESSION, code, error: null })
    return draftId
  }
  async function checked(): Promise<string> {
    const draftId = await loggedIn()
    const draft = await stage.checked(draftId)
    assert.equal(draft.status, 'checked', draft.problem ?? '')
    return draftId
  }
  const start = (draftId: string) => startDraft(stage.deps, draftId, SHARES)
  const sealed = (draftId: string, tokens: Tokens) =>
    stage.deps.box.seal(draftTokensOf(draftId), JSON.stringify(tokens))
  async function draftTokens(draftId: string): Promise<{ tokens: Tokens; version: number }> {
    const row = (await readSealedTokens(stage.deps.db, { of: 'draft', id: draftId }))!
    return {
      tokens: JSON.parse(stage.deps.box.open(draftTokensOf(draftId), row.sealed!)) as Tokens,
      version: row.version,
    }
  }
  async function connectionTokens(id: string): Promise<Tokens> {
    const row = (await readSealedTokens(stage.deps.db, { of: 'connection', id }))!
    return JSON.parse(stage.deps.box.open(tokensOf(id), row.sealed!)) as Tokens
  }
  async function isWaiting(): Promise<boolean> {
    await wait(5)
    const { rows } = await sql`select 1 from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`.execute(stage.deps.db)
    return rows.length > 0
  }
  /** Does `change` in a transaction, begins `work`, and commits once `work` waits for it. */
  async function meanwhile<T>(change: (trx: Kysely<Tables>) => Promise<unknown>, work: () => Promise<T>): Promise<T> {
    const { db } = stage.deps
    const outcome = await db.transaction().execute(async (trx) => {
      await change(trx)
      const begun = work().then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      )
      // Asked outside of this transaction, which sees one moment only. One that does not wait is its own red test.
      const settled = begun.then(() => true)
      while (!(await Promise.race([settled, isWaiting()])));
      return { begun }
    })
    const done = await outcome.begun
    if ('error' in done) throw done.error
    return done.value
  }

  it('what a check finds after another login is not saved: it tells of the account before', async () => {
    const draftId = await loggedIn()
    const search = gate.hold(/search/)
    const checking = checkDraft(stage.deps, draftId)
    await search.reached
    // The person logs in again, to another portal.
    const { tokens } = await draftTokens(draftId)
    await saveLogin(stage.deps.db, draftId, sealed(draftId, { ...tokens, accountId: '5550002' }))
    search.release()
    await checking
    const draft = await readDraft(stage.deps.db, draftId)
    assert.deepEqual([draft?.status, draft?.access, draft?.taskKey], ['checking', null, null])
    await assert.rejects(start(draftId), /checks have not answered/)
  })

  it('tokens of another account than the one that was checked are not stored under its name', async () => {
    const draftId = await checked()
    const { tokens, version } = await draftTokens(draftId)
    const other = sealed(draftId, { ...tokens, accountId: '5550002' })
    await storeRenewed(stage.deps.db, { of: 'draft', id: draftId }, { seenVersion: version, sealed: other })
    await assert.rejects(start(draftId), /4471001.*5550002/)
    assert.equal((await readDraft(stage.deps.db, draftId))?.status, 'checked', 'it is still there')
  })

  it('a start waits for no renewal, and takes no tokens that one is about to replace', async () => {
    const draftId = await checked()
    const owner = { of: 'draft', id: draftId } as const
    const { tokens, version } = await draftTokens(draftId)
    await claimRenewal(stage.deps.db, owner, { seenVersion: version, holder: 'other', leaseMs: 45_000 })
    await assert.rejects(start(draftId), /being renewed/)
    await releaseRenewal(stage.deps.db, owner, 'other')
    await claimRenewal(stage.deps.db, owner, { seenVersion: version, holder: 'another', leaseMs: 45_000 })
    const next = { ...tokens, accessToken: 'renewed', refreshToken: 'rotated' }
    // Committed at the very moment of the start.
    const { connectionId } = await meanwhile(
      (trx) => storeRenewed(trx, owner, { seenVersion: version, sealed: sealed(draftId, next) }),
      () => start(draftId),
    )
    assert.deepEqual(await connectionTokens(connectionId), next)
  })

  it('a start sees what was found and who is logged in as they stand when it is committed', async () => {
    const draftId = await checked()
    const { tokens } = await draftTokens(draftId)
    await assert.rejects(
      meanwhile(
        (trx) => saveLogin(trx, draftId, sealed(draftId, tokens)),
        () => start(draftId),
      ),
      /checks have not answered/,
    )
    const again = await checked()
    await assert.rejects(
      meanwhile(
        (trx) => updateDraft(trx, again, { status: 'failed', problem: 'Refused meanwhile.' }),
        () => start(again),
      ),
      /Refused meanwhile/,
    )
  })

  it('of a start and a discard at once, one has the tokens: no connection is made of a grant that was given back', async () => {
    const draftId = await checked()
    const revoking = gate.hold(/revoke/)
    const discarding = discardDraft(stage.deps, draftId)
    await revoking.reached
    await assert.rejects(start(draftId), { name: 'NotThereError' })
    revoking.release()
    await discarding

    const started = await checked()
    const { connectionId } = await start(started)
    const before = await connectionTokens(connectionId)
    await discardDraft(stage.deps, started)
    assert.deepEqual(await connectionTokens(connectionId), before)
    const facts = await stage.control('hubspot', 'GET', 'stats')
    assert.equal((facts.requests as Record<string, number>)['POST /oauth/revoke'] ?? 1, 1, JSON.stringify(facts))
  })
})
