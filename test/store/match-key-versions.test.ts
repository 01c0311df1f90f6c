import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import '../../src/crm/registry.ts'
import type { ConnectionId } from '../../src/model/record/change-event.ts'
import { crmProfile } from '../../src/model/record/crm-profile.ts'
import { saveConnection } from '../../src/store/lifecycle/save-connection.ts'
import { makeNextMatchKeys, noteNewMatchKeys, queueMatchKeys } from '../../src/store/records/match-key-versions.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'

describe('match keys after an upgrade that reads values in another way', () => {
  let test: TestDatabase
  before(async () => {
    test = await testDatabase()
    for (const [id, crm] of [['hs', 'hubspot'] as const, ['sf', 'salesforce'] as const]) {
      const identity = {
        accountId: id,
        title: id,
        timeZone: 'UTC',
        actorId: null,
        actorName: null,
        edition: null,
        pagesUrl: null,
      }
      await saveConnection(test.db, {
        id: id as ConnectionId,
        crm,
        baseUrl: 'http://127.0.0.1:1',
        identity,
        credentials: Buffer.from('none'),
        taskKey: { enforced: true, field: 'key', why: 'test' },
        callLimit: crmProfile(crm).callLimits,
      })
    }
  })
  after(() => test.drop())
  beforeEach(() => sql`truncate record, match_key, match_key_version`.execute(test.db))

  const stored = async (
    connection: string,
    object: string,
    id: string,
    values: Record<string, string>,
    keys: string[],
    deleted = false,
  ) => {
    await sql`insert into record (connection_id, object_type, record_id, values, stamps, keys, deleted)
      values (${connection}, ${object}, ${id}, ${JSON.stringify(values)}::jsonb, '{}', ${keys}, ${deleted})`.execute(
      test.db,
    )
    for (const key of keys)
      await sql`insert into match_key values (${key}, ${connection}, ${object}, ${id})`.execute(test.db)
  }
  const held = async () => {
    const { rows } = await sql<{ of: string; key: string }>`
      select connection_id || '/' || record_id as of, key from match_key order by 1, 2`.execute(test.db)
    return rows.map(({ of, key }) => `${of} ${key}`)
  }

  it('of a connection that begins with this version are not made again at the next start', async () => {
    const isWaiting = async (version: string) => {
      await queueMatchKeys(test.db, version)
      const { rows } = await sql<{ id: string }>`
        select connection_id as id from match_key_version where object_type is not null`.execute(test.db)
      return rows.map(({ id }) => id)
    }
    await noteNewMatchKeys(test.db, 'hs', 'v1')
    await stored('hs', 'contacts', '1', { email: 'jane@acme.de' }, [])
    await stored('sf', 'Lead', '1', { Email: 'jane@acme.de' }, [])
    // It had records before, made by whatever version there was.
    await noteNewMatchKeys(test.db, 'sf', 'v1')
    assert.deepEqual(await isWaiting('v1'), ['sf'])
    assert.deepEqual((await isWaiting('v2')).toSorted(), ['hs', 'sf'])
  })

  it('are made again in bounded batches, of every connection, with links and without those of the deleted', async () => {
    const old = 'email:\u200bjane@acme.de'
    for (const id of ['1', '2', '3']) await stored('hs', 'contacts', id, { email: '\u200bjane@acme.de' }, [old])
    await stored('hs', 'contacts', '4', { email: 'joe@acme.de' }, ['email:joe@acme.de'], true)
    await stored('sf', 'Lead', '5', { Email: 'Jane <jane@acme.de>' }, ['email:x'])
    await queueMatchKeys(test.db, 'one')
    let calls = 1
    while (await makeNextMatchKeys(test.db, 1)) calls++
    assert.ok(calls > 1, 'more than one batch')
    const jane = 'email:jane@acme.de'
    const refs = ['hs/1', 'hs/2', 'hs/3', 'sf/5']
    assert.deepEqual(
      await held(),
      refs.flatMap((ref) => [`${ref} ${jane}`, `${ref} of-domain:acme.de`]),
    )
    const { rows } = await sql<{ keys: string[] }>`select keys from record where record_id = '5'`.execute(test.db)
    assert.deepEqual(rows[0]?.keys, [jane])
  })

  it('stay as they are under the same version, and are made again under the next', async () => {
    await stored('hs', 'contacts', '1', { email: 'jane@acme.de' }, ['email:jane@acme.de'])
    await queueMatchKeys(test.db, 'one')
    assert.equal(await makeNextMatchKeys(test.db), false)
    await sql`update match_key set key = 'email:old' where key like 'email:%'`.execute(test.db)
    await queueMatchKeys(test.db, 'one')
    assert.equal(await makeNextMatchKeys(test.db), false)
    const link = 'hs/1 of-domain:acme.de'
    assert.deepEqual(await held(), ['hs/1 email:old', link])
    await queueMatchKeys(test.db, 'two')
    await makeNextMatchKeys(test.db)
    assert.deepEqual(await held(), ['hs/1 email:jane@acme.de', link])
  })
})
