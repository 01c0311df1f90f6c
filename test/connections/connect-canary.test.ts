import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { inspect } from 'node:util'
import { sql } from 'kysely'
import { checkConnection } from '../../src/connections/access/recheck-access.ts'
import { createConnectionTaskKey } from '../../src/connections/access/task-key.ts'
import { checkDraft } from '../../src/connections/draft/check.ts'
import { createDraftTaskKey, listDrafts, readDraft } from '../../src/connections/draft/draft.ts'
import { startDraft } from '../../src/connections/draft/start.ts'
import { withoutSecrets } from '../../src/connections/redact.ts'
import type { Grant } from '../../src/crm/grant.ts'
import { findConnection } from '../../src/store/connections/connections.ts'
import { updateDraft } from '../../src/store/connections/drafts.ts'
import { replaceCredentials } from '../../src/store/lifecycle/save-connection.ts'
import { credentialsOf } from '../../src/store/secrets/secret-places.ts'
import { type ConnectStage, connectStage, SHARES } from './connect-stage.ts'

const TOKEN = 'pat-na1-CANARY-token-0001'
const SECRET = 'CANARY-secret-0002/+=&'
const CANARY = /CANARY/

/** A CRM that fails in every way and repeats in its answers whatever it was sent. */
async function parrot(): Promise<{ server: Server; url: string; setStatus: (status: number) => void }> {
  let status = 400
  const server = createServer(async (request, response) => {
    const sent = `${request.headers.authorization ?? ''} ${await bodyOf(request)} ${request.url}`
    response.writeHead(status, { 'content-type': 'application/json' })
    const message = `You sent ${sent} and ${decodeURIComponent(sent)}, which we do not like`
    response.end(
      JSON.stringify({
        status: 'error',
        category: 'VALIDATION_ERROR',
        message,
        error: 'invalid_client',
        error_description: message,
      }),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const setStatus = (next: number) => {
    status = next
  }
  return { server, url, setStatus }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += chunk
  return text
}

describe('part of promise 17: no secret is in what is said about a connection being made', () => {
  let stage: ConnectStage
  let crm: Awaited<ReturnType<typeof parrot>>
  before(async () => {
    stage = await connectStage()
    crm = await parrot()
  })
  after(async () => {
    crm.server.closeAllConnections()
    crm.server.close()
    await stage.close()
  })

  const grants: Record<string, [Grant, 'hubspot' | 'salesforce']> = {
    'a HubSpot token': [{ kind: 'hubspot-token', token: TOKEN, clientSecrets: [SECRET], appId: '7' }, 'hubspot'],
    'Salesforce client credentials': [
      { kind: 'salesforce-client-credentials', clientId: 'key', clientSecret: SECRET },
      'salesforce',
    ],
  }

  for (const [name, [grant, which]] of Object.entries(grants)) {
    for (const status of [200, 400, 401, 403, 404, 429, 500]) {
      it(`${name}, at a CRM that answers ${status} and repeats what it was sent`, async () => {
        crm.setStatus(status)
        const address = { ...stage.address(which), baseUrl: crm.url }
        const draftId = await stage.draft(which, grant, { address })
        const thrown: unknown[] = []
        await checkDraft(stage.deps, draftId).catch((error) => thrown.push(error))
        const draft = await readDraft(stage.deps.db, draftId)
        await startDraft(stage.deps, draftId, SHARES).catch((error) => thrown.push(error))
        assert.equal((await sql`select 1 from connection`.execute(stage.deps.db)).rows.length, 0)
        assert.ok(draft?.status === 'failed' ? draft.problem : draft?.access, JSON.stringify(draft))
        assert.doesNotMatch(JSON.stringify([draft, await listDrafts(stage.deps.db)]), CANARY)
        for (const error of thrown) assert.doesNotMatch(String(error), CANARY)
        // Nor in any column, for whoever reads a dump.
        const { rows } = await sql<{ row: string }>`select d::text as row from connection_draft d`.execute(
          stage.deps.db,
        )
        for (const { row } of rows) {
          assert.doesNotMatch(row, CANARY)
          assert.ok(!row.includes(Buffer.from('CANARY').toString('hex')))
        }
      })
    }
  }

  const grant = grants['a HubSpot token']![0]
  it('asked for a task key, at a CRM that repeats what it was sent', async () => {
    crm.setStatus(400)
    const draftId = await stage.draft('hubspot', grant, { address: { ...stage.address('hubspot'), baseUrl: crm.url } })
    await updateDraft(stage.deps.db, draftId, { status: 'checked' })
    await assert.rejects(createDraftTaskKey(stage.deps, draftId), saysNoSecret)
  })

  for (const status of [400, 401, 403]) {
    it(`when a connection is checked again, at a CRM that answers ${status} and repeats what it was sent`, async () => {
      crm.setStatus(status)
      const id = await stage.connect('hubspot', stage.hubSpotGrant())
      await replaceCredentials(stage.deps.db, id, {
        seenRevision: (await findConnection(stage.deps.db, id))!.revision,
        credentials: stage.deps.box.seal(credentialsOf(id), JSON.stringify(grant)),
        feed: 'push',
      })
      const address = JSON.stringify({ ...stage.address('hubspot'), baseUrl: crm.url })
      await sql`update connection set address = ${address} where id = ${id}`.execute(stage.deps.db)
      await assert.rejects(checkConnection(stage.deps, id), saysNoSecret)
      await assert.rejects(createConnectionTaskKey(stage.deps, id), saysNoSecret)
      assert.doesNotMatch(JSON.stringify(await findConnection(stage.deps.db, id)), CANARY)
    })
  }

  function saysNoSecret(error: unknown): true {
    assert.match(String(error), /Crm\w+Error/)
    assert.match(String(error), /•••|401/, 'the words of the CRM are in it')
    assert.doesNotMatch(inspect(error), CANARY)
    return true
  }

  it('takes out every spelling, the longest first, and leaves what only looks like one', () => {
    const secrets = [{ kind: 'hubspot-token', token: 'abcdef-ghi', clientSecrets: ['abcdef'] }]
    assert.equal(withoutSecrets('abcdef-ghi abcdef abc', secrets), '••• ••• abc')
    assert.equal(withoutSecrets('a%2Fb%2Bcd&x', [{ clientSecret: 'a/b+cd' }]), '•••&x')
    assert.equal(withoutSecrets('kind hubspot-token', secrets), 'kind hubspot-token')
  })
})
