import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { newDraftSchema } from '../../src/api/connections/new-draft.ts'
import { watchedObjectNames } from '../../src/config/conditions/object-name.ts'
import { accessNeeds } from '../../src/connections/access/required-access.ts'
import type { ConnectDeps } from '../../src/connections/context.ts'
import { connectFromEnvironment } from '../../src/connections/draft/from-environment.ts'
import { openConnection } from '../../src/connections/open-connection.ts'
import { knownAdapters, registerAdapter } from '../../src/crm/registry.ts'
import { explainPolicy } from '../../src/model/decision/explain-policy.ts'
import { fieldsNeeded } from '../../src/model/patterns/contract/fields-needed.ts'
import type { Policy } from '../../src/model/policy/policy.ts'
import type { Crm } from '../../src/model/record/change-event.ts'
import { actBatch } from '../../src/pipeline/act/act.ts'
import { applyBatch } from '../../src/pipeline/apply/apply.ts'
import { decideBatch } from '../../src/pipeline/decide/decide-changes.ts'
import { publishPolicies } from '../../src/pipeline/decide/publish-policies.ts'
import { createWorkflowReader } from '../../src/pipeline/decide/running-workflows.ts'
import { importBaseline } from '../../src/pipeline/read/import-baseline.ts'
import { pollChanges } from '../../src/pipeline/read/poll-changes.ts'
import { refreshBatch } from '../../src/pipeline/read/refresh.ts'
import { syncPeople } from '../../src/pipeline/read/sync-people.ts'
import { verifyClosedTasks } from '../../src/pipeline/verify/verify-closed-tasks.ts'
import { findConnection } from '../../src/store/connections/connections.ts'
import { beat } from '../../src/store/database/counters.ts'
import { findOverdue } from '../../src/store/decisions/overdue-stages.ts'
import { createSecretBox } from '../../src/store/secrets/secret-box.ts'
import { cardboxAdapter } from '../crm/third-crm/adapter.ts'
import { Cardbox } from '../crm/third-crm/cardbox.ts'
import { applyBacklog } from '../support/apply-backlog.ts'
import { type TestDatabase, testDatabase } from '../support/database.ts'
import { at, PEOPLE, POLICY } from '../support/example.ts'
import { TUESDAY_MS, versionOf } from './harness.ts'

const DAY_MS = 86_400_000

/** Route people by country; one without a firm is a gap that a reviewer fills. */
const ROUTE_PEOPLE: Policy = {
  ...POLICY,
  workflow: 'route-people',
  objects: [{ crm: 'cardbox', object: 'people' }],
  scope: [{ field: 'cardbox.people.stage', op: 'not-in', values: ['archive'] }],
  patterns: [
    { pattern: 'missing-field', fields: ['firm_label'], graceMinutes: 30 },
    { pattern: 'orphaned-owner', blankCounts: false },
    { pattern: 'no-rule' },
  ],
  classes: [{ pattern: 'missing-field', when: [], class: 'expected', because: 'A known gap.' }],
}

