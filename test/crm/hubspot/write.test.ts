import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ItemOutcome } from '../../../src/crm/crm-client.ts'
import { idsOf, numbers, pollChanges } from './contact-reads.ts'
import { contact, DAY, nowMs, setUp, world } from './stage.ts'
import { task } from './task-write.ts'

const people = world({ contacts: numbers(1, 20).map((id) => contact(id)) })

describe('a task where HubSpot keeps our key unique', () => {
  it('is written once however often it is sent, with owner, link and status', async (t) => {
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
    const links = first.flatMap(({ key, ...one }) =>
      'id' in one ? [{ key, taskId: one.id!, about: { objectType: 'contacts', recordId: key.slice(1) } }] : [],
    )
    assert.ok((await client.linkTasks!(links)).every(({ outcome }) => outcome === 'done'))
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

  it('is found after a lost answer, and stays one task when sent again', async (t) => {
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

  it('gets its link when it is found, if the answer was lost before the link was made', async (t) => {
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
    const { taskId, unlinked } = (await client.findTasks([{ key: 'a', about, taskId: null }])).get('a')!
    assert.equal(unlinked, true)
    assert.deepEqual((await tasks())[0]?.about, [], 'looking for it writes nothing')
    assert.deepEqual(await client.linkTasks!([{ key: '1', taskId, about }]), [
      { key: '1', outcome: 'done', id: taskId },
    ])
    assert.deepEqual((await tasks())[0]?.about, [{ objectType: 'contacts', id: '1' }])
  })

  it('that HubSpot refuses does not stop the others, and keeps HubSpot’s message', async (t) => {
    const { client, tasks, portal } = await setUp(t, people)
    await portal.taskKey.create()
    const outcomes = await client.writeTasks([task('a'), task('b', { ownerId: '999' }), task('c')])
    assert.deepEqual(outcomes.map(({ key, outcome }) => `${key} ${outcome}`).sort(), ['a done', 'b refused', 'c done'])
    const refused = outcomes.find((outcome) => outcome.outcome === 'refused')
    assert.match(refused?.outcome === 'refused' ? refused.why : '', /999|owner/i)
    assert.equal((await tasks()).length, 2)
  })

  it('is created even if its record was deleted', async (t) => {
    const { client, change, tasks, portal } = await setUp(t, people)
    await portal.taskKey.create()
    await change({ op: 'archive', objectType: 'contacts', id: '2' })
    const outcomes = await client.writeTasks([
      task('a', { about: { objectType: 'contacts', recordId: '2' } }),
      task('b'),
    ])
    assert.ok(outcomes.every(({ outcome }) => outcome === 'done'))
    const linked = await client.linkTasks!(linksOf(outcomes, { a: '2', b: '1' }))
    assert.deepEqual(linked.map(({ key, outcome }) => [key, outcome]).sort(), [
      ['a', 'gone'],
      ['b', 'done'],
    ])
    const about = Object.fromEntries((await tasks()).map(({ key, about }) => [key, about.length]))
    assert.deepEqual(about, { a: 0, b: 1 })
  })

  it('whose link fails is done, and the link is made when it is tried again', async (t) => {
    const { client, control, tasks, portal } = await setUp(t, people)
    await portal.taskKey.create()
    await control('POST', 'faults', { kind: '502', path: '/crm/associations/', times: 3 })
    const outcomes = await client.writeTasks([task('a')])
    const links = linksOf(outcomes, { a: '1' })
    assert.equal((await client.linkTasks!(links))[0]?.outcome, 'unknown')
    assert.deepEqual((await tasks())[0]?.about, [])
    await control('DELETE', 'faults')
    for (let twice = 0; twice < 2; twice += 1) assert.equal((await client.linkTasks!(links))[0]?.outcome, 'done')
    assert.deepEqual((await tasks())[0]?.about, [{ objectType: 'contacts', id: '1' }])
  })

  it('is closed and changed by id, and gone if a user deleted it', async (t) => {
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

  it('waits during a rate limit, and nothing is written', async (t) => {
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

  it('is rejected as a caller’s mistake if more than a hundred come in one call', async (t) => {
    const { client } = await setUp(t, people)
    await assert.rejects(client.writeTasks(numbers(1, 101).map((id) => task(`k${id}`))), RangeError)
  })
})

describe('a task and its record', () => {
  const company = { id: '9', createdAtMs: nowMs - DAY, modifiedAtMs: nowMs - DAY, properties: { name: 'Arbor' } }
  const deal = { ...company, id: '19', properties: { dealname: 'Big', dealstage: 'appointmentscheduled' } }
  const seed = world({ contacts: [contact(1)], companies: [company], deals: [deal] })

  for (const apiVersion of ['v3', '2026-03', '2026-09'] as const) {
    it(`are linked, whether contact, company or deal, through ${apiVersion}`, async (t) => {
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
        const links = outcomes.flatMap((one) =>
          'id' in one && 'unlinked' in one
            ? [{ key: one.key, taskId: one.id, about: about.find(({ objectType }) => objectType === one.key)! }]
            : [],
        )
        assert.equal(links.length, taskUniqueProperty ? 3 : 0)
        assert.ok((await client.linkTasks!(links)).every(({ outcome }) => outcome === 'done'))
        assert.deepEqual(
          (await tasks()).map((one) => [one.key, one.about]).sort(),
          about.map(({ objectType, recordId }) => [objectType, [{ objectType, id: recordId }]]).sort(),
        )
      }
    })
  }

  it('are not linked if the record has no task, which HubSpot reports as a batch error', async (t) => {
    const { client, portal } = await setUp(t, seed, { taskUniqueProperty: false })
    await portal.taskKey.create()
    await client.writeTasks([task('a', { about: { objectType: 'contacts', recordId: '1' } })])
    const found = await client.findTasks([
      { key: 'a', about: { objectType: 'contacts', recordId: '1' }, taskId: null },
      { key: 'b', about: { objectType: 'companies', recordId: '9' }, taskId: null },
    ])
    assert.deepEqual([...found.keys()], ['a'])
  })

  it('change the record’s modification date, so the poll reads it again with unchanged values', async (t) => {
    const { client, portal } = await setUp(t, seed)
    await portal.taskKey.create()
    const before = await client.changedSince({ ...pollChanges, sinceMs: nowMs - 60 * DAY, cursor: null })
    await client.linkTasks!(linksOf(await client.writeTasks([task('a')]), { a: '1' }))
    const after = await client.changedSince({ ...pollChanges, sinceMs: Date.now() - DAY / 24, cursor: null })
    assert.deepEqual(idsOf(after.events), [1])
    assert.deepEqual(after.events[0]?.fields, before.events[0]?.fields)
    assert.ok((after.events[0]?.occurredAtMs ?? 0) > (before.events[0]?.occurredAtMs ?? 0))
  })
})

describe('a task where HubSpot does not keep our key unique', () => {
  it('carries a plain property, is linked at creation and found by its record after a lost answer', async (t) => {
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

  it('carries a short key in its subject if the account takes no property', async (t) => {
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
  })

  it('is created even if its record was deleted', async (t) => {
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

  it('twice on one record happens in the given order', async (t) => {
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

  it('is unknown after an HTML page, and waits if the budget refuses', async (t) => {
    const { client, control } = await setUp(t, people)
    await control('POST', 'faults', { kind: 'html', path: '/crm/objects/' })
    assert.equal((await client.writeOwners([write('w1', '1')]))[0]?.outcome, 'unknown')
    await control('POST', 'faults', { kind: 'daily-limit', path: '/crm/objects/' })
    assert.equal((await client.writeOwners([write('w1', '1')]))[0]?.outcome, 'retry')
  })
})

/** What has to follow these outcomes: the task of each key on the contact of that id. */
function linksOf(outcomes: readonly ItemOutcome[], contacts: Readonly<Record<string, string>>) {
  return outcomes.flatMap((one) =>
    one.outcome === 'done' && one.unlinked
      ? [{ key: one.key, taskId: one.id, about: { objectType: 'contacts', recordId: contacts[one.key]! } }]
      : [],
  )
}
