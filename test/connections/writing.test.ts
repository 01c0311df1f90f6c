import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'kysely'
import { setWritePermission } from '../../src/connections/lifecycle/write-permission.ts'
import { decideBatch } from '../../src/pipeline/decide/decide-changes.ts'
import { readingOnly } from '../../src/pipeline/decide/running-workflows.ts'
import { changeLife } from '../../src/store/connections/lifecycle-lock.ts'
import { setWriting } from '../../src/store/connections/write-permission.ts'
import { type DatabaseTransaction, openDatabase } from '../../src/store/database/database.ts'
import { inTransaction } from '../../src/store/database/transaction.ts'
import { findOverdue } from '../../src/store/decisions/overdue-stages.ts'
import { markNextRedecisions } from '../../src/store/decisions/redecide-queue.ts'
import { verifyLedger } from '../../src/store/ledger/verify-ledger.ts'
import { closeNextWork, markDisconnected } from '../../src/store/lifecycle/end-connection.ts'
import { contactPolicy, type Harness, pipelineHarness, staff, TUESDAY_MS } from '../pipeline/harness.ts'

const opened: (() => Promise<unknown>)[] = []
after(async () => {
  for (const close of opened.reverse()) await close()
})

async function start(allowed = false): Promise<Harness> {
  const h = await pipelineHarness((fake) => {
    staff(fake)
    return [contactPolicy({ patterns: [{ pattern: 'missing-field', fields: ['country'], graceMinutes: 0 }] })]
  })
  opened.push(h.stop)
  await setWriting(h.db, h.connection.id, { allowed, by: 'test' })
  // The first decision of a connection writes its row, and who changes that waits for it.
  await h.decide()
  return h
}

/** Contacts without a country, each of which is a case. */
async function cases(h: Harness, ...ids: readonly string[]): Promise<void> {
  const owner = h.crm.users.find(({ email }) => email === 'rep@x.example')!.userId
  const createdate = '2026-11-20T08:00:00.000Z'
  for (const id of ids) {
    await h.receive(h.crm.change('contacts', id, { createdate, email: `${id}@b.example`, hubspot_owner_id: owner }))
  }
  await h.apply()
  await h.refresh()
}

const say = (h: Harness, allowed: boolean) =>
  setWritePermission(h.db, h.connection.id, { allowed, by: 'ann@x.example', nowMs: TUESDAY_MS })

async function n(h: Harness, table: 'exception' | 'task' | 'intent', where = sql`true`): Promise<number> {
  const { rows } = await sql<{
    n: number
  }>`select count(*)::int as n from ${sql.table(table)} where ${where}`.execute(h.db)
  return rows[0]!.n
}

describe('a connection that a person has just made', () => {
  it('shows its cases and writes nothing, until that person lets it; then each case has its task', async () => {
    const h = await start()
    await cases(h, '1')
    await h.decide()
    assert.deepEqual([await n(h, 'exception'), await n(h, 'task'), await n(h, 'intent')], [1, 0, 0])

    await say(h, true)
    await h.decide()
    assert.deepEqual([await n(h, 'exception'), await n(h, 'task')], [1, 1])
    assert.ok((await n(h, 'intent')) > 0)

    const said = sql<{ kind: string; actor: string }>`select kind, actor from ledger where subject = ${h.connection.id}`
    assert.deepEqual((await said.execute(h.db)).rows.at(-1), { kind: 'writing-allowed', actor: 'ann@x.example' })
    assert.equal((await verifyLedger(h.db)).ok, true)
  })

  it('is let write once, however often it is said', async () => {
    const h = await start()
    for (let i = 0; i < 2; i += 1) await say(h, true)
    const { rows } = await sql<{ n: number }>`
      select count(*)::int as n from ledger where kind = 'writing-allowed'`.execute(h.db)
    assert.equal(rows[0]!.n, 1)
  })

  it('has its records marked in batches by who decides, whoever stops in between, and not by who lets it write', async () => {
    const h = await start()
    await cases(h, '1', '2', '3', '4', '5')
    await h.decide()
    await say(h, true)
    const marked = async () =>
      (
        await sql<{ id: string }>`
          select record_id as id from record where dirty_since is not null order by record_id`.execute(h.db)
      ).rows.map(({ id }) => id)
    assert.deepEqual(await marked(), [])
    const waiting = (await findOverdue(h.db, 3_600)).filter(({ stage }) => stage === 'decide')
    assert.deepEqual(waiting, [{ stage: 'decide', connectionId: h.connection.id }])

    assert.equal(await markNextRedecisions(h.db, h.connection.id, 2), true)
    assert.deepEqual(await marked(), ['1', '2'])
    assert.equal(await markNextRedecisions(h.db, h.connection.id, 2), true)
    assert.deepEqual(await marked(), ['1', '2', '3', '4'])
    await say(h, false)
    assert.equal(await markNextRedecisions(h.db, h.connection.id, 4), true, 'from the start again')
    assert.equal(await markNextRedecisions(h.db, h.connection.id, 4), false)
    assert.deepEqual(await marked(), ['1', '2', '3', '4', '5'])
    assert.equal(await markNextRedecisions(h.db, h.connection.id, 4), false)
  })
})

