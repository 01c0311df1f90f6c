import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { type ChangedSince, type CrmClient, CrmReconnectError, type TaskWrite } from '../../src/crm/crm-client.ts'
import type { ChangeEvent } from '../../src/model/record/change-event.ts'
import { contact, DAY, nowMs, setUp, world } from './hubspot-stage.ts'

const pollChanges = {
  objectType: 'contacts',
  fields: ['email', 'hubspot_owner_id'],
  historyFields: [],
  source: 'poll',
} as const
const baseline = { ...pollChanges, sinceMs: 0, source: 'baseline' } as const

async function everything(client: CrmClient, query: Omit<ChangedSince, 'cursor'>): Promise<ChangeEvent[]> {
  const events: ChangeEvent[] = []
  let cursor: string | null = null
  for (let page = 0; page < 200; page += 1) {
    const next = await client.changedSince({ ...query, cursor })
    events.push(...next.events)
    cursor = next.cursor
    if (cursor === null) return events
  }
  throw new Error('The pages never end')
}

const idsOf = (events: readonly ChangeEvent[]) => events.map(({ recordId }) => Number(recordId)).sort((a, b) => a - b)
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at)

describe('a HubSpot account', () => {
  for (const apiVersion of ['v3', '2026-03', '2026-09'] as const) {
    it(`says who it is, who works there and what it keeps, through ${apiVersion}`, async (t) => {
      const { client } = await setUp(t, world({ contacts: [contact(1)] }), {}, { apiVersion })
      const identity = await client.identify()
      assert.equal(identity.accountId, '4471001')
      assert.equal(identity.actorId, '9180042')
      assert.ok(identity.timeZone)
      assert.match(client.recordUrl('contacts', '1'), /^https:\/\/.+\/contacts\/4471001\/record\/0-1\/1$/)

      const users = await client.users()
      assert.deepEqual(users.map(({ userId, email, name, active }) => [userId, email, name, active]).sort(), [
        ['501', 'ana@example.com', 'Ana Ruiz', true],
        ['502', 'bo@example.com', 'Bo Lind', true],
        ['503', 'cy@example.com', 'cy@example.com', false],
      ])

      const { fields } = await client.describe('contacts')
      const typeOf = (name: string) => fields.find((field) => field.name === name)?.type
      assert.deepEqual(['email', 'hubspot_owner_id', 'createdate', 'lifecyclestage'].map(typeOf), [
        'text',
        'reference',
        'instant',
        'picklist',
      ])
      assert.equal(fields.find(({ name }) => name === 'lastmodifieddate')?.writable, false)

      const { events } = await client.changedSince({ ...baseline, cursor: null })
      assert.deepEqual(idsOf(events), [1])
      assert.equal((await client.changedSince({ ...pollChanges, sinceMs: 1, cursor: null })).events.length, 1)
      assert.equal((await client.readRecords({ ...pollChanges, ids: ['1'] })).events.length, 1)
    })
  }

  it('whose grant was revoked needs a person, and says which step', async (t) => {
    const { client, control } = await setUp(t, world({}))
    await control('POST', 'faults', { kind: 'revoked' })
    await assert.rejects(client.identify(), (error) => error instanceof CrmReconnectError && error.remedy !== '')
  })

  it('that lost a scope names it', async (t) => {
    const { client } = await setUp(t, world({}), { missingScopes: ['crm.objects.owners.read'] })
    await assert.rejects(
      client.users(),
      (error) => error instanceof CrmReconnectError && /crm\.objects\.owners\.read/.test(error.remedy),
    )
  })

  it('that answers one 401 out of the blue is not given up', async (t) => {
    const { client, control } = await setUp(t, world({}))
    await control('POST', 'faults', { kind: 'expired-token' })
    assert.equal((await client.identify()).accountId, '4471001')
  })
})

