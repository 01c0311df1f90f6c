import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { createDraft, discardDraft, listDrafts, readDraft } from '../../src/connections/draft/draft.ts'
import { startDraft } from '../../src/connections/draft/start.ts'
import { DraftNotReadyError } from '../../src/connections/errors.ts'
import { grantOf, openConnection } from '../../src/connections/open-connection.ts'
import { findConnection } from '../../src/store/connections/connections.ts'
import { type ConnectStage, connectStage, newKey, SHARES, WEBHOOK_URL } from './connect-stage.ts'

describe('connecting a CRM', () => {
  let stage: ConnectStage
  before(async () => {
    stage = await connectStage()
  })
  after(() => stage.close())
  const counted = async (table: string) =>
    (await sql<{ n: number }>`select count(*)::int as n from ${sql.table(table)}`.execute(stage.deps.db)).rows[0]!.n

  it('by the token of a HubSpot app: checks everything, writes nothing, and begins only when started', async () => {
    const tasksBefore = (await stage.control('hubspot', 'GET', 'tasks')).tasks
    const draftId = await stage.draft('hubspot', stage.hubSpotGrant())
    assert.equal((await readDraft(stage.deps.db, draftId))?.status, 'checking')
    const draft = await stage.checked(draftId)
    assert.equal(draft.status, 'checked', draft.problem ?? '')
    assert.equal(draft.access?.identity.accountId, String(stage.hubspot.portalId))
    assert.ok(draft.access.checks.length > 5)
    assert.ok(draft.taskKey)
    assert.equal(await counted('connection'), 0)
    assert.equal((await counted('change_event')) + (await counted('record')) + (await counted('crm_user')), 0)
    assert.deepEqual((await stage.control('hubspot', 'GET', 'tasks')).tasks, tasksBefore)

    const { connectionId } = await startDraft(stage.deps, draftId, SHARES)
    const row = await findConnection(stage.deps.db, connectionId)
    assert.equal(connectionId, `hubspot-${stage.hubspot.portalId}`)
    assert.deepEqual(
      [row?.status, row?.feed, row?.webhookUrl, row?.madeBy, row?.grantKind],
      ['connected', 'push', WEBHOOK_URL, 'console', 'hubspot-token'],
    )
    assert.equal(await readDraft(stage.deps.db, draftId), null)
    const opened = openConnection(stage.deps, row!)
    assert.equal((await opened.client.identify()).accountId, String(stage.hubspot.portalId))
  })

  it('again leads to the same connection, with a new revision and its history', async () => {
    const id = await stage.connect('hubspot', stage.hubSpotGrant())
    const before = await findConnection(stage.deps.db, id)
    await sql`update connection set baseline = '{"done":true,"objects":{}}' where id = ${id}`.execute(stage.deps.db)
    assert.equal(await stage.connect('hubspot', stage.hubSpotGrant({ clientSecrets: [] })), id)
    const after = await findConnection(stage.deps.db, id)
    assert.equal(after!.revision, before!.revision + 1)
    assert.equal(after!.baseline.done, true)
    assert.equal(after!.feed, 'poll', 'without a secret nobody can sign for it')
  })

  it('by client credentials to Salesforce: the session that was checked is the one that goes on', async () => {
    const id = await stage.connect('salesforce', stage.salesforceGrant())
    const row = (await findConnection(stage.deps.db, id))!
    assert.deepEqual(
      [row.feed, row.webhookUrl, row.address?.pubsubAddress],
      ['stream', null, stage.salesforce.pubsubAddress],
    )
    const opened = openConnection(stage.deps, row)
    assert.ok(opened.stream)
    assert.equal((await opened.client.identify()).accountId, stage.salesforce.credentials.orgId)
    const { rows } = await sql<{ version: number }>`
      select version from connection_token where connection_id = ${id}`.execute(stage.deps.db)
    assert.equal(rows[0]?.version, 1, 'no second login was needed')
  })

  it('says what is wrong with a secret that the CRM refuses, and keeps nothing but the draft', async () => {
    const draft = await stage.checked(
      await stage.draft('salesforce', stage.salesforceGrant({ clientSecret: 'WRONG-SECRET-CANARY' })),
    )
    assert.equal(draft.status, 'failed')
    assert.match(draft.problem ?? '', /consumer key and secret/)
    assert.doesNotMatch(JSON.stringify(draft), /WRONG-SECRET-CANARY/)
    await assert.rejects(startDraft(stage.deps, draft.id, SHARES), DraftNotReadyError)
  })

  it('lists what is missing by name, and does not start while something required is', async () => {
    await stage.control('hubspot', 'POST', 'settings', { missingScopes: ['crm.objects.contacts.read'] })
    try {
      const draft = await stage.checked(await stage.draft('hubspot', stage.hubSpotGrant()))
      assert.equal(draft.status, 'checked')
      const missing = draft.access!.checks.filter(({ state }) => state === 'missing')
      assert.ok(missing.some(({ id, grant }) => id === 'read/contacts' && grant))
      await assert.rejects(startDraft(stage.deps, draft.id, SHARES), (error) => {
        assert.ok(error instanceof DraftNotReadyError)
        assert.match(error.message, /Read contacts: No workflow can look at contacts/)
        return true
      })
    } finally {
      await stage.control('hubspot', 'POST', 'settings', { missingScopes: [] })
    }
  })

  it('refuses an address that is not the CRM’s, and a grant that cannot be one, field by field', async () => {
    const elsewhere = { ...stage.address('salesforce'), baseUrl: 'https://evil.example' }
    await assert.rejects(stage.draft('salesforce', stage.salesforceGrant(), { address: elsewhere }), {
      name: 'AddressRefusedError',
    })
    const noLoopback = { ...stage, deps: { ...stage.deps, allowsLoopback: false } }
    await assert.rejects(
      createDraft(noLoopback.deps, {
        crm: 'hubspot',
        grant: stage.hubSpotGrant(),
        address: stage.address('hubspot'),
        webhookUrl: null,
        madeBy: 'console',
        connectionId: null,
      }),
      { name: 'AddressRefusedError' },
    )
    await assert.rejects(stage.draft('hubspot', stage.hubSpotGrant({ token: 'two words' })), (error) => {
      assert.deepEqual(
        (error as { problems: { field: string }[] }).problems.map(({ field }) => field),
        ['token'],
      )
      assert.doesNotMatch(String(error), /two words/)
      return true
    })
    await assert.rejects(stage.draft('hubspot', stage.salesforceGrant()), { name: 'GrantInvalidError' })
    const key = { kind: 'salesforce-jwt', clientId: 'c', username: 'u@example.com', privateKey: 'no key' } as const
    await assert.rejects(stage.draft('salesforce', key), /no private key/)
  })

  it('refuses to mend a connection with another account, naming both', async () => {
    const other = await connectStage({ seed: 12, portal: 5550002 })
    try {
      const id = await stage.connect('hubspot', stage.hubSpotGrant())
      const draftId = await stage.draft('hubspot', other.hubSpotGrant(), {
        address: other.address('hubspot'),
        connectionId: id,
      })
      const draft = await stage.checked(draftId)
      assert.equal(draft.status, 'failed')
      assert.match(draft.problem ?? '', /5550002.*4471001/)
      await assert.rejects(startDraft(stage.deps, draftId, SHARES), /5550002/)
    } finally {
      await other.close()
    }
  })

  it('of two that start one draft, one does', async () => {
    const draftId = await stage.draft('hubspot', stage.hubSpotGrant())
    await stage.checked(draftId)
    const both = await Promise.allSettled([1, 2].map(() => startDraft(stage.deps, draftId, SHARES)))
    assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  })

  it('forgets drafts that nobody came back for, and those that are discarded', async () => {
    const [old, discarded] = [
      await stage.draft('hubspot', stage.hubSpotGrant()),
      await stage.draft('hubspot', stage.hubSpotGrant()),
    ]
    await sql`update connection_draft set created_at = now() - interval '25 hours' where id = ${old}`.execute(
      stage.deps.db,
    )
    await discardDraft(stage.deps, discarded)
    const left = (await listDrafts(stage.deps.db)).map(({ id }) => id)
    assert.ok(!left.includes(old) && !left.includes(discarded))
  })

  it('fails closed for one connection whose key is missing, with what to do, and opens the others', async () => {
    const hubspot = await stage.connect('hubspot', stage.hubSpotGrant())
    const before = stage.keys
    stage.keys = [newKey('v7'), ...before]
    const salesforce = await stage.connect('salesforce', stage.salesforceGrant())
    stage.keys = before
    try {
      const row = (await findConnection(stage.deps.db, salesforce))!
      assert.throws(
        () => openConnection(stage.deps, row),
        (error) => {
          assert.equal((error as { code?: string }).code, 'CRM_RECONNECT')
          assert.match((error as { remedy?: string }).remedy ?? '', /LANEKEEPER_KEYS/)
          return true
        },
      )
      assert.equal(grantOf(stage.deps, (await findConnection(stage.deps.db, hubspot))!).kind, 'hubspot-token')
    } finally {
      await stage.connect('salesforce', stage.salesforceGrant())
    }
  })
})
