import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { inForceOf } from '../../src/publishing/documents.ts'
import { endExamples } from '../../src/publishing/end-examples.ts'
import { adoptWhatRuns, runWhatIsPublished } from '../../src/publishing/put-in-force.ts'
import type { Database } from '../../src/store/database/database.ts'
import { modeChanges } from '../../src/store/decisions/mode-changes.ts'
import { policiesInForce } from '../../src/store/decisions/policies.ts'
import { verifyLedger } from '../../src/store/ledger/verify-ledger.ts'
import { listAdmins, makeAdmin } from '../../src/store/people/admins.ts'
import { createPerson, listPersons } from '../../src/store/people/persons.ts'
import { findDraft } from '../../src/store/publishing/drafts.ts'
import { documentsInForce, sequenceInForce } from '../../src/store/publishing/publications.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { markRules } from '../support/mark-rules.ts'
import { type Company, company, LEADS, withoutJapan } from './company.ts'

/** The sandbox ran first in this database. From now on it runs without: what its examples brought must not count. */
describe('a CRM of one’s own in a database where the sandbox ran', () => {
  let test: TestDatabase
  let db: Database
  let own: Company
  let draft: number
  let published: number

  before(async () => {
    test = await testDatabase()
    db = test.db
    own = await company(db)
    await sql`insert into connection (id, crm, account_id, title, base_url, made_by)
      values ('hubspot-1', 'hubspot', '1', 'Acme', 'https://api.hubapi.com', 'console')`.execute(db)
    const cast = await createPerson(db, { name: 'Tom Becker', madeBy: 'sandbox' })
    await makeAdmin(db, cast, 'sandbox')
    // What the cast published over an example is about the same company.
    const { data, boundary, reviewer } = own.people
    published = await own.draft(data, withoutJapan(own.text))
    await own.approve(boundary, published)
    await own.approve(reviewer, published)
    await own.publish()
    draft = await own.draft(data, own.text)
    const [policy] = (await policiesInForce(db)).filter((one) => one.policy.workflow === 'lead-routing')
    await markRules(db, policy!.policy)
    const invited = await createPerson(db, { name: 'Ida Invited', madeBy: `person:${cast}` })
    await sql`insert into job (workflow, lane, person_id, offered_by, accepted_at)
      values ('lead-routing', 'override', ${invited}, 'terminal', now())`.execute(db)
    await sql`delete from redecide_queue`.execute(db)
  })
  after(() => test?.drop())

  it('ends the example workflows with what the cast published, their shared files, drafts and people, once', async () => {
    assert.equal((await findDraft(db, published))?.state, 'in-force')
    const { changed } = await endExamples(db)
    assert.deepEqual([...changed].sort(), ['account-ownership', 'inbound-lead-routing', 'lead-routing'])
    const { documents, company: shared } = inForceOf(await documentsInForce(db))
    assert.deepEqual([...documents.keys()], [])
    assert.deepEqual(shared.territories, [])
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from workflow where hash is not null`.execute(
      db,
    )
    assert.equal(rows[0]!.n, 0)
    assert.equal((await findDraft(db, draft))?.state, 'withdrawn')
    assert.deepEqual(await listAdmins(db), [])
    assert.deepEqual(
      (await listPersons(db)).filter(({ name }) => name === 'Tom Becker' || name === 'Ida Invited'),
      [],
    )
    // What was accepted, marked and raised in the sandbox is nobody's word here.
    const carried = await sql`
      select id from job where ended_at is null union all select id from mark where ended_at is null`.execute(db)
    assert.deepEqual(carried.rows, [])
    const queued = await sql<{ id: string }>`select connection_id as id from redecide_queue`.execute(db)
    assert.deepEqual(queued.rows, [{ id: 'hubspot-1' }], 'cases of the examples close with the next decision')

    const sequence = await sequenceInForce(db)
    assert.deepEqual(await endExamples(db), { changed: [] })
    assert.equal(await sequenceInForce(db), sequence)
    assert.equal((await verifyLedger(db)).ok, true)
  })

  it('starts again with nothing in force', async () => {
    assert.equal(await adoptWhatRuns(db), false)
    assert.deepEqual(await runWhatIsPublished(db), { changed: [] })
  })

  it('lets people publish a workflow of the same name as their own, which a later start keeps', async () => {
    const { data, boundary, reviewer } = own.people
    await sql`insert into lane_holder (workflow, lane, circle, person_id, role)
      values ('lead-routing', 'data', '', ${data.personId}, 'holder'),
        ('lead-routing', 'boundary', '', ${boundary.personId}, 'holder'),
        ('lead-routing', 'review', 'general', ${reviewer.personId}, 'holder') on conflict do nothing`.execute(db)
    const id = await own.draft(data, own.text)
    assert.equal((await findDraft(db, id))?.baseSeq, null)
    await own.approve(boundary, id)
    await own.approve(reviewer, id)
    await own.publish()
    assert.equal((await findDraft(db, id))?.state, 'in-force')
    const [set] = await modeChanges(db, 'lead-routing', 1)
    assert.equal(set?.mode, 'observe', 'the sandbox went live with this name')
    assert.deepEqual(await endExamples(db), { changed: [] })
    assert.deepEqual([...inForceOf(await documentsInForce(db)).documents.keys()], [LEADS])
  })
})
