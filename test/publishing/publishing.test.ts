import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import { RefusedError } from '../../src/people/refused.ts'
import { approveDraft, goBack, neededNow } from '../../src/publishing/approve-draft.ts'
import { inForceOf, readInForce } from '../../src/publishing/documents.ts'
import { adoptDraft, editDraft, makeDraft, rebaseDraft, withdrawDraft } from '../../src/publishing/edit-draft.ts'
import { PublishingError } from '../../src/publishing/errors.ts'
import { draftsFromFiles } from '../../src/publishing/follow-files.ts'
import { adoptWhatRuns, publishApproved, runWhatIsPublished } from '../../src/publishing/put-in-force.ts'
import type { Database } from '../../src/store/database/database.ts'
import { verifyLedger } from '../../src/store/ledger/verify-ledger.ts'
import { findDraft, openDrafts } from '../../src/store/publishing/drafts.ts'
import { documentsInForce, sequenceInForce } from '../../src/store/publishing/publications.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { type Company, company, LEADS, narrower, withoutJapan } from './company.ts'

let test: TestDatabase
let db: Database
let own: Company

async function begin() {
  test = await testDatabase()
  db = test.db
  own = await company(db)
}
const end = () => test?.drop()

const problem = (of: string) => (error: unknown) => error instanceof PublishingError && error.problem === of
const refused = (code: string) => (error: unknown) => error instanceof RefusedError && error.verdict.code === code
const running = async (workflow = 'lead-routing') =>
  (await sql<{ hash: string }>`select hash from workflow where workflow = ${workflow}`.execute(db)).rows[0]!.hash
const needed = async (id: number) => neededNow(db, (await findDraft(db, id))!, await readInForce(db))

