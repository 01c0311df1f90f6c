import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import { setWritePermission } from '../../src/connections/lifecycle/write-permission.ts'
import type { CrmClient } from '../../src/crm/crm-client.ts'
import { actBatch } from '../../src/pipeline/act/act.ts'
import { beat } from '../../src/store/database/counters.ts'
import { markDirty } from '../../src/store/records/mark-dirty.ts'
import { claimIntents, nextDeparture } from '../../src/store/writes/intents.ts'
import { type Harness, routingHarnesses, TUESDAY_MS } from './harness.ts'

const CREATED = '2026-11-20T08:00:00.000Z'

describe('act, when other workers, people and policies move meanwhile', () => {
  const start = routingHarnesses()

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

  it('part of promise 8: the intents of a dead worker can be claimed as soon as its heartbeat stops', async () => {
    const h = await decided('FR')
    await beat(h.db, 'worker', 'doomed')
    assert.equal((await claimIntents(h.db, h.crm.connectionId, 'task', 10, 'doomed')).length, 1)
    assert.equal(await nextDeparture(h.db, h.crm.connectionId, 100), null)
    await sql`update process_beat set beat_at = now() - interval '10 seconds' where instance = 'doomed'`.execute(h.db)
    assert.equal(await nextDeparture(h.db, h.crm.connectionId, 100), 0)
    await h.act()
    assert.equal(h.crm.openTasks().length, 1)
  })

  it('part of promise 10: a worker that was paused between its read and its write sends nothing once it was overtaken', async () => {
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

  it('a time zone that the runtime does not know stops no task: the due time is named in UTC', async () => {
    const h = await decided('FR')
    for (const [n, user] of h.crm.users.entries()) h.crm.users[n] = { ...user, timeZone: null }
    await h.people()
    const deps = h.actDependencies()
    await actBatch({ ...deps, connection: { ...deps.connection, timeZone: 'Asia/Hanoi' } })
    assert.equal(h.crm.openTasks().length, 1)
    assert.match(h.crm.openTasks()[0]!.body, /Due: .* \(UTC\)/)
  })

  it('one task that cannot be worded holds up no other, and is tried again', async () => {
    const h = await decided('FR')
    const owner = h.crm.users.find(({ email }) => email === 'rep@x.example')!.userId
    await h.receive(h.crm.change('contacts', '2', { createdate: CREATED, country: null, hubspot_owner_id: owner }))
    await h.apply()
    await h.refresh()
    await h.decide()
    // A case that no version of ours could have made.
    await sql`update exception set due_at = 'infinity' where task_id = (select min(id) from task)`.execute(h.db)
    await h.act()
    assert.equal(h.crm.openTasks().length, 1)
    const { rows } = await sql<{ outcome: string }>`
      select outcome from intent where kind = 'task' and state = 'pending'`.execute(h.db)
    assert.match(rows[0]?.outcome ?? '', /^The task could not be made: /)
  })

  it('a due time is named in the zone of the account where the CRM gives the owner none, and sent as an instant', async () => {
    const h = await start()
    const at = h.crm.users.findIndex(({ email }) => email === 'gen@x.example')
    h.crm.users[at] = { ...h.crm.users[at]!, timeZone: null }
    await h.people()
    await h.receive(h.crm.change('contacts', '1', { createdate: CREATED, country: 'FR', hubspot_owner_id: null }))
    await h.apply()
    await h.refresh()
    await h.decide()
    const connection = { ...h.connection, timeZone: 'Asia/Tokyo' }
    await actBatch({ ...h.actDependencies(), connection })
    const [task] = h.crm.openTasks()
    const { rows } = await sql<{ due_at: Date }>`select due_at from task`.execute(h.db)
    // Eight business hours after 10:00 in Berlin, which is two in the morning of the next day in Tokyo.
    assert.equal(rows[0]!.due_at.toISOString(), '2026-11-24T17:00:00.000Z')
    assert.deepEqual([task!.dueAtMs, task!.timeZone], [rows[0]!.due_at.getTime(), 'Asia/Tokyo'])
    assert.match(task!.body, /Due: Wed, Nov 25, 2026, 2:00\sAM \(Asia\/Tokyo\)/)
  })

  it('part of M40: an owner write that was decided before its policy lost a person is taken back', async () => {
    const h = await decided('DE')
    const rollback = h.crm.users.findIndex((u) => u.email === 'roll@x.example')
    h.crm.users[rollback] = { ...h.crm.users[rollback]!, active: false }
    await h.people()
    await h.republish()
    await h.act()
    assert.equal(h.crm.records.get('contacts/1')?.hubspot_owner_id, null)
    const { rows } = await sql<{ state: string }>`select state from intent where kind = 'owner'`.execute(h.db)
    assert.deepEqual(rows, [{ state: 'cancelled' }])
  })

  it('a refused task is tried again, and the refusal is counted and in the ledger', async () => {
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

  it('a task that was just closed is not reopened before verify has rechecked it', async () => {
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

  it('one id that the CRM refuses to read holds up no other write', async () => {
    const h = await start()
    for (const id of ['1', '2', '3', 'bad']) {
      await h.receive(h.crm.change('contacts', id, { createdate: CREATED, country: 'DE', hubspot_owner_id: null }))
    }
    await h.apply()
    await h.refresh()
    await h.decide()
    const { CrmRefusedError } = await import('../../src/crm/crm-client.ts')
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

  const say = (h: Harness, allowed: boolean) =>
    setWritePermission(h.db, h.connection.id, { allowed, by: 'ann@x.example', nowMs: TUESDAY_MS })
  const owner = (h: Harness) => h.crm.records.get('contacts/1')?.hubspot_owner_id
  const intents = async (h: Harness) =>
    (
      await sql<{ kind: string; state: string; outcome: string | null }>`
        select kind, state, outcome from intent order by id`.execute(h.db)
    ).rows
  const HELD = 'Writing to this connection was paused'

  it('a running loop claims nothing more once writing is paused or the connection was ended', async () => {
    for (const country of ['DE', 'FR']) {
      const h = await decided(country)
      await say(h, false)
      assert.equal(await nextDeparture(h.db, h.connection.id, 1), null)
      assert.equal((await h.act()).taken, 0)
      await say(h, true)
      await sql`update connection set status = 'disconnected'`.execute(h.db)
      assert.equal((await h.act()).taken, 0)
      assert.deepEqual([owner(h), h.crm.tasks.size], [null, 0])
    }
  })

  it('an owner is not written when writing is paused between the read and the write, and is decided again', async () => {
    const h = await decided('DE')
    const interrupted: CrmClient = {
      ...h.crm.client(),
      readRecords: async (query) => {
        const answer = await h.crm.client().readRecords(query)
        await say(h, false)
        return answer
      },
    }
    await actBatch({ ...h.actDependencies(), client: interrupted })
    assert.equal(owner(h), null)
    assert.deepEqual(await intents(h), [{ kind: 'owner', state: 'cancelled', outcome: HELD }])
    await say(h, true)
    await h.settle()
    assert.equal(owner(h), userId(h, 'rep@x.example'))
  })

  it('a task whose answer was lost is read back, and not sent again while writing is paused', async () => {
    const h = await decided('FR')
    h.crm.faults = ['lost-before-commit']
    await h.act()
    await sql`update intent set next_attempt_at = now()`.execute(h.db)
    const interrupted: CrmClient = {
      ...h.crm.client(),
      findTasks: async (lookups) => {
        const answer = await h.crm.client().findTasks(lookups)
        await say(h, false)
        return answer
      },
    }
    await actBatch({ ...h.actDependencies(), client: interrupted })
    assert.equal(h.crm.tasks.size, 0)
    // Still in doubt, so it is read back again before it is sent.
    assert.deepEqual(await intents(h), [{ kind: 'task', state: 'unknown', outcome: HELD }])
    await say(h, true)
    await h.settle()
    assert.equal(h.crm.openTasks().length, 1)
  })

  it('an owner write that waited while writing was paused is decided again instead of sent', async () => {
    const h = await decided('DE')
    await say(h, false)
    await say(h, true)
    // Act is first, as it may be: nobody has decided the record again yet.
    await h.act()
    assert.equal(owner(h), null)
    const because = 'It was decided before writing was paused; Lanekeeper decides it again'
    assert.deepEqual(await intents(h), [{ kind: 'owner', state: 'cancelled', outcome: because }])
    const { rows } = await sql<{ n: number }>`
      select count(*)::int as n from ledger where kind = 'owner-write-cancelled'`.execute(h.db)
    assert.equal(rows[0]?.n, 1)
    await h.settle()
    assert.equal(owner(h), userId(h, 'rep@x.example'))
  })

  it('an owner that someone else set meanwhile is not recorded as our write, and not kept for an undo', async () => {
    const h = await decided('DE')
    h.crm.change('contacts', '1', { hubspot_owner_id: userId(h, 'rep@x.example') })
    await h.act()
    assert.deepEqual(await intents(h), [
      { kind: 'owner', state: 'cancelled', outcome: 'The record already has this owner' },
    ])
    assert.equal(h.crm.calls.filter((call) => call.startsWith('writeOwners')).length, 0)
    const { rows } = await sql`select 1 from written_value`.execute(h.db)
    assert.equal(rows.length, 0)
    await h.settle()
    assert.equal((await intents(h)).filter(({ kind }) => kind === 'owner').length, 1)
  })

  it('a record decided again before the event of our own write arrives gets no second write', async () => {
    const h = await decided('DE')
    await h.act()
    assert.deepEqual(await intents(h), [{ kind: 'owner', state: 'done', outcome: null }])
    const again = async () => {
      await markDirty(h.db, [{ connectionId: h.crm.connectionId, objectType: 'contacts', recordId: '1' }])
      await h.decide()
      const { rows } = await sql<{ owner: string | null; looks: boolean }>`
        select owner_id as owner, exists (select 1 from wake_up where reason = 'other-write') as looks from record`.execute(
        h.db,
      )
      return rows[0]!
    }
    // Our copy has not heard of it, so it is looked at again, in case it never does.
    assert.deepEqual(await again(), { owner: null, looks: true })
    assert.equal((await intents(h)).length, 1)
    // Nobody told for too long: whether it is still so is asked by trying.
    await sql`update intent set finished_at = now() - interval '3 minutes'`.execute(h.db)
    await again()
    assert.equal((await intents(h)).length, 2)
  })

  it('an owner write whose answer was lost before writing was paused is found by read-back', async () => {
    const h = await decided('DE')
    h.crm.faults = ['lost-after-commit']
    await h.act()
    await say(h, false)
    await say(h, true)
    await sql`update intent set next_attempt_at = now()`.execute(h.db)
    await h.act()
    assert.deepEqual(await intents(h), [{ kind: 'owner', state: 'done', outcome: 'Found written' }])
    assert.equal(h.crm.calls.filter((call) => call.startsWith('writeOwners')).length, 1)
  })
})
