import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { sql } from 'kysely'
import { closeWork } from '../../src/connections/lifecycle/close-work.ts'
import { decideBatch } from '../../src/pipeline/decide/decide-changes.ts'
import { publishPolicies } from '../../src/pipeline/decide/publish-policies.ts'
import { syncPeople } from '../../src/pipeline/read/sync-people.ts'
import { receiveEvents } from '../../src/pipeline/receive/receive.ts'
import { saveBaseline } from '../../src/store/connections/baseline.ts'
import { findOverdue } from '../../src/store/decisions/overdue-stages.ts'
import { markDisconnected, markRejoining } from '../../src/store/lifecycle/end-connection.ts'
import { finishRecords } from '../../src/store/lifecycle/finish-disconnect.ts'
import { queueMarks } from '../../src/store/records/mark-queue.ts'
import { type Branch, companies, company, comparingPolicies } from './company.ts'
import { contactPolicy, staff, TUESDAY_MS, versionOf } from './harness.ts'

const OLD = '2026-11-01T08:00:00.000Z'
const NEW = '2026-11-20T08:00:00.000Z'
const ANN = { email: 'ann@acme.example', owner: 'rep@x.example', createdAt: NEW }
const ANN_BEFORE = { ...ANN, owner: 'gen@x.example', createdAt: OLD }
const UNOWNED = { email: 'new@beta.example', owner: 'none', createdAt: NEW }

/** Watches contacts and compares them with nothing. */
const ALONE = contactPolicy({
  workflow: 'alone',
  title: 'Alone',
  mode: 'observe',
  patterns: [{ pattern: 'missing-field', fields: ['company'], graceMinutes: 0 }],
})

