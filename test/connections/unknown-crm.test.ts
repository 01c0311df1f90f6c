import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { ConnectionsReply } from '../../src/api/connections/connection-types.ts'
import { disconnect } from '../../src/connections/lifecycle/disconnect.ts'
import { publishPolicies } from '../../src/pipeline/decide/publish-policies.ts'
import { createSecretBox } from '../../src/store/secrets/secret-box.ts'
import { type AppUnderTest, appUnderTest, PUBLIC_URL } from '../api/app-under-test.ts'
import { contactPolicy, type Harness, pipelineHarness, staff } from '../pipeline/harness.ts'
import { type ConnectStage, connectStage } from '../support/connect-stage.ts'
import { newKey } from './connect-stage.ts'

const ROW = sql`insert into connection (id, crm, title, account_id, base_url, status)
  -- as the workers mark it once they cannot open it; until then its unfinished import holds decisions back
  values ('nimble-7', 'nimble', 'Acme', '7', 'https://nimble.example', 'reconnect-needed')`

describe('a stored connection of a CRM that this version has no adapter for', () => {
  let h: Harness
  let stage: ConnectStage
  let t: AppUnderTest
  before(async () => {
    h = await pipelineHarness((crm) => {
      staff(crm)
      return [contactPolicy()]
    })
    stage = await connectStage()
    t = await appUnderTest({ connect: (db) => stage.setUp(db, PUBLIC_URL) })
    await ROW.execute(h.db)
    await ROW.execute(t.db)
  })
  after(async () => {
    await h?.stop()
    await t?.close()
    await stage?.close()
  })

  it('does not keep workers from starting: policies are published and the other connection is decided', async () => {
    const { version } = (await h.workflows())[0]!
    await publishPolicies(h.db, { loaded: [{ file: 'a.yaml', source: '', version }], refused: [] })
    await h.receive(h.crm.change('contacts', '1', { createdate: '2026-11-20T08:00:00.000Z', country: 'FR' }))
    await h.settle()
    assert.equal((await h.openExceptions()).length, 1)
  })

  it('is listed in the console beside the others', async () => {
    const reply = await t.call({ url: '/api/console/connections', headers: { cookie: await t.signIn() } })
    assert.equal(reply.statusCode, 200, reply.body)
    const found = reply.json<ConnectionsReply>().connections.find(({ id }) => id === 'nimble-7')
    assert.deepEqual(found?.baseline.objects, [])
  })

  it('can be disconnected, under the name that it is stored with', async () => {
    const deps = {
      db: h.db,
      box: createSecretBox([newKey('v1')]),
      needsOf: () => ({ objects: [] }),
      allowsLoopback: true,
      extraHosts: [],
      nowMs: Date.now,
      instance: 'test',
    }
    const { message } = await disconnect(deps, 'nimble-7', { history: 'keep', by: 'console' })
    assert.match(message.join(' '), /0 tasks stay in nimble/)
  })
})
