import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import { READING_VERSION } from '../../src/model/decision/reading-version.ts'
import { saveUsers } from '../../src/store/decisions/people.ts'
import { contact, rowsOf, userId } from './contacts.ts'
import { decisionStage } from './decision-stage.ts'
import type { Harness } from './harness.ts'

type Basis = {
  now: number
  version: number
  code: string
  observed: number
  record: number
  beside: Record<string, number>
}

describe('what a decision rests on', () => {
  const { start } = decisionStage()

  const opened = async (h: Harness) =>
    rowsOf(
      h,
      sql<{ subject: string; at: Date; basis: Basis }>`
        select subject, at, body::jsonb->'basis' as basis from ledger where kind = 'exception-opened' order by seq`,
    )
  const versions = async (h: Harness) =>
    new Map(
      (
        await rowsOf(
          h,
          sql<{
            id: string
            version: number
          }>`select record_id as id, version from record where object_type = 'contacts'`,
        )
      ).map(({ id, version }) => [id, version]),
    )

  it('stands in its ledger entry: the moment, the policy, the code, and every record by its version', async () => {
    const h = await start()
    const left = h.crm.person('left@x.example', { active: false })
    await h.people()
    const rep = userId(h, 'rep@x.example')
    const same = { country: 'DE', email: 'jane@acme.example' }
    await h.receive(
      contact(h, '1', { ...same, hubspot_owner_id: rep }),
      contact(h, '2', { ...same, hubspot_owner_id: left }),
    )
    await h.settle()
    const entry = (await opened(h)).find(({ subject }) => subject.endsWith('/contacts/2'))!
    const { basis } = entry
    const now = await versions(h)
    assert.equal(basis.now, entry.at.getTime())
    assert.equal(basis.code, READING_VERSION)
    assert.equal(basis.record, now.get('2'))
    const beside = Object.entries(basis.beside).find(([key]) => key.endsWith('/contacts/1'))
    assert.equal(beside?.[1], now.get('1'))
    const [policy] = await rowsOf(h, sql<{ id: number }>`select version_id as id from workflow`)
    assert.equal(basis.version, policy!.id)
    const [last] = await rowsOf(h, sql<{ id: number }>`select max(id) as id from observed`)
    assert.equal(basis.observed, last!.id)
  })

  it('names the version that its event made, also where an event changed nothing', async () => {
    const h = await start()
    await h.people()
    const rep = userId(h, 'rep@x.example')
    await h.receive(contact(h, '1', { country: 'DE', hubspot_owner_id: rep }))
    await h.settle()
    await h.receive(h.crm.change('contacts', '1', { country: 'AT' }))
    await h.settle()
    const events = await rowsOf(
      h,
      sql<{ state: string; version: number | null }>`
        select state, applied_version as version from change_event where record_id = '1' and object_type = 'contacts' order by id`,
    )
    const now = (await versions(h)).get('1')!
    assert.equal(events.at(-1)!.version, now)
    assert.ok(events.every(({ state, version }) => (state === 'applied') === (version !== null)))
    const applied = events.flatMap(({ version }) => version ?? [])
    assert.deepEqual(
      applied,
      applied.toSorted((a, b) => a - b),
    )
  })
})

describe('what was observed', () => {
  const { start } = decisionStage()
  const seen = (h: Harness, kind: string, subject: string) =>
    rowsOf(
      h,
      sql<{ value: Record<string, unknown> | null }>`
        select value from observed where kind = ${kind} and subject = ${subject} order by id`,
    )

  it('keeps each change of a user, and nothing for a list that says the same again', async () => {
    const h = await start()
    h.crm.person('ann@x.example')
    await h.people()
    const ann = userId(h, 'ann@x.example')
    const before = await seen(h, 'user', ann)
    assert.deepEqual(
      before.map(({ value }) => value?.active),
      [true],
    )
    await h.people()
    assert.equal((await seen(h, 'user', ann)).length, 1)
    const user = {
      connectionId: h.connection.id,
      userId: ann,
      kind: 'person',
      email: 'ann@x.example',
      name: 'Ann',
      active: false,
      frozen: null,
      activeMembers: null,
      timeZone: null,
    } as const
    await saveUsers(h.db, h.connection.id, [user])
    const after = await seen(h, 'user', ann)
    assert.deepEqual(
      after.map(({ value }) => value?.active),
      [true, false],
    )
  })

  it('keeps what fields there were, what a connection may do, and that something went', async () => {
    const h = await start()
    const { id } = h.connection
    await sql`insert into object_schema (connection_id, object_type, fields) values (${id}, 'things', '[]')`.execute(
      h.db,
    )
    await sql`update object_schema set unreadable = '{country}' where object_type = 'things'`.execute(h.db)
    await sql`update object_schema set read_at = now() where object_type = 'things'`.execute(h.db)
    await sql`delete from object_schema where object_type = 'things'`.execute(h.db)
    assert.deepEqual(
      (await seen(h, 'schema', 'things')).map(({ value }) => value?.unreadable ?? null),
      [[], ['country'], null],
    )
    const connections = (await seen(h, 'connection', '')).length
    await sql`update connection set polled_at = now()`.execute(h.db)
    assert.equal((await seen(h, 'connection', '')).length, connections)
    await sql`update connection set home_currency = 'JPY'`.execute(h.db)
    assert.equal((await seen(h, 'connection', '')).at(-1)?.value?.homeCurrency, 'JPY')
    await sql`insert into territory_assignment (connection_id, assignment_id, object_type, record_id, territory_id)
      values (${id}, 'a1', 'Account', '7', 'dach')`.execute(h.db)
    await sql`delete from territory_assignment where assignment_id = 'a1'`.execute(h.db)
    assert.deepEqual(
      (await seen(h, 'assignment', 'Account/7/a1')).map(({ value }) => value?.territory ?? null),
      ['dach', null],
    )
  })

  it('is only added to, and goes with the history of its connection', async () => {
    const h = await start()
    h.crm.person('bo@x.example')
    await h.people()
    await assert.rejects(sql`update observed set value = null`.execute(h.db), /only added to/)
    const { id } = h.connection
    await sql`update connection set status = 'disconnected', erase_since = now() where id = ${id}`.execute(h.db)
    await sql`delete from observed where connection_id = ${id}`.execute(h.db)
    await sql`delete from crm_user where connection_id = ${id}`.execute(h.db)
    await sql`update connection set access = null where id = ${id}`.execute(h.db)
    assert.deepEqual(await rowsOf(h, sql`select 1 from observed where connection_id = ${id}`), [])
  })
})
