import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { sql } from 'kysely'
import { buildApp } from '../../src/api/app.ts'
import type { NewDraftReply } from '../../src/api/connections/connect-types.ts'
import { adminLink } from '../support/people.ts'
import { cookieOf, PUBLIC_URL, problemOf, secretOf } from './app-under-test.ts'
import {
  assertNoneCameOut,
  CANARY,
  call,
  cookie,
  DRAFTS,
  hubSpotOAuth,
  newDraft,
  pkce,
  readDraft,
  signInWith,
  stage,
  startConnectStage,
  t,
  untilChecked,
} from './connect-calls.ts'

startConnectStage()

describe('signing in at the CRM', () => {
  /** What the browser does on the CRM's own page. Answers the address that it is sent back to, without our origin. */
  async function approveAtHubSpot(authorizeUrl: string): Promise<string> {
    const url = new URL(authorizeUrl)
    url.searchParams.set('decided', 'yes')
    const reply = await fetch(url, { redirect: 'manual' })
    const back = new URL(reply.headers.get('location')!)
    assert.equal(back.origin, PUBLIC_URL)
    return back.pathname + back.search
  }

  async function begin(body: object): Promise<{ draftId: string; authorizeUrl: string }> {
    const { draftId, next } = await newDraft(body)
    assert.equal(next, 'authorize')
    const reply = await call('POST', `${DRAFTS}/${draftId}/authorize`)
    assert.equal(reply.statusCode, 200, reply.body)
    return { draftId, ...reply.json<{ authorizeUrl: string }>() }
  }

  it('comes back to the draft, whose checks then run by themselves; the answer counts once', async () => {
    const { draftId, authorizeUrl } = await begin(hubSpotOAuth())
    const back = await approveAtHubSpot(authorizeUrl)
    const reply = await call('GET', back)
    assert.equal(reply.statusCode, 303)
    assert.equal(reply.headers.location, `/connections/new/${draftId}`)
    assert.equal(reply.headers['cache-control'], 'no-store')
    const draft = await untilChecked(draftId)
    assert.equal(draft.status, 'checked', draft.problem ?? '')
    const again = await call('GET', back)
    assert.match(String(again.headers.location), /refused=state/)
  })

  it('does not begin at HubSpot where a login could not come back to us, and says what to do', async () => {
    const reply = await at('http://lanes.acme.example', hubSpotOAuth())
    assert.equal(reply.statusCode, 409, reply.body)
    const { detail } = problemOf(reply)
    assert.match(
      detail,
      /https addresses only.* at http:\/\/lanes\.acme\.example\. .*set LANEKEEPER_PUBLIC_URL to that/,
    )
    const { rows } = await sql<{ status: string; states: number }>`
      select status, (select count(*)::int from oauth_state) as states from connection_draft`.execute(t.db)
    assert.deepEqual(rows, [{ status: 'authorizing', states: 0 }], 'it waits for the address to be mended')
    for (const publicUrl of ['https://lanes.acme.example', 'http://127.0.0.1:4000']) {
      const begun = await at(publicUrl, hubSpotOAuth())
      assert.equal(begun.statusCode, 200, begun.body)
      const { authorizeUrl } = begun.json<{ authorizeUrl: string }>()
      assert.equal(new URL(authorizeUrl).searchParams.get('redirect_uri'), `${publicUrl}/oauth/hubspot/callback`)
    }
  })

  /** A login that is begun at a Lanekeeper whose people reach it at that address. */
  async function at(publicUrl: string, body: object) {
    const there = buildApp({ db: t.db, publicUrl, connect: stage.setUp(t.db, publicUrl) })
    const headers = { host: new URL(publicUrl).host, origin: publicUrl }
    const link = new URL(await adminLink(t.db, publicUrl)).hash.slice(1)
    const signedIn = await there.inject({ method: 'POST', url: '/api/session', headers, payload: { link } })
    const post = (url: string, payload?: object) =>
      there.inject({
        method: 'POST',
        url,
        headers: { ...headers, cookie: cookieOf(signedIn) },
        ...(payload ? { payload } : {}),
      })
    const made = await post(DRAFTS, body)
    assert.equal(made.statusCode, 201, made.body)
    const reply = await post(`${DRAFTS}/${made.json<NewDraftReply>().draftId}/authorize`)
    await there.close()
    return reply
  }

  it('is refused for another session, and then works for none', async () => {
    const { draftId, authorizeUrl } = await begin(hubSpotOAuth())
    const back = await approveAtHubSpot(authorizeUrl)
    const link = await secretOf(t.db)
    const mine = signInWith(cookieOf(await t.call({ method: 'POST', url: '/api/session', payload: { link } })))
    assert.match(String((await call('GET', back)).headers.location), /refused=state/)
    signInWith(mine)
    assert.equal((await readDraft(draftId)).status, 'authorizing')
  })

  it('is refused without a session, at the other provider, forged, stale or without an answer', async () => {
    const { draftId, authorizeUrl } = await begin(hubSpotOAuth())
    const back = await approveAtHubSpot(authorizeUrl)
    const nobody = await t.call({ url: back })
    assert.match(String(nobody.headers.location), /refused=signed-out/)
    const other = await call('GET', back.replace('/hubspot/', '/salesforce/'))
    assert.match(String(other.headers.location), /crm=salesforce&refused=state/)
    const forged = await call('GET', `/oauth/hubspot/callback?code=x&state=${CANARY}`)
    assert.equal(forged.headers.location, '/connections/new?crm=hubspot&refused=state')
    const empty = await call('GET', '/oauth/hubspot/callback')
    assert.match(String(empty.headers.location), /refused=incomplete/)
    assert.equal((await readDraft(draftId)).status, 'authorizing')
  })

  it('is refused after ten minutes', async () => {
    const { authorizeUrl } = await begin(hubSpotOAuth())
    const back = await approveAtHubSpot(authorizeUrl)
    await sql`update oauth_state set expires_at = now() - interval '1 second'`.execute(t.db)
    assert.match(String((await call('GET', back)).headers.location), /refused=state/)
  })

  it('a denial is a sentence on the draft, and whatever else the CRM says is not repeated', async () => {
    const { draftId, authorizeUrl } = await begin(pkce())
    const state = new URL(authorizeUrl).searchParams.get('state')!
    const reply = await call(
      'GET',
      `/oauth/salesforce/callback?state=${state}&error=access_denied&error_description=${encodeURIComponent('<b>buy pills</b>')}`,
    )
    assert.equal(reply.headers.location, `/connections/new/${draftId}`)
    const draft = await readDraft(draftId)
    assert.equal(draft.status, 'failed')
    assert.match(draft.problem ?? '', /not granted/)
    assert.doesNotMatch(draft.problem ?? '', /pills/)
  })

  it('asks with PKCE, and keeps the verifier to itself', async () => {
    const { authorizeUrl } = await begin(pkce())
    const asked = new URL(authorizeUrl).searchParams
    assert.equal(asked.get('code_challenge_method'), 'S256')
    assert.match(asked.get('code_challenge') ?? '', /^[\w-]{43}$/)
    assert.equal(asked.get('redirect_uri'), `${PUBLIC_URL}/oauth/salesforce/callback`)
    assert.equal(asked.has('code_verifier'), false)
  })
})

describe('secrets', () => {
  it('come out in no answer, header, error or address of the tests above', () => {
    const { token, clientSecret } = stage.hubspot.credentials
    assertNoneCameOut([token, clientSecret])
  })
})
