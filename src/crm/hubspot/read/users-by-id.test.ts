import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { portal } from '../../../../test/crm/hubspot/scripted-portal.ts'
import type { ScriptedAnswer } from '../../../../test/crm/scripted-server.ts'
import { CrmBusyError, CrmReconnectError, CrmScopeMissingError } from '../../crm-client.ts'

const NOT_FOUND = {
  status: 404,
  json: { status: 'error', category: 'OBJECT_NOT_FOUND', message: 'resource not found' },
}
const owner = (id: string, over: object = {}) => ({
  status: 200,
  json: { id, type: 'PERSON', email: `p${id}@x.example`, firstName: 'P', userId: 9, archived: false, ...over },
})

/** Answers `GET owners/ID` by `ID/archived`; what is not scripted is not found. */
async function asked(t: TestContext, script: Record<string, ScriptedAnswer>, ...ids: string[]) {
  const { client } = await portal(t, ({ path, query }) => {
    const id = /^\/crm\/owners\/2026-03\/(\d+)$/.exec(path)?.[1]
    return id === undefined ? undefined : (script[`${id}/${query.get('archived')}`] ?? NOT_FOUND)
  })
  return client.usersById(ids)
}

describe('an owner asked for by id', () => {
  it('is there, active or archived, whatever the lists say', async (t) => {
    const answers = await asked(
      t,
      { '1/false': owner('1'), '2/true': owner('2', { archived: true, userId: null }) },
      '1',
      '2',
    )
    assert.deepEqual(
      answers.map((one) => one.answer === 'there' && [one.user.userId, one.user.email, one.user.active]),
      [
        ['1', 'p1@x.example', true],
        ['2', 'p2@x.example', false],
      ],
    )
  })

  it('is gone only where HubSpot itself says of both lists that it has no such owner', async (t) => {
    assert.deepEqual(await asked(t, {}, '7'), [{ userId: '7', answer: 'gone' }])
  })

  it('is unknown after the 404 of a proxy, a refusal, or an answer about another owner, and holds up no other', async (t) => {
    const answers = await asked(
      t,
      {
        '1/false': { status: 404, text: '<html>not found</html>' },
        '2/false': { status: 403, json: { status: 'error', category: 'FORBIDDEN', message: 'no' } },
        '3/true': { status: 404, json: { message: 'no category' } },
        '4/false': owner('44'),
        '5/false': { status: 400, json: { status: 'error', category: 'VALIDATION_ERROR', message: 'no' } },
        '6/false': owner('6'),
      },
      '1',
      '2',
      '3',
      '4',
      '5',
      '6',
      'not-an-id',
    )
    assert.deepEqual(
      answers.map(({ userId, answer }) => `${userId} ${answer}`),
      ['1 unknown', '2 unknown', '3 unknown', '4 unknown', '5 unknown', '6 there', 'not-an-id unknown'],
    )
  })

  it('is unknown after a 500, while the others are answered for', async (t) => {
    const answers = await asked(t, { '1/false': { status: 500, json: {} }, '2/false': owner('2') }, '1', '2', '3')
    assert.deepEqual(
      answers.map(({ answer }) => answer),
      ['unknown', 'there', 'gone'],
    )
  })

  it('is not asked for while HubSpot is down, asks us to wait, or took a permission away', async (t) => {
    const down = { status: 500, json: {} }
    const answers = await asked(t, { '1/false': down, '2/false': down, '3/false': down }, '1', '2', '3', '4')
    assert.deepEqual(
      answers.map(({ userId, answer }) => `${userId} ${answer}`),
      ['1 unknown', '2 unknown', '3 unknown'],
    )
    const scope = { status: 403, json: { status: 'error', category: 'MISSING_SCOPES', message: 'no' } }
    await assert.rejects(asked(t, { '1/false': scope }, '1'), CrmScopeMissingError)
    const busy = { status: 429, json: { status: 'error', policyName: 'DAILY', message: 'limit' } }
    await assert.rejects(asked(t, { '1/false': busy }, '1'), CrmBusyError)
    await assert.rejects(asked(t, { '1/false': { status: 401, json: {} } }, '1'), CrmReconnectError)
    // What was answered before is kept.
    assert.deepEqual(await asked(t, { '2/false': busy }, '1', '2', '3'), [{ userId: '1', answer: 'gone' }])
  })
})
