import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { CrmReconnectError } from '../../../src/crm/crm-client.ts'
import { baseline, everything, idsOf, numbers, pollChanges } from './contact-reads.ts'
import { contact, DAY, nowMs, setUp, world } from './stage.ts'
import { task } from './task-write.ts'

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

  it('whose token is invalid asks an admin to reconnect', async (t) => {
    const { client, control } = await setUp(t, world({}))
    await control('POST', 'faults', { kind: 'revoked' })
    await assert.rejects(client.identify(), (error) => error instanceof CrmReconnectError && error.remedy !== '')
  })

  it('that lost a scope names the scope', async (t) => {
    const { client } = await setUp(t, world({}), { missingScopes: ['crm.objects.owners.read'] })
    await assert.rejects(
      client.users(),
      (error) => error instanceof CrmReconnectError && /crm\.objects\.owners\.read/.test(error.remedy),
    )
  })

  it('that answers a single 401 stays connected', async (t) => {
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

  it('misses no record when records change while the pages are read', async (t) => {
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

  it('brings history by reading the found records by id', async (t) => {
    const { client, change } = await setUp(t, world({ contacts: [contact(1)] }))
    await change({ objectType: 'contacts', id: '1', properties: { hubspot_owner_id: '502' }, by: 'bo@example.com' })
    const [event] = await everything(client, { ...pollChanges, historyFields: ['hubspot_owner_id'], sinceMs: nowMs })
    assert.deepEqual(
      event?.ownerHistory?.map(({ owner }) => owner),
      ['501', '502'],
    )
    assert.deepEqual(event?.actor, { kind: 'person', id: '9002', ours: false })
  })

  it('finds deleted records with the time of deletion', async (t) => {
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

describe('each kind of record', () => {
  it('is polled by its own modification date', async (t) => {
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

describe('more than a request can carry', () => {
  it('is read by id: fields too many for a URL or a search body', async (t) => {
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
