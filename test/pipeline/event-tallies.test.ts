import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import type { ChangeEvent, ConnectionId } from '../../src/model/record/change-event.ts'
import { inTransaction } from '../../src/store/database/transaction.ts'
import { insertEvents, recordOutcomes, takeWaitingEvents } from '../../src/store/events/change-events.ts'
import { isPast, readEventCounts, seeHorizon, tallyEvents } from '../../src/store/events/event-tallies.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

const CONNECTIONS = ['a', 'b'] as const
const EVER = '2000-01-01'

describe('the tally of events', () => {
  let database: TestDatabase
  let n = 0
  before(async () => {
    database = await testDatabase()
  })
  after(() => database.drop())

  async function freshConnections(): Promise<void> {
    await sql`truncate change_event, event_tally, event_tally_cursor`.execute(database.db)
    await sql`insert into connection (id, crm, title, account_id, base_url)
      select c, 'hubspot', c, c, '' from unnest(${[...CONNECTIONS]}::text[]) c on conflict do nothing`.execute(
      database.db,
    )
  }

  function event(connectionId: string): ChangeEvent {
    n += 1
    return {
      connectionId: connectionId as ConnectionId,
      dedupeKey: `k${n}`,
      objectType: n % 3 === 0 ? 'deals' : 'contacts',
      recordId: String(n % 5),
      kind: 'changed',
      occurredAtMs: n,
      order: 0,
      fields: {},
      complete: false,
      source: n % 2 === 0 ? 'webhook' : 'poll',
      actor: { kind: 'unknown', id: null, ours: false },
    }
  }

  async function finishSome(connectionId: string, limit: number): Promise<void> {
    await inTransaction(database.db, async (trx) => {
      const taken = await takeWaitingEvents(trx, connectionId as ConnectionId, limit)
      await recordOutcomes(
        trx,
        taken.map(({ id }) =>
          id % 4 === 0
            ? { id, state: 'skipped', reason: id % 8 === 0 ? 'no-change' : 'superseded' }
            : { id, state: id % 5 === 0 ? 'failed' : 'applied', reason: id % 5 === 0 ? 'because' : null },
        ),
      )
    })
  }

  async function tally(connectionId: string): Promise<void> {
    const horizon = await seeHorizon(database.db)
    if (!(await isPast(database.db, horizon))) return
    await tallyEvents(database.db, connectionId, horizon.toId)
  }

  /** What the rows themselves say. */
  async function rowsSay(connectionId: string) {
    const { rows } = await sql<{ key: string; n: number }>`
      select concat_ws('/', object_type, source, state, case when state = 'skipped' then skip_reason end) as key, count(*) as n
      from change_event where connection_id = ${connectionId} group by 1`.execute(database.db)
    return Object.fromEntries(rows.map((row) => [row.key, row.n]).sort())
  }

  async function countsSay(connectionId: string) {
    const { counts, whole } = await readEventCounts(database.db, connectionId, EVER)
    assert.equal(whole, true)
    return Object.fromEntries(
      counts
        .map((c): [string, number] => [
          [c.objectType, c.source, c.state, ...(c.state === 'skipped' ? [c.reason] : [])].join('/'),
          c.n,
        ])
        .sort(),
    )
  }

  it('has every event exactly once, however receiving, applying and counting take turns', async () => {
    const remedy = fc.record({
      what: fc.constantFrom('receive', 'settle', 'tally'),
      where: fc.constantFrom(...CONNECTIONS),
      howMany: fc.integer({ min: 1, max: 7 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(remedy, { minLength: 5, maxLength: 40 }), async (steps) => {
        await freshConnections()
        for (const { what, where, howMany } of steps) {
          if (what === 'receive') {
            await insertEvents(
              database.db,
              Array.from({ length: howMany }, () => event(where)),
            )
          } else if (what === 'settle') await finishSome(where, howMany)
          else await tally(where)
        }
        for (const connectionId of CONNECTIONS) {
          const counts = await countsSay(connectionId)
          assert.deepEqual(counts, await rowsSay(connectionId))
          const { counts: all } = await readEventCounts(database.db, connectionId, EVER)
          const sum = (...states: string[]) =>
            all.filter((c) => states.includes(c.state)).reduce((total, c) => total + c.n, 0)
          const { rows } = await sql<{ n: number }>`
            select count(*) as n from change_event where connection_id = ${connectionId}`.execute(database.db)
          assert.equal(rows[0]!.n, sum('applied', 'skipped', 'failed', 'received'))
        }
      }),
      { numRuns: 60 },
    )
  })

  it('has every event exactly once when all of it happens at the same time', async () => {
    await freshConnections()
    const turns = Array.from({ length: 40 }, (_, i) => i)
    await Promise.all([
      ...turns.map(async (i) => {
        await insertEvents(
          database.db,
          Array.from({ length: 1 + (i % 6) }, () => event(CONNECTIONS[i % 2]!)),
        )
      }),
      ...turns.map((i) => finishSome(CONNECTIONS[i % 2]!, 4)),
      ...turns.map((i) => tally(CONNECTIONS[i % 2]!)),
    ])
    for (const connectionId of CONNECTIONS) assert.deepEqual(await countsSay(connectionId), await rowsSay(connectionId))
    for (const connectionId of CONNECTIONS) {
      await finishSome(connectionId, 1_000)
      await tally(connectionId)
      assert.deepEqual(await countsSay(connectionId), await rowsSay(connectionId))
    }
  })

  it('does not pass an event that is being committed, although a later one is there already', async () => {
    await freshConnections()
    await database.db.transaction().execute(async (slow) => {
      await insertEvents(slow, [event('a')])
      await insertEvents(database.db, [event('a')])
      await finishSome('a', 10)
      const horizon = await seeHorizon(database.db)
      assert.equal(await isPast(database.db, horizon), false)
      await tally('a')
    })
    await finishSome('a', 10)
    await tally('a')
    assert.deepEqual(await countsSay('a'), await rowsSay('a'))
    const { rows } = await sql<{ n: number }>`select coalesce(sum(n), 0)::int as n from event_tally`.execute(
      database.db,
    )
    assert.equal(rows[0]!.n, 2)
  })

  it('stops at the first event that waits, and goes on from there when it is settled', async () => {
    await freshConnections()
    await insertEvents(database.db, [event('a'), event('a')])
    await finishSome('a', 1)
    await tally('a')
    const counted = async () =>
      (await sql<{ n: number }>`select coalesce(sum(n), 0)::int as n from event_tally`.execute(database.db)).rows[0]!.n
    assert.equal(await counted(), 1)
    await finishSome('a', 1)
    await tally('a')
    await tally('a')
    assert.equal(await counted(), 2)
  })
})
