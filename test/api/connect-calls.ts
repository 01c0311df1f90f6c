import assert from 'node:assert/strict'
import { after, before, beforeEach } from 'node:test'
import { sql } from 'kysely'
import type { DraftReply, NewDraftReply } from '../../src/api/connections/connect-types.ts'
import { type ConnectStage, connectStage } from '../support/connect-stage.ts'
import { type AppUnderTest, appUnderTest, PUBLIC_URL } from './app-under-test.ts'

/** Set before the first test of a file that calls `startConnectStage`. */
export let stage: ConnectStage
export let t: AppUnderTest
export let cookie: string
/** Every answer of the test file, to look for secrets in at its end. */
export const answers: string[] = []

export const CANARY = 'CANARY-7f3a9c51e2'

/** Answers later calls as another browser session would get them. Returns the session before. */
export function signInWith(other: string): string {
  const before = cookie
  cookie = other
  return before
}

/** One app and two sandbox CRMs for the file, without connections and drafts before each test. */
export function startConnectStage(): void {
  before(async () => {
    stage = await connectStage()
    t = await appUnderTest({ connect: (db) => stage.setUp(db, PUBLIC_URL) })
    cookie = await t.signIn()
  })
  after(async () => {
    await t?.close()
    await stage?.close()
  })
  beforeEach(async () => {
    await sql`truncate connection, connection_draft, call_budget, notice cascade`.execute(t.db)
  })
}

export async function call(
  method: 'GET' | 'POST' | 'DELETE' | 'PUT',
  url: string,
  payload?: object,
  headers: Record<string, string> = {},
) {
  const reply = await t.call({ method, url, headers: { cookie, ...headers }, ...(payload ? { payload } : {}) })
  answers.push(`${JSON.stringify(reply.headers)} ${reply.body}`)
  return reply
}

export const DRAFTS = '/api/console/drafts'

export async function newDraft(body: object): Promise<NewDraftReply> {
  const reply = await call('POST', DRAFTS, body)
  assert.equal(reply.statusCode, 201, reply.body)
  return reply.json<NewDraftReply>()
}

export async function readDraft(id: string): Promise<DraftReply> {
  const reply = await call('GET', `${DRAFTS}/${id}`)
  assert.equal(reply.statusCode, 200, reply.body)
  return reply.json<DraftReply>()
}

export async function untilChecked(id: string): Promise<DraftReply> {
  const deadline = Date.now() + 20_000
  for (;;) {
    const draft = await readDraft(id)
    if (draft.status === 'checked' || draft.status === 'failed') return draft
    if (Date.now() > deadline) assert.fail(`still ${draft.status} after 20 s`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

export const hubSpotToken = (token = stage.hubspot.credentials.token) => ({
  kind: 'hubspot-token',
  token,
  baseUrl: stage.hubspot.url,
})
export const hubSpotOAuth = () => ({
  kind: 'hubspot-oauth',
  clientId: stage.hubspot.credentials.clientId,
  clientSecret: stage.hubspot.credentials.clientSecret,
  baseUrl: stage.hubspot.url,
})
export const pkce = () => ({
  kind: 'salesforce-pkce',
  clientId: stage.salesforce.credentials.pkceClientId,
  baseUrl: stage.salesforce.url,
  pubsubAddress: stage.salesforce.pubsubAddress,
})

export async function connected(): Promise<string> {
  const { draftId } = await newDraft(hubSpotToken())
  assert.equal((await untilChecked(draftId)).status, 'checked')
  const reply = await call('POST', `${DRAFTS}/${draftId}/start`, { dayShare: 0.2, windowShare: 0.8 })
  assert.equal(reply.statusCode, 200, reply.body)
  return reply.json<{ connectionId: string }>().connectionId
}

/** Asserts that none of these went out in an answer, header, error or address of the test file so far. */
export function assertNoneCameOut(secrets: readonly string[]): void {
  for (const secret of secrets) {
    const leaked = answers.filter((answer) => answer.includes(secret))
    assert.deepEqual(leaked, [], 'a secret came out')
  }
}
