import assert from 'node:assert/strict'
import { it } from 'node:test'
import { CrmUnknownError } from '../../../src/crm/crm-client.ts'
import { syncPeople } from '../../../src/pipeline/read/sync-people.ts'
import { listUsers } from '../../../src/store/decisions/people.ts'
import { contactPolicy, pipelineHarness, staff } from '../harness.ts'

it('people who are suddenly none at all are an unknown answer: nobody left, and nothing is saved', async (t) => {
  const h = await pipelineHarness((crm) => {
    staff(crm)
    return [contactPolicy()]
  })
  t.after(() => h.stop())
  const before = await listUsers(h.db)
  assert.ok(before.length > 1)
  const listing = (users: typeof before) => ({ ...h.crm.client(), users: async () => users })
  const queue = { ...before[0]!, userId: '900', kind: 'queue' as const, email: null }
  for (const nobody of [[], [queue]]) {
    await assert.rejects(syncPeople(h.db, listing(nobody), h.connection.id), CrmUnknownError)
    assert.deepEqual(await listUsers(h.db), before)
  }
  // One who is left is an answer: of the others it proves nothing, so the CRM is asked about each.
  const listed = await syncPeople(h.db, listing(before.slice(0, 1)), h.connection.id)
  assert.deepEqual([listed.departures, listed.asked], [[], before.length - 1])
  assert.deepEqual(listed.unknownZones, [])
  assert.deepEqual(listed.missing, { kind: 'person', count: before.length - 1, of: before.length })
})

it('case T09: a time zone that is not known here is named, once, and counts as none', async (t) => {
  const h = await pipelineHarness((crm) => {
    staff(crm)
    return [contactPolicy()]
  })
  t.after(() => h.stop())
  const zones = ['Etc/Unknown', 'Europe/Berlin', 'Etc/Unknown']
  const people = (await listUsers(h.db)).map((user, i) => ({ ...user, timeZone: zones[i] ?? null }))
  const listed = await syncPeople(h.db, { ...h.crm.client(), users: async () => people }, h.connection.id)
  assert.deepEqual(listed.unknownZones, ['Etc/Unknown'])
  const stored = (await listUsers(h.db)).map(({ timeZone }) => timeZone)
  assert.ok(!stored.includes('Etc/Unknown') && stored.includes('Europe/Berlin'))
})
