import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import pg from 'pg'
import type { Policy } from '../../src/model/policy/policy.ts'
import { publishPolicies } from '../../src/pipeline/decide/publish-policies.ts'
import { markRechecksDirty } from '../../src/store/records/mark-dirty.ts'
import { markNextRedecisions } from '../../src/store/records/redecide-queue.ts'
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
    it(`keeps the cases of a workflow whose file has an error (the file still names it: ${named})`, async () => {
      const { h } = await withTask()
      const refused = [{ file: 'routing.yaml', workflow: named ? 'routing' : null, errors: ['typo'] }]
      const other = contactPolicy({ workflow: 'other', mode: 'observe' })
      await publishPolicies(h.db, { loaded: [{ file: 'o', source: '', version: versionOf(other) }], refused })
      await h.receive(h.crm.change('contacts', '1', { firstname: 'Anne' }))
      await h.settle()
      const ofRouting = sql`select status, resolution from exception where workflow = 'routing'`
      assert.deepEqual(await rowsOf(h, ofRouting), [{ status: 'open', resolution: null }])
      assert.equal(h.crm.openTasks().length, 1)
      // The slip is mended: what happened meanwhile is decided, without another change of the record.
      await h.receive(h.crm.change('contacts', '1', { country: 'DE' }))
      await h.settle()
      assert.deepEqual(await rowsOf(h, ofRouting), [{ status: 'open', resolution: null }])
      const mended = [contactPolicy(), other].map((p) => ({ file: p.workflow, source: '', version: versionOf(p) }))
      await publishPolicies(h.db, { loaded: mended, refused: [] })
      await h.settle()
      assert.deepEqual(await rowsOf(h, ofRouting), [{ status: 'resolved', resolution: 'condition-cleared' }])
    })
  }

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
    const waiting = sql<{ ok: boolean }>`select recheck_at > now() and recheck_at <= now() + interval '25 hours' as ok
      from record where object_type = 'contacts' and recheck_at is not null`
    assert.deepEqual(await rowsOf(h, waiting), [{ ok: true }, { ok: true }, { ok: true }])
    // A day later.
    await sql`update intent set created_at = created_at - interval '1 day'`.execute(h.db)
    await sql`update record set recheck_at = now() where recheck_at is not null`.execute(h.db)
    assert.equal(await markRechecksDirty(h.db, 100), 3)
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

  it('part of M40: a workflow whose boundary owner left writes no owner, but still creates tasks', async () => {
    const h = await start()
    const i = h.crm.users.findIndex((user) => user.email === 'bound@x.example')
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