describe('the first import', () => {
  it('brings every record once, complete, page by page', async (t) => {
    const { client, taken } = await setUp(t, world({ contacts: numbers(1, 250).map((id) => contact(id)) }))
    const events = await everything(client, baseline)
    assert.deepEqual(idsOf(events), numbers(1, 250))
    assert.equal(taken.length, 4, 'one look at the properties and three pages')
    const first = events.find(({ recordId }) => recordId === '1')
    assert.equal(first?.kind, 'created')
    assert.equal(first.complete, true)
    assert.deepEqual(first.fields, { email: 'p1@example.com', hubspot_owner_id: '501' })
    assert.equal(first.occurredAtMs, nowMs - 30 * DAY + 1)
  })

  it('brings the history of an owner, oldest first, and the time of each watched field', async (t) => {
    const history = [
      { value: '501', atMs: nowMs - 3 * DAY, sourceType: 'CRM_UI', sourceId: 'userId:9001' },
      { value: '502', atMs: nowMs - 2 * DAY, sourceType: 'CRM_UI', sourceId: 'userId:9001' },
      { value: '501', atMs: nowMs - DAY, sourceType: 'AUTOMATION_PLATFORM', sourceId: 'enrollmentId:1' },
    ]
    const record = contact(1, { history: { hubspot_owner_id: history }, modifiedAtMs: nowMs - DAY })
    const { client } = await setUp(t, world({ contacts: [record, ...numbers(2, 60).map((id) => contact(id))] }))
    const events = await everything(client, { ...baseline, historyFields: ['hubspot_owner_id'] })
    assert.deepEqual(idsOf(events), numbers(1, 60))
    const first = events.find(({ recordId }) => recordId === '1')
    assert.deepEqual(
      first?.ownerHistory,
      history.map(({ value, atMs }) => ({ owner: value, atMs })),
    )
    assert.equal(first?.fieldChangedAtMs?.hubspot_owner_id, nowMs - DAY)
    assert.equal(first?.actor.kind, 'automation')
  })

  it('names fields that do not exist and reads the others', async (t) => {
    const { client } = await setUp(t, world({ contacts: [contact(1)] }))
    const page = await client.changedSince({
      ...baseline,
      fields: ['email', 'territory_c'],
      historyFields: ['nope'],
      cursor: null,
    })
    assert.deepEqual(page.unreadable.toSorted(), ['nope', 'territory_c'])
    assert.deepEqual(page.events[0]?.fields, { email: 'p1@example.com' })
  })
})

