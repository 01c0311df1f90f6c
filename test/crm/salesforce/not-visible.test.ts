import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { connect, control, sandbox, withSandboxOrg } from './sandbox-stage.ts'

const FIELDS = { fields: ['LastName', 'OwnerId'], historyFields: [] }

describe('a Salesforce record that a read does not find', () => {
  withSandboxOrg()
  afterEach(() => control('DELETE', 'permissions'))

  const contacts = (n: number) =>
    [...sandbox.org.store.table('Contact').values()]
      .filter((row) => row.IsDeleted !== true)
      .slice(0, n)
      .map(({ Id }) => Id)
  const read = async (ids: readonly string[]) => {
    const { events, missing } = await connect().readRecords({ objectType: 'Contact', ids, ...FIELDS })
    return { kinds: events.map(({ kind, recordId }) => `${recordId} ${kind}`), missing }
  }

  it('is missing, and no more than that, while it is not shared with us', async () => {
    const [one, other] = contacts(2) as [string, string]
    await control('POST', 'sharing', { hide: [one] })
    assert.deepEqual(await read([one, other]), { kinds: [`${other} changed`], missing: [one] })
    await control('POST', 'actions', { action: 'delete', recordId: one })
    assert.deepEqual(await read([one, other]), { kinds: [`${other} changed`], missing: [one] })
  })

  it('is deleted where the recycle bin shows it', async () => {
    const [one] = contacts(1) as [string]
    await control('POST', 'actions', { action: 'delete', recordId: one })
    assert.deepEqual(await read([one]), { kinds: [`${one} deleted`], missing: [] })
  })

  it('is deleted where only the delete log has it, which one call asks for all, once a minute', async () => {
    const [one, other, hidden] = contacts(3) as [string, string, string]
    for (const recordId of [one, other]) {
      await control('POST', 'actions', { action: 'delete', recordId })
      await control('POST', 'actions', { action: 'purge', recordId })
    }
    await control('POST', 'sharing', { hide: [hidden] })
    // The log ends with the last full minute.
    await control('POST', 'actions', { action: 'advance-clock', ms: 120_000 })
    const client = connect()
    const again = () => client.readRecords({ objectType: 'Contact', ids: [one, other, hidden], ...FIELDS })
    const { events, missing } = await again()
    const nowMs = sandbox.org.clock.now()
    assert.ok(nowMs > 0)
    assert.deepEqual(
      events.map(({ kind, recordId }) => `${recordId} ${kind}`),
      [`${one} deleted`, `${other} deleted`],
    )
    assert.deepEqual(missing, [hidden])
    const calls = client.budget.taken.length
    await again()
    assert.equal(client.budget.taken.length - calls, 1, 'the query alone')
  })
})