describe('a person who changes what may be written while records are decided', () => {
  /** Stops decisions at a lock that `take` takes, until the returned function is called. */
  async function stopAt(
    h: Harness,
    take: (trx: DatabaseTransaction) => Promise<unknown>,
  ): Promise<() => Promise<void>> {
    const taken = Promise.withResolvers<void>()
    const released = Promise.withResolvers<void>()
    const holding = another(h)
      .transaction()
      .execute(async (trx) => {
        await take(trx)
        taken.resolve()
        await released.promise
      })
    await taken.promise
    return async () => {
      released.resolve()
      await holding
    }
  }
  /** Until as many sessions of this database wait for others. */
  async function waits(h: Harness, sessions: number): Promise<void> {
    for (const givesUpAt = Date.now() + 20_000; Date.now() < givesUpAt; await wait(20)) {
      const { rows } = await sql<{ n: number }>`
        select count(*)::int as n from pg_stat_activity
        where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0`.execute(h.db)
      if (rows[0]!.n === sessions) return
    }
    assert.fail(`Not ${sessions} sessions waited within 20 s`)
  }
  const decide = (h: Harness) =>
    decideBatch(h.connection, { db: h.db, workflows: h.workflows, nowMs: () => TUESDAY_MS })
  const beforeTheRecords = (trx: DatabaseTransaction) =>
    sql`lock table join_queue in access exclusive mode`.execute(trx)
  const afterTheRecords = (trx: DatabaseTransaction) => sql`lock table match_key in access exclusive mode`.execute(trx)
  const another = (h: Harness) => {
    const db = openDatabase(h.url, { max: 2, applicationName: 'another' })
    opened.push(() => db.destroy())
    return db
  }

  for (const allowed of [true, false]) {
    const effect = allowed ? 'allowed: each case has its task' : 'held: no case has a task'
    it(`counts for records that are taken after it was ${effect}`, async () => {
      const h = await start(!allowed)
      await cases(h, '1')
      const goOn = await stopAt(h, beforeTheRecords)
      const deciding = decide(h)
      await waits(h, 1)
      await say(h, allowed)
      // Another worker marks them before this one takes them, and this one clears the marks.
      while (await markNextRedecisions(another(h), h.connection.id));
      await goOn()
      assert.equal((await deciding).taken, 1)
      assert.deepEqual([await n(h, 'exception'), await n(h, 'task')], [1, allowed ? 1 : 0])
    })

    it(`has records decided again that were taken before it was ${effect.split(':')[0]}`, async () => {
      const h = await start(!allowed)
      await cases(h, '1')
      const goOn = await stopAt(h, afterTheRecords)
      const deciding = decide(h)
      await waits(h, 1)
      await say(h, allowed)
      const marking = markNextRedecisions(another(h), h.connection.id)
      await waits(h, 2)
      await goOn()
      await Promise.all([deciding, marking])
      assert.equal(await n(h, 'task'), allowed ? 0 : 1)
      assert.equal((await decide(h)).taken, 1)
      assert.deepEqual([await n(h, 'exception'), await n(h, 'task')], [1, 1])
    })
  }

  it('counts for a policy too: records are decided by what is in force when they are taken', async () => {
    const h = await start(true)
    await cases(h, '1')
    let running = readingOnly(await h.workflows())
    const goOn = await stopAt(h, beforeTheRecords)
    const deciding = decideBatch(h.connection, { db: h.db, workflows: async () => running, nowMs: () => TUESDAY_MS })
    await waits(h, 1)
    running = await h.workflows()
    await goOn()
    assert.equal((await deciding).taken, 1)
    assert.equal(await n(h, 'task'), 1)
  })

  it('waits for a decision under way when they end the connection, and closes what it opened', async () => {
    const h = await start(true)
    await cases(h, '1')
    const goOn = await stopAt(h, afterTheRecords)
    const deciding = decide(h)
    await waits(h, 1)
    const ending = inTransaction(another(h), async (trx) => {
      await changeLife(trx, h.connection.id)
      await markDisconnected(trx, h.connection.id, { reason: 'Ended by test.', by: 'test' })
      return await closeNextWork(trx, h.connection.id, 1_000)
    })
    await waits(h, 2)
    await goOn()
    assert.equal((await deciding).taken, 1)
    assert.equal((await ending).cases.length, 1)
    assert.equal(await n(h, 'exception', sql`status = 'open'`), 0)
    assert.equal(await n(h, 'intent', sql`state in ('pending', 'sending', 'unknown')`), 0)
    await sql`update record set dirty_since = now()`.execute(h.db)
    assert.equal((await decide(h)).taken, 0)
  })
})

describe('a task that a person closes while writing is held', () => {
  it('is opened again, and said to be, when writing is allowed again', async () => {
    const h = await start(true)
    await cases(h, '1')
    await h.settle()
    await say(h, false)
    await h.decide()
    const [task] = h.crm.openTasks()
    await h.closeTask(task!.id)
    await h.apply()
    assert.equal((await h.verify()).toRead, true)
    await h.refresh()
    await h.decide()
    assert.equal((await h.verify()).reopened, 0)
    const told = async () =>
      (await sql<{ kind: string }>`select kind from ledger where kind = 'task-reopened'`.execute(h.db)).rows.length
    assert.deepEqual([await told(), h.crm.openTasks().length], [0, 0])

    await say(h, true)
    await h.settle()
    assert.deepEqual([await told(), h.crm.openTasks().length], [1, 1])
  })
})