describe('reading what changed', () => {
  it('brings what changed since, and nothing before', async (t) => {
    const { client, change } = await setUp(t, world({ contacts: numbers(1, 5).map((id) => contact(id)) }))
    await change({ objectType: 'contacts', id: '3', properties: { email: 'new@example.com' } })
    const events = await everything(client, { ...pollChanges, sinceMs: nowMs })
    assert.deepEqual(idsOf(events), [3])
    assert.equal(events[0]?.kind, 'changed')
    assert.equal(events[0]?.fields.email, 'new@example.com')
  })

  it('brings each record once although hundreds share one millisecond', async (t) => {
    const at = nowMs - DAY
    const contacts = numbers(1, 420).map((id) =>
      contact(id, { modifiedAtMs: id <= 30 ? at - 1 : id <= 390 ? at : at + 1 }),
    )
    const { client, taken } = await setUp(t, world({ contacts }))
    const events = await everything(client, { ...pollChanges, sinceMs: at - 1 })
    assert.deepEqual(idsOf(events), numbers(1, 420))
    assert.ok(taken.filter((kind) => kind === 'search').length <= 8, 'the pages make progress')
  })

  it('misses nobody when records change while the pages are read', async (t) => {
    const { client, change } = await setUp(t, world({ contacts: numbers(1, 300).map((id) => contact(id)) }))
    const query = { ...pollChanges, sinceMs: nowMs - 31 * DAY }
    const first = await client.changedSince({ ...query, cursor: null })
    // The first ones jump to the end; pages by offset would now skip as many of the others.
    await change(
      ...numbers(1, 50).map((id) => ({
        objectType: 'contacts',
        id: String(id),
        properties: { email: `q${id}@example.com` },
      })),
    )
    const events = [...first.events]
    for (let cursor = first.cursor; cursor !== null; ) {
      const page = await client.changedSince({ ...query, cursor })
      events.push(...page.events)
      cursor = page.cursor
    }
    assert.deepEqual([...new Set(idsOf(events))], numbers(1, 300))
  })

  it('brings history by reading the found ones by id', async (t) => {
    const { client, change } = await setUp(t, world({ contacts: [contact(1)] }))
    await change({ objectType: 'contacts', id: '1', properties: { hubspot_owner_id: '502' }, by: 'bo@example.com' })
    const [event] = await everything(client, { ...pollChanges, historyFields: ['hubspot_owner_id'], sinceMs: nowMs })
    assert.deepEqual(
      event?.ownerHistory?.map(({ owner }) => owner),
      ['501', '502'],
    )
    assert.deepEqual(event?.actor, { kind: 'person', id: '9002', ours: false })
  })

  it('finds what was deleted, with the time of it', async (t) => {
    const { client, change } = await setUp(t, world({ contacts: [contact(1), contact(2)] }))
    await change({ op: 'archive', objectType: 'contacts', id: '2' })
    const events = await everything(client, { ...pollChanges, sinceMs: nowMs })
    assert.deepEqual(
      events.map(({ kind, recordId }) => [kind, recordId]),
      [['deleted', '2']],
    )
    assert.ok((events[0]?.occurredAtMs ?? 0) >= nowMs)
    // The next poll looks from where this one began, so it tells it again, under the same key; the one after it does not.
    const later = { ...pollChanges, sinceMs: Date.now() + DAY }
    const again = await everything(client, later)
    assert.deepEqual(
      again.map(({ dedupeKey }) => dedupeKey),
      events.map(({ dedupeKey }) => dedupeKey),
    )
    assert.deepEqual(await everything(client, later), [])
  })

  it('gives the same event the same key, and a later read with more fields another', async (t) => {
    const { client } = await setUp(t, world({ contacts: [contact(1)] }))
    const keyOf = async (fields: string[]) =>
      (await client.readRecords({ ...pollChanges, fields, ids: ['1'] })).events[0]?.dedupeKey
    assert.equal(await keyOf(['email']), await keyOf(['email']))
    assert.notEqual(await keyOf(['email']), await keyOf(['email', 'phone']))
  })

  it('refuses a cursor that is not its own', async (t) => {
    const { client } = await setUp(t, world({}))
    await assert.rejects(client.changedSince({ ...baseline, cursor: 'zzz' }), /Not a HubSpot page cursor/)
  })
})

describe('reading by id', () => {
  it('tells found, deleted and unknown ids apart', async (t) => {
    const { client, change } = await setUp(t, world({ contacts: [contact(1), contact(2)] }))
    await change({ op: 'archive', objectType: 'contacts', id: '2' })
    const { events, missing } = await client.readRecords({ ...pollChanges, ids: ['1', '2', '77'] })
    assert.deepEqual(events.map(({ kind, recordId }) => [kind, recordId]).sort(), [
      ['changed', '1'],
      ['deleted', '2'],
    ])
    assert.deepEqual(missing, ['77'])
  })

  it('reads a hundred with history although HubSpot takes fifty at a time', async (t) => {
    const { client } = await setUp(t, world({ contacts: numbers(1, 100).map((id) => contact(id)) }), {
      historyBatchMax: 50,
    })
    const ids = numbers(1, 100).map(String)
    const { events, missing } = await client.readRecords({ ...pollChanges, historyFields: ['hubspot_owner_id'], ids })
    assert.deepEqual([idsOf(events), missing], [numbers(1, 100), []])
  })

  for (const mergeKeepsId of [true, false]) {
    it(`never loses a record that was merged (${mergeKeepsId ? 'keeping an id' : 'into a new id'})`, async (t) => {
      const { client, change } = await setUp(t, world({ contacts: [contact(1), contact(2)] }), { mergeKeepsId })
      const [survivor = ''] = await change({ op: 'merge', objectType: 'contacts', id: '1', mergedId: '2' })
      const { events, missing } = await client.readRecords({ ...pollChanges, ids: ['1', '2', survivor] })
      assert.ok(events.some(({ recordId }) => recordId === survivor))
      // Each id that went away is either told as merged or as missing, and none twice.
      const told = [...events.flatMap(({ mergedIds }) => mergedIds ?? []), ...missing]
      const gone = ['1', '2'].filter((id) => id !== survivor)
      assert.deepEqual(told.toSorted(), gone)
    })
  }
})

