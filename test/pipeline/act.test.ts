import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { CrmClient } from '../../src/crm/crm.ts'
import { actBatch } from '../../src/pipeline/act.ts'
import { beat } from '../../src/store/counters.ts'
import { claimIntents, nextDeparture } from '../../src/store/intents.ts'
import { contactPolicy, type Harness, pipelineHarness, staff } from './harness.ts'

const CREATED = '2026-11-20T08:00:00.000Z'

describe('act, when other workers, people and policies move meanwhile', () => {
  const started: Harness[] = []
  const start = async () => {
    const harness = await pipelineHarness((crm) => {
      staff(crm)
      return [contactPolicy()]
    })
    started.push(harness)
    return harness
  }
  after(() => Promise.all(started.map((harness) => harness.stop())))

  const decided = async (country: string) => {
    const h = await start()
    await h.receive(
      h.crm.change('contacts', '1', { createdate: CREATED, firstname: 'Ann', country, hubspot_owner_id: null }),
    )
    await h.apply()
    await h.refresh()
    await h.decide()
    return h
  }
  const userId = (h: Harness, email: string) => h.crm.users.find((u) => u.email === email)!.userId

  it('promise 8: what a dead worker was sending may be claimed as soon as it gives no sign of life', async () => {
    const h = await decided('FR')
    await beat(h.db, 'worker', 'doomed')
    assert.equal((await claimIntents(h.db, h.crm.connectionId, 'task', 10, 'doomed')).length, 1)
    assert.equal(await nextDeparture(h.db, h.crm.connectionId, 100), null)
    await sql`update process_beat set beat_at = now() - interval '10 seconds' where instance = 'doomed'`.execute(h.db)
    assert.equal(await nextDeparture(h.db, h.crm.connectionId, 100), 0)
    await h.act()
    assert.equal(h.crm.openTasks().length, 1)
  })

  it('promise 10: a worker that was paused between its read and its write sends nothing once it was overtaken', async () => {
    const h = await decided('DE')
    const person = userId(h, 'gen@x.example')
    const slow: CrmClient = {
      ...h.crm.client(),
      readRecords: async (query) => {
        const answer = await h.crm.client().readRecords(query)
        // Stopped here: another worker takes over and writes, and then a person decides otherwise.
        await sql`update process_beat set beat_at = now() - interval '1 minute' where instance = 'slow'`.execute(h.db)
        await h.act()
        assert.equal(h.crm.records.get('contacts/1')?.hubspot_owner_id, userId(h, 'rep@x.example'))
        h.crm.change('contacts', '1', { hubspot_owner_id: person })
        return answer
      },
    }
    await beat(h.db, 'worker', 'slow')
    await actBatch({ ...h.actDependencies('slow'), client: slow })
    assert.equal(h.crm.records.get('contacts/1')?.hubspot_owner_id, person)
  })

  it('M40: an owner write that was decided before its policy lost a person is taken back', async () => {
    const h = await decided('DE')
    const boundary = h.crm.users.findIndex((u) => u.email === 'bound@x.example')
    h.crm.users[boundary] = { ...h.crm.users[boundary]!, active: false }
    await h.people()
    await h.republish()
    await h.act()
    assert.equal(h.crm.records.get('contacts/1')?.hubspot_owner_id, null)
    const { rows } = await sql<{ state: string }>`select state from intent where kind = 'owner'`.execute(h.db)
    assert.deepEqual(rows, [{ state: 'cancelled' }])
  })

  it('a task that the CRM refuses stays to be written, and the refusal is counted and in the ledger', async () => {
    const h = await decided('FR')
    h.crm.faults = ['refused']
    await h.act()
    assert.equal(h.crm.tasks.size, 0)
    const { rows } = await sql<{ state: string; outcome: string }>`select state, outcome from intent`.execute(h.db)
    assert.deepEqual(rows, [{ state: 'pending', outcome: 'NO: a validation rule says no' }])
    const { rows: told } = await sql<{ n: number }>`
      select (select sum(n) from counter where name = 'task-refused')::int
        + (select count(*) from ledger where kind = 'task-write-refused')::int as n`.execute(h.db)
    assert.equal(told[0]?.n, 2)
    await h.settle()
    assert.equal(h.crm.openTasks().length, 1)
  })

  it('a task that a person has just closed is not opened again while that is being looked into', async () => {
    const h = await decided('FR')
    await h.act()
    const [task] = h.crm.openTasks()
    await h.closeTask(task!.id)
    await h.apply()
    await h.verify()
    await h.receive(h.crm.change('contacts', '1', { firstname: 'Anne' }))
    await h.apply()
    await sql`update exception set what = 'changed meanwhile'`.execute(h.db)
    await sql`insert into intent (connection_id, workflow, kind, task_id, payload, policy_hash)
      select connection_id, workflow, 'task', id, '{}'::jsonb, 'x' from task on conflict do nothing`.execute(h.db)
    await h.act()
    assert.equal(h.crm.tasks.get(task!.id)?.status, 'done')
  })

  it('one id that the CRM will not read does not keep the others from being written', async () => {
    const h = await start()
    for (const id of ['1', '2', '3', 'bad']) {
      await h.receive(h.crm.change('contacts', id, { createdate: CREATED, country: 'DE', hubspot_owner_id: null }))
    }
    await h.apply()
    await h.refresh()
    await h.decide()
    const { CrmRefusedError } = await import('../../src/crm/crm.ts')
    const picky: CrmClient = {
      ...h.crm.client(),
      readRecords: async (query) => {
        if (query.ids.includes('bad')) throw new CrmRefusedError('bad id', 'VALIDATION_ERROR', 400)
        return h.crm.client().readRecords(query)
      },
    }
    await actBatch({ ...h.actDependencies(), client: picky })
    const rep = userId(h, 'rep@x.example')
    assert.deepEqual(
      ['1', '2', '3'].map((id) => h.crm.records.get(`contacts/${id}`)?.hubspot_owner_id),
      [rep, rep, rep],
    )
  })
})
