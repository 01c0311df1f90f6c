import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'

import { type HubSpotSandbox, startHubSpotSandbox } from '../../../sandbox/hubspot/app.ts'
import { AT_ONCE } from '../../../sandbox/hubspot/portal/settings.ts'
import { type SalesforceSandbox, startSalesforceSandbox } from '../../../sandbox/salesforce/app.ts'
import { generateWorld } from '../../../sandbox/world/generate.ts'
import { loadPolicies } from '../../../src/config/policies/policy-files.ts'
import { CONNECTING_BUDGET } from '../../../src/connections/call-budget.ts'
import type { CrmClient } from '../../../src/crm/crm-client.ts'
import type { CrmSetup } from '../../../src/crm/crm-setup.ts'
import { openHubSpot } from '../../../src/crm/hubspot/open.ts'
import { openSalesforce } from '../../../src/crm/salesforce/open.ts'
import { fieldsNeeded } from '../../../src/model/patterns/contract/fields-needed.ts'
import type { ConnectionId, Crm } from '../../../src/model/record/change-event.ts'
import { compareRecords } from '../../../src/pipeline/compare/compare-records.ts'
import { comparedObjects } from '../../../src/pipeline/compare/compared-objects.ts'
import { recheckRereads } from '../../../src/pipeline/compare/recheck-differences.ts'
import { policiesOf } from '../../../src/pipeline/decide/publish-policies.ts'
import { eraseVanished } from '../../../src/pipeline/read/erase-vanished.ts'
import { importBaseline } from '../../../src/pipeline/read/import-baseline.ts'
import { pollChanges } from '../../../src/pipeline/read/poll-changes.ts'
import { refreshBatch } from '../../../src/pipeline/read/refresh.ts'
import { claimComparison, releaseComparison, requestComparison } from '../../../src/store/compare/comparisons.ts'
import { saveBaseline } from '../../../src/store/connections/baseline.ts'
import { readRecordsById } from '../../../src/store/records/read-records.ts'
import { seenTokens } from '../../crm/salesforce/scripted-org.ts'
import { contactPolicy, type Harness, pipelineHarness, staff } from '../harness.ts'

const policies = policiesOf(loadPolicies(fileURLToPath(new URL('../../../config/examples', import.meta.url))))

/**
 * The comparison against both sandboxes over HTTP, with the adapters. No webhook is sent and no stream is read: whatever
 * people do is lost on the way.
 */