function task(key: string, over: Partial<TaskWrite> = {}): TaskWrite {
  return {
    key,
    taskId: null,
    ownerId: '501',
    subject: `Risky: duplicate owner of ${key}`,
    body: 'What happened.\n\nWhat to do.',
    dueAtMs: nowMs + DAY,
    timeZone: 'Europe/Madrid',
    priority: 'high',
    status: 'open',
    about: { objectType: 'contacts', recordId: '1' },
    ...over,
  }
}

const people = world({ contacts: numbers(1, 20).map((id) => contact(id)) })

describe('a task where HubSpot keeps our key unique', () => {
  it('is written once however often it is sent, with owner, link and state', async (t) => {
    const { client, tasks, taken, portal } = await setUp(t, people)
    assert.deepEqual(await portal.taskKey.create().then(({ enforced, field }) => [enforced, field]), [
      true,
      'lanekeeper_key',
    ])
    assert.equal((await portal.taskKey.create()).enforced, true, 'asked twice, answered alike')
    const all = numbers(1, 20).map((id) => task(`k${id}`, { about: { objectType: 'contacts', recordId: String(id) } }))
    taken.length = 0
    const first = await client.writeTasks(all)
    assert.ok(first.every(({ outcome }) => outcome === 'done'))
    assert.ok(taken.length <= 4, `twenty tasks took ${taken.length} calls`)
    assert.deepEqual(
      await client.writeTasks(all).then((again) => again.map((one) => 'id' in one && one.id)),
      first.map((one) => 'id' in one && one.id),
    )
    const there = await tasks()
    assert.equal(there.length, 20)
    const k7 = there.find(({ key }) => key === 'k7')
    assert.deepEqual([k7?.status, k7?.about], ['NOT_STARTED', [{ objectType: 'contacts', id: '7' }]])
    assert.match(k7?.ownerEmail ?? '', /^ana@example\.com$/i)
  })

  it('is found again after a lost answer, and only then; sent again it stays one', async (t) => {
    for (const kind of ['commit-then-hang', 'commit-then-reset']) {
      const { client, control, tasks, portal } = await setUp(t, people, {}, { deadlineMs: 500 })
      await portal.taskKey.create()
      await control('POST', 'faults', { kind, method: 'POST', path: '/crm/objects/2026-03/tasks/batch/upsert' })
      assert.deepEqual(
        (await client.writeTasks([task('a'), task('b')])).map(({ key, outcome }) => [key, outcome]),
        [
          ['a', 'unknown'],
          ['b', 'unknown'],
        ],
      )
      const found = await client.findTasks(['a', 'b', 'never'].map((key) => ({ key, about: null, taskId: null })))
      assert.deepEqual([...found.keys()].sort(), ['a', 'b'])
      assert.equal(found.get('a')?.status, 'open')
      assert.equal(found.get('a')?.ownerId, '501')
      assert.ok((await client.writeTasks([task('a'), task('b')])).every(({ outcome }) => outcome === 'done'))
      assert.equal((await tasks()).length, 2)
    }
  })

  it('gets its link when it is found, should the answer have been lost before the link was made', async (t) => {
    const { client, control, tasks, portal } = await setUp(t, people, {}, { deadlineMs: 500 })
    await portal.taskKey.create()
    await control('POST', 'faults', {
      kind: 'commit-then-reset',
      method: 'POST',
      path: '/crm/objects/2026-03/tasks/batch/upsert',
    })
    await client.writeTasks([task('a')])
    assert.deepEqual((await tasks())[0]?.about, [])
    const about = { objectType: 'contacts', recordId: '1' }
    assert.equal((await client.findTasks([{ key: 'a', about, taskId: null }])).size, 1)
    assert.deepEqual((await tasks())[0]?.about, [{ objectType: 'contacts', id: '1' }])
  })

  it('that is refused leaves the others standing, and says why in HubSpot’s words', async (t) => {
    const { client, tasks, portal } = await setUp(t, people)
    await portal.taskKey.create()
    const outcomes = await client.writeTasks([task('a'), task('b', { ownerId: '999' }), task('c')])
    assert.deepEqual(outcomes.map(({ key, outcome }) => `${key} ${outcome}`).sort(), ['a done', 'b refused', 'c done'])
    const refused = outcomes.find((outcome) => outcome.outcome === 'refused')
    assert.match(refused?.outcome === 'refused' ? refused.why : '', /999|owner/i)
    assert.equal((await tasks()).length, 2)
  })

  it('outlives the record that it should hang on', async (t) => {
    const { client, change, tasks, portal } = await setUp(t, people)
    await portal.taskKey.create()
    await change({ op: 'archive', objectType: 'contacts', id: '2' })
    const outcomes = await client.writeTasks([
      task('a', { about: { objectType: 'contacts', recordId: '2' } }),
      task('b'),
    ])
    assert.ok(outcomes.every(({ outcome }) => outcome === 'done'))
    const about = Object.fromEntries((await tasks()).map(({ key, about }) => [key, about.length]))
    assert.deepEqual(about, { a: 0, b: 1 })
  })

  it('whose link fails for now is done, and gets its link with the next call', async (t) => {
    const { client, control, tasks, portal } = await setUp(t, people)
    await portal.taskKey.create()
    await control('POST', 'faults', { kind: '502', path: '/crm/associations/', times: 3 })
    assert.equal((await client.writeTasks([task('a')]))[0]?.outcome, 'done')
    assert.deepEqual((await tasks())[0]?.about, [])
    await client.writeTasks([])
    assert.deepEqual((await tasks())[0]?.about, [{ objectType: 'contacts', id: '1' }])
  })

  it('is closed and changed by id, and gone when a person deleted it', async (t) => {
    const { client, change, tasks, portal } = await setUp(t, people)
    await portal.taskKey.create()
    const ids = (await client.writeTasks([task('a'), task('b')])).map((one) => (one.outcome === 'done' ? one.id : ''))
    await change({ op: 'archive', objectType: 'tasks', id: ids[1] })
    const outcomes = await client.writeTasks([
      task('a', { taskId: ids[0] ?? '', status: 'done', ownerId: '502' }),
      task('b', { taskId: ids[1] ?? '', status: 'done' }),
      task('c'),
    ])
    assert.deepEqual(outcomes.map(({ key, outcome }) => `${key} ${outcome}`).sort(), ['a done', 'b gone', 'c done'])
    const a = (await tasks()).find(({ key }) => key === 'a')
    assert.deepEqual([a?.status, a?.ownerEmail?.toLowerCase()], ['COMPLETED', 'bo@example.com'])
    const found = await client.findTasks([
      { key: 'a', about: null, taskId: null },
      { key: 'b', about: null, taskId: null },
    ])
    assert.deepEqual([found.get('a')?.status, found.has('b')], ['done', false])
  })

  it('waits while HubSpot says "too many", and nothing was written', async (t) => {
    const { client, control, tasks, pauses, portal } = await setUp(t, people)
    await portal.taskKey.create()
    await control('POST', 'faults', { kind: '429', path: '/crm/objects/2026-03/tasks/batch/upsert', retryAfterS: 30 })
    const [outcome] = await client.writeTasks([task('a')])
    assert.equal(outcome?.outcome, 'retry')
    assert.ok(outcome.outcome === 'retry' && outcome.retryAtMs !== null && outcome.retryAtMs > Date.now() + 25_000)
    assert.equal(pauses.length, 1)
    assert.equal((await tasks()).length, 0)
  })

  it('shows hostile text as text', async (t) => {
    const { client, tasks, portal } = await setUp(t, people)
    await portal.taskKey.create()
    const [outcome] = await client.writeTasks([
      task('a', { subject: `x\u0000\ud800${'y'.repeat(400)}`, body: '<script>alert(1)</script>' }),
    ])
    assert.equal(outcome?.outcome, 'done')
    const [written] = await tasks()
    assert.ok(written && written.subject.length <= 255 && written.subject.isWellFormed())
    const { events } = await client.readRecords({
      objectType: 'tasks',
      ids: [written.id],
      fields: ['hs_task_body'],
      historyFields: [],
    })
    assert.equal(events[0]?.fields.hs_task_body, '<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>')
  })

  it('more than a hundred of which come in one call is a mistake of the caller', async (t) => {
    const { client } = await setUp(t, people)
    await assert.rejects(client.writeTasks(numbers(1, 101).map((id) => task(`k${id}`))), RangeError)
  })
})

