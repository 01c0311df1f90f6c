import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { salesforceUser } from '../../../sandbox/tuesday/crm-user.ts'
import type { ItemOutcome, TaskWrite } from '../../../src/crm/crm-client.ts'
import { active, type Connected, connect, control, sandbox, withSandboxOrg, world } from './sandbox-stage.ts'

type About = NonNullable<TaskWrite['about']>

/** Objects that a task can hang on, with the field of Task for each and what makes one. */
const ANCHORS = [
  { objectType: 'Lead', field: 'WhoId', fields: { LastName: 'Byron', Company: 'Engines', Status: 'New' } },
  { objectType: 'Contact', field: 'WhoId', fields: { LastName: 'Byron' } },
  { objectType: 'Account', field: 'WhatId', fields: { Name: 'Engines' } },
  {
    objectType: 'Opportunity',
    field: 'WhatId',
    fields: { Name: 'Engines', StageName: 'Prospecting', CloseDate: '2026-12-24' },
  },
] as const
type Anchor = (typeof ANCHORS)[number]
const MERGEABLE = ANCHORS.filter(({ objectType }) => objectType !== 'Opportunity')

describe('tasks in a Salesforce org whose records move on', () => {
  withSandboxOrg()

  let nth = 0
  const make = async ({ objectType, fields }: Pick<Anchor, 'objectType' | 'fields'>): Promise<About> => {
    const { userClientId, userClientSecret } = sandbox.credentials
    const place = { loginUrl: sandbox.url, instanceUrl: sandbox.url, userClientId, userClientSecret }
    const person = await salesforceUser(place as Parameters<typeof salesforceUser>[0])
    const ownerId = active()[0]!.Id
    return { objectType, recordId: await person.create(objectType, { ...fields, OwnerId: ownerId }) }
  }
  const task = (about: TaskWrite['about'], over: Partial<TaskWrite> = {}): TaskWrite => ({
    key: `moved-${++nth}`,
    taskId: null,
    ownerId: active()[1]!.Id,
    subject: 'Risky: look',
    body: 'What happened.',
    dueAtMs: world.nowMs + 86_400_000,
    timeZone: 'Europe/Berlin',
    priority: 'normal',
    status: 'open',
    about,
    rehang: false,
    ...over,
  })
  const act = (action: string, body: object) => control('POST', 'actions', { action, ...body })
  const stored = (id: string) => sandbox.org.store.get('Task', id)!
  const idOf = (outcome: ItemOutcome | undefined) => {
    assert.ok(outcome?.outcome === 'done', JSON.stringify(outcome))
    return outcome.id
  }
  const created = async (client: Connected, about: TaskWrite['about']) => {
    const wanted = task(about)
    const id = idOf((await client.writeTasks([wanted]))[0])
    return { ...wanted, taskId: id }
  }
  const relation = (id: string) => [stored(id).WhoId ?? null, stored(id).WhatId ?? null]
  const deleteRecord = ({ recordId }: About) => act('delete', { recordId })

  it('follows a task through a conversion: it is written and closed where Salesforce has hung it', async () => {
    const client = connect()
    const lead = await make(ANCHORS[0])
    const ours = await created(client, lead)
    const { contactId, opportunityId } = await act('convert-lead', { recordId: lead.recordId })
    idOf((await client.writeTasks([{ ...ours, body: 'More to say.' }]))[0])
    assert.equal(stored(ours.taskId).Description, 'More to say.')
    idOf((await client.writeTasks([{ ...ours, status: 'done' }]))[0])
    assert.equal(stored(ours.taskId).IsClosed, true)
    assert.deepEqual(relation(ours.taskId), [contactId, opportunityId])
  })

  for (const anchor of MERGEABLE) {
    it(`follows a task of ${anchor.objectType} through two merges, and closes it there`, async () => {
      const client = connect()
      const [first, second, third] = [await make(anchor), await make(anchor), await make(anchor)]
      const ours = await created(client, first)
      await act('merge', { recordId: second.recordId, mergedIds: [first.recordId] })
      await act('merge', { recordId: third.recordId, mergedIds: [second.recordId] })
      idOf((await client.writeTasks([{ ...ours, status: 'done' }]))[0])
      assert.equal(stored(ours.taskId).IsClosed, true)
      assert.equal(stored(ours.taskId)[anchor.field], third.recordId)
    })
  }

  it('closes a task although it is to hang on a record that is gone, says so, and never says done of an open one', async () => {
    const client = connect()
    for (const anchor of ANCHORS) {
      const [old, next] = [await make(anchor), await make(anchor)]
      const ours = await created(client, old)
      await deleteRecord(next)
      const [outcome] = await client.writeTasks([{ ...ours, about: next, rehang: true, status: 'done' }])
      idOf(outcome)
      assert.match((outcome as { notHung?: string }).notHung ?? '', /ENTITY_IS_DELETED/, anchor.objectType)
      assert.equal(stored(ours.taskId).IsClosed, true)
      assert.equal(stored(ours.taskId)[anchor.field], old.recordId)
    }
  })

  for (const taskExternalId of [true, false]) {
    it(`makes a task without its record where that is gone or converted, ${taskExternalId ? 'with' : 'without'} the key`, async () => {
      await control('POST', 'settings', { taskExternalId })
      const client = connect()
      const gone = await Promise.all(ANCHORS.map(make))
      for (const one of gone) await deleteRecord(one)
      const converted = await make(ANCHORS[0])
      await act('convert-lead', { recordId: converted.recordId })
      const lives = await make(ANCHORS[1])
      const tasks = [...gone, converted, lives].map((about) => task(about))
      const outcomes = new Map((await client.writeTasks(tasks)).map((one) => [one.key, one]))
      for (const { key, about } of tasks) {
        const outcome = outcomes.get(key)
        const expected = about === lives ? [lives.recordId, null] : [null, null]
        assert.deepEqual(relation(idOf(outcome)), expected, JSON.stringify(outcome))
        assert.equal((outcome as { notHung?: string }).notHung === undefined, about === lives)
      }
    })

    it(`finds a task by its old record after merges and a conversion, ${taskExternalId ? 'with' : 'without'} the key`, async () => {
      await control('POST', 'settings', { taskExternalId })
      const client = connect()
      const [first, second, third] = [await make(ANCHORS[1]), await make(ANCHORS[1]), await make(ANCHORS[1])]
      const lead = await make(ANCHORS[0])
      const [merged, converted] = [await created(client, first), await created(client, lead)]
      await act('merge', { recordId: second.recordId, mergedIds: [first.recordId] })
      await act('merge', { recordId: third.recordId, mergedIds: [second.recordId] })
      await act('convert-lead', { recordId: lead.recordId })
      const lookups = [merged, converted].map(({ key, about }) => ({ key, about, taskId: null, sentAgoMs: 60_000 }))
      const never = { key: 'moved-never', about: first, taskId: null, sentAgoMs: 60_000 }
      const found = await client.findTasks([...lookups, never])
      assert.deepEqual(
        [...found].map(([key, one]) => [key, one?.taskId]).sort(),
        [merged, converted].map(({ key, taskId }) => [key, taskId]).sort(),
      )
    })
  }

  it('moves a task only when it is told to, and empties the field of the record of before', async () => {
    const client = connect()
    const [lead, contact, account, deal] = (await Promise.all(ANCHORS.map(make))) as [About, About, About, About]
    const ours = await created(client, lead)
    idOf((await client.writeTasks([{ ...ours, about: account }]))[0])
    assert.deepEqual(relation(ours.taskId), [lead.recordId, null])
    for (const [about, expected] of [
      [account, [null, account.recordId]],
      [contact, [contact.recordId, null]],
      [deal, [null, deal.recordId]],
      [lead, [lead.recordId, null]],
    ] as const) {
      idOf((await client.writeTasks([{ ...ours, about, rehang: true }]))[0])
      assert.deepEqual(relation(ours.taskId), expected)
    }
  })

  it('is told apart from an owner who may not get it: that is refused, whatever became of the record', async () => {
    const client = connect()
    const lead = await make(ANCHORS[0])
    await deleteRecord(lead)
    const left = world.salesforce.User.find((user) => user.IsActive !== true)!.Id
    const [outcome] = await client.writeTasks([task(lead, { ownerId: left })])
    assert.equal(outcome?.outcome, 'refused')
    assert.match(outcome?.outcome === 'refused' ? outcome.code : '', /INACTIVE_OWNER_OR_USER/)
  })

  it('says gone of a task that went with its record, and finds it again when the record is undeleted', async () => {
    const client = connect()
    const account = await make(ANCHORS[2])
    const ours = await created(client, account)
    await deleteRecord(account)
    assert.equal((await client.writeTasks([{ ...ours, status: 'done' }]))[0]?.outcome, 'gone')
    await act('undelete', { recordId: account.recordId })
    idOf((await client.writeTasks([{ ...ours, status: 'done' }]))[0])
    assert.equal(stored(ours.taskId).IsClosed, true)
  })

  it('says gone only of a task that Salesforce calls deleted, and refused of one that it does not show', async () => {
    const client = connect()
    const [hidden, binned, purged] = [
      await created(client, null),
      await created(client, null),
      await created(client, null),
    ]
    for (const { taskId: recordId } of [binned, purged]) await act('delete', { recordId })
    await act('purge', { recordId: purged.taskId })
    await control('POST', 'sharing', { hide: [hidden.taskId] })
    // The log of what was deleted ends with the last full minute.
    await act('advance-clock', { ms: 120_000 })
    const outcomes = await client.writeTasks(
      [hidden, binned, purged].map((one) => ({ ...one, status: 'done' as const })),
    )
    await control('DELETE', 'permissions')
    const said = new Map(outcomes.map((one) => [one.key, one.outcome === 'refused' ? one.code : one.outcome]))
    assert.deepEqual(
      [hidden, binned, purged].map(({ key }) => said.get(key)),
      ['NOT_VISIBLE', 'gone', 'gone'],
    )
    idOf((await client.writeTasks([{ ...hidden, status: 'done' }]))[0])
    assert.equal(stored(hidden.taskId).IsClosed, true)
  })
})