describe('a third CRM, registered by its folder alone', () => {
  const box = new Cardbox(TUESDAY_MS - DAY_MS)
  let database: TestDatabase
  let deps: ConnectDeps
  let connectionId: string
  let keepers: ReadonlyMap<string, string>
  let german: string
  let firmless: string

  before(async () => {
    registerAdapter(cardboxAdapter(box))
    database = await testDatabase()
    const { db } = database
    await beat(db, 'worker', 'test')
    deps = {
      db,
      box: createSecretBox([{ version: 'v1', key: randomBytes(32) }]),
      needsOf: (crm) => accessNeeds([ROUTE_PEOPLE], crm),
      allowsLoopback: false,
      extraHosts: [],
      nowMs: () => TUESDAY_MS,
      instance: 'test',
    }
    const emails = [...new Set(PEOPLE.flatMap(({ email, active }) => (active && email !== null ? [email] : [])))]
    keepers = new Map(emails.map((email) => [email, box.keeper(email)]))
    const firm = box.add('firms', { label: 'Acme', site: 'acme.de', land: 'Germany', keeper: keepers.get(at('dach'))! })
    german = box.add('people', { label: 'Jane', mail: 'jane@acme.de', firm_label: 'Acme', land: 'Germany', firm })
    firmless = box.add('people', { label: 'Joe', land: 'France', keeper: keepers.get(at('france'))! })
    box.add('offers', { label: 'Big one', firm, worth: '900', is_over: 'false' })
    box.add('todos', { label: 'not ours', stand: 'open' })
  })
  after(() => database.drop())

  const connection = async () => (await findConnection(database.db, connectionId))!
  const client = async () => openConnection(deps, await connection()).client
  const fieldsOf = (crm: Crm, objectType: string) => fieldsNeeded([ROUTE_PEOPLE], crm, objectType)
  const reading = async () => ({
    db: database.db,
    client: await client(),
    connection: await connection(),
    fieldsOf,
    nowMs: () => TUESDAY_MS,
    onPage: () => undefined,
    signal: new AbortController().signal,
  })
  const workflows = () => createWorkflowReader(database.db)

  async function decideAndAct(): Promise<void> {
    const { db } = database
    const row = await connection()
    while ((await applyBatch(db, row)).taken > 0);
    while ((await decideBatch(row, { db, workflows: workflows(), nowMs: () => TUESDAY_MS })).taken > 0);
    await actBatch({
      db,
      client: await client(),
      connection: row,
      fieldsOf,
      workflowTitle: (workflow) => workflow,
      caseUrl: (id) => `http://console/cases/${id}`,
      listUrl: (id) => `http://console/cases?task=${id}`,
      nowMs: () => TUESDAY_MS,
      instance: 'test',
    })
  }

  async function poll(): Promise<void> {
    assert.equal((await pollChanges(await reading())).complete, true)
    const { db } = database
    const row = await connection()
    while ((await applyBatch(db, row)).taken > 0);
  }

  const todo = () => {
    const ours = box.of('todos').filter(({ fields }) => fields.key?.startsWith('lk-'))
    assert.equal(ours.length, 1)
    return ours[0]!
  }

  it('is connected, and polled because it names no other way', async () => {
    connectionId = (await connectFromEnvironment(deps, {
      crm: 'cardbox',
      grant: { kind: 'cardbox-key', key: 'under the mat' },
      address: { baseUrl: 'https://cardbox.example', apiVersion: '1', pubsubAddress: null },
      webhookUrl: null,
    }))!
    assert.equal(connectionId, 'cardbox-7')
    const { feed, title, grantKind } = await connection()
    assert.deepEqual([feed, title, grantKind], ['poll', 'The box on the shelf', 'cardbox-key'])
  })

  it('may be named in policies, is explained in its own words, and has a form of its own', () => {
    assert.ok(watchedObjectNames().includes('cardbox.people'))
    assert.ok(!watchedObjectNames().includes('cardbox.todos'))
    assert.match(explainPolicy(versionOf(ROUTE_PEOPLE)), /Cardbox person records, where stage of Cardbox people is not/)
    const { crm, grant } = newDraftSchema().parse({ kind: 'cardbox-key', key: 'k' })
    assert.deepEqual([crm, grant.kind], ['cardbox', 'cardbox-key'])
  })

  it('is imported: every object but the to-dos, which are not ours', async () => {
    const { db } = database
    await syncPeople(db, await client(), (await connection()).id)
    const version = versionOf(ROUTE_PEOPLE)
    await publishPolicies(db, { loaded: [{ file: 'route.yaml', source: '', version }], refused: [] })
    assert.equal((await importBaseline(await reading())).done, true)
    const { rows } = await sql<{ object_type: string; n: number }>`
      select object_type, count(*)::int as n from record group by 1 order by 1`.execute(db)
    assert.deepEqual(rows, [
      { object_type: 'firms', n: 1 },
      { object_type: 'offers', n: 1 },
      { object_type: 'people', n: 2 },
    ])
  })

  it('is decided and written: the owner of the rule, and a to-do for the gap', async () => {
    await decideAndAct()
    await applyBacklog(database.db, 'route-people')
    await decideAndAct()
    assert.equal(box.cards.get(`people/${german}`)!.fields.keeper, keepers.get(at('dach')))
    assert.equal(todo().fields.about, firmless)
    assert.equal(todo().fields.stand, 'open')
    assert.equal(todo().fields.keeper, keepers.get(at('rita')))
  })

  it('is polled: a change in the box is decided like any other', async () => {
    box.advanceTo(TUESDAY_MS)
    box.edit('people', german, { stage: 'archive' })
    const newcomer = box.add('people', { label: 'Ada', firm_label: 'Acme', land: 'France' })
    await poll()
    await decideAndAct()
    assert.equal(box.cards.get(`people/${newcomer}`)!.fields.keeper, keepers.get(at('france')))
    const { rows } = await sql<{ stage: string }>`
      select values->>'stage' as stage from record where record_id = ${german}`.execute(database.db)
    assert.deepEqual(rows, [{ stage: 'archive' }])
  })

  it('is verified: a to-do that was closed too early opens again, and stays closed once the gap is filled', async () => {
    const { db } = database
    const { id } = todo()
    const verify = async () => {
      await verifyClosedTasks(db, connectionId as never, TUESDAY_MS)
      const row = await connection()
      const deps = { db, client: await client(), connection: row, fieldsOf, nowMs: () => TUESDAY_MS }
      while ((await refreshBatch(deps)).taken > 0) while ((await applyBatch(db, row)).taken > 0);
      await decideAndAct()
      await verifyClosedTasks(db, connectionId as never, TUESDAY_MS)
      await decideAndAct()
    }
    box.edit('todos', id, { stand: 'dropped' })
    await poll()
    assert.deepEqual(
      (await findOverdue(db, 60)).filter(({ stage }) => stage === 'verify').map(({ connectionId: of }) => of),
      [connectionId],
    )
    await verify()
    assert.equal(todo().fields.stand, 'open')

    box.edit('people', firmless, { firm_label: 'Joe and Sons' })
    box.edit('todos', id, { stand: 'done' })
    await poll()
    await verify()
    assert.equal(todo().fields.stand, 'done')
    const { rows } = await sql<{ status: string; reopened: number }>`select status, reopened from task`.execute(db)
    assert.deepEqual(rows, [{ status: 'done', reopened: 1 }])
  })
})

describe('the rooms of the product', () => {
  const productFiles = execFileSync('git', ['ls-files', 'src', 'workers', 'console/src'], { encoding: 'utf8' })
    .split('\n')
    .filter((file) => /\.(ts|tsx|mjs)$/.test(file) && !/\.test\./.test(file))

  it('name a vendor in ten files at most, besides src/crm, the settings and the forms', () => {
    const named = productFiles.filter(
      (file) =>
        !/^src\/(crm|config)\/|^console\/src\/connect\//.test(file) &&
        /hubspot|salesforce/i.test(readFileSync(file, 'utf8')),
    )
    assert.ok(named.length <= 10, named.join('\n'))
  })

  it("hold no SQL with a CRM's object in it", () => {
    const objects = new Set(knownAdapters().flatMap(({ profile }) => Object.keys(profile.objects)))
    const literals = new RegExp(`'(${[...objects].join('|')})'`)
    // A migration mends what the CRMs of its day have left, and a later CRM has nothing to mend.
    const found = productFiles.filter(
      (file) => /^src\/store\/(?!migrations\/)/.test(file) && literals.test(readFileSync(file, 'utf8')),
    )
    assert.deepEqual(found, [])
  })
})
