import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import pg from 'pg'
import type { Policy } from '../../src/model/policy/policy.ts'
import { publishPolicies } from '../../src/pipeline/decide/publish-policies.ts'
import { markNextRedecisions } from '../../src/store/decisions/redecide-queue.ts'
import { markWakeUpsDue } from '../../src/store/records/wake-ups.ts'
import { contact, rowsOf, userId } from './contacts.ts'
import { decisionStage } from './decision-stage.ts'
import { contactPolicy, versionOf } from './harness.ts'

describe('policies that change, fall back or reach their daily cap', () => {
  const { start, withTask } = decisionStage()

  it('closes the cases and tasks of a removed workflow, even if no other workflow watches its records', async () => {
    const { h } = await withTask()
    const other = contactPolicy({ workflow: 'other', objects: [{ crm: 'hubspot', object: 'companies' }] })
    const loaded = [{ file: 'other.yaml', source: '', version: versionOf(other) }]
    const { changed } = await publishPolicies(h.db, { loaded, refused: [] })
    assert.deepEqual(changed, ['other', 'routing'])
    await h.settle()
    assert.deepEqual(await rowsOf(h, sql`select status, resolution from exception`), [
      { status: 'resolved', resolution: 'workflow-retired' },
    ])
    assert.deepEqual(h.crm.openTasks(), [])
  })

  it('closes nothing when the policy directory is empty, because it may not be mounted', async () => {
    const { h } = await withTask()
    assert.deepEqual((await publishPolicies(h.db, { loaded: [], refused: [] })).changed, [])
    await h.settle()
    assert.equal(h.crm.openTasks().length, 1)
  })

  for (const named of [true, false]) {
    const refused = [{ file: 'routing.yaml', workflow: named ? 'routing' : null, errors: ['typo'] }]
    const ofRouting = sql`select status, resolution from exception where workflow = 'routing'`

    it(`runs the last good version of a workflow whose file has an error (the file still names it: ${named})`, async () => {
      const { h } = await withTask()
      const other = contactPolicy({ workflow: 'other', mode: 'observe' })
      const good = [{ file: 'o', source: '', version: versionOf(other) }]
      const { changed } = await publishPolicies(h.db, { loaded: good, refused })
      assert.deepEqual(changed, ['other'], 'what runs of routing is the same as before')
      assert.deepEqual(await rowsOf(h, sql`select file, load_error from workflow where workflow = 'routing'`), [
        { file: 'routing.yaml', load_error: { file: 'routing.yaml', errors: ['typo'] } },
      ])
      await h.receive(h.crm.change('contacts', '1', { firstname: 'Anne' }))
      await h.settle()
      assert.deepEqual(await rowsOf(h, ofRouting), [{ status: 'open', resolution: null }])
      await h.receive(h.crm.change('contacts', '1', { country: 'DE' }))
      await h.receive(contact(h, '2', { firstname: 'Bob', country: 'DE', hubspot_owner_id: null }))
      await h.settle()
      assert.deepEqual(await rowsOf(h, ofRouting), [{ status: 'resolved', resolution: 'condition-cleared' }])
      assert.equal(h.crm.records.get('contacts/2')?.hubspot_owner_id, userId(h, 'rep@x.example'), 'its writes leave')
      const mended = [contactPolicy(), other].map((p) => ({ file: p.workflow, source: '', version: versionOf(p) }))
      assert.deepEqual((await publishPolicies(h.db, { loaded: mended, refused: [] })).changed, [])
      assert.deepEqual(await rowsOf(h, sql`select 1 from workflow where load_error is not null`), [])
    })

    it(`leaves the cases alone where the last version is refused now, too (the file still names it: ${named})`, async () => {
      const { h } = await withTask()
      const broken = { loaded: [], refused, reload: () => null }
      await publishPolicies(h.db, broken)
      await h.receive(h.crm.change('contacts', '1', { country: 'DE' }))
      await h.settle()
      assert.deepEqual(await rowsOf(h, ofRouting), [{ status: 'open', resolution: null }])
      assert.equal(h.crm.openTasks().length, 1)
      // A second start with the same mistake changes nothing.
      assert.deepEqual((await publishPolicies(h.db, broken)).changed, [])
      assert.deepEqual(await rowsOf(h, sql`select workflow from workflow order by 1`), [{ workflow: 'routing' }])
      // The slip is mended: what happened meanwhile is decided, without another change of the record.
      const version = versionOf(contactPolicy())
      await publishPolicies(h.db, { loaded: [{ file: 'routing.yaml', source: '', version }], refused: [] })
      await h.settle()
      assert.deepEqual(await rowsOf(h, ofRouting), [{ status: 'resolved', resolution: 'condition-cleared' }])
    })
  }

  it('goes on reading the fields of a version that keeps running', async () => {
    const { h } = await withTask()
    const asked = sql`select asked from object_schema where object_type = 'contacts'`
    const before = await rowsOf(h, asked)
    await publishPolicies(h.db, {
      loaded: [],
      refused: [{ file: 'routing.yaml', workflow: 'routing', errors: ['typo'] }],
    })
    assert.deepEqual(await rowsOf(h, asked), before)
    const other = contactPolicy({ workflow: 'other', objects: [{ crm: 'hubspot', object: 'companies' }] })
    await publishPolicies(h.db, {
      loaded: [{ file: 'o', source: '', version: versionOf(other) }],
      refused: [{ file: 'routing.yaml', workflow: null, errors: ['typo'] }],
    })
    assert.deepEqual(await rowsOf(h, asked), before)
  })

  it('decides nothing with a file that was never good, and runs it once it is', async () => {
    const { h } = await withTask()
    const file = { file: 'new.yaml', workflow: 'new', errors: ['typo'] }
    const routing = { file: 'routing.yaml', source: '', version: versionOf(contactPolicy()) }
    await publishPolicies(h.db, { loaded: [routing], refused: [file] })
    await h.receive(contact(h, '2', { firstname: 'Bob', country: 'FR', hubspot_owner_id: null }))
    await h.settle()
    assert.deepEqual(await rowsOf(h, sql`select 1 from exception where workflow = 'new'`), [])
    const version = versionOf(contactPolicy({ workflow: 'new' }))
    const mended = [routing, { file: 'new.yaml', source: '', version }]
    assert.deepEqual((await publishPolicies(h.db, { loaded: mended, refused: [] })).changed, ['new'])
  })

  it('retires no workflow while an unreadable file may be any of them', async () => {
    const { h } = await withTask()
    await publishPolicies(h.db, { loaded: [], refused: [{ file: 'new.yaml', workflow: null, errors: ['typo'] }] })
    await h.settle()
    assert.equal((await h.openExceptions()).length, 1)
  })

  it('puts a policy in force and queues its records in one commit, without locking them', async () => {
    const { h } = await withTask()
    await sql`create function fail() returns trigger language plpgsql as $$ begin raise exception 'disk full'; end $$`.execute(
      h.db,
    )
    await sql`create trigger fail before insert on redecide_queue for each row execute function fail()`.execute(h.db)
    const changed = versionOf(contactPolicy({ title: 'Another' }))
    const files = { loaded: [{ file: 'routing.yaml', source: '', version: changed }], refused: [] }
    await assert.rejects(publishPolicies(h.db, files), /disk full/)
    await sql`drop trigger fail on redecide_queue`.execute(h.db)
    const reader = new pg.Client({ connectionString: h.url })
    await reader.connect()
    await reader.query('begin')
    await reader.query('select * from record for update')
    // It would wait for ever for a record that somebody holds.
    assert.deepEqual((await publishPolicies(h.db, files)).changed, ['routing'])
    await reader.query('commit')
    await reader.end()
    assert.equal(await markNextRedecisions(h.db, h.connection.id), false)
    assert.deepEqual(
      await rowsOf(h, sql`select dirty_since is not null as dirty from record where object_type = 'contacts'`),
      [{ dirty: true }],
    )
  })

  it('a pilot writes at most its daily cap of owners, and decides the rest after midnight', async () => {
    const h = await start({ mode: 'pilot', pilot: { when: [], dailyCap: 2 } })
    for (const id of ['1', '2', '3']) await h.receive(contact(h, id, { country: 'DE', hubspot_owner_id: null }))
    await h.settle()
    for (const id of ['4', '5']) await h.receive(contact(h, id, { country: 'DE', hubspot_owner_id: null }))
    await h.settle()
    const rep = userId(h, 'rep@x.example')
    const owned = () => [...h.crm.records.values()].filter((r) => r.hubspot_owner_id === rep).length
    assert.equal(owned(), 2)
    const waiting = sql<{ ok: boolean }>`select at > now() and at <= now() + interval '25 hours' as ok
      from wake_up where reason = 'pilot-cap'`
    assert.deepEqual(await rowsOf(h, waiting), [{ ok: true }, { ok: true }, { ok: true }])
    // A day later.
    await sql`update intent set created_at = created_at - interval '1 day'`.execute(h.db)
    await sql`update wake_up set at = now()`.execute(h.db)
    assert.equal(await markWakeUpsDue(h.db, 100), 3)
    await h.settle()
    assert.equal(owned(), 4)
  })

  it('past its cap a pilot gives the cases to a person and says why', async () => {
    const [branch] = contactPolicy().boundary
    const h = await start({
      mode: 'pilot',
      pilot: { when: [], dailyCap: 1 },
      boundary: [{ ...branch, settles: ['orphaned-owner'] }] as Policy['boundary'],
    })
    const left = h.crm.person('left@x.example', { active: false })
    await h.people()
    await h.receive(contact(h, '1', { country: 'DE', hubspot_owner_id: left }))
    await h.settle()
    await h.receive(contact(h, '2', { country: 'DE', hubspot_owner_id: left }))
    await h.settle()
    assert.equal(h.crm.openTasks().length, 1)
    assert.match(
      h.crm.openTasks()[0]!.body,
      /rep@x\.example, but the pilot has used its limit of 1 owner changes for today/,
    )
  })

  it('part of M40: a workflow whose rollback owner left writes no owner, but still creates tasks', async () => {
    const h = await start()
    const i = h.crm.users.findIndex((user) => user.email === 'roll@x.example')
    h.crm.users[i] = { ...h.crm.users[i]!, active: false }
    await h.people()
    await publishPolicies(h.db, {
      loaded: [{ file: 'routing.yaml', source: '', version: versionOf(contactPolicy()) }],
      refused: [],
    })
    await h.receive(contact(h, '1', { firstname: 'Ann', country: 'DE', hubspot_owner_id: null }))
    await h.receive(contact(h, '2', { firstname: 'Bob', country: 'FR', hubspot_owner_id: null }))
    await h.settle()
    assert.equal(h.crm.records.get('contacts/1')?.hubspot_owner_id, null)
    assert.deepEqual(
      h.crm.openTasks().map((task) => task.subject),
      ['Unknown: no rule covers it, contact Bob'],
    )
  })

  it('writes no task for a policy in observe mode', async () => {
    const h = await start({ mode: 'observe' })
    await h.receive(contact(h, '2', { firstname: 'Bob', country: 'FR', hubspot_owner_id: null }))
    await h.settle()
    assert.deepEqual([(await h.openExceptions()).length, h.crm.tasks.size], [1, 0])
  })
})
