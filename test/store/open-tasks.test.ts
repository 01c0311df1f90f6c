import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { Database, DatabaseTransaction } from '../../src/store/database/database.ts'
import { inTransaction } from '../../src/store/database/transaction.ts'
import { addUpOpenTasks, openTaskCounts } from '../../src/store/decisions/open-tasks.ts'
import { closeEmptyTasks, ensureTasks, reassignTasks } from '../../src/store/decisions/tasks.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

const OWNERS = ['ann@x.example', 'bob@x.example', 'cat@x.example']

describe('the kept number of open tasks per person', () => {
  let test: TestDatabase
  before(async () => {
    test = await testDatabase()
  })
  after(() => test.drop())

  const counted = async (): Promise<Map<string, number>> => {
    const { rows } = await sql<{ owner: string; n: number }>`
      select owner_email as owner, count(*) as n from task where status = 'open' group by 1`.execute(test.db)
    return new Map(rows.map(({ owner, n }) => [owner, n]))
  }

  it('is what counting the tasks gives, after random histories of several workers at once, adding up included', async () => {
    for (const seed of [1, 2, 3, 4]) {
      await Promise.all([0, 1, 2].map((worker) => work(test.db, random(seed * 10 + worker))))
      assert.deepEqual(sorted(await openTaskCounts(test.db)), sorted(await counted()), `seed ${seed}`)
      await addUpOpenTasks(test.db, 0)
      assert.deepEqual(sorted(await openTaskCounts(test.db)), sorted(await counted()), `seed ${seed}, added up`)
    }
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from open_task_change`.execute(test.db)
    assert.deepEqual(rows, [{ n: 0 }])
  })

  it('names nobody who has no open task', async () => {
    await sql`update task set status = 'done'`.execute(test.db)
    assert.equal((await openTaskCounts(test.db)).size, 0)
    await addUpOpenTasks(test.db, 0)
    const { rows } = await sql`select 1 from open_task_count`.execute(test.db)
    assert.equal(rows.length, 0)
  })
})

type Random = (below: number) => number

async function work(db: Database, random: Random): Promise<void> {
  for (let n = 0; n < 40; n += 1) {
    if (random(5) === 0) await addUpOpenTasks(db, 0)
    // A history that is taken back counts as if it had never been.
    const isKept = random(4) > 0
    await inTransaction(db, async (trx) => {
      for (let step = random(3); step >= 0; step -= 1) await anything(trx, random)
      if (!isKept) throw new TakenBack()
    }).catch((error) => {
      if (!(error instanceof TakenBack)) throw error
    })
  }
}

class TakenBack extends Error {}

async function anything(trx: DatabaseTransaction, random: Random): Promise<void> {
  const owner = OWNERS[random(OWNERS.length)]!
  const { rows } = await sql<{ id: number; owner: string }>`
    select id, owner_email as owner from task order by id limit 3 offset ${random(20)} for update skip locked`.execute(
    trx,
  )
  const ids = rows.map(({ id }) => id)
  switch (random(6)) {
    case 0:
    case 1: {
      const causes = Array.from({ length: 3 }, () => random(40))
      await ensureTasks(
        trx,
        causes.map((cause) => task(cause, OWNERS[random(OWNERS.length)]!)),
      )
      return
    }
    case 2:
      await reassignTasks(
        trx,
        rows.map((row) => ({ taskId: row.id, from: row.owner, to: owner })),
      )
      return
    case 3:
      await closeEmptyTasks(trx, ids)
      return
    case 4:
      await sql`update task t set status = 'open' where id = any(${ids}::bigint[]) and not exists (
        select 1 from task o where o.cause = t.cause and o.status = 'open')
        and id in (select max(id) from task group by cause)`.execute(trx)
      return
    default:
      await sql`delete from task where id = any(${ids}::bigint[])`.execute(trx)
  }
}

function task(cause: number, ownerEmail: string) {
  const where = { connectionId: 'hubspot-1', workflow: 'routing', objectType: null, recordId: null }
  return { ...where, cause: `cause-${cause}`, ownerEmail, dueAtMs: 0 }
}

function sorted(counts: ReadonlyMap<string, number>): [string, number][] {
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Park and Miller's, so that a seed gives the same history. */
function random(seed: number): Random {
  let state = seed
  return (below) => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
}
