import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import { setWritePermission } from '../../src/connections/lifecycle/write-permission.ts'
import { searchAgain } from '../../src/pipeline/act/search-again.ts'
import { verifyClosedJobTasks } from '../../src/pipeline/verify/verify-job-tasks.ts'
import { listNotices } from '../../src/store/notices/notices.ts'
import {
  closeJobTasks,
  ensureJobTask,
  type JobTask,
  openJobTasks,
  taskPlaces,
} from '../../src/store/offers/job-tasks.ts'
import { confirmIdentity, crmIdentity } from '../../src/store/people/identities.ts'
import { createPerson } from '../../src/store/people/persons.ts'
import { type Harness, routingHarnesses, TUESDAY_MS } from './harness.ts'

const start = routingHarnesses()

/** Somebody who is an active user of the CRM, and an offer to them. */
async function withOffer(change: Partial<JobTask> = {}) {
  const h = await start()
  const userId = h.crm.person('pat@x.example')
  await h.people()
  const personId = await createPerson(h.db, { name: 'Pat Doe', madeBy: 'terminal' })
  const identity = crmIdentity({ crm: 'hubspot', accountId: '1', userId })
  await confirmIdentity(h.db, personId, identity, { email: 'pat@x.example', by: 'terminal' })
  const task: JobTask = {
    about: 'offer',
    cause: 'offer/1',
    personId,
    workflow: 'routing',
    lane: 'boundary',
    circle: null,
    jobId: null,
    subject: 'You are asked to be boundary owner of Contact routing',
    body: 'Ada Admin asks you to be boundary owner.',
    lastLine: 'Completing this task decides nothing: accept or decline here: http://console/people',
    dueAtMs: TUESDAY_MS + 86_400_000,
    ...change,
  }
  return { h, task, personId, userId, place: (await taskPlaces(h.db, [personId])).get(personId)?.[0] }
}

const ensure = (h: Harness, task: JobTask) => ensureJobTask(h.db, h.connection.id, task)

const passTime = (h: Harness, seconds: number) =>
  sql`update intent set next_attempt_at = now(), granted_at = granted_at - ${seconds} * interval '1 second',
    search_again_at = search_again_at - ${seconds} * interval '1 second'
    where state in ('pending', 'unknown', 'sending') or search_again_at is not null`.execute(h.db)

async function states(h: Harness): Promise<string[]> {
  const { rows } = await sql<{ one: string }>`select kind || ' ' || state as one from intent order by id`.execute(h.db)
  return rows.map(({ one }) => one)
}

/** A person completes the task there; the CRM's event is received and folded. */
async function complete(h: Harness) {
  await h.closeTask(h.crm.openTasks()[0]!.id)
  await h.apply()
  return verifyClosedJobTasks(h.db, h.connection.id)
}

describe('a task that hangs on no record', () => {
  it('is created once, in the CRM of its person, with what completing it means as its last line', async () => {
    const { h, task, place, userId } = await withOffer()
    assert.deepEqual(place, { connectionId: h.connection.id, userId })
    await ensure(h, task)
    await ensure(h, task)
    assert.deepEqual(await states(h), ['job pending'])
    await h.act()
    await h.act()
    const [written, ...more] = [...h.crm.tasks.values()]
    assert.equal(more.length, 0)
    assert.deepEqual([written?.about, written?.ownerId, written?.dueAtMs], [null, userId, task.dueAtMs])
    assert.match(
      written!.body,
      /Due: Wed, Nov 25, 2026, 10:00 AM \(Europe\/Berlin\)\n\nCompleting this task decides nothing: .*people$/,
    )
    const { rows } = await sql<{ kind: string }>`select kind from write_attempt`.execute(h.db)
    assert.deepEqual(rows, [{ kind: 'job' }])
  })

  it('is written while its workflow is a draft, observes or is not ready, and never while writing is off', async () => {
    for (const mode of ['draft', 'observe']) {
      const { h, task } = await withOffer()
      await sql`update workflow set mode = ${mode}`.execute(h.db)
      await ensure(h, task)
      await h.act()
      assert.equal(h.crm.openTasks().length, 1, mode)
    }
    const { h, task, personId } = await withOffer()
    await ensure(h, task)
    await setWritePermission(h.db, h.connection.id, { allowed: false, by: 'terminal', nowMs: TUESDAY_MS })
    await h.act()
    assert.equal(h.crm.tasks.size, 0)
    assert.equal((await taskPlaces(h.db, [personId])).size, 0)
    await setWritePermission(h.db, h.connection.id, { allowed: true, by: 'terminal', nowMs: TUESDAY_MS })
    await h.act()
    assert.equal(h.crm.openTasks().length, 1)
  })

  it('has no place with a person who left, is frozen, or is proposed to be a user but not confirmed', async () => {
    for (const gone of ['active = false', 'frozen = true', 'gone_at = now()']) {
      const { h, personId } = await withOffer()
      await sql`update crm_user set ${sql.raw(gone)} where email = 'pat@x.example'`.execute(h.db)
      assert.equal((await taskPlaces(h.db, [personId])).size, 0, gone)
    }
    for (const state of ['proposed', 'conflict', 'refused', 'ended']) {
      const { h, personId } = await withOffer()
      await sql`update identity set state = ${state}`.execute(h.db)
      assert.equal((await taskPlaces(h.db, [personId])).size, 0, state)
    }
  })

  it('closes with the reason on top of its text', async () => {
    const { h, task } = await withOffer()
    await ensure(h, task)
    await h.act()
    const open = await openJobTasks(h.db)
    await closeJobTasks(
      h.db,
      open.map((one) => ({ ...one, closing: 'Closed: Pat Doe accepted.' })),
    )
    await h.act()
    const [written] = [...h.crm.tasks.values()]
    assert.equal(written?.status, 'done')
    assert.match(written!.body, /^Closed: Pat Doe accepted\.\n\nAda Admin asks/)
  })

  it('opens once more when it is completed, then stays closed, and no other is made', async () => {
    const { h, task } = await withOffer()
    await ensure(h, task)
    await h.act()
    assert.deepEqual(await complete(h), { reopened: 1, leftClosed: 0 })
    await h.act()
    assert.equal(h.crm.openTasks().length, 1)
    assert.match(
      h.crm.openTasks()[0]!.body,
      /^Reopened: the task was completed, but the job is neither accepted nor declined\.\n/,
    )
    assert.deepEqual(await complete(h), { reopened: 0, leftClosed: 1 })
    await h.act()
    assert.equal(h.crm.openTasks().length, 0)
    assert.equal(await ensure(h, task), null)
    assert.equal(h.crm.tasks.size, 1)
  })

  it('is not looked into by the check of cases', async () => {
    const { h, task } = await withOffer()
    await ensure(h, task)
    await h.act()
    await h.closeTask(h.crm.openTasks()[0]!.id)
    await h.apply()
    assert.deepEqual(await h.verify(), { toRead: false, reopened: 0, leftClosed: 0 })
  })
})