describe('a workflow and what is being imported', () => {
  const { start, stopAll } = companies()
  after(stopAll)
  const waitsFor = async (branch: Branch, db: Awaited<ReturnType<typeof start>>['h']['db']) =>
    (
      await sql<{ workflow: string; ids: string[] }>`select workflow, waits_for as ids from workflow_connection
        where connection_id = ${branch.connection.id} and waits_for <> '{}' order by 1`.execute(db)
    ).rows.map(({ workflow, ids }) => `${workflow}: ${ids.join(', ')}`)

  it('waits to begin while the only connection of a CRM that it compares with is imported, and says for which', async () => {
    const { h, first, add, importEnds } = await start()
    const second = await add('salesforce', 'salesforce-1', { imported: false })
    await second.person('9', ANN_BEFORE)
    await first.person('1', ANN)
    await first.person('2', UNOWNED)
    await first.decide()
    await first.act()
    assert.deepEqual([await first.cases(), first.ownerOf('2')], [[], undefined])
    assert.deepEqual(await waitsFor(first, h.db), ['routing: salesforce-1'])
    assert.deepEqual(await first.dirty(), ['1', '2'])

    await importEnds(second)
    await second.decide()
    await first.decide()
    await first.act()
    assert.deepEqual([await first.cases(), first.ownerOf('2')], [['duplicate-ownership 1'], 'rep@x.example'])
    assert.deepEqual(await waitsFor(first, h.db), [])
  })

  it('that has begun goes on when the only connection of the other CRM comes later', async () => {
    const { h, first, add, importEnds } = await start()
    await first.person('1', ANN)
    await first.decide()
    const second = await add('salesforce', 'salesforce-1', { imported: false })
    await second.person('9', ANN_BEFORE)
    await first.person('2', UNOWNED)
    await first.decide()
    await first.act()
    assert.deepEqual([await first.cases(), first.ownerOf('2')], [[], 'rep@x.example'])
    assert.deepEqual(await waitsFor(first, h.db), [])
    await importEnds(second)
    // Its own process may be away: that of another connection takes it in.
    await first.decide()
    assert.deepEqual(await first.cases(), ['duplicate-ownership 1'])
  })

  it('that compares with nothing does not wait, and one that waits on the same records is decided later', async () => {
    const { h, first, add, importEnds } = await start([...comparingPolicies(), ALONE])
    const second = await add('salesforce', 'salesforce-1', { imported: false })
    await second.person('9', ANN_BEFORE)
    await first.person('1', ANN)
    await first.decide()
    assert.deepEqual(await first.cases(), ['missing-field 1'])
    assert.deepEqual(await waitsFor(first, h.db), ['routing: salesforce-1'])
    await importEnds(second)
    await second.decide()
    await first.decide()
    assert.deepEqual(await first.cases(), ['duplicate-ownership 1', 'missing-field 1'])
  })

  it('that is new waits where one that has begun goes on', async () => {
    const { h, first, add } = await start([ALONE])
    await first.person('1', ANN)
    await first.decide()
    await add('salesforce', 'salesforce-1', { imported: false })
    const loaded = [ALONE, ...comparingPolicies()].map((policy) => ({
      file: `${policy.workflow}.yaml`,
      source: '',
      version: versionOf(policy),
    }))
    await publishPolicies(h.db, { loaded, refused: [] })
    await first.decide()
    assert.deepEqual(await first.cases(), ['missing-field 1'])
    assert.deepEqual(await waitsFor(first, h.db), ['routing: salesforce-1'])
  })

  it('that comes in the middle of a batch decides the records of that batch, too', async () => {
    const { h, first } = await start([ALONE])
    await first.person('1', ANN)
    await first.decide()
    const other = { ...ALONE, workflow: 'other', title: 'Other' }
    const loaded = [ALONE, other].map((policy) => ({
      file: `${policy.workflow}.yaml`,
      source: '',
      version: versionOf(policy),
    }))
    await publishPolicies(h.db, { loaded, refused: [] })
    let isBefore = true
    const workflows: typeof h.workflows = async (connectionId) => {
      const inForce = await h.workflows(connectionId)
      const known = inForce.filter(({ version }) => !isBefore || version.policy.workflow !== 'other')
      isBefore = false
      return known
    }
    await decideBatch(first.connection, { db: h.db, workflows, nowMs: () => TUESDAY_MS })
    await first.decide()
    assert.deepEqual(await first.cases('other'), ['missing-field 1'])
  })

  it('writes to what changed while it waited as usual, and what was imported waits for a person', async () => {
    const { h, first, add, importEnds } = await start([...comparingPolicies(), ALONE])
    const second = await add('salesforce', 'salesforce-1', { imported: false })
    const fields = { email: 'old@beta.example', hubspot_owner_id: null, createdate: OLD, country: 'DE' }
    await first.receive({ ...first.crm.change('contacts', '1', fields), complete: true, source: 'baseline' })
    await first.person('2', UNOWNED)
    await first.decide()
    assert.deepEqual([await first.dirty(), await waitsFor(first, h.db)], [[], ['routing: salesforce-1']])
    await importEnds(second)
    await second.decide()
    await first.decide()
    const { rows } = await sql`select record_id as id, backlog from intent where kind = 'owner' order by 1`.execute(
      h.db,
    )
    assert.deepEqual(rows, [{ id: '2', backlog: false }])
    const { rows: waiting } = await sql`select record_id as id from backlog_write`.execute(h.db)
    assert.deepEqual(waiting, [{ id: '1' }])
  })

  it('is looked at again once it may begin, and not while it waits or nothing runs that would', async () => {
    const { h, first, add, importEnds } = await start([...comparingPolicies(), ALONE])
    const second = await add('salesforce', 'salesforce-1', { imported: false })
    await first.person('2', UNOWNED)
    await first.decide()
    const isDue = async () =>
      (await findOverdue(h.db, 3_600)).some(
        ({ stage, connectionId }) => stage === 'decide' && connectionId === first.connection.id,
      )
    assert.deepEqual([await waitsFor(first, h.db), await isDue()], [['routing: salesforce-1'], false])
    await importEnds(second)
    await second.decideOnce()
    await sql`delete from redecide_queue`.execute(h.db)
    await sql`delete from join_queue`.execute(h.db)
    assert.equal(await isDue(), true, 'its wake-up was lost')
    await sql`update workflow set hash = null where workflow = 'routing'`.execute(h.db)
    assert.equal(await isDue(), false, 'its policy cannot be read')
    await sql`update workflow set hash = (select hash from workflow where workflow = 'leads') where workflow = 'routing'`.execute(
      h.db,
    )
    assert.equal(await isDue(), false, 'it watches another CRM by now')
  })

  it('does not wait for a second portal of a CRM of which another is imported, or for a connection that was ended', async () => {
    const { h, first, add } = await start()
    await add('salesforce', 'salesforce-1', { imported: true })
    await add('salesforce', 'salesforce-2', { imported: false })
    await first.person('2', UNOWNED)
    await first.decide()
    assert.deepEqual([await waitsFor(first, h.db), await first.dirty()], [[], []])

    const other = await start()
    const gone = await other.add('salesforce', 'salesforce-1', { imported: false })
    await other.first.person('2', UNOWNED)
    await other.first.decide()
    assert.deepEqual(await other.first.dirty(), ['2'])
    await markDisconnected(other.h.db, gone.connection.id, { reason: 'ended', by: 'console:1' })
    await finishRecords(other.h.db, gone.connection.id)
    await other.first.decide()
    await other.first.act()
    assert.equal(other.first.ownerOf('2'), 'rep@x.example')
  })

  it('waits on for one whose login failed in the middle of its import, which only a person can mend', async () => {
    const { h, first, add } = await start()
    const second = await add('salesforce', 'salesforce-1', { imported: false })
    await sql`update connection set status = 'reconnect-needed' where id = ${second.connection.id}`.execute(h.db)
    await first.person('2', UNOWNED)
    await first.decide()
    assert.deepEqual([await waitsFor(first, h.db), await first.dirty()], [['routing: salesforce-1'], ['2']])
  })

  it('is not told of an import that failed and begins again', async () => {
    const { h, first, add, importEnds } = await start()
    await first.person('1', ANN)
    await first.decide()
    const second = await add('salesforce', 'salesforce-1', { imported: false })
    await saveBaseline(h.db, second.connection.id, {
      done: false,
      startedAtMs: 1,
      objects: { Lead: { done: false, cursor: 'x', count: 5, total: 9 } },
    })
    await second.person('9', ANN_BEFORE)
    await first.person('1', { ...ANN, createdAt: NEW })
    await first.decide()
    await saveBaseline(h.db, second.connection.id, { done: false, objects: {} })
    await first.decide()
    assert.deepEqual([await first.cases(), (await second.decideOnce()).ready], [[], false])
    await importEnds(second)
    // Events of the import that are not folded yet are part of it.
    const late = second.crm.change('Lead', '10', { Email: 'late@acme.example' })
    await receiveEvents(h.db, [{ ...late, complete: true, source: 'baseline' }])
    assert.equal((await second.decideOnce()).ready, false)
    await second.receive()
    await second.decide()
    await first.decide()
    assert.deepEqual(await first.cases(), ['duplicate-ownership 1'])
  })
})

