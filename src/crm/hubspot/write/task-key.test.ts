import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { portal, type Script, task } from '../../../../test/crm/hubspot/scripted-portal.ts'

describe('the key of tasks', () => {
  const keyPath = '/crm/properties/2026-03/tasks/lanekeeper_key'
  const scopes = {
    category: 'MISSING_SCOPES',
    message: 'no',
    errors: [{ context: { requiredGranularScopes: ['crm.schemas.tasks.write'] } }],
  }

  async function support(t: TestContext, script: Script) {
    const { taskKey, requests } = await portal(t, script)
    return {
      found: await taskKey.create(),
      created: requests.filter(({ method, path }) => method === 'POST' && path.includes('/properties/')),
    }
  }

  it('is used as it is if it exists', async (t) => {
    const there = await support(t, ({ path }) =>
      path === keyPath ? { status: 200, json: { hasUniqueValue: true } } : undefined,
    )
    assert.deepEqual([there.found.enforced, there.created.length], [true, 0])
    const plain = await support(t, ({ path }) =>
      path === keyPath ? { status: 200, json: { hasUniqueValue: false } } : undefined,
    )
    assert.deepEqual([plain.found.enforced, plain.found.field, plain.created.length], [false, 'lanekeeper_key', 0])
  })

  it('is created as unique, or as plain where the account refuses unique properties', async (t) => {
    const { found, created } = await support(t, ({ method, path, body }) => {
      if (path === keyPath) return { status: 404, json: { category: 'OBJECT_NOT_FOUND' } }
      if (path.endsWith('/groups'))
        return { status: 200, json: { results: [{ name: 'other' }, { name: 'task_info' }] } }
      if (method !== 'POST' || !path.includes('/properties/')) return undefined
      return body.hasUniqueValue
        ? { status: 400, json: { category: 'VALIDATION_ERROR', message: 'unique values are not allowed here' } }
        : { status: 201, json: { ...body } }
    })
    assert.deepEqual([found.enforced, found.field], [false, 'lanekeeper_key'])
    assert.deepEqual(
      created.map(({ body }) => [body.hasUniqueValue, body.groupName]),
      [
        [true, 'task_info'],
        [false, 'task_info'],
      ],
    )
  })

  it('is skipped if the app may not create it, with the scope named and the connection kept', async (t) => {
    const { found } = await support(t, ({ method, path }) => {
      if (path === keyPath) return { status: 404, json: {} }
      return method === 'POST' && path.includes('/properties/') ? { status: 403, json: scopes } : undefined
    })
    assert.deepEqual([found.enforced, found.field], [false, null])
    assert.match(found.why, /crm\.schemas\.tasks\.write/)
  })

  it('is used if another worker creates it at the same moment', async (t) => {
    let asked = 0
    const { found } = await support(t, ({ method, path }) => {
      if (path === keyPath) {
        asked += 1
        return asked === 1 ? { status: 404, json: {} } : { status: 200, json: { hasUniqueValue: true } }
      }
      return method === 'POST' && path.includes('/properties/')
        ? { status: 409, json: { category: 'OBJECT_ALREADY_EXISTS' } }
        : undefined
    })
    assert.equal(found.enforced, true)
  })

  it('is not relied on if HubSpot calls it unique but does not find tasks by it', async (t) => {
    const { found } = await support(t, ({ path }) => {
      if (path === keyPath) return { status: 200, json: { hasUniqueValue: true } }
      return path.endsWith('/batch/read')
        ? { status: 400, json: { category: 'VALIDATION_ERROR', message: 'not an id property' } }
        : undefined
    })
    assert.deepEqual([found.enforced, found.field], [false, 'lanekeeper_key'])
    assert.match(found.why, /not an id property/)
  })

  it('is only looked up, not created, by a task write', async (t) => {
    const { client, requests } = await portal(t, ({ path }) =>
      path === keyPath ? { status: 404, json: {} } : undefined,
    )
    await client.writeTasks([task('a')])
    assert.ok(!requests.some(({ method, path }) => method === 'POST' && path.includes('/properties/')))
    const created = requests.find(({ path }) => path.endsWith('/tasks/batch/create'))
    assert.match(created?.body.inputs[0].properties.hs_task_subject, / \[LK-[0-9a-f]{10}\]$/)
  })
})