describe('a task on what it is about', () => {
  const company = { id: '9', createdAtMs: nowMs - DAY, modifiedAtMs: nowMs - DAY, properties: { name: 'Arbor' } }
  const deal = { ...company, id: '19', properties: { dealname: 'Big', dealstage: 'appointmentscheduled' } }
  const seed = world({ contacts: [contact(1)], companies: [company], deals: [deal] })

  for (const apiVersion of ['v3', '2026-03', '2026-09'] as const) {
    it(`hangs there, be it a contact, a company or a deal, through ${apiVersion}`, async (t) => {
      for (const taskUniqueProperty of [true, false]) {
        const { client, tasks, portal } = await setUp(t, seed, { taskUniqueProperty }, { apiVersion })
        await portal.taskKey.create()
        const about = [
          { objectType: 'contacts', recordId: '1' },
          { objectType: 'companies', recordId: '9' },
          { objectType: 'deals', recordId: '19' },
        ]
        const outcomes = await client.writeTasks(about.map((one) => task(one.objectType, { about: one })))
        assert.ok(outcomes.every(({ outcome }) => outcome === 'done'))
        assert.deepEqual(
          (await tasks()).map((one) => [one.key, one.about]).sort(),
          about.map(({ objectType, recordId }) => [objectType, [{ objectType, id: recordId }]]).sort(),
        )
      }
    })
  }

  it('is not there where the record has no task at all, which HubSpot calls an error of the batch', async (t) => {
    const { client, portal } = await setUp(t, seed, { taskUniqueProperty: false })
    await portal.taskKey.create()
    await client.writeTasks([task('a', { about: { objectType: 'contacts', recordId: '1' } })])
    const found = await client.findTasks([
      { key: 'a', about: { objectType: 'contacts', recordId: '1' }, taskId: null },
      { key: 'b', about: { objectType: 'companies', recordId: '9' }, taskId: null },
    ])
    assert.deepEqual([...found.keys()], ['a'])
  })

  it('moves the modification date of the record: the poll brings it, with the values it had', async (t) => {
    const { client, portal } = await setUp(t, seed)
    await portal.taskKey.create()
    const before = await client.changedSince({ ...pollChanges, sinceMs: nowMs - 60 * DAY, cursor: null })
    await client.writeTasks([task('a')])
    const after = await client.changedSince({ ...pollChanges, sinceMs: Date.now() - DAY / 24, cursor: null })
    assert.deepEqual(idsOf(after.events), [1])
    assert.deepEqual(after.events[0]?.fields, before.events[0]?.fields)
    assert.ok((after.events[0]?.occurredAtMs ?? 0) > (before.events[0]?.occurredAtMs ?? 0))
  })
})