describe('the comparison with the sandbox CRMs', () => {
  let hubspot: HubSpotSandbox
  let salesforce: SalesforceSandbox
  const started: Harness[] = []
  before(async () => {
    const world = generateWorld({ seed: 3, nowMs: Date.now(), scale: 0.02 })
    ;[hubspot, salesforce] = await Promise.all([
      // What differs is tested here, record by record; nothing changes while it is compared.
      startHubSpotSandbox({ world, settings: { ...AT_ONCE, rateLimit: 100_000 } }),
      startSalesforceSandbox({ world }),
    ])
  })
  after(async () => {
    await Promise.all([...started.map((harness) => harness.stop()), hubspot.close(), salesforce.close()])
  })

  async function control(crm: Crm, path: string, body: object): Promise<Record<string, unknown>> {
    const { url, credentials } = crm === 'hubspot' ? hubspot : salesforce
    const response = await fetch(`${url}/__sandbox/${path}`, {
      method: 'POST',
      headers: { 'x-sandbox-control': credentials.controlSecret, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const answer = (await response.json()) as Record<string, unknown>
    assert.equal(response.status, 200, JSON.stringify(answer))
    return answer
  }

  function open(crm: Crm): { client: CrmClient; setup: CrmSetup } {
    const options = {
      connectionId: `${crm}-1` as ConnectionId,
      tokens: seenTokens(),
      budget: CONNECTING_BUDGET,
      taskKey: undefined,
      accountId: undefined,
      pagesUrl: undefined,
      nowMs: Date.now,
    }
    if (crm === 'hubspot') {
      return openHubSpot({
        ...options,
        grant: { kind: 'hubspot-token', token: hubspot.credentials.token, clientSecrets: [], appId: null },
        address: { baseUrl: hubspot.url, apiVersion: '2026-03', pubsubAddress: null },
      })
    }
    const { clientId, clientSecret } = salesforce.credentials
    return openSalesforce({
      ...options,
      grant: { kind: 'salesforce-client-credentials', clientId, clientSecret },
      address: { baseUrl: salesforce.url, apiVersion: '67.0', pubsubAddress: salesforce.pubsubAddress },
    })
  }

  async function connected(crm: Crm) {
    const h = await pipelineHarness((fake) => {
      staff(fake)
      return [contactPolicy()]
    }, crm)
    started.push(h)
    const { client, setup } = open(crm)
    const connection = {
      ...h.connection,
      title: 'Sandbox',
      feed: crm === 'hubspot' ? ('push' as const) : ('stream' as const),
      baseline: { done: false, objects: {} },
    }
    const deps = {
      db: h.db,
      client,
      connection,
      fieldsOf: (c: Crm, objectType: string) => fieldsNeeded(policies, c, objectType),
      count: (objectType: string) => setup.count(objectType),
      instance: 'test',
      nowMs: Date.now,
      onPage: () => undefined,
      onReread: () => undefined,
      signal: new AbortController().signal,
      graceS: 0,
      patienceMs: 0,
    }
    await saveBaseline(h.db, connection.id, { done: false, objects: {} })
    connection.baseline = await importBaseline(deps)
    await h.apply()
    const out = async () => {
      const { rows } = await sql<{ key: string }>`
        select object_type || '/' || record_id || ' ' || why as key from difference where differs_since is not null
        order by 1`.execute(h.db)
      return rows.map((row) => row.key)
    }
    return {
      ...h,
      out,
      async poll() {
        await pollChanges(deps)
        await h.apply()
        while ((await refreshBatch(deps)).taken > 0) await h.apply()
      },
      async compare(by: 'clock' | 'person') {
        await requestComparison(h.db, connection.id, by, 'full')
        await claimComparison(h.db, connection.id, 'test')
        assert.equal(await compareRecords(deps), 'done')
        await releaseComparison(h.db, connection.id, 'test')
      },
      /** What the workers do until nothing is being read again; waits of refresh are skipped. */
      async untilRead() {
        for (let round = 0; round < 20 && (await out()).length > 0; round += 1) {
          await h.apply()
          await sql`update record set read_after = null`.execute(h.db)
          while ((await refreshBatch(deps)).taken > 0) await h.apply()
          await sql`update difference set rechecked_at = rechecked_at - interval '1 hour'`.execute(h.db)
          await recheckRereads(deps)
        }
      },
      async record(objectType: string, recordId: string) {
        return (await readRecordsById(h.db, connection.id, [{ objectType, recordId }]))[0]
      },
      /** As polls an hour later do. */
      async eraseVanished() {
        await sql`update vanished_record set found_at = found_at - interval '2 hours'`.execute(h.db)
        const n = await eraseVanished(deps)
        await h.apply()
        return n
      },
      async anId(objectType: string, skip = 0) {
        const { rows } = await sql<{ id: string }>`
          select record_id as id from record where object_type = ${objectType} and not deleted and merged_into is null
          order by record_id offset ${skip} limit 1`.execute(h.db)
        return rows[0]!.id
      },
      async totals() {
        const { rows } = await sql<{ object_type: string; crm_stated: number; crm_count: number; our_count: number }>`
          select object_type, crm_stated, crm_count, our_count from comparison_object order by object_type`.execute(
          h.db,
        )
        return rows
      },
    }
  }

  for (const crm of ['hubspot', 'salesforce'] as const) {
    it(`after the baseline of ${crm} every record is in step, and the CRM's own count says the same`, async () => {
      const t = await connected(crm)
      await t.compare('person')
      assert.deepEqual(await t.out(), [])
      const totals = await t.totals()
      assert.deepEqual(
        totals.map((row) => row.object_type),
        [...comparedObjects(crm)].sort(),
      )
      for (const row of totals) {
        assert.ok(row.crm_count > 0)
        assert.deepEqual([row.crm_stated, row.our_count], [row.crm_count, row.crm_count], row.object_type)
      }
      const { rows } = await sql`
        select 1 from comparison_day where run = 0 and (crm_digest <> our_digest or crm_count <> our_count)`.execute(
        t.db,
      )
      assert.equal(rows.length, 0)
    })
  }

  it('Salesforce: a record deleted and emptied out of the recycle bin is found at night, and gone by the delete log', async () => {
    const t = await connected('salesforce')
    const id = await t.anId('Lead')
    await control('salesforce', 'actions', { action: 'delete', recordId: id })
    await control('salesforce', 'actions', { action: 'purge', recordId: id })
    // Salesforce's delete log ends with the last full minute.
    await control('salesforce', 'actions', { action: 'advance-clock', ms: 120_000 })
    await t.poll()
    assert.equal((await t.record('Lead', id))?.deleted, false, 'the poll cannot know')
    await t.compare('clock')
    assert.deepEqual(await t.out(), [`Lead/${id} extra`])
    await t.untilRead()
    assert.deepEqual(await t.out(), [])
    assert.equal((await t.record('Lead', id))?.deleted, true)
  })

  it('HubSpot: an id that was merged away, with every webhook lost, ends in its survivor', async () => {
    const t = await connected('hubspot')
    const [winner, loser] = [await t.anId('contacts', 0), await t.anId('contacts', 1)]
    const { results } = await control('hubspot', 'changes', {
      changes: [{ op: 'merge', objectType: 'contacts', id: winner, mergedId: loser }],
    })
    const [{ id: survivor }] = results as [{ id: string }]
    await t.compare('clock')
    await t.untilRead()
    assert.deepEqual(await t.out(), [])
    for (const id of [winner, loser]) {
      const record = await t.record('contacts', id)
      assert.ok(record?.deleted || record?.mergedInto === survivor || id === survivor, `${id} lives on`)
    }
    assert.equal((await t.record('contacts', survivor))?.deleted, false)
    await t.compare('person')
    assert.deepEqual(await t.out(), [])
  })

  it('HubSpot: an erased person, of whom no webhook told, is not kept as live, and an hour later not at all', async () => {
    const t = await connected('hubspot')
    const id = await t.anId('contacts', 4)
    await control('hubspot', 'changes', { changes: [{ op: 'erase', objectType: 'contacts', id }] })
    await t.compare('clock')
    assert.deepEqual(await t.out(), [`contacts/${id} extra`])
    await t.untilRead()
    assert.deepEqual(await t.out(), [])
    const found = await t.record('contacts', id)
    assert.deepEqual([found?.deleted, Object.keys(found?.values ?? {}).length > 0], [true, true])
    // One that people only deleted is in the recycle bin, and may come back.
    const other = await t.anId('contacts', 5)
    await control('hubspot', 'changes', { changes: [{ op: 'archive', objectType: 'contacts', id: other }] })
    await t.compare('clock')
    assert.deepEqual(await t.out(), [`contacts/${other} extra`])
    await t.untilRead()
    assert.equal(await t.eraseVanished(), 1)
    assert.deepEqual((await t.record('contacts', id))?.values, {})
    const deleted = await t.record('contacts', other)
    assert.deepEqual([deleted?.deleted, Object.keys(deleted?.values ?? {}).length > 0], [true, true])
  })

  it('a change that came by no way at all is a number with its record, until it is read again', async () => {
    const t = await connected('hubspot')
    const id = await t.anId('companies', 2)
    await control('hubspot', 'changes', {
      changes: [{ objectType: 'companies', id, properties: { country: 'Nowhere Land' } }],
    })
    await t.compare('person')
    assert.deepEqual(await t.out(), [`companies/${id} different`])
    await t.untilRead()
    assert.deepEqual(await t.out(), [`companies/${id} different`], 'nobody asked')
    await t.compare('clock')
    await t.untilRead()
    assert.deepEqual(await t.out(), [])
    assert.equal((await t.record('companies', id))?.values.country, 'Nowhere Land')
  })
})