describe('publishing a version', () => {
  beforeEach(begin)
  afterEach(end)

  it('takes the boundary owner and somebody who did not write it, and the workflow runs it then', async () => {
    const { data, boundary, reviewer } = own.people
    const before = await running()
    const id = await own.draft(data, withoutJapan(own.text))
    await assert.rejects(own.approve(data, id), refused('author'))
    assert.deepEqual(await own.approve(boundary, id), { isApproved: false })
    assert.equal(await running(), before, 'one yes changes nothing')
    await assert.rejects(own.approve(boundary, id), refused('approved-before'))
    assert.deepEqual(await own.approve(reviewer, id), { isApproved: true })
    assert.deepEqual(await own.publish(), { inForce: [2] })
    assert.notEqual(await running(), before)
    const draft = await findDraft(db, id)
    assert.deepEqual([draft?.state, draft?.seq], ['in-force', 2])
    assert.deepEqual(await own.publish(), { inForce: [] }, 'a second turn does nothing')
    assert.equal((await verifyLedger(db)).ok, true)
    const { rows } = await sql<{ kind: string }>`
      select kind from ledger where subject = ${LEADS} and kind <> 'refused' order by seq`.execute(db)
    assert.deepEqual(
      rows.map(({ kind }) => kind),
      ['draft-made', 'draft-approved', 'draft-approved', 'version-in-force'],
    )
  })

  it('takes the workflow or override owner as second where the boundary owner wrote it', async () => {
    const { boundary, reviewer, override } = own.people
    const id = await own.draft(boundary, withoutJapan(own.text))
    await own.approve(boundary, id)
    await assert.rejects(own.approve(reviewer, id), refused('not-named'))
    assert.deepEqual(new Set((await needed(id)).whoMay), new Set([override.personId, own.people.workflow.personId]))
    assert.deepEqual(await own.approve(override, id), { isApproved: true })
  })

  it('names the workflow whose jobs do not reach, when one person holds everything', async () => {
    await sql`delete from lane_holder where lane <> 'boundary'`.execute(db)
    const id = await own.draft(own.people.boundary, withoutJapan(own.text))
    const { count, vacant } = await needed(id)
    assert.deepEqual([count, vacant], [Number.POSITIVE_INFINITY, ['lead-routing']])
  })

  it('R11: tells the second of two publishers on one base, and a rebase makes another hash without approvals', async () => {
    const { data, boundary, reviewer, workflow } = own.people
    const first = await own.draft(data, withoutJapan(own.text))
    const second = await own.draft(data, own.text.replace('capacity: 400', 'capacity: 300'))
    await own.approve(boundary, first)
    await own.approve(boundary, second)
    await own.approve(reviewer, first)
    await assert.rejects(own.approve(reviewer, second), problem('under-way'))
    await own.publish()
    await assert.rejects(own.approve(reviewer, second), problem('base-moved'))
    assert.equal(await sequenceInForce(db), 2)
    const before = await own.hashOf(second)
    const { hash, approvalsEnded } = await rebaseDraft(db, workflow, second)
    assert.notEqual(hash, before)
    assert.deepEqual(approvalsEnded, [boundary.personId])
    await assert.rejects(approveDraft(db, boundary, { id: second, hash: before }), problem('changed'))
    await own.approve(boundary, second)
    await assert.rejects(own.approve(workflow, second), refused('author'), 'who rebases it is an author')
    assert.deepEqual(await own.approve(reviewer, second), { isApproved: true })
    assert.deepEqual(await own.publish(), { inForce: [3] })
  })

  it('puts one of two drafts in force whose last approvals come at the same moment', async () => {
    const { data, boundary, reviewer } = own.people
    const ids = [await own.draft(data, withoutJapan(own.text)), await own.draft(data, own.text.replace('400', '300'))]
    for (const id of ids) await own.approve(boundary, id)
    const outcomes = await Promise.allSettled(ids.map((id) => own.approve(reviewer, id)))
    await Promise.all([publishApproved(db), publishApproved(db)])
    assert.equal(await sequenceInForce(db), 2, JSON.stringify(outcomes))
    assert.equal((await openDrafts(db)).length, 1)
  })

  it('refuses the approval of a draft that changed, with what changed', async () => {
    const { data, boundary } = own.people
    const id = await own.draft(data, withoutJapan(own.text))
    const read = await own.hashOf(id)
    await own.approve(boundary, id)
    const changed = withoutJapan(own.text).replace('capacity: 400', 'capacity: 5')
    const { approvalsEnded } = await editDraft(db, data, { id, source: changed, read })
    assert.deepEqual(approvalsEnded, [boundary.personId])
    await assert.rejects(approveDraft(db, boundary, { id, hash: read }), (error) => {
      assert.ok(error instanceof PublishingError)
      assert.deepEqual(error.details, ['Open tasks that one reviewer may hold: 5 (was 400).'])
      return error.problem === 'changed'
    })
    await assert.rejects(editDraft(db, data, { id, source: own.text, read }), problem('changed'), 'an old page')
    assert.equal((await needed(id)).count, 2)
  })

  it('refuses a draft that names its own approver, and one with mistakes', async () => {
    const { data, boundary } = own.people
    const names = own.text.replace('boundary: priya.nair@', 'boundary: ines.carvalho@')
    for (const source of [names, own.text.replace('mode: live', 'mode: lively')]) {
      const id = await own.draft(data, source)
      const draft = await findDraft(db, id)
      assert.deepEqual([draft?.hash, draft?.errors.length], [null, 1], JSON.stringify(draft?.errors))
      await assert.rejects(approveDraft(db, boundary, { id, hash: 'x' }), problem('mistakes'))
    }
    const id = await own.draft(data, own.text.replace('workflow: lead-routing', 'workflow: another-one'))
    assert.match((await findDraft(db, id))!.errors[0]!.message, /a draft keeps its workflow/)
  })

  it('lets nobody without a job or the admin edit, and nobody approve who only is an admin', async () => {
    const stranger = await own.person('Nobody')
    await assert.rejects(own.draft(stranger, own.text), refused('not-named'))
    const id = await own.draft(own.people.admin, withoutJapan(own.text))
    await assert.rejects(own.approve(own.people.admin, id), refused('author'))
    await assert.rejects(own.approve(stranger, id), refused('not-named'))
    await withdrawDraft(db, own.people.admin, id)
    await assert.rejects(own.approve(own.people.boundary, id), problem('no-draft'))
  })

  it('takes the rollback owner alone for a change that only narrows, and for nothing beside it', async () => {
    const { data, rollback, workflow } = own.people
    const id = await own.draft(data, narrower(own.text))
    await assert.rejects(own.approve(workflow, id), refused('not-named'))
    assert.deepEqual(await own.approve(rollback, id), { isApproved: true })
    assert.deepEqual(await own.publish(), { inForce: [2] })
    const more = await own.draft(data, narrower(own.text).replace('capacity: 400', 'capacity: 5'))
    await editDraft(db, data, { id: more, source: own.text.replace('400', '5'), read: await own.hashOf(more) })
    await assert.rejects(own.approve(data, more), refused('author'))
    assert.equal((await needed(more)).isAlone, false)
  })

  it('goes back to the version before with the rollback owner alone, past a draft that is on its way', async () => {
    const { data, boundary, reviewer, rollback, workflow } = own.people
    const before = await running()
    await assert.rejects(goBack(db, rollback, LEADS), problem('nothing-before'))
    const id = await own.draft(data, withoutJapan(own.text))
    await own.approve(boundary, id)
    await own.approve(reviewer, id)
    await own.publish()
    const next = await own.draft(data, own.text.replace('400', '300'))
    await own.approve(boundary, next)
    await own.approve(reviewer, next)
    await assert.rejects(goBack(db, workflow, LEADS), refused('not-named'))
    await goBack(db, rollback, LEADS)
    assert.deepEqual(await own.publish(), { inForce: [3] })
    assert.equal(await running(), before)
    const waiting = await findDraft(db, next)
    assert.deepEqual([waiting?.state, (await needed(next)).count], ['draft', 2])
    await assert.rejects(own.approve(boundary, next), problem('base-moved'))
  })

  it('publishes what all workflows share under the same sequence, and every workflow runs with it', async () => {
    const { data, boundary, reviewer } = own.people
    const before = await Promise.all(['lead-routing', 'account-ownership'].map(running))
    const now = inForceOf(await documentsInForce(db)).documents.get('company:territories')!
    const source = now.source.replace('title: France', 'title: France and Monaco')
    const id = await makeDraft(db, data, { document: 'company:territories', source })
    await own.approve(boundary, id)
    await own.approve(reviewer, id)
    assert.deepEqual(await own.publish(), { inForce: [2] })
    const after = await Promise.all(['lead-routing', 'account-ownership'].map(running))
    assert.ok(after.every((hash, i) => hash !== before[i]))
    assert.equal(inForceOf(await documentsInForce(db)).documents.get(LEADS)?.seq, 1, 'its own text did not change')
  })

  it('waits until the fields that a version newly asks for are read, and prepares it meanwhile', async () => {
    const { data, boundary, reviewer } = own.people
    await sql`insert into connection (id, crm, title, account_id, base_url)
      values ('sf', 'salesforce', 'Acme', '00D', 'https://x.example')`.execute(db)
    await sql`insert into object_schema (connection_id, object_type, fields, unreadable, asked)
      values ('sf', 'Lead', '[]', '{}', '{Country}')`.execute(db)
    await sql`insert into poll_cursor (connection_id, object_type, modified_until_ms) values ('sf', 'Lead', 99)`.execute(
      db,
    )
    const id = await own.draft(
      data,
      own.text.replace('fields: [Country, Company, Email]', 'fields: [Country, Industry]'),
    )
    await own.approve(boundary, id)
    await own.approve(reviewer, id)
    assert.deepEqual(await own.publish(), { inForce: [] })
    assert.equal((await findDraft(db, id))?.state, 'preparing')
    const asked = await sql<{ asked: string[] }>`select asked from object_schema where object_type = 'Lead'`.execute(db)
    assert.ok(asked.rows[0]!.asked.includes('Industry'))
    await sql`update poll_cursor set modified_until_ms = 100 where object_type = 'Lead'`.execute(db)
    assert.deepEqual(await own.publish(), { inForce: [2] })
  })

  it('R11, while fields are read: what another version overtook is given back without its approvals', async () => {
    const { data, boundary, reviewer } = own.people
    const id = await own.draft(data, withoutJapan(own.text))
    await own.approve(boundary, id)
    await own.approve(reviewer, id)
    await sql`insert into publication (seq, document, content_hash, content, source, how, by)
      select 2, document, 'other', content, source, 'published', 'lanekeeper' from publication where document = ${LEADS}`.execute(
      db,
    )
    assert.deepEqual(await own.publish(), { inForce: [] })
    assert.deepEqual([(await findDraft(db, id))?.state, (await needed(id)).count], ['draft', 2])
  })
})