describe('each kind of record', () => {
  it('is polled by the date of modification that it keeps', async (t) => {
    const plain = { createdAtMs: nowMs - 9 * DAY, modifiedAtMs: nowMs - 9 * DAY }
    const { client, change, portal } = await setUp(
      t,
      world({
        contacts: [contact(1)],
        companies: [{ ...plain, id: '9', properties: { name: 'Arbor' } }],
        deals: [{ ...plain, id: '19', properties: { dealname: 'Big', dealstage: 'appointmentscheduled' } }],
      }),
    )
    await portal.taskKey.create()
    const [written] = await client.writeTasks([task('a', { about: null })])
    const taskId = written?.outcome === 'done' ? written.id : ''
    const sinceMs = Date.now()
    const objects = { contacts: ['1', 'firstname'], companies: ['9', 'name'], deals: ['19', 'dealname'] } as const
    for (const [objectType, [id, name]] of Object.entries(objects)) {
      await change({ objectType, id, properties: { [name]: 'Changed' } })
    }
    await change({ objectType: 'tasks', id: taskId, properties: { hs_task_status: 'COMPLETED' } })
    for (const [objectType, [id, name]] of Object.entries({ ...objects, tasks: [taskId, 'hs_task_status'] as const })) {
      const { events } = await client.changedSince({
        objectType,
        fields: [name],
        historyFields: [],
        source: 'poll',
        sinceMs,
        cursor: null,
      })
      assert.deepEqual(
        events.map(({ recordId, fields }) => [recordId, fields[name]]),
        [[id, objectType === 'tasks' ? 'COMPLETED' : 'Changed']],
        objectType,
      )
    }
  })

  it('that the search index does not show yet is found when the poll looks back', async (t) => {
    const { client, change } = await setUp(t, world({ contacts: [contact(1)] }), { searchDelayMs: 400 })
    const sinceMs = Date.now()
    await change({ objectType: 'contacts', id: '1', properties: { firstname: 'Ana' } })
    const poll = () => client.changedSince({ ...pollChanges, sinceMs, cursor: null })
    assert.deepEqual((await poll()).events, [])
    const deadline = Date.now() + 10_000
    while ((await poll()).events.length === 0) {
      assert.ok(Date.now() < deadline, 'it never appeared')
      await pause(250)
    }
  })
})

