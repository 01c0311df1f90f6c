import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import type { ChangeEvent } from '../../src/model/record/change-event.ts'
import { retryFailed } from '../../src/pipeline/apply/apply.ts'
import { findOverdue } from '../../src/store/decisions/overdue-stages.ts'
import { readEventCounts, seeHorizon, tallyEvents } from '../../src/store/events/event-tallies.ts'
import { listQuarantined, replayQuarantined } from '../../src/store/events/failed-events.ts'
import { contact, rowsOf, withHarness } from './contacts.ts'
import type { Harness } from './harness.ts'

/** Postgres refuses the rows of these records until the fault is mended. */
async function breakRecords(h: Harness, where: string): Promise<() => Promise<void>> {
  await sql`create function refuse() returns trigger language plpgsql as $$
    begin raise exception 'invalid value of Zoe Canary' using errcode = '22P02'; end $$`.execute(h.db)
  await sql
    .raw(
      `create trigger refuse before insert or update on record for each row when (${where}) execute function refuse()`,
    )
    .execute(h.db)
  return async () => void (await sql`drop function refuse cascade`.execute(h.db))
}

const due = (h: Harness) => sql`update change_event set retry_at = now() where retry_at is not null`.execute(h.db)
const states = (h: Harness) =>
  rowsOf<{ id: string; state: string }>(
    h,
    sql`
    select record_id as id, state from change_event where source = 'webhook' order by change_event.id`,
  )

describe('an event that cannot be applied', () => {
  it('holds up no other event of its batch', () =>
    withHarness(async (h) => {
      await breakRecords(h, `new.record_id in ('3', '7')`)
      await h.receive(...Array.from({ length: 9 }, (_, n) => contact(h, `${n + 1}`, { firstname: `N${n}` })))
      await h.apply()
      const failed = (await states(h)).filter(({ state }) => state === 'failed').map(({ id }) => id)
      assert.deepEqual(failed, ['3', '7'])
      assert.deepEqual((await rowsOf(h, sql`select 1 from record`)).length, 7)
    }))

  it('holds up no other event of its own record', () =>
    withHarness(async (h) => {
      const good = contact(h, '1', { firstname: 'Ann' })
      const later = contact(h, '1', { lastname: 'Plain' })
      // Not a document that a fold can read.
      const bad = { ...contact(h, '1', { country: 'DE' }), kind: 'merged', mergedIds: ['2'] } as ChangeEvent
      await h.receive(good, bad, later)
      await sql`update change_event set fields = 'null' where kind = 'merged'`.execute(h.db)
      await h.apply()
      assert.deepEqual(
        (await states(h)).map(({ state }) => state),
        ['applied', 'failed', 'applied'],
      )
      const values = await rowsOf<{ values: object }>(h, sql`select values from record where record_id = '1'`)
      assert.deepEqual(Object.keys(values[0]?.values ?? {}).sort(), ['createdate', 'firstname', 'lastname'])
    }))

  it('is tried three times, further and further apart, and applied as soon as that works', () =>
    withHarness(async (h) => {
      const mend = await breakRecords(h, `new.record_id = '1'`)
      await h.receive(contact(h, '1', { firstname: 'Ann' }))
      await h.apply()
      assert.equal((await retryFailed(h.db, h.connection)).taken, 0, 'not due yet')
      const wait = await rowsOf<{ s: number }>(
        h,
        sql`
        select round(extract(epoch from retry_at - now()))::int as s from change_event`,
      )
      assert.ok(wait[0]!.s >= 3 && wait[0]!.s <= 5)
      await due(h)
      assert.deepEqual(
        (await findOverdue(h.db, 300)).filter(({ stage }) => stage === 'apply').map(({ stage }) => stage),
        ['apply'],
        'the sweeper wakes apply for it',
      )
      await retryFailed(h.db, h.connection)
      assert.equal((await listQuarantined(h.db, { limit: 10 })).total, 0)
      await mend()
      await due(h)
      assert.equal((await retryFailed(h.db, h.connection)).changed, true)
      assert.deepEqual(await states(h), [{ id: '1', state: 'applied' }])
    }))

  it('is quarantined after the third time, with a reason that quotes no value, until it is replayed', () =>
    withHarness(async (h) => {
      const mend = await breakRecords(h, `new.record_id in ('1', '2')`)
      await h.receive(contact(h, '1', { firstname: 'Ann' }), contact(h, '2', { firstname: 'Ben' }))
      await h.apply()
      for (let time = 0; time < 3; time += 1) {
        await due(h)
        while ((await retryFailed(h.db, h.connection)).taken > 0);
      }
      const { total, events } = await listQuarantined(h.db, { limit: 10 })
      assert.equal(total, 2)
      assert.deepEqual(
        events.map(({ recordId, attempts, reason }) => [recordId, attempts, reason]),
        [
          ['2', 3, 'error: 22P02'],
          ['1', 3, 'error: 22P02'],
        ],
      )
      assert.deepEqual(await rowsOf(h, sql`select 1 from counter where detail ilike '%canary%'`), [])
      await mend()
      assert.equal(await replayQuarantined(h.db, { ids: [events[1]!.id] }), 1)
      await retryFailed(h.db, h.connection)
      assert.deepEqual(
        (await states(h)).map(({ state }) => state),
        ['applied', 'failed'],
      )
      assert.equal(await replayQuarantined(h.db, { connectionId: 'another' }), 0)
      assert.equal(await replayQuarantined(h.db, { connectionId: h.connection.id }), 1)
      await retryFailed(h.db, h.connection)
      assert.equal((await listQuarantined(h.db, { limit: 10 })).total, 0)
    }))

  it('is counted once, under what became of it in the end', () =>
    withHarness(async (h) => {
      const mend = await breakRecords(h, `new.record_id = '1'`)
      await h.receive(contact(h, '1', { firstname: 'Ann' }), contact(h, '2', { firstname: 'Ben' }))
      await h.apply()
      const { toId } = await seeHorizon(h.db)
      await tallyEvents(h.db, h.connection.id, toId)
      const counted = async () => {
        const { counts } = await readEventCounts(h.db, h.connection.id, '2000-01-01')
        const n = (state: string) => counts.filter((one) => one.state === state).reduce((sum, one) => sum + one.n, 0)
        return { applied: n('applied'), failed: n('failed') }
      }
      assert.deepEqual(await counted(), { applied: 1, failed: 1 })
      await mend()
      await due(h)
      await retryFailed(h.db, h.connection)
      assert.deepEqual(await counted(), { applied: 2, failed: 0 })
    }))
})
