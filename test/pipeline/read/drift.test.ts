import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { sql } from 'kysely'
import pg from 'pg'

import { createNoticeBoard } from '../../../src/notices/notice-board.ts'
import { checkDrift } from '../../../src/pipeline/read/schema-drift.ts'
import { markNextRedecisions } from '../../../src/store/decisions/redecide-queue.ts'
import { saveSchema } from '../../../src/store/records/object-schemas.ts'
import { isResyncWaiting, saveWatermark } from '../../../src/store/records/watermarks.ts'
import { type Harness, pipelineHarness, staff } from '../harness.ts'

describe('what drift has read and decided again', () => {
  const started: Harness[] = []
  after(() => Promise.all(started.map((h) => h.stop())))

  /** Contacts were imported with these fields, of which the CRM kept some from us. */
  const imported = async (described: readonly string[], unreadable: readonly string[]) => {
    const h = await pipelineHarness((crm) => {
      staff(crm)
      return []
    })
    started.push(h)
    await h.receive(h.crm.change('contacts', '1', { country: 'DE' }))
    await h.settle()
    const schema = { objectType: 'contacts', fields: described.map(field) }
    await saveSchema(h.db, h.connection.id, schema, unreadable, [...described, ...unreadable])
    await saveWatermark(h.db, h.connection.id, 'contacts', 1_000, 0)
    return h
  }

  it('is nothing to read again when a field that nobody may read is not needed any more', async () => {
    const h = await imported(['country'], ['secret'])
    assert.deepEqual(await check(h, ['country'], ['country']), ['contacts'])
    assert.equal(await isResyncWaiting(h.db, h.connection.id), false)
  })

  it('is the whole object when such a field is there again', async () => {
    const h = await imported(['country'], ['secret'])
    assert.deepEqual(await check(h, ['country', 'secret'], ['country', 'secret']), ['contacts'])
    assert.equal(await isResyncWaiting(h.db, h.connection.id), true)
  })

  it('leaves a field that is described, and whose values are withheld, unknown until a value of it is shown', async () => {
    const h = await imported(['country', 'x'], ['x'])
    const both = ['country', 'x']
    assert.deepEqual(await check(h, both, both), [])
    assert.deepEqual(await unreadable(h), ['x'])
    assert.deepEqual(await check(h, both, both, { shown: 'x' }), ['contacts'])
    assert.deepEqual(await unreadable(h), [])
    assert.equal(await isResyncWaiting(h.db, h.connection.id), true, 'what was withheld is read')
    assert.deepEqual(await check(h, both, both, { hidden: 'x' }), ['contacts'])
    assert.deepEqual(await unreadable(h), ['x'])
  })

  it('is noted without a record being held for it, and marked in batches', async () => {
    const h = await imported(['country'], [])
    const holder = new pg.Client({ connectionString: h.url })
    await holder.connect()
    await holder.query('begin')
    await holder.query('select * from record for update')
    // It would wait for ever for a record that somebody holds.
    assert.deepEqual(await check(h, [], ['country']), ['contacts'])
    await holder.query('commit')
    await holder.end()
    assert.equal(await markNextRedecisions(h.db, h.connection.id), false)
    const { rows } = await sql`select dirty_since is not null as dirty from record`.execute(h.db)
    assert.deepEqual(rows, [{ dirty: true }])
  })
})

async function unreadable({ db }: Harness): Promise<string[]> {
  const { rows } = await sql<{ unreadable: string[] }>`
    select unreadable from object_schema where object_type = 'contacts'`.execute(db)
  return rows[0]!.unreadable
}

function field(name: string) {
  return { name, label: name, type: 'text' as const, options: [], writable: true }
}

/** Only contacts are looked at: the CRM describes these fields, and those are needed. */
async function check(
  h: Harness,
  described: readonly string[],
  needed: readonly string[],
  seen: { readonly shown?: string; readonly hidden?: string } = {},
): Promise<readonly string[]> {
  const client = {
    ...h.crm.client(),
    describe: async (objectType: string) => ({
      objectType,
      fields: objectType === 'contacts' ? described.map(field) : [],
    }),
  }
  return checkDrift({
    db: h.db,
    client,
    connection: { ...h.connection, accountId: '1' },
    workflows: [],
    fieldsOf: (_, objectType) => ({ fields: objectType === 'contacts' ? needed : [] }),
    board: createNoticeBoard(h.db, { nowMs: Date.now }),
    seenOf: () => ({ shown: new Set(seen.shown), hidden: new Set(seen.hidden) }),
  })
}