describe('a task where HubSpot does not keep our key unique', () => {
  it('is told by a plain property, hangs on its record from the start and is found there after a lost answer', async (t) => {
    for (const kind of ['commit-then-hang', 'commit-then-reset']) {
      const { client, control, tasks, portal } = await setUp(
        t,
        people,
        { taskUniqueProperty: false },
        { deadlineMs: 500 },
      )
      const support = await portal.taskKey.create()
      assert.deepEqual([support.enforced, support.field], [false, 'lanekeeper_key'])
      await control('POST', 'faults', { kind, method: 'POST', path: '/crm/objects/2026-03/tasks/batch/create' })
      assert.deepEqual(
        (await client.writeTasks([task('a'), task('b')])).map(({ outcome }) => outcome),
        ['unknown', 'unknown'],
      )
      const about = { objectType: 'contacts', recordId: '1' }
      const found = await client.findTasks(['a', 'b', 'never'].map((key) => ({ key, about, taskId: null })))
      assert.deepEqual([...found.keys()].sort(), ['a', 'b'])
      assert.deepEqual(
        (await tasks()).map((one) => one.about),
        [[{ objectType: 'contacts', id: '1' }], [{ objectType: 'contacts', id: '1' }]],
      )
    }
  })

  it('carries a short key in its subject where the account takes no property at all', async (t) => {
    const { another } = await setUp(t, people)
    const bare = another({ taskKey: { enforced: false, field: null, why: 'no scope' } })
    const [outcome] = await bare.writeTasks([task('a', { subject: 'z'.repeat(300) })])
    assert.equal(outcome?.outcome, 'done')
    const about = { objectType: 'contacts', recordId: '1' }
    const found = await bare.findTasks([
      { key: 'a', about, taskId: null },
      { key: 'b', about, taskId: null },
    ])
    assert.deepEqual([...found.keys()], ['a'])
    assert.equal(found.get('a')?.taskId, outcome.outcome === 'done' ? outcome.id : '')
    await assert.rejects(bare.findTasks([{ key: 'c', about: null, taskId: null }]), /hangs on no record/)
  })

  it('outlives the record that it should hang on', async (t) => {
    const { client, change, tasks, portal } = await setUp(t, people, { taskUniqueProperty: false })
    await portal.taskKey.create()
    await change({ op: 'archive', objectType: 'contacts', id: '2' })
    const outcomes = await client.writeTasks([
      task('a', { about: { objectType: 'contacts', recordId: '2' } }),
      task('b'),
    ])
    assert.deepEqual(outcomes.map(({ key, outcome }) => `${key} ${outcome}`).sort(), ['a done', 'b done'])
    assert.deepEqual((await tasks()).map(({ key }) => key).sort(), ['a', 'b'])
  })
})