describe('a connection that was ended and connected again', () => {
  it("is nobody's neighbour from its end on, keeps no other from deciding, and is compared with again when its records are back", async () => {
    const made = await company()
    const { h, first, add } = made
    try {
      const second = await add('salesforce', 'salesforce-1', { imported: true })
      await second.person('9', ANN_BEFORE)
      await first.person('1', ANN)
      await second.decide()
      await first.decide()
      await first.decide()
      assert.deepEqual(await first.cases(), ['duplicate-ownership 1'])
      const { id } = second.connection
      await markDisconnected(h.db, id, { reason: 'ended', by: 'console:1' })
      await closeWork({ db: h.db, nowMs: Date.now } as Parameters<typeof closeWork>[0], id)
      // Before its records have left.
      await first.person('1', { ...ANN, createdAt: NEW })
      await first.decide()
      assert.deepEqual(await first.cases(), [])
      await finishRecords(h.db, id)
      await sql`update connection set status = 'connected' where id = ${id}`.execute(h.db)
      await markRejoining(h.db, id)
      await first.person('2', UNOWNED)
      await first.decide()
      await first.act()
      assert.deepEqual([first.ownerOf('2'), await first.cases()], ['rep@x.example', []])
      assert.equal((await second.decideOnce()).ready, false)
      await finishRecords(h.db, id)
      await second.decide()
      await first.decide()
      assert.deepEqual([await first.cases(), await second.dirty()], [['duplicate-ownership 1'], []])
    } finally {
      await made.stop()
    }
  })

  it('looks again for what it was not shown, also where it was being looked for at its end', async () => {
    const made = await company()
    const { h, add } = made
    try {
      const second = await add('salesforce', 'salesforce-1', { imported: true })
      await second.person('9', ANN_BEFORE)
      await sql`update record set unseen_since = now(), unseen_look_at = null, needs_read = 'not-visible'
        where connection_id = 'salesforce-1'`.execute(h.db)
      await markDisconnected(h.db, second.connection.id, { reason: 'ended', by: 'console:1' })
      await finishRecords(h.db, second.connection.id)
      const { rows } = await sql`select needs_read, unseen_look_at <= clock_timestamp() as due from record
        where connection_id = 'salesforce-1'`.execute(h.db)
      assert.deepEqual(rows, [{ needs_read: null, due: true }])
    } finally {
      await made.stop()
    }
  })
})

