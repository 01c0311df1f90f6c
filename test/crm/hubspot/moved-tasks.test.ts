import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ItemOutcome, TaskWrite } from '../../../src/crm/crm-client.ts'
import { contact, type Stage, setUp, world } from './stage.ts'
import { task } from './task-write.ts'

const idOf = (outcome: ItemOutcome | undefined) => {
  assert.ok(outcome?.outcome === 'done', JSON.stringify(outcome))
  return outcome.id
}
/** Writes the task and makes the link that it asks for, as act does. */
const written = async ({ client }: Stage, one: TaskWrite) => {
  const [outcome] = await client.writeTasks([one])
  const taskId = idOf(outcome)
  if (outcome?.outcome === 'done' && outcome.unlinked) {
    await client.linkTasks!([{ key: one.key, taskId, about: one.about! }])
  }
  return taskId
}
const on = (recordId: string) => ({ objectType: 'contacts', recordId })
const aboutOf = async ({ tasks }: Stage, id: string) =>
  (await tasks()).find((one) => one.id === id)!.about.map((record) => record.id)

describe('tasks in a HubSpot portal whose records move on', () => {
  for (const mergeKeepsId of [false, true]) {
    for (const taskUniqueProperty of [true, false]) {
      const how = `${mergeKeepsId ? 'keeping' : 'changing'} the id, ${taskUniqueProperty ? 'with' : 'without'} the key`
      it(`stay one task through two merges, ${how}: found, written and closed on the record that survives`, async (t) => {
        const settings = { mergeKeepsId, taskUniqueProperty }
        const stage = await setUp(t, world({ contacts: [contact(1), contact(2), contact(3)] }), settings)
        await stage.portal.taskKey.create()
        const wanted = task('a', { about: on('1') })
        const taskId = await written(stage, wanted)
        await stage.change({ op: 'merge', objectType: 'contacts', id: '2', mergedId: '1' })
        const second = (await aboutOf(stage, taskId))[0]!
        await stage.change({ op: 'merge', objectType: 'contacts', id: '3', mergedId: second })
        const third = (await aboutOf(stage, taskId))[0]!
        assert.notEqual(third, '1')
        const lookup = { key: 'a', about: on('1'), taskId: null, sentAgoMs: 600_000 }
        assert.equal((await stage.client.findTasks([lookup])).get('a')?.taskId, taskId)
        await written(stage, { ...wanted, taskId, status: 'done' })
        const all = await stage.tasks()
        assert.deepEqual([all.length, all[0]!.status, await aboutOf(stage, taskId)], [1, 'COMPLETED', [third]])
      })
    }
  }

  it('keep their id when their record is deleted, and are linked to another when they are told to', async (t) => {
    const stage = await setUp(t, world({ contacts: [contact(1), contact(2), contact(3)] }))
    const wanted = task('a', { about: on('1') })
    const taskId = await written(stage, wanted)
    await stage.change({ op: 'archive', objectType: 'contacts', id: '1' })
    assert.equal(await written(stage, { ...wanted, taskId, about: on('2') }), taskId)
    assert.ok(!(await aboutOf(stage, taskId)).includes('2'), 'it was linked although it was not told to')
    assert.equal(await written(stage, { ...wanted, taskId, about: on('2'), rehang: true }), taskId)
    assert.ok((await aboutOf(stage, taskId)).includes('2'))
    await stage.change({ op: 'archive', objectType: 'contacts', id: '3' })
    const closing = { ...wanted, taskId, about: on('3'), rehang: true, status: 'done' } as const
    assert.equal(await written(stage, closing), taskId)
    assert.deepEqual(
      (await stage.tasks()).map(({ status }) => status),
      ['COMPLETED'],
    )
  })
})
