import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import { readFirstSteps } from '../../src/api/changes/read-first-steps.ts'
import type { Actor } from '../../src/model/authority/acts.ts'
import type { ConnectionId } from '../../src/model/record/change-event.ts'
import { RefusedError } from '../../src/people/refused.ts'
import { editDraft, makeDraft, withdrawDraft } from '../../src/publishing/edit-draft.ts'
import { PublishingError, type PublishingProblem } from '../../src/publishing/errors.ts'
import { starterObjects, takeStarter } from '../../src/publishing/starter-draft.ts'
import { type Progress, tryDraft } from '../../src/publishing/try-draft.ts'
import { TryRuns } from '../../src/publishing/try-runs.ts'
import { databaseNowMs } from '../../src/store/database/clock.ts'
import type { Database } from '../../src/store/database/database.ts'
import { makeAdmin } from '../../src/store/people/admins.ts'
import { createPerson } from '../../src/store/people/persons.ts'
import { findDraft } from '../../src/store/publishing/drafts.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { ACME, ownCrm } from './own-crm.ts'

let test: TestDatabase
let db: Database
let admin: Actor & { kind: 'person' }

const person = async (name: string, strength: 'strong' | 'weak' = 'strong') => {
  const personId = await createPerson(db, { name, madeBy: 'terminal' })
  const signedInAtMs = await databaseNowMs(db)
  return { kind: 'person', personId, strength, signedInAtMs, isActive: true, isActiveInCrm: true } as const
}
const begin = async () => {
  test = await testDatabase()
  db = test.db
  admin = await person('Ada')
  await makeAdmin(db, admin.personId, 'terminal')
}
const end = () => test?.drop()
const problem = (of: PublishingProblem) => (error: unknown) => error instanceof PublishingError && error.problem === of
const count = async (table: string) =>
  (await sql<{ n: number }>`select count(*)::int as n from ${sql.table(table)}`.execute(db)).rows[0]!.n
const disconnect = () => sql`update connection set status = 'disconnected' where id = ${ACME}`.execute(db)

describe('a draft to begin with', () => {
  beforeEach(begin)
  afterEach(end)

  it('watches what was read, asks for what the CRM requires, has no rule, and names nobody', async () => {
    await ownCrm(db)
    const { id, calendarId } = await takeStarter(db, admin, ACME)
    const draft = (await findDraft(db, id))!
    assert.deepEqual(draft.errors, [])
    assert.deepEqual(draft.authors, [admin.personId], 'unedited its author is the admin who took it')
    assert.match(draft.source, /^objects: \[salesforce\.Account, salesforce\.Lead\]$/m)
    assert.match(draft.source, /only: salesforce\.Account, fields: \[Name\],/, 'the owner has a pattern of its own')
    assert.match(draft.source, /only: salesforce\.Lead, fields: \[Company, LastName\],/)
    assert.match(draft.source, /^mode: observe$/m)
    assert.match(draft.source, /and 3 active users\./)
    assert.doesNotMatch(draft.source, /@|^owners:|mode: rules/m)
    const calendar = (await findDraft(db, calendarId!))!
    assert.deepEqual(calendar.errors, [])
    assert.match(calendar.source, /2 of 3 active users/)
    assert.match(calendar.source, /^timeZone: America\/Chicago$/m)
  })

  it('is the next step on the pages, with what is missing after it', async () => {
    await ownCrm(db)
    const before = await readFirstSteps(db)
    assert.deepEqual(before.connections, [
      { id: ACME, title: 'Acme', isImporting: false, isRead: true, isWatched: false },
    ])
    assert.equal(before.draft, null)
    const { id } = await takeStarter(db, admin, ACME)
    const { isDone, connections, draft } = await readFirstSteps(db)
    assert.equal(isDone, false)
    assert.equal(connections[0]!.isWatched, true)
    assert.deepEqual(
      { ...draft },
      {
        id,
        title: 'Keep one active owner on Salesforce records',
        workflow: 'salesforce-owner-check',
        hasErrors: false,
        wasTried: false,
        hasBoundary: false,
        hasSecond: false,
        offered: 0,
        approvals: 0,
        isApproved: false,
      },
    )
  })

  it('has its editor as author, besides whoever took it', async () => {
    await ownCrm(db)
    const other = await person('Otto')
    await makeAdmin(db, other.personId, 'terminal')
    const { id } = await takeStarter(db, admin, ACME)
    const { source, hash } = (await findDraft(db, id))!
    await editDraft(db, other, { id, source: source.replace('capacity: 100', 'capacity: 50'), read: hash })
    assert.deepEqual((await findDraft(db, id))!.authors, [admin.personId, other.personId])
  })

  it('is an admin’s with a sign-in of their own; a link or nobody’s job is not enough', async () => {
    await ownCrm(db)
    await assert.rejects(takeStarter(db, await person('Sam'), ACME), RefusedError)
    await assert.rejects(takeStarter(db, { ...admin, strength: 'weak' }, ACME), RefusedError)
    assert.equal(await count('policy_draft'), 0)
  })

  it('is taken once: a second one says which draft there is, and one withdrawn makes room', async () => {
    await ownCrm(db)
    const { id } = await takeStarter(db, admin, ACME)
    await assert.rejects(takeStarter(db, admin, ACME), problem('under-way'))
    await withdrawDraft(db, admin, id)
    const again = await takeStarter(db, admin, ACME)
    assert.notEqual(again.id, id)
    assert.equal(again.calendarId, null, 'the draft of a calendar is still there')
  })

  it('is not made of a CRM that is not there, was disconnected, or has described nothing yet', async () => {
    await assert.rejects(takeStarter(db, admin, 'nowhere' as ConnectionId), problem('not-connected'))
    await ownCrm(db, { records: false })
    await sql`delete from object_schema`.execute(db)
    await assert.rejects(takeStarter(db, admin, ACME), problem('nothing-read'))
    await disconnect()
    await assert.rejects(takeStarter(db, admin, ACME), problem('not-connected'))
  })
})

