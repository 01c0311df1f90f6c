import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import type { CrmLinks } from '../../src/api/cases/crm-links.ts'
import { readCase } from '../../src/api/cases/read-case.ts'
import { readConnections } from '../../src/api/connections/read-connections.ts'
import { routingHarnesses, TUESDAY_MS } from './harness.ts'

const CREATED = '2026-11-20T08:00:00.000Z'

describe('a write that is not sent', () => {
  const start = routingHarnesses()
  const links: CrmLinks = { recordUrl: () => null, taskUrl: () => null, accountUrl: () => null }

  it('is said on its case with the reason, and counted by reason on its connection, until it is sent', async () => {
    const h = await start()
    await h.receive(h.crm.change('contacts', '1', { createdate: CREATED, country: 'FR', hubspot_owner_id: null }))
    await h.apply()
    await h.refresh()
    await h.decide()
    const [open] = await h.openExceptions()
    const onCase = async () => (await readCase(h.db, open!.id, links))?.notSent ?? null
    const onConnection = async () =>
      (await readConnections(h.db, { links, now: new Date(TUESDAY_MS), pollSeconds: 300 })).connections[0]!.notSent
    assert.deepEqual([await onCase(), await onConnection()], [null, []])
    for (const [change, reason, says] of [
      [`update workflow set mode = 'observe', effective_mode = 'observe'`, 'observe', 'The workflow only observes'],
      [`update workflow set mode = 'draft', effective_mode = 'draft'`, 'draft', 'The workflow is a draft'],
      ['update connection set writes_since = null', 'writing-off', 'Writing to this connection was paused'],
    ] as const) {
      await sql.raw(change).execute(h.db)
      await h.act()
      assert.deepEqual(await onCase(), { reason, says, at: null })
      assert.deepEqual(await onConnection(), [{ reason, says, n: 1 }])
      assert.deepEqual([h.crm.tasks.size, h.crm.calls.filter((call) => call.startsWith('write')).length], [0, 0])
    }
    await sql`update workflow set mode = 'live', effective_mode = 'live'`.execute(h.db)
    await sql`update connection set writes_since = now()`.execute(h.db)
    await h.act()
    assert.deepEqual([await onCase(), await onConnection(), h.crm.tasks.size], [null, [], 1])
  })

  it('of a workflow that became a draft changes no task in the CRM, whatever happens to its cases', async () => {
    const h = await start()
    await h.receive(h.crm.change('contacts', '1', { createdate: CREATED, country: 'FR', hubspot_owner_id: null }))
    await h.settle()
    const before = JSON.stringify([...h.crm.tasks])
    for (const mode of ['draft', 'observe']) {
      await sql`update workflow set mode = ${mode}, effective_mode = ${mode}`.execute(h.db)
      await sql`update exception set what = ${mode}`.execute(h.db)
      await sql`insert into intent (connection_id, workflow, kind, task_id, payload, policy_hash)
        select connection_id, workflow, 'task', id, '{}'::jsonb, 'x' from task on conflict do nothing`.execute(h.db)
      await h.act()
      assert.equal(JSON.stringify([...h.crm.tasks]), before)
    }
  })
})
