import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { ConnectDeps } from '../../src/connections/context.ts'
import { disconnect } from '../../src/connections/lifecycle/disconnect.ts'
import { baselineObjects } from '../../src/model/record/object-shape.ts'
import { inTransaction } from '../../src/store/database/transaction.ts'
import { findOverdue } from '../../src/store/decisions/overdue-stages.ts'
import { verifyLedger } from '../../src/store/ledger/verify-ledger.ts'
import { markRejoining } from '../../src/store/lifecycle/end-connection.ts'
import { finishRecords } from '../../src/store/lifecycle/finish-disconnect.ts'
import { resyncObjects } from '../../src/store/records/watermarks.ts'
import { createSecretBox } from '../../src/store/secrets/secret-box.ts'
import { contactPolicy, type Harness, pipelineHarness, staff } from '../pipeline/harness.ts'
import { newKey } from './connect-stage.ts'

const CREATED = '2026-11-20T08:00:00.000Z'

describe('a connection that was ended with its history kept, and is connected again', () => {
  const started: Harness[] = []
  after(() => Promise.all(started.map((harness) => harness.stop())))

  /** Two contacts without an owner, one task for both, and then the end of the connection. */
  async function ended(): Promise<Harness> {
    const h = await pipelineHarness((crm) => {
      staff(crm)
      return [contactPolicy()]
    })
    started.push(h)
    for (const id of ['1', '2']) {
      await h.receive(
        h.crm.change('contacts', id, { createdate: CREATED, firstname: 'Ann', country: 'FR', hubspot_owner_id: null }),
      )
    }
    await h.settle()
    assert.equal((await h.openExceptions()).length, 2)
    assert.equal(h.crm.openTasks().length, 1)
    const deps: ConnectDeps = {
      db: h.db,
      box: createSecretBox([newKey('v1')]),
      needsOf: () => ({ objects: [] }),
      allowsLoopback: true,
      extraHosts: [],
      nowMs: Date.now,
      instance: 'test',
    }
    await disconnect(deps, h.crm.connectionId, { history: 'keep', by: 'console' })
    assert.equal(h.crm.openTasks().length, 1, 'tasks are left')
    assert.deepEqual(await h.openExceptions(), [])
    return h
  }
  async function again(h: Harness): Promise<void> {
    await sql`update connection set status = 'connected', status_reason = null`.execute(h.db)
    await inTransaction(h.db, async (trx) => {
      await markRejoining(trx, h.crm.connectionId)
      await resyncObjects(trx, h.crm.connectionId, baselineObjects(h.crm.crm))
    })
    await h.decide()
    assert.deepEqual(await h.openExceptions(), [], 'nothing is decided before its cases are open again')
    assert.equal(await finishRecords(h.db, h.crm.connectionId), true)
  }

  it('has the same open cases and the same tasks, none of them twice', async () => {
    const h = await ended()
    const before = [...h.crm.tasks.keys()]
    await again(h)
    await h.settle()
    assert.equal((await h.openExceptions()).length, 2)
    assert.deepEqual([...h.crm.tasks.keys()], before)
    assert.equal(h.crm.openTasks().length, 1)
    assert.equal((await verifyLedger(h.db)).ok, true)
  })

  it('closes what was mended meanwhile', async () => {
    const h = await ended()
    const rep = h.crm.users.find((u) => u.email === 'rep@x.example')!.userId
    const missed = ['1', '2'].map((id) => h.crm.change('contacts', id, { hubspot_owner_id: rep }))
    await again(h)
    await h.receive(...missed)
    await h.settle()
    assert.deepEqual(await h.openExceptions(), [])
    assert.deepEqual(h.crm.openTasks(), [])
    assert.equal(h.crm.tasks.size, 1)
  })

  it('decides nothing meanwhile, whatever arrives late', async () => {
    const h = await ended()
    await h.receive(h.crm.change('contacts', '3', { createdate: CREATED, firstname: 'Bo', hubspot_owner_id: null }))
    assert.deepEqual(await findOverdue(h.db, 300), [])
  })
})