describe('trying a draft', () => {
  let runs: TryRuns
  beforeEach(async () => {
    await begin()
    runs = new TryRuns(db, assert.ifError)
  })
  afterEach(async () => {
    await runs.settled()
    await end()
  })

  /** Nothing is decided before the answer is called. */
  const heldUp = async () => {
    const { promise: until, resolve: goOn } = Promise.withResolvers<void>()
    const { promise: isHeld, resolve: held } = Promise.withResolvers<void>()
    const holding = db.transaction().execute(async (trx) => {
      await sql`lock table record in access exclusive mode`.execute(trx)
      held()
      await until
    })
    await isHeld
    return async () => {
      goOn()
      await holding
      await runs.settled()
    }
  }
  const tryIt = async (id: number) => {
    const run = await runs.start(admin, { id, hash: (await findDraft(db, id))!.hash! })
    await runs.settled()
    return runs.find(run)!
  }

  it('counts cases by pattern and class with examples of each, and keeps nothing but who tried it', async () => {
    await ownCrm(db)
    const { id } = await takeStarter(db, admin, ACME)
    const { tried, isOutdated, progress } = await tryIt(id)
    assert.deepEqual(
      tried!.patterns.map(({ pattern, cases, byClass }) => [pattern, cases, byClass]),
      [
        ['orphaned-owner', 8, { risky: 8 }],
        ['missing-field', 1, { expected: 1 }],
      ],
    )
    assert.equal(tried!.patterns[0]!.examples.length, 5)
    const [blank] = tried!.patterns[1]!.examples
    assert.equal(blank!.name, 'Blank')
    assert.match(blank!.says, /Company/)
    assert.deepEqual(tried!.records, { all: 13, decided: 13, inScope: 13 })
    assert.equal(tried!.isEstimate, false)
    assert.equal(isOutdated, false)
    assert.deepEqual(progress, { decided: 13, of: 13 })
    for (const table of ['exception', 'task', 'intent', 'workflow', 'policy_version', 'publication', 'held_record']) {
      assert.equal(await count(table), 0, table)
    }
    const ledger = await sql<{ actor: string; body: string }>`
      select actor, body from ledger where kind = 'draft-tried'`.execute(db)
    assert.deepEqual(
      ledger.rows.map(({ actor, body }) => [actor, { ...JSON.parse(body), salt: undefined }]),
      [[`person:${admin.personId}`, { draft: id, hash: (await findDraft(db, id))!.hash, salt: undefined }]],
    )
  })

  it('says that there is nothing yet, and that the import is still running', async () => {
    await ownCrm(db, { done: false, records: false })
    // A draft of what is described so far would never watch the rest.
    await assert.rejects(takeStarter(db, admin, ACME), /has come to each of its objects/)
    for (const objectType of starterObjects('salesforce')) {
      await sql`
        insert into object_schema (connection_id, object_type, fields) values (${ACME}, ${objectType}, '[]')
        on conflict do nothing`.execute(db)
    }
    const { tried } = await tryIt((await takeStarter(db, admin, ACME)).id)
    assert.deepEqual(tried!.records, { all: 0, decided: 0, inScope: 0 })
    assert.deepEqual(tried!.importing, ['Acme'])
    assert.deepEqual(tried!.patterns, [])
  })

  it('leaves out a CRM that is disconnected while it runs, and says so', async () => {
    await ownCrm(db)
    const draft = (await findDraft(db, (await takeStarter(db, admin, ACME)).id))!
    const heard: Progress[] = []
    let ending: Promise<unknown> = Promise.resolve()
    const tried = await tryDraft(db, draft, (progress) => {
      if (heard.push(progress) === 1) ending = disconnect()
    })
    await ending
    assert.deepEqual(tried.ended, ['Acme'])
    assert.deepEqual(tried.patterns, [])
    assert.equal(tried.records.decided, 0)
  })

  it('says so when the draft got another text meanwhile, and refuses one that was not read', async () => {
    await ownCrm(db)
    const { id } = await takeStarter(db, admin, ACME)
    const { source, hash } = (await findDraft(db, id))!
    const goOn = await heldUp()
    const run = await runs.start(admin, { id, hash: hash! })
    await editDraft(db, admin, { id, source: source.replace('capacity: 100', 'capacity: 50'), read: hash })
    assert.equal(runs.find(run)!.tried, null)
    await goOn()
    // The text that was asked for is what was tried; whether it is still the draft's is said beside it.
    assert.ok(runs.find(run)!.tried !== null)
    assert.equal(runs.find(run)!.isOutdated, true)
    await assert.rejects(runs.start(admin, { id, hash: hash! }), problem('changed'))
  })

  it('tries two drafts at once, gives two people who ask for the same one run, and sends a third away', async () => {
    await ownCrm(db)
    const { id } = await takeStarter(db, admin, ACME)
    const { document, source } = (await findDraft(db, id))!
    const more = (capacity: string) => makeDraft(db, admin, { document, source: source.replace('100', capacity) })
    const [second, third] = [await more('98'), await more('99')]
    const start = async (of: number) => runs.start(admin, { id: of, hash: (await findDraft(db, of))!.hash! })
    const goOn = await heldUp()
    const asked = await Promise.allSettled([id, id, second, third].map(start))
    await goOn()
    const started = asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const refused = asked.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))
    assert.equal(new Set(started).size, 2)
    assert.ok(refused.length > 0 && refused.every(problem('busy')))
    for (const run of started) assert.ok(runs.find(run)!.tried!.patterns.length > 0)
    assert.equal((await sql`select 1 from ledger where kind = 'draft-tried'`.execute(db)).rows.length, 2)
  })

  it('says nothing about a field that was never read, and names it', async () => {
    await ownCrm(db)
    await sql`update record set values = values - 'Company' where object_type = 'Lead'`.execute(db)
    await sql`update object_schema set asked = array_remove(asked, 'Company') where object_type = 'Lead'`.execute(db)
    const { tried } = await tryIt((await takeStarter(db, admin, ACME)).id)
    assert.equal(
      tried!.patterns.some(({ pattern }) => pattern === 'missing-field'),
      false,
    )
    const [lead] = tried!.notRead.filter(({ object }) => object === 'Lead')
    assert.ok(lead!.fields.includes('Company'))
  })

  it('is for whoever may edit the draft, and not for one with errors or one that ended', async () => {
    await ownCrm(db)
    const { id } = await takeStarter(db, admin, ACME)
    const { source, hash } = (await findDraft(db, id))!
    await assert.rejects(runs.start(await person('Sam'), { id, hash: hash! }), RefusedError)
    await editDraft(db, admin, { id, source: source.replace('mode: observe', 'mode: never'), read: hash })
    await assert.rejects(runs.start(admin, { id, hash: hash! }), problem('mistakes'))
    await withdrawDraft(db, admin, id)
    await assert.rejects(runs.start(admin, { id, hash: hash! }), problem('no-draft'))
    assert.equal(runs.find('gone'), null)
  })
})
