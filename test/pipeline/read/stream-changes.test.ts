import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'kysely'
import { runStream } from '../../../workers/background/stream.ts'
import { type Day, startDay } from '../../faults/day.ts'

/**
 * The sandbox org tells over its gRPC stream, and the workers' own code does with it what it does every day. No poll
 * runs unless a test says so, so what is known here was told.
 */
describe('what the stream of Salesforce tells, through the workers', { timeout: 120_000 }, () => {
  let day: Day
  let following: Promise<void>
  const stopping = new AbortController()
  before(async () => {
    day = await startDay()
    const { post } = day.control.salesforce
    // The object that takes the place of User in this org: five may be selected.
    await post('settings', { selectedEntities: ['Lead', 'Account', 'Contact', 'Opportunity', 'Task'] })
    following = runStream(day.context, day.context.clientOf(day.idOf('salesforce'))!, stopping.signal)
    await until('the stream is open', async () => {
      const { stream } = await day.control.salesforce.get<{ stream: { open: number } }>('stats')
      return stream.open === 1
    })
  })
  after(async () => {
    stopping.abort()
    await following
    await day.stop()
  })

  async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 15_000
    while (!(await holds())) {
      if (Date.now() > deadline) throw new Error(`Within 15 s it did not come true that ${what}`)
      await wait(20)
    }
  }
  const told = (recordId: string) =>
    day.rows<{ kind: string; state: string; reason: string | null; fields: Record<string, string | null> }>(
      sql`select kind, state, skip_reason as reason, fields from change_event
        where record_id = ${recordId} and source = 'stream' order by id`,
    )
  const untilTold = (recordId: string, n: number) =>
    until(`${n} events of ${recordId} came`, async () => (await told(recordId)).length >= n)
  const recordOf = async (recordId: string) => {
    const [record] = await day.rows<{ deleted: boolean; needs_read: string | null; values: Record<string, string> }>(
      sql`select deleted, needs_read, values from record where record_id = ${recordId}`,
    )
    return record!
  }
  const lead = (name: string, country: string | null, more: object = {}) =>
    day.people.create('Lead', {
      LastName: name,
      Company: `${name} Works`,
      Email: `${name.toLowerCase()}@${name.toLowerCase()}-works.example.com`,
      Country: country,
      Status: 'New',
      ...more,
    })
  const queue = async () => {
    const [row] = await day.people.query<{ Id: string }>("SELECT Id FROM Group WHERE DeveloperName = 'Inbound_leads'")
    return { OwnerId: row!.Id }
  }

  it('GAP_DELETE: the record is asked for, not found, and counts as gone', async () => {
    const id = await lead('Gapped', 'Japan', await queue())
    await untilTold(id, 1)
    await day.untilNothingWaits()
    assert.equal((await recordOf(id)).deleted, false)
    const cases = () => day.rows(sql`select 1 from exception where record_id = ${id} and status = 'open'`)
    assert.equal((await cases()).length, 1)
    const { post } = day.control.salesforce
    await post('settings', { selectedEntities: ['Account', 'Contact', 'Opportunity', 'Task'] })
    await post('actions', { action: 'delete', recordId: id })
    await post('settings', { selectedEntities: ['Lead', 'Account', 'Contact', 'Opportunity', 'Task'] })
    await post('stream', { kind: 'gap', changeType: 'GAP_DELETE', objectType: 'Lead', recordIds: [id] })
    await until('the gap came', async () => (await told(id)).some(({ kind }) => kind === 'gap'))
    assert.ok(
      (await told(id)).every(({ kind }) => kind !== 'deleted'),
      'nothing else says that it is gone',
    )
    await day.untilNothingWaits()
    const { deleted, needs_read } = await recordOf(id)
    assert.deepEqual([deleted, needs_read, (await cases()).length], [true, null, 0])
  })

  it('a task of ours that a person completes is looked into, and open again while its case is', async () => {
    const id = await lead('Ask', 'Japan', await queue())
    await untilTold(id, 1)
    await day.untilNothingWaits()
    const task = async () => {
      const [row] = await day.rows<{ crm_task_id: string; reopened: number; status: string }>(
        sql`select t.crm_task_id, t.reopened, t.status from task t join exception e on e.task_id = t.id
          where e.record_id = ${id} and e.status = 'open'`,
      )
      return row!
    }
    const { crm_task_id: taskId } = await task()
    await untilTold(taskId, 1)
    await day.untilNothingWaits()
    const before = await told(taskId)
    await day.people.update('Task', taskId, { Status: 'Completed' })
    await untilTold(taskId, before.length + 1)
    await day.untilNothingWaits()
    assert.equal((await task()).reopened, 1)
    const [shown] = await day.people.query<{ IsClosed: boolean; Description: string }>(
      `SELECT IsClosed, Description FROM Task WHERE Id = '${taskId}'`,
    )
    assert.equal(shown?.IsClosed, false)
    assert.match(shown!.Description, /^Reopened: /)
  })

  it("a task of somebody else's is left alone", async () => {
    const [user] = await day.people.query<{ Id: string }>('SELECT Id FROM User WHERE IsActive = true LIMIT 1')
    const taskId = await day.people.create('Task', {
      Subject: 'Call the dentist',
      OwnerId: user!.Id,
      Status: 'Not Started',
      Priority: 'Normal',
    })
    await untilTold(taskId, 1)
    await day.untilNothingWaits()
    assert.deepEqual(
      (await told(taskId)).map(({ state, reason }) => [state, reason]),
      [['skipped', 'not-our-task']],
    )
    assert.deepEqual(await day.rows(sql`select 1 from record where record_id = ${taskId}`), [])
  })

  it('of two changes within one second the later one counts', async () => {
    const id = await lead('Twice', 'Japan', await queue())
    await day.people.update('Lead', id, { Country: 'Norway' })
    await day.people.update('Lead', id, { Country: 'France' })
    await untilTold(id, 3)
    await day.run('apply', 'salesforce')
    assert.equal((await recordOf(id)).values.Country, 'France')
  })

  it('an owner that we wrote comes back as our own write, and the copy has it', async () => {
    const id = await lead('Routed', 'Germany', await queue())
    await untilTold(id, 1)
    await day.untilNothingWaits()
    await untilTold(id, 2)
    const [row] = await day.people.query<{ OwnerId: string }>(`SELECT OwnerId FROM Lead WHERE Id = '${id}'`)
    assert.match(row!.OwnerId, /^005/, 'a rule gave it to a person')
    await day.untilNothingWaits()
    const echo = (await told(id)).at(-1)!
    assert.deepEqual([echo.state, echo.reason, echo.fields.OwnerId], ['skipped', 'own-write', row!.OwnerId])
    assert.equal((await recordOf(id)).values.OwnerId, row!.OwnerId)
  })

  it('queues, of which no event tells, are asked for: one that lost its last member has its leads decided again', async () => {
    const { create, remove, query } = day.people
    const [user] = await query<{ Id: string }>('SELECT Id FROM User WHERE IsActive = true LIMIT 1')
    const OwnerId = await create('Group', { Name: 'Night desk', DeveloperName: 'Night_desk', Type: 'Queue' })
    await create('QueueSobject', { QueueId: OwnerId, SobjectType: 'Lead' })
    const membership = await create('GroupMember', { GroupId: OwnerId, UserOrGroupId: user!.Id })
    await day.run('poll', 'salesforce')
    const known = () =>
      day.rows<{ kind: string; name: string; members: number }>(
        sql`select kind, name, active_members as members from crm_user where user_id = ${OwnerId}`,
      )
    assert.deepEqual(await known(), [{ kind: 'queue', name: 'Night desk', members: 1 }])
    // A rule would take it from the queue; nobody has one for Japan.
    const id = await lead('Queued', 'Japan', { OwnerId })
    await untilTold(id, 1)
    await day.untilNothingWaits()
    const orphaned = () =>
      day.rows<{ what: string }>(
        sql`select what from exception where record_id = ${id} and pattern = 'orphaned-owner' and status = 'open'`,
      )
    assert.deepEqual(await orphaned(), [])
    const before = await told(id)
    await remove('GroupMember', membership)
    await day.run('poll', 'salesforce')
    await day.untilNothingWaits()
    assert.deepEqual(await told(id), before, 'nothing was told of the lead')
    assert.deepEqual(await known(), [{ kind: 'queue', name: 'Night desk', members: 0 }])
    assert.match((await orphaned())[0]?.what ?? '', /waits in the queue Night desk, which has no active member/)
  })
})