describe('setting owners', () => {
  const write = (key: string, recordId: string, to = '502') => ({
    key,
    objectType: 'contacts',
    recordId,
    field: 'hubspot_owner_id',
    to,
  })

  it('gives each record its own outcome in one call', async (t) => {
    const { client, change, taken } = await setUp(t, people)
    await change({ op: 'archive', objectType: 'contacts', id: '3' })
    taken.length = 0
    const outcomes = await client.writeOwners([
      write('w1', '1'),
      write('w2', '2', '503'),
      write('w3', '3'),
      write('w4', '4'),
    ])
    assert.deepEqual(outcomes.map(({ key, outcome }) => `${key} ${outcome}`).sort(), [
      'w1 done',
      'w2 refused',
      'w3 gone',
      'w4 done',
    ])
    assert.deepEqual(taken, ['write'])
    const { events } = await client.readRecords({ ...pollChanges, ids: ['1', '2', '4'] })
    assert.deepEqual(Object.fromEntries(events.map(({ recordId, fields }) => [recordId, fields.hubspot_owner_id])), {
      1: '502',
      2: '501',
      4: '502',
    })
  })

  it('twice on one record is done in the given order', async (t) => {
    const { client, taken } = await setUp(t, people)
    const outcomes = await client.writeOwners([write('w1', '1', '502'), write('w2', '1', '501')])
    assert.deepEqual(
      outcomes.map(({ outcome }) => outcome),
      ['done', 'done'],
    )
    assert.deepEqual(taken, ['write', 'write'], 'HubSpot refuses a batch that names a record twice')
    const { events } = await client.readRecords({ ...pollChanges, ids: ['1'] })
    assert.equal(events[0]?.fields.hubspot_owner_id, '501')
  })

  it('whose answer was lost is unknown, not repeated', async (t) => {
    const { client, control } = await setUp(t, people)
    await control('POST', 'faults', { kind: 'commit-then-reset', path: '/crm/objects/2026-03/contacts/batch/update' })
    assert.equal((await client.writeOwners([write('w1', '1')]))[0]?.outcome, 'unknown')
    const stats = await control('GET', 'stats')
    const updates = Object.entries(stats.requests as Record<string, number>).filter(([route]) =>
      /batch\/update/.test(route),
    )
    assert.equal(
      updates.reduce((sum, [, count]) => sum + count, 0),
      1,
    )
  })

  it('answered by a page of HTML is unknown, by a refused allowance waits', async (t) => {
    const { client, control } = await setUp(t, people)
    await control('POST', 'faults', { kind: 'html', path: '/crm/objects/' })
    assert.equal((await client.writeOwners([write('w1', '1')]))[0]?.outcome, 'unknown')
    await control('POST', 'faults', { kind: 'daily-limit', path: '/crm/objects/' })
    assert.equal((await client.writeOwners([write('w1', '1')]))[0]?.outcome, 'retry')
  })
})

describe('more than a request can carry', () => {
  it('still arrives: fields too many for a URL or a search body are read by id', async (t) => {
    const { client, change, baseUrl, credentials } = await setUp(
      t,
      world({ contacts: numbers(1, 120).map((id) => contact(id)) }),
    )
    const fields = numbers(1, 150).map((at) => `lane_custom_field_${at}`)
    for (const name of fields) {
      const answer = await fetch(`${baseUrl}/crm/properties/2026-03/contacts`, {
        method: 'POST',
        headers: { authorization: `Bearer ${credentials.userToken}`, 'content-type': 'application/json' },
        body: JSON.stringify({ name, label: name, type: 'string', fieldType: 'text', groupName: 'contactinformation' }),
      })
      assert.equal(answer.status, 201)
    }
    await change({ objectType: 'contacts', id: '7', properties: { lane_custom_field_150: 'here' } })
    const query = { ...pollChanges, fields: [...fields, 'email'] }
    for (const source of ['baseline', 'poll'] as const) {
      const events = await everything(client, { ...query, source, sinceMs: source === 'baseline' ? 0 : 1 })
      assert.deepEqual(idsOf(events), numbers(1, 120))
      assert.equal(events.find(({ recordId }) => recordId === '7')?.fields.lane_custom_field_150, 'here')
    }
  })
})