describe('what is left of a connection that was ended and whose history is kept', () => {
  const { start, stopAll } = companies()
  after(stopAll)

  it('names no person by a key, an owner or an e-mail that was still to be marked', async () => {
    const { h, first, add } = await start()
    const second = await add('salesforce', 'salesforce-1', { imported: true })
    for (const { connection } of [first, second]) {
      await queueMarks(h.db, connection.id, 'key', ['email:ann@acme.example'])
      await queueMarks(h.db, connection.id, 'case-owner', ['rep@x.example'])
    }
    await markDisconnected(h.db, second.connection.id, { reason: 'ended', by: 'console:1' })
    await finishRecords(h.db, second.connection.id)
    const { rows } = await sql`select distinct connection_id as id from mark_queue`.execute(h.db)
    assert.deepEqual(rows, [{ id: first.connection.id }])
  })

  it('still is not read where only a first event of it was known, also when it is connected again', async () => {
    const { h, add } = await start()
    const second = await add('salesforce', 'salesforce-1', { imported: true })
    await second.receive(second.crm.change('Lead', '8', { Company: 'Acme' }))
    await second.person('9', ANN_BEFORE)
    await sql`update record set needs_read = 'gap' where record_id = '9'`.execute(h.db)
    const unread = async () =>
      (await sql<{ id: string }>`select record_id as id from record where needs_read = 'first-sight'`.execute(h.db))
        .rows
    assert.deepEqual(await unread(), [{ id: '8' }])
    await markDisconnected(h.db, second.connection.id, { reason: 'ended', by: 'console:1' })
    await finishRecords(h.db, second.connection.id)
    assert.deepEqual(await unread(), [{ id: '8' }])
    const { rows } = await sql`select 1 from record where needs_read = 'gap'`.execute(h.db)
    assert.deepEqual(rows, [])
    assert.ok((await findOverdue(h.db, 3_600)).every(({ connectionId }) => connectionId !== 'salesforce-1'))
    await sql`update connection set status = 'connected' where id = 'salesforce-1'`.execute(h.db)
    await markRejoining(h.db, second.connection.id)
    await finishRecords(h.db, second.connection.id)
    assert.deepEqual(await unread(), [{ id: '8' }])
    assert.ok((await findOverdue(h.db, 3_600)).some(({ stage }) => stage === 'refresh'))
  })
})

