import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import { createNoticeBoard } from '../../../src/notices/notice-board.ts'
import { checkMisfits } from '../../../src/pipeline/read/policy-misfits.ts'
import { saveSchema } from '../../../src/store/records/object-schemas.ts'
import { decisionStage } from '../decision-stage.ts'
import { contactPolicy } from '../harness.ts'

describe('a rule that asks for a field that does not exist', () => {
  const stage = decisionStage()
  const start = async () => {
    const branch = contactPolicy().boundary.find(({ mode }) => mode === 'rules')!
    const [rule] = branch.rules
    const rules = [
      { ...rule!, id: 'first', when: [{ field: 'fact.country', op: 'in' as const, values: ['FR'] }] },
      { ...rule!, id: 'wrong', when: [{ field: 'LifecycleStage', op: 'in' as const, values: ['lead'] }] },
      { ...rule!, id: 'last', when: [] },
    ]
    const h = await stage.start({ boundary: [{ ...branch, when: [], rules, settles: ['orphaned-owner'] }] })
    const names = ['lifecyclestage', 'country', 'email']
    const fields = names.map((name) => ({ name, label: name, type: 'text' as const, options: [], writable: true }))
    await saveSchema(h.db, h.connection.id, { objectType: 'contacts', fields }, ['LifecycleStage'], [...names])
    return h
  }

  it('case X04: stops that rule and those behind it, not the one before, and says that there is no such field', async () => {
    const h = await start()
    const left = h.crm.person('left@x.example', { active: false })
    await h.people()
    for (const [id, country] of [
      ['1', 'FR'],
      ['2', 'DE'],
    ] as const) {
      await h.receive(
        h.crm.change('contacts', id, {
          createdate: '2026-11-01T00:00:00Z',
          lastmodifieddate: '2026-11-01T00:00:00Z',
          email: `a${id}@b${id}.example`,
          lifecyclestage: 'lead',
          hubspot_owner_id: left,
          country,
        }),
      )
    }
    await h.settle()
    assert.notEqual(h.crm.records.get('contacts/1')?.hubspot_owner_id, left, 'the earlier rule decides')
    assert.equal(h.crm.records.get('contacts/2')?.hubspot_owner_id, left, 'nothing is written behind the wrong rule')
    const { rows } = await sql<{ why: string }>`select distinct why from unknown_input`.execute(h.db)
    assert.deepEqual(rows, [{ why: 'no-such-field' }])
  })

  it('is one alert with the rule, the place and what to write, and ends when the field is there', async () => {
    const h = await start()
    const board = createNoticeBoard(h.db, { nowMs: Date.now })
    const connection = { ...h.connection, accountId: '1' }
    const check = () => checkMisfits({ db: h.db, connection, board, placeIn: () => ({ line: 12, column: 9 }) })
    const said = await check()
    assert.equal(said.length, 1)
    assert.match(
      said[0]!,
      /the rule wrong asks for what HubSpot cannot answer: the CRM shows us no field LifecycleStage on the contact\./,
    )
    assert.match(said[0]!, /\.yaml:12:9: Write lifecyclestage\./)
    await board.settled()
    assert.deepEqual(await check(), [], 'it is said once')
    const open = async () =>
      (await sql`select 1 from notice where code = 'policy-misfit' and ended_at is null`.execute(h.db)).rows.length
    assert.equal(await open(), 1)
    const field = { name: 'LifecycleStage', label: 'x', type: 'text' as const, options: [], writable: true }
    await saveSchema(h.db, h.connection.id, { objectType: 'contacts', fields: [field] }, [], ['LifecycleStage'])
    await check()
    await board.settled()
    assert.equal(await open(), 0)
  })
})

describe('a rule that asks for a value that its list does not have', () => {
  const stage = decisionStage()

  it('case X05: stops that rule and those behind it, with one case for all records, until the list has the value', async () => {
    const branch = contactPolicy().boundary.find(({ mode }) => mode === 'rules')!
    const [rule] = branch.rules
    const rules = [
      { ...rule!, id: 'first', when: [{ field: 'fact.country', op: 'in' as const, values: ['FR'] }] },
      { ...rule!, id: 'wrong', when: [{ field: 'lead_type', op: 'in' as const, values: ['Partnr'] }] },
      { ...rule!, id: 'last', when: [] },
    ]
    const h = await stage.start({ boundary: [{ ...branch, when: [], rules, settles: ['orphaned-owner'] }] })
    const describe = (...options: string[]) => {
      const field = { name: 'lead_type', label: 'Type', type: 'picklist' as const, options, writable: true }
      return saveSchema(h.db, h.connection.id, { objectType: 'contacts', fields: [field] }, [], ['lead_type'])
    }
    await describe('Partner', 'Direct')
    const board = createNoticeBoard(h.db, { nowMs: Date.now })
    const check = async () => {
      await checkMisfits({
        db: h.db,
        connection: { ...h.connection, accountId: '1' },
        board,
        placeIn: () => ({ line: 12, column: 9 }),
      })
      await board.settled()
    }
    await check()
    const { rows } = await sql<{ says: string }>`
      select message || ' ' || remedy as says from notice where code = 'policy-misfit' and ended_at is null`.execute(
      h.db,
    )
    assert.equal(rows.length, 1)
    assert.match(
      rows[0]!.says,
      /the rule wrong .* has no value "Partnr"\. Records that reach it wait.*:12:9: Write "Partner"/,
    )
    const left = h.crm.person('left@x.example', { active: false })
    await h.people()
    const given: Record<string, [string, string | null]> = {
      '1': ['FR', 'Partner'],
      '2': ['DE', 'Partner'],
      '3': ['DE', 'Direct'],
      '4': ['DE', null],
    }
    for (const [id, [country, lead_type]] of Object.entries(given)) {
      const fields = {
        createdate: '2026-11-01T00:00:00Z',
        lastmodifieddate: '2026-11-01T00:00:00Z',
        country,
        lead_type,
      }
      await h.receive(
        h.crm.change('contacts', id, { ...fields, email: `a${id}@b${id}.example`, hubspot_owner_id: left }),
      )
    }
    await h.settle()
    const stays = () =>
      Object.keys(given).filter((id) => h.crm.records.get(`contacts/${id}`)?.hubspot_owner_id === left)
    assert.deepEqual(stays(), ['2', '3'], 'an earlier rule decides, and a blank is surely not meant')
    assert.deepEqual(await h.unknownInputs(), { 'contacts/lead_type/no-such-value': 2 })
    assert.equal((await h.openExceptions()).filter(({ pattern }) => pattern === 'unknown-input').length, 1)

    // The admin adds the value: the same policy is decided again.
    await describe('Partner', 'Partnr', 'Direct')
    await check()
    await h.settle()
    assert.deepEqual(stays(), [])
    assert.deepEqual(await h.unknownInputs(), {})
  })
})
