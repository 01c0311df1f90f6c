import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { sql } from 'kysely'
import { beginWorkflows } from '../../src/pipeline/decide/begin-workflows.ts'
import { createWorkflowReader } from '../../src/pipeline/decide/running-workflows.ts'
import { type Branch, companies } from './company.ts'

const OLD = '2026-11-01T08:00:00.000Z'
const NEW = '2026-11-20T08:00:00.000Z'
const ANN = { email: 'ann@acme.example', owner: 'rep@x.example', createdAt: NEW }
/** The same person, created earlier and owned by somebody else. */
const ANN_BEFORE = { ...ANN, owner: 'gen@x.example', createdAt: OLD }
const UNOWNED = { email: 'new@beta.example', owner: 'none', createdAt: NEW }

describe('a connection whose import is not done', () => {
  const { start, stopAll } = companies()
  after(stopAll)
  const writesOwnerOf = async (branch: Branch, id: string) => {
    await branch.person(id, UNOWNED)
    await branch.decide()
    await branch.act()
    return branch.ownerOf(id)
  }

  for (const third of ['hubspot', 'salesforce'] as const) {
    it(`a third one (${third}) whose import never ends: the others decide and write, and compare with it only from its end`, async () => {
      const { h, first, add, importEnds } = await start()
      const second = await add('salesforce', 'salesforce-1', { imported: true })
      await first.person('1', ANN)
      await first.decide()
      await second.decide()
      const late = await add(third, `${third}-2`, { imported: false })
      await late.person('77', ANN_BEFORE)
      await first.person('1', { ...ANN, createdAt: NEW })
      assert.equal(await writesOwnerOf(first, '2'), 'rep@x.example')
      assert.equal(await writesOwnerOf(second, '3'), 'rep@x.example')
      assert.deepEqual(await first.cases(), [])
      assert.equal((await late.decideOnce()).taken, 0)
      assert.deepEqual(await late.dirty(), ['77'])

      await importEnds(late)
      await late.decide()
      assert.deepEqual(await late.dirty(), [])
      await first.decide()
      assert.deepEqual(await first.cases(), ['duplicate-ownership 1'])
      const { rows } = await sql<{ involves: { connectionId: string }[] }>`
        select involves from exception where pattern = 'duplicate-ownership' and status = 'open'`.execute(h.db)
      assert.deepEqual(
        rows.map(({ involves }) => involves[0]?.connectionId),
        [`${third}-2`],
      )
    })
  }

  it('begins no workflow before it has joined, so that a batch in between is not decided by none of them', async () => {
    const { h, add } = await start()
    const { connection } = await add('hubspot', 'hubspot-2', { imported: false })
    const inForce = await createWorkflowReader(h.db)(connection.id)
    assert.ok(inForce.length > 0)
    assert.equal(await beginWorkflows(h.db, connection, inForce), false)
  })

  it('that cannot join the others keeps none of them from deciding, nor another from joining', async () => {
    const { h, first, add, importEnds } = await start()
    const [broken, other] = [
      await add('hubspot', 'hubspot-2', { imported: false }),
      await add('hubspot', 'hubspot-3', { imported: false }),
    ]
    await sql`create function refuse_join() returns trigger language plpgsql as
      $$ begin raise exception 'no joining'; end $$`.execute(h.db)
    await sql`create trigger refuse_join before update on connection for each row
      when (new.id = 'hubspot-2' and new.joined_at is not null) execute function refuse_join()`.execute(h.db)
    await importEnds(broken)
    await importEnds(other)
    assert.equal(await writesOwnerOf(first, '2'), 'rep@x.example')
    assert.equal(await writesOwnerOf(other, '3'), 'rep@x.example')
    await sql`drop trigger refuse_join on connection`.execute(h.db)
    assert.equal(await writesOwnerOf(broken, '4'), 'rep@x.example')
  })

  it('its own records wait for the end of its import', async () => {
    const { first, add, importEnds } = await start()
    const late = await add('hubspot', 'hubspot-2', { imported: false })
    assert.equal(await writesOwnerOf(late, '9'), undefined)
    assert.equal(await writesOwnerOf(first, '9'), 'rep@x.example')
    await importEnds(late)
    await late.decide()
    await late.act()
    assert.equal(late.ownerOf('9'), 'rep@x.example')
  })

  it('has no say in how many records hold a key', async () => {
    const { first, add, importEnds } = await start()
    await first.person('1', ANN)
    await first.person('2', ANN_BEFORE)
    const late = await add('hubspot', 'hubspot-2', { imported: false })
    for (let n = 0; n < 250; n += 1) await late.receive(late.crm.change('contacts', `m${n}`, { email: ANN.email }))
    await first.decide()
    assert.deepEqual(await first.cases(), ['duplicate-ownership 1'])
    await importEnds(late)
    await late.decide()
    await first.decide()
    // Held by more than 200 records, a key says nothing.
    assert.deepEqual(await first.cases(), [])
  })

  it('does not make others doubtful by what of it cannot be seen', async () => {
    const { h, first, add } = await start()
    const late = await add('salesforce', 'salesforce-1', { imported: false })
    await first.person('5', UNOWNED)
    await first.decide()
    await sql`insert into object_schema (connection_id, object_type, fields, unreadable)
      values (${late.connection.id}, 'Lead', '[]', '{Email}')`.execute(h.db)
    await first.person('1', ANN)
    await first.decide()
    assert.deepEqual(await h.unknownInputs(), {})
  })
})