describe('a create of a task on no record whose answer was lost', () => {
  const lost = async (fault: 'lost-after-commit' | 'lost-before-commit') => {
    const made = await withOffer()
    const { h, task } = made
    h.crm.taskKeyEnforced = false
    h.crm.notIndexed = 'all'
    h.crm.faults = [fault]
    await ensure(h, task)
    await h.act()
    return made
  }

  it('is not repeated before the index of the CRM has shown nothing four times', async () => {
    const { h } = await lost('lost-before-commit')
    assert.deepEqual(await states(h), ['job unknown'])
    const waits: number[] = []
    const act = async (seconds: number) => {
      await passTime(h, seconds)
      await h.act()
      const { rows } = await sql<{ s: number }>`
        select round(extract(epoch from next_attempt_at - clock_timestamp()))::int as s from intent`.execute(h.db)
      waits.push(rows[0]!.s)
    }
    await act(30)
    assert.equal(h.crm.tasks.size, 0)
    await act(60)
    await act(100)
    await act(100)
    assert.equal(h.crm.tasks.size, 0)
    // After 30 s the first search that counts is still 57 s away; then three more within five minutes.
    assert.deepEqual(waits, [57, 100, 100, 100])
    await passTime(h, 100)
    await h.act()
    assert.equal(h.crm.tasks.size, 1)
    assert.deepEqual(await states(h), ['job done'])
  })

  it('is taken for done as soon as the index shows it', async () => {
    for (const seconds of [30, 90, 200]) {
      const { h } = await lost('lost-after-commit')
      await passTime(h, seconds)
      h.crm.notIndexed = null
      await h.act()
      assert.equal(h.crm.tasks.size, 1)
      await passTime(h, 1)
      await h.act()
      assert.deepEqual([await states(h), h.crm.tasks.size], [['job done'], 1])
    }
  })

  it('that shows only after a second create is closed as an extra task', async () => {
    const { h } = await lost('lost-after-commit')
    for (const seconds of [90, 100, 100, 100, 100]) {
      await passTime(h, seconds)
      await h.act()
    }
    assert.equal(h.crm.tasks.size, 2)
    h.crm.notIndexed = null
    assert.equal(await searchAgain(h.actDependencies()), 0)
    await passTime(h, 16 * 60)
    assert.equal(await searchAgain(h.actDependencies()), 1)
    await h.act()
    const [first, second] = [...h.crm.tasks.values()]
    assert.deepEqual([first?.status, second?.status], ['done', 'open'])
    assert.match(first!.body, /^Closed automatically: this case has another task/)
    const notices = await listNotices(h.db, { connectionId: h.connection.id, limit: 10 })
    assert.deepEqual(notices.filter(({ code }) => code === 'task-doubled').length, 1)
    assert.equal(await searchAgain(h.actDependencies()), 0)
  })

  it('is looked for once where the CRM enforces a key', async () => {
    const { h, task } = await withOffer()
    h.crm.faults = ['lost-before-commit']
    await ensure(h, task)
    await h.act()
    await passTime(h, 30)
    await h.act()
    assert.deepEqual([await states(h), h.crm.tasks.size], [['job done'], 1])
  })
})
