import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { CaseReply } from '../../src/api/cases/case-types.ts'
import { seedConsole } from '../browser/console-rows.ts'
import { type AppUnderTest, appUnderTest } from './app-under-test.ts'

describe('what changed about a case, in the API', () => {
  let t: AppUnderTest
  let cookie: string
  before(async () => {
    t = await appUnderTest()
    cookie = await t.signIn()
    await seedConsole(t.db, new Date())
  })
  after(() => t.close())

  const changedOf = async (id: number) =>
    (await t.call({ url: `/api/console/exceptions/${id}`, headers: { cookie } })).json<CaseReply>().changed

  it('is said in the words of the CRM and of people: labels, names of owners and countries, and blank as null', async () => {
    const { rows } = await sql<{ id: number; owner: string }>`
      select e.id, u.user_id as owner from exception e join crm_user u on u.connection_id = e.connection_id
        and u.name = 'Tom Becker'
      where e.object_type = 'contacts' order by e.id limit 1`.execute(t.db)
    const { id, owner } = rows[0]!
    assert.equal(await changedOf(id), null)
    const facts = [
      { name: 'fact.country', before: null, after: 'DE' },
      { name: 'hubspot_owner_id', before: owner, after: null },
    ]
    await sql`update exception set changed_facts = ${JSON.stringify(facts)}::jsonb, facts_changed_at = now() where id = ${id}`.execute(
      t.db,
    )
    const changed = await changedOf(id)
    assert.deepEqual(
      changed?.facts.map(({ before: was, after: is }) => [was, is]),
      [
        [null, 'Germany'],
        ['Tom Becker', null],
      ],
    )
    assert.ok(changed?.facts.every(({ label, name }) => label !== name))
  })
})
