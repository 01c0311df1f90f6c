import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import '../../src/crm/registry.ts'
import { sql } from 'kysely'
import { actBatch } from '../../src/pipeline/act/act.ts'
import { beat } from '../../src/store/database/counters.ts'
import { grantsOf } from '../../src/store/writes/pause-effects.ts'
import { answeredWithinMs } from '../../src/store/writes/write-timing.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { pauseScope } from '../support/pauses.ts'
import { actDependencies, TIMING } from './acting.ts'
import { startHubSpot, startSalesforce } from './crms.ts'
import { openClient } from './open-client.ts'
import type { Place, Plan } from './plan.ts'
import { until } from './points.ts'
import { connect, decideWrite, WORKFLOW } from './rows.ts'
import { endVictims, startVictim } from './start-victim.ts'

describe('a pause while a worker of another process stands in the middle of a write', { timeout: 300_000 }, () => {
  const databases: TestDatabase[] = []
  const places: Place[] = []
  before(async () => {
    for (const start of [startHubSpot, startSalesforce]) {
      const of = await start(true)
      const test = await testDatabase()
      databases.push(test)
      const client = openClient(of.address)
      places.push({ of, db: test.db, url: test.url, client, people: await connect(test.db, of, client) })
    }
  })
  after(async () => {
    await endVictims()
    await Promise.all(databases.map((test) => test.drop()))
    await Promise.race([Promise.all(places.map(({ of }) => of.close())), wait(2_000)])
  })

  /** A process of its own that stands at this point of an owner write, stopped by a signal. */
  const stoppedAt = async (place: Place, point: 'granted' | 'left', seed: number) => {
    const { of, db, client, people } = place
    const [from, to] = people as [string, string]
    const recordId = await of.newRecord(from)
    await decideWrite(db, of, client, { isOwner: true, recordId, from, to })
    if (point === 'left') await of.loseNextAnswer('owner')
    const plan: Plan = { seed, kind: 'owner', point, end: 'stop', real: true, personActs: false }
    const victim = await startVictim(place, plan, `victim-${seed}`)
    if (point === 'left') await until('the CRM has done the write', async () => (await of.ownerOf(recordId)) === to)
    victim.signal('SIGSTOP')
    assert.ok(victim.isAtWork(), 'it was past its point before it could be stopped')
    return { from, to, recordId, victim }
  }
  const pauseIt = ({ db }: Place) => pauseScope(db, { kind: 'workflow', workflow: WORKFLOW })
  const outcomes = async ({ db }: Place) =>
    (await sql<{ outcome: string }>`select outcome from write_answer order by id`.execute(db)).rows.map(
      ({ outcome }) => outcome,
    )

  it('R4: granted, then paused: a process that goes on when its grant is over sends no byte', async () => {
    for (const [n, place] of places.entries()) {
      const { from, recordId, victim } = await stoppedAt(place, 'granted', 700 + n)
      const before = performance.now()
      const id = await pauseIt(place)
      assert.ok(performance.now() - before < 2_000, 'a pause waits for no process')
      assert.deepEqual(await grantsOf(place.db, id), { n: 1, answered: 0 })
      await wait(TIMING.grantMs + 20)
      victim.signal('SIGCONT')
      await victim.goOn()
      assert.equal(await place.of.ownerOf(recordId), from)
      assert.deepEqual([await outcomes(place), await grantsOf(place.db, id)], [['not-written'], { n: 1, answered: 1 }])
      await ends(place, id)
    }
  })

  it('R4: bytes left, then paused: it is listed, and its late outcome is recorded while the pause lasts', async () => {
    for (const [n, place] of places.entries()) {
      const { to, recordId, victim } = await stoppedAt(place, 'left', 800 + n)
      const id = await pauseIt(place)
      assert.deepEqual(await grantsOf(place.db, id), { n: 1, answered: 0 })
      victim.signal('SIGCONT')
      await victim.goOn()
      await place.of.clearFaults()
      await until(
        'the outcome is read back',
        async () => {
          await beat(place.db, 'worker', 'next')
          await actBatch(actDependencies(place.db, place.of, place.client, 'next')).catch(() => undefined)
          return (await grantsOf(place.db, id)).answered === 1
        },
        answeredWithinMs(TIMING) + 30_000,
      )
      assert.equal((await outcomes(place)).at(-1), 'done')
      assert.equal(await place.of.ownerOf(recordId), to)
      const { rows } = await sql<{ n: number }>`
        select count(*)::int as n from write_attempt a join pause u on u.id = ${id} and a.granted_at > u.paused_at`.execute(
        place.db,
      )
      assert.deepEqual(rows, [{ n: 0 }])
    }
  })

  const ends = async ({ db }: Place, id: number) => {
    await sql`update intent set state = 'cancelled' where state <> 'done'`.execute(db)
    await sql`update pause set ended_at = now(), ended_by = 'test' where id = ${id}`.execute(db)
    await sql`alter table write_answer disable trigger user`.execute(db)
    await sql`delete from write_answer`.execute(db)
    await sql`alter table write_answer enable trigger user`.execute(db)
  }
})