describe('files and what runs', () => {
  beforeEach(begin)
  afterEach(end)

  it('a file that changes puts nothing in force: it becomes a draft that three people approve', async () => {
    const { boundary, reviewer, workflow } = own.people
    assert.deepEqual(await draftsFromFiles(db, own.dir), [])
    const before = await running()
    own.write(withoutJapan(own.text))
    const [made] = await draftsFromFiles(db, own.dir)
    assert.deepEqual([made?.document, made?.what], [LEADS, 'made'])
    assert.deepEqual(await draftsFromFiles(db, own.dir), [], 'once')
    assert.equal((await runWhatIsPublished(db)).changed.length, 0, 'a process that starts runs what is published')
    assert.equal(await running(), before)
    const id = made!.draftId!
    await own.approve(boundary, id)
    assert.deepEqual(await own.approve(reviewer, id), { isApproved: false })
    assert.deepEqual(await own.approve(workflow, id), { isApproved: true })
  })

  it('somebody who adopts it is its author, and two approve then', async () => {
    const { boundary, reviewer, admin } = own.people
    own.write(withoutJapan(own.text))
    const id = (await draftsFromFiles(db, own.dir))[0]!.draftId!
    await adoptDraft(db, admin, id)
    assert.deepEqual((await findDraft(db, id))?.authors, [admin.personId])
    await own.approve(boundary, id)
    assert.deepEqual(await own.approve(reviewer, id), { isApproved: true })
  })

  it('a file that changes while its draft waits takes the approvals with it, also of one that is on its way', async () => {
    const { boundary, admin, reviewer } = own.people
    own.write(withoutJapan(own.text))
    const id = (await draftsFromFiles(db, own.dir))[0]!.draftId!
    await adoptDraft(db, admin, id)
    await own.approve(boundary, id)
    await own.approve(reviewer, id)
    own.write(own.text.replace('capacity: 400', 'capacity: 5'))
    const [news] = await draftsFromFiles(db, own.dir)
    assert.deepEqual([news?.what, news?.draftId, news?.approvalsEnded], ['changed', id, 2])
    const draft = await findDraft(db, id)
    assert.deepEqual([draft?.state, draft?.authors], ['draft', null], 'and nobody knows who changed it')
    assert.deepEqual(await own.publish(), { inForce: [] })
  })

  it('a file with a mistake has a draft that says where, and one put back as it was withdraws its draft', async () => {
    own.write(own.text.replace('mode: live', 'mode: lively'))
    const id = (await draftsFromFiles(db, own.dir))[0]!.draftId!
    assert.equal((await findDraft(db, id))?.errors[0]?.field, 'mode')
    own.write(own.text)
    assert.deepEqual(await draftsFromFiles(db, own.dir), [])
    assert.equal((await findDraft(db, id))?.state, 'withdrawn')
    assert.deepEqual(await openDrafts(db), [])
  })

  it('a draft that was withdrawn is not made again by the next start, until its file changes', async () => {
    own.write(withoutJapan(own.text))
    const id = (await draftsFromFiles(db, own.dir))[0]!.draftId!
    await withdrawDraft(db, own.people.admin, id)
    assert.deepEqual(await draftsFromFiles(db, own.dir), [])
    own.write(withoutJapan(own.text).replace('400', '5'))
    assert.equal((await draftsFromFiles(db, own.dir))[0]?.what, 'made')
  })

  it('the sandbox keeps what people published over its files, until a file changes again', async () => {
    const { data, boundary, reviewer } = own.people
    const id = await own.draft(data, withoutJapan(own.text))
    await own.approve(boundary, id)
    await own.approve(reviewer, id)
    await own.publish()
    const published = await running()
    assert.deepEqual((await own.seed()).news, [])
    assert.equal(await running(), published)
    own.write(own.text.replace('capacity: 400', 'capacity: 5'))
    assert.deepEqual(
      (await own.seed()).news.map(({ document, what }) => [document, what]),
      [[LEADS, 'seeded']],
    )
    assert.notEqual(await running(), published)
    assert.equal(await sequenceInForce(db), 3)
  })
})

describe('an installation from before publishing', () => {
  before(begin)
  after(end)

  it('has what runs as number 1, and its files change nothing', async () => {
    const before = await running()
    await sql`truncate publication`.execute(db)
    assert.equal(await adoptWhatRuns(db), true)
    assert.equal(await adoptWhatRuns(db), false)
    const documents = await documentsInForce(db)
    assert.ok(documents.every(({ seq, how }) => seq === 1 && how === 'before-publishing'))
    assert.equal(documents.length, 3 + 4)
    assert.deepEqual(await draftsFromFiles(db, own.dir), [])
    assert.deepEqual(await runWhatIsPublished(db), { changed: [] })
    assert.equal(await running(), before)
  })
})
