import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import { type CrmClient, CrmRefusedError, CrmScopeMissingError } from '../../src/crm/crm-client.ts'
import { actBatch } from '../../src/pipeline/act/act.ts'
import { findConnection } from '../../src/store/connections/connections.ts'
import { byDatabaseClock } from '../../src/store/database/clock.ts'
import { findOverdue } from '../../src/store/decisions/overdue-stages.ts'
import { nextDeparture } from '../../src/store/writes/intents.ts'
import type { WorkerContext } from '../../workers/runtime/context.ts'
import { runStage } from '../../workers/runtime/run-stage.ts'
import { type Harness, routingHarnesses, withDecidedContacts } from './harness.ts'

describe('what becomes of a write', () => {
  const start = routingHarnesses()

  const decided = (country: string, ids?: readonly string[]) => withDecidedContacts(start, country, ids)
  const userId = (h: Harness, email: string) => h.crm.users.find((u) => u.email === email)!.userId
  const intents = async (h: Harness) =>
    (await sql<{ state: string; outcome: string | null }>`select state, outcome from intent order by id`.execute(h.db))
      .rows
  const dueNow = (h: Harness) => sql`update intent set next_attempt_at = now()`.execute(h.db)

  for (const behindMin of [0, 10, -10]) {
    it(`is tried again at the pace of the database's clock, with the worker's ${behindMin} minutes behind`, async () => {
      const h = await decided('FR')
      await sql`update intent set created_at = now() - interval '5 seconds'`.execute(h.db)
      let calls = 0
      const busy: CrmClient = {
        ...h.crm.client(),
        writeTasks: async (tasks, gate) => {
          calls += 1
          await gate?.ask(tasks.map(({ key }) => key))
          return tasks.map(({ key }) => ({ key, outcome: 'retry', why: 'row locked', retryAtMs: null }))
        },
      }
      const deps = { ...h.actDependencies(), client: busy, nowMs: () => Date.now() - behindMin * 60_000 }
      for (let round = 0; round < 30; round += 1) {
        if ((await nextDeparture(h.db, h.connection.id, 100)) === 0) await actBatch(deps)
      }
      assert.equal(calls, 1)
      const { rows } = await sql<{ s: number }>`
        select extract(epoch from next_attempt_at - clock_timestamp())::float8 as s from intent`.execute(h.db)
      assert.ok(rows[0]!.s <= 1, `${rows[0]!.s} s`)
    })
  }

  it('is decided at the moment of the database, whatever the clock of the worker shows', async (t) => {
    const h = await start()
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() - 600_000 })
    const nowMs = await byDatabaseClock(h.db, Date.now)
    const { rows } = await sql<{
      ms: number
    }>`select extract(epoch from clock_timestamp())::float8 * 1000 as ms`.execute(h.db)
    assert.ok(Math.abs(nowMs() - rows[0]!.ms) < 5_000)
  })

  for (const outcome of ['unknown', 'retry'] as const) {
    it(`is not sent again after an answer of "${outcome}" where an input became hidden meanwhile`, async () => {
      const h = await decided('DE')
      const rep = userId(h, 'rep@x.example')
      const owner = () => h.crm.records.get('contacts/1')?.hubspot_owner_id ?? null
      const hide = async (fields: readonly string[]) => {
        await sql`insert into object_schema (connection_id, object_type, fields, unreadable)
          values (${h.connection.id}, 'contacts', '[]', ${[...fields]}::text[])
          on conflict (connection_id, object_type) do update set unreadable = excluded.unreadable`.execute(h.db)
        await sql`update record set dirty_since = now()`.execute(h.db)
        await h.decide()
      }
      const down: CrmClient = {
        ...h.crm.client(),
        writeOwners: async (writes, gate) => {
          await gate?.ask(writes.map(({ key }) => key))
          // Decided while the call is under way.
          await hide(['country'])
          return writes.map(({ key }) =>
            outcome === 'retry' ? { key, outcome, why: 'locked', retryAtMs: null } : { key, outcome, why: 'no answer' },
          )
        },
      }
      await actBatch({ ...h.actDependencies(), client: down })
      for (let round = 0; round < 4; round += 1) {
        await dueNow(h)
        await h.act()
        await h.decide()
      }
      assert.equal(owner(), null)
      await hide([])
      await dueNow(h)
      await h.act()
      assert.equal(owner(), rep, 'and it is written once the input is known')
    })
  }

  it('counts as ours only if an attempt of ours may have written it', async () => {
    for (const [outcome, state] of [
      ['unknown', 'done'],
      ['retry', 'cancelled'],
    ] as const) {
      const h = await decided('DE')
      const rep = userId(h, 'rep@x.example')
      const first: CrmClient = {
        ...h.crm.client(),
        writeOwners: async (writes, gate) => {
          await gate?.ask(writes.map(({ key }) => key))
          return writes.map(({ key }) =>
            outcome === 'retry' ? { key, outcome, why: 'locked', retryAtMs: null } : { key, outcome, why: 'no answer' },
          )
        },
      }
      await actBatch({ ...h.actDependencies(), client: first })
      h.crm.change('contacts', '1', { hubspot_owner_id: rep })
      await dueNow(h)
      await h.act()
      assert.equal((await intents(h))[0]!.state, state)
      const { rows } = await sql`select 1 from written_value`.execute(h.db)
      assert.equal(rows.length, state === 'done' ? 1 : 0, 'only what we wrote can be undone')
    }
  })

  describe('whose answer was lost, of a record that changes before it is read back,', () => {
    /** The owner was written, and nobody heard. */
    const lost = async () => {
      const h = await decided('DE')
      const deaf: CrmClient = {
        ...h.crm.client(),
        writeOwners: async (writes, gate) => {
          await h.crm.client().writeOwners(writes, gate)
          return writes.map(({ key }) => ({ key, outcome: 'unknown', why: 'no answer' }))
        },
      }
      await actBatch({ ...h.actDependencies(), client: deaf })
      return h
    }
    const answers = async (h: Harness) =>
      (await sql<{ outcome: string }>`select outcome from write_answer order by id`.execute(h.db)).rows.map(
        ({ outcome }) => outcome,
      )
    const readBack = async (h: Harness) => {
      await dueNow(h)
      await h.act()
      return (await intents(h))[0]!
    }

    it('stays unknown while the CRM does not show it, and is found written when it does', async () => {
      const h = await lost()
      const kept = h.crm.records.get('contacts/1')!
      h.crm.records.delete('contacts/1')
      for (let turn = 0; turn < 3; turn += 1) assert.equal((await readBack(h)).state, 'unknown')
      assert.deepEqual([...new Set(await answers(h))], ['unknown'])
      h.crm.records.set('contacts/1', kept)
      assert.equal((await readBack(h)).state, 'done')
      assert.equal((await answers(h)).at(-1), 'done')
    })

    it('ends when it is surely gone, and the log does not say that it was not written', async () => {
      const h = await lost()
      h.crm.records.delete('contacts/1')
      await readBack(h)
      await sql`update record set deleted = true, needs_read = null where record_id = '1'`.execute(h.db)
      const { state, outcome } = await readBack(h)
      assert.deepEqual([state, outcome], ['cancelled', 'The record is gone, and whether it was written is not known'])
      assert.deepEqual([...new Set(await answers(h))], ['unknown'])
    })

    it('ends when somebody changed the owner since, and the log does not say that it was not written', async () => {
      const h = await lost()
      h.crm.change('contacts', '1', { hubspot_owner_id: userId(h, 'gen@x.example') })
      const { state, outcome } = await readBack(h)
      assert.equal(state, 'cancelled')
      assert.match(outcome!, /changed in the CRM meanwhile, and whether it was written before is not known/)
      assert.deepEqual([...new Set(await answers(h))], ['unknown'])
    })

    it('is written after all where the owner of before stands, which proves that it was not', async () => {
      const h = await lost()
      h.crm.change('contacts', '1', { hubspot_owner_id: null })
      assert.equal((await readBack(h)).state, 'done')
      assert.deepEqual((await answers(h)).toSorted(), ['done', 'not-written', 'unknown'])
    })
  })

  it('that was written before an error of our own is found written, and the rest was never sent', async () => {
    const h = await decided('DE', ['1', '2'])
    const rep = userId(h, 'rep@x.example')
    const breaks: CrmClient = {
      ...h.crm.client(),
      writeOwners: async (writes, gate) => {
        await h.crm.client().writeOwners(writes.slice(0, 1), gate)
        throw new Error('Connection terminated unexpectedly')
      },
    }
    await assert.rejects(actBatch({ ...h.actDependencies(), client: breaks }))
    assert.deepEqual(
      (await intents(h)).map(({ state }) => state),
      ['unknown', 'pending'],
    )
    await dueNow(h)
    await h.act()
    assert.deepEqual(
      ['1', '2'].map((id) => h.crm.records.get(`contacts/${id}`)?.hubspot_owner_id),
      [rep, rep],
    )
    assert.deepEqual(
      (await intents(h)).map(({ state }) => state),
      ['done', 'done'],
    )
  })

  it('that could not even be prepared because the CRM refused a read is no refusal of the write', async () => {
    const h = await decided('FR')
    const refusing: CrmClient = {
      ...h.crm.client(),
      writeTasks: async () => {
        throw new CrmRefusedError('cannot read the picklists', 'NOT_FOUND', 404)
      },
    }
    await assert.rejects(actBatch({ ...h.actDependencies(), client: refusing }))
    const { rows } = await sql<{ state: string; s: number }>`
      select state, extract(epoch from next_attempt_at - clock_timestamp())::float8 as s from intent`.execute(h.db)
    assert.equal(rows[0]?.state, 'pending')
    assert.ok(rows[0]!.s < 60)
  })

  it('of a record that is missing once is asked for again, and given up when the record is surely gone', async () => {
    const h = await decided('DE')
    h.crm.records.delete('contacts/1')
    await h.act()
    assert.deepEqual(await intents(h), [{ state: 'cancelled', outcome: 'The CRM does not show the record' }])
    await h.decide()
    assert.equal((await intents(h)).length, 1, 'nothing is decided again before the record was asked for')
    for (let turn = 0; turn < 20; turn += 1) {
      await sql`update intent set next_attempt_at = now() where state = 'pending'`.execute(h.db)
      await h.act()
      await h.apply()
      await h.refresh()
      await h.decide()
    }
    const { rows } = await sql<{ intents: number; ledger: number; deleted: boolean }>`
      select (select count(*)::int from intent) as intents, (select count(*)::int from ledger) as ledger,
        (select deleted from record where record_id = '1') as deleted`.execute(h.db)
    assert.deepEqual(rows[0], { intents: 1, ledger: 2, deleted: true })
    assert.ok(h.crm.calls.length <= 7, `${h.crm.calls.length} calls`)
  })

  it('that the CRM calls gone although the record is there is wanted again at a longer and longer pace', async () => {
    const h = await decided('DE')
    let writes = 0
    const stubborn: CrmClient = {
      ...h.crm.client(),
      writeOwners: async (all, gate) => {
        const grant = await gate?.ask(all.map(({ key }) => key))
        writes += grant?.allowed.size ?? 0
        return all.map(({ key }) => ({ key, outcome: 'gone', why: 'no such record' }))
      },
    }
    const waits: number[] = []
    for (let turn = 0; turn < 4; turn += 1) {
      await sql`update intent set next_attempt_at = now() where state = 'pending'`.execute(h.db)
      await actBatch({ ...h.actDependencies(), client: stubborn })
      h.advance(60_000)
      await h.refresh()
      await h.apply()
      await h.decide()
      const { rows } = await sql<{ s: number }>`
        select extract(epoch from next_attempt_at - created_at)::float8 as s from intent where state = 'pending'`.execute(
        h.db,
      )
      waits.push(Math.round(rows[0]!.s))
    }
    assert.deepEqual([writes, waits], [4, [2, 4, 8, 16]])
  })

  it('is not made where the reading before it does not show who owns the record now', async () => {
    const h = await decided('DE')
    const { hubspot_owner_id: _, ...shown } = h.crm.records.get('contacts/1')!
    h.crm.records.set('contacts/1', shown)
    await dueNow(h)
    await h.act()
    assert.equal(h.crm.records.get('contacts/1')?.hubspot_owner_id, undefined)
    assert.deepEqual(await intents(h), [{ state: 'pending', outcome: 'The CRM does not let the record be read now' }])
  })

  it('of a record whose survivor answers is not sent, and the merge is asked for', async () => {
    const h = await decided('DE')
    await h.receive({ ...h.crm.change('contacts', '2', { createdate: '2026-11-20T08:00:00.000Z' }), complete: true })
    await h.apply()
    const [survivor] = (
      await h.crm.client().readRecords({ objectType: 'contacts', ids: ['2'], fields: [], historyFields: [] })
    ).events
    const client: CrmClient = {
      ...h.crm.client(),
      readRecords: async () => ({ events: [{ ...survivor!, kind: 'merged', mergedIds: ['1'] }], missing: [] }),
    }
    await dueNow(h)
    await actBatch({ ...h.actDependencies(), client })
    assert.deepEqual(await intents(h), [{ state: 'cancelled', outcome: 'The CRM does not show the record' }])
    const { rows } =
      await sql`select needs_read from record where record_id = '1' and object_type = 'contacts'`.execute(h.db)
    assert.deepEqual(rows, [{ needs_read: 'not-found' }])
  })

  for (const fault of ['lost-after-commit', 'lost-before-commit'] as const) {
    for (const [what, country] of [
      ['an update', 'IT'],
      ['a closing', 'DE'],
    ] as const) {
      it(`of ${what} of a task, ${fault}, is repeated on the same task, and the log does not say that it was not written`, async () => {
        const h = await decided('FR')
        await h.settle()
        await h.receive(h.crm.change('contacts', '1', { country }))
        await h.apply()
        await h.decide()
        // The rule that closes the case writes the owner first.
        await sql`update intent set next_attempt_at = now() + interval '1 hour' where kind = 'owner'`.execute(h.db)
        h.crm.faults = [fault]
        for (let turn = 0; turn < 2; turn += 1) {
          await sql`update intent set next_attempt_at = now() where kind = 'task'`.execute(h.db)
          await h.act()
        }
        const [task, ...others] = h.crm.tasks.values()
        assert.deepEqual(others, [])
        assert.deepEqual(
          [task!.status, task!.body.includes('IT')],
          [country === 'DE' ? 'done' : 'open', country === 'IT'],
        )
        const { rows } = await sql<{ outcome: string }>`select w.outcome from write_answer w
          join write_attempt a on a.id = w.attempt_id where a.kind = 'task' order by w.id`.execute(h.db)
        const said = rows.map(({ outcome }) => outcome)
        assert.deepEqual([said.includes('unknown'), said.includes('not-written')], [true, false], said.join())
      })
    }
  }

  it('of a record that comes back is decided anew', async () => {
    const h = await decided('DE')
    const kept = h.crm.records.get('contacts/1')!
    h.crm.records.delete('contacts/1')
    await h.act()
    h.crm.records.set('contacts/1', kept)
    h.advance(60_000)
    await h.settle()
    assert.equal(h.crm.records.get('contacts/1')?.hubspot_owner_id, userId(h, 'rep@x.example'))
  })

  it('whose record the CRM refuses to read waits longer each time, and holds up no other', async () => {
    const h = await decided('DE', ['1', 'bad'])
    const picky: CrmClient = {
      ...h.crm.client(),
      readRecords: async (query) => {
        if (query.ids.includes('bad')) throw new CrmRefusedError('bad id', 'VALIDATION_ERROR', 400)
        return h.crm.client().readRecords(query)
      },
    }
    for (let turn = 0; turn < 5; turn += 1) {
      await sql`update intent set next_attempt_at = now() where state = 'pending'`.execute(h.db)
      await actBatch({ ...h.actDependencies(), client: picky })
      await h.apply()
      await h.decide()
    }
    const { rows } = await sql<{ record_id: string; state: string; s: number }>`
      select record_id, state, extract(epoch from next_attempt_at - clock_timestamp())::float8 as s
      from intent order by record_id`.execute(h.db)
    assert.deepEqual(
      rows.map(({ record_id: id, state }) => `${id} ${state}`),
      ['1 done', 'bad pending'],
    )
    assert.ok(rows[1]!.s > 10, `${rows[1]!.s} s`)
  })

  it('for want of a scope leaves the connection connected: only what needs the scope waits', async () => {
    const h = await decided('DE')
    const connection = (await findConnection(h.db, h.connection.id))!
    const quiet = () => undefined
    const context = {
      db: h.db,
      logger: { info: quiet, warn: quiet, debug: quiet, error: quiet },
      clientOf: () => ({ connection, client: h.crm.client() }),
      connectionIds: () => [],
      nowMs: Date.now,
      instance: 'test',
    } as unknown as WorkerContext
    const stages = async () => (await findOverdue(h.db, 300)).map(({ stage }) => stage).sort()
    const before = await stages()
    await runStage(context, 'act', h.connection.id, new AbortController().signal, async () => {
      throw new CrmScopeMissingError('Cannot set owners of companies', 'Add the scope.', ['companies.write'])
    })
    assert.equal((await findConnection(h.db, h.connection.id))?.status, 'connected')
    assert.deepEqual(await stages(), before)
  })
})