describe('people of two CRMs', () => {
  const { start, stopAll } = companies()
  after(stopAll)
  const bothPolicy = () => {
    const [contacts] = comparingPolicies()
    const [branch] = contacts!.boundary
    const [rule] = branch!.rules
    const lead = { ...rule!, id: 'lead', when: [{ field: 'Country', op: 'in' as const, values: ['DE'] }] }
    return contactPolicy({
      objects: [
        { crm: 'hubspot', object: 'contacts' },
        { crm: 'salesforce', object: 'Lead' },
      ],
      patterns: [
        { pattern: 'no-rule' },
        { pattern: 'missing-field', fields: ['Company'], graceMinutes: 0, only: { crm: 'salesforce', object: 'Lead' } },
      ],
      boundary: [{ ...branch!, rules: [rule!, lead] }],
    })
  }
  const all = ['gen', 'sen', 'app', 'over', 'roll', 'bound', 'data', 'wf', 'rep']

  for (const missing of ['bound', 'data', 'wf']) {
    it(`a workflow whose ${missing}@x.example is a user in one CRM only goes on in the other, and says until when`, async () => {
      const { h, first, add } = await start([bothPolicy()])
      const second = await add('salesforce', 'salesforce-1', {
        imported: true,
        hires: (crm) => {
          for (const name of all.filter((one) => one !== missing)) crm.person(`${name}@x.example`)
        },
      })
      for (const branch of [first, second]) {
        await branch.person('2', UNOWNED)
        await branch.decide()
        await branch.act()
      }
      assert.deepEqual([first.ownerOf('2'), second.ownerOf('2')], ['rep@x.example', 'rep@x.example'])
      const { rows: said } = await sql<{ id: string; days: number }>`
        select p->>'connectionId' as id,
          (((p->>'writesEndAtMs')::float8 - (p->>'sinceMs')::float8) / 86400000)::int as days
        from workflow, jsonb_array_elements(problems) p`.execute(h.db)
      assert.deepEqual(
        said.map(({ id }) => id),
        ['salesforce-1'],
      )
      assert.ok(said[0]!.days >= 3 && said[0]!.days <= 5, `three business days, and not ${said[0]!.days} days`)
    })
  }

  for (const missing of ['over', 'roll', 'gen']) {
    it(`a workflow whose ${missing}@x.example is a user in one CRM only writes there, and observes with tasks in the other`, async () => {
      const { h, first, add } = await start([bothPolicy()])
      const second = await add('salesforce', 'salesforce-1', {
        imported: true,
        hires: (crm) => {
          for (const name of all.filter((one) => one !== missing)) crm.person(`${name}@x.example`)
        },
      })
      for (const branch of [first, second]) {
        await branch.person('2', UNOWNED)
        await branch.decide()
        await branch.act()
      }
      assert.deepEqual([first.ownerOf('2'), second.ownerOf('2')], ['rep@x.example', undefined])
      assert.equal(second.crm.openTasks().length, 1)
      const { rows } = await sql<{ id: string; why: string }>`
        select connection_id as id, why from permit where workflow = 'routing' order by 1`.execute(h.db)
      assert.deepEqual(rows, [
        { id: 'hubspot-1', why: '' },
        { id: 'salesforce-1', why: 'not-ready' },
      ])
      const { rows: said } = await sql<{ id: string; problem: string }>`
        select p->>'connectionId' as id, p->>'problem' as problem from workflow, jsonb_array_elements(problems) p`.execute(
        h.db,
      )
      assert.deepEqual(
        said.map(({ id }) => id),
        ['salesforce-1'],
      )
      assert.match(said[0]!.problem, new RegExp(`^${missing}@x.example is not an active user of Salesforce`))
      // They come to the other CRM: only what is there is decided again.
      second.crm.person(`${missing}@x.example`)
      await h.republish()
      const { rows: queued } = await sql<{ id: string }>`select connection_id as id from redecide_queue`.execute(h.db)
      assert.deepEqual(queued, [])
    })
  }

  it('a person who leaves one CRM takes back what waits there, and nothing in the other', async () => {
    const { h, first, add } = await start([bothPolicy()], staff)
    const second = await add('salesforce', 'salesforce-1', { imported: true })
    for (const branch of [first, second]) {
      await branch.person('2', { ...UNOWNED, email: `${branch.crm.crm}@beta.example` })
      await branch.decide()
    }
    const at = second.crm.users.findIndex(({ email }) => email === 'roll@x.example')
    second.crm.users[at] = { ...second.crm.users[at]!, active: false }
    await syncPeople(h.db, second.crm.client(), second.connection.id)
    assert.deepEqual((await h.republish()).changed, ['routing'])
    for (const branch of [first, second]) await branch.act()
    assert.deepEqual([first.ownerOf('2'), second.ownerOf('2')], ['rep@x.example', undefined])
    const { rows } = await sql<{ id: string }>`select connection_id as id from redecide_queue`.execute(h.db)
    assert.deepEqual(rows, [{ id: 'salesforce-1' }])
  })
})
