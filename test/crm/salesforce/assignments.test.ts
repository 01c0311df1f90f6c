import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { type SalesforceSandbox, startSalesforceSandbox } from '../../../sandbox/salesforce/app.ts'
import { type SalesforceUser, salesforceUser } from '../../../sandbox/tuesday/crm-user.ts'
import { generateWorld } from '../../../sandbox/world/generate.ts'
import type { World } from '../../../sandbox/world/records/world.ts'
import { CrmRefusedError } from '../../../src/crm/crm-client.ts'
import type { AssignmentVerbs } from '../../../src/crm/crm-territories.ts'
import { openSalesforce } from '../../../src/crm/salesforce/open.ts'
import type { TerritoryAssignment } from '../../../src/model/record/territories-field.ts'
import { CONNECTION, type ScriptedOrg, seenBudget, seenTokens, startScriptedOrg } from './scripted-org.ts'

const HOUR_MS = 3_600_000
const OBJECT = 'ObjectTerritory2Association'

async function everything(verbs: AssignmentVerbs, modelId: string): Promise<TerritoryAssignment[]> {
  const all: TerritoryAssignment[] = []
  let cursor: string | null = null
  do {
    const page = await verbs.everything(modelId, cursor)
    all.push(...page.assignments)
    cursor = page.cursor
  } while (cursor !== null)
  return all
}

describe('assignments to territories in the sandbox org', () => {
  let world: World
  let sandbox: SalesforceSandbox
  let person: SalesforceUser
  const budget = seenBudget()
  before(async () => {
    world = generateWorld({ seed: 5, nowMs: Date.now(), scale: 0.05 })
    sandbox = await startSalesforceSandbox({ world })
    const { url } = sandbox
    person = await salesforceUser({ loginUrl: url, instanceUrl: url, ...sandbox.credentials } as Parameters<
      typeof salesforceUser
    >[0])
  })
  after(() => sandbox.close())

  function verbs(): AssignmentVerbs {
    const { clientId, clientSecret } = sandbox.credentials
    return openSalesforce({
      connectionId: CONNECTION,
      grant: { kind: 'salesforce-client-credentials', clientId, clientSecret },
      address: { baseUrl: sandbox.url, apiVersion: '67.0', pubsubAddress: null },
      tokens: seenTokens(),
      budget,
      taskKey: undefined,
      accountId: undefined,
      pagesUrl: undefined,
      nowMs: Date.now,
    }).client.assignments
  }

  it('are all read, page by page, with the names of their territories', async () => {
    const read = verbs()
    const active = await read.active()
    assert.ok(active?.modelId)
    const west = active.territories.find(({ developerName }) => developerName === 'na_west')
    assert.equal(west?.name, 'North America West')
    const all = await everything(read, active.modelId)
    assert.deepEqual(
      all.map(({ assignmentId }) => assignmentId).sort(),
      world.salesforce[OBJECT].map(({ Id }) => Id).sort(),
    )
    assert.ok(all.every(({ objectType, recordId }) => objectType === 'Account' && recordId.startsWith('001')))
  })

  it('of many records are one read, whole, and of a model that is not active there are none', async () => {
    const read = verbs()
    const { modelId, territories } = (await read.active())!
    const accounts = world.salesforce.Account.slice(0, 150).map(({ Id }) => Id)
    const asia = territories.find(({ developerName }) => developerName === 'apac')!.territoryId
    await person.create(OBJECT, { ObjectId: accounts[0], Territory2Id: asia, AssociationCause: 'Territory2Manual' })
    budget.taken.length = 0
    const found = await read.ofRecords(modelId!, accounts)
    assert.equal(budget.taken.length, 1)
    assert.ok(found.some(({ recordId, territoryId }) => recordId === accounts[0] && territoryId === asia))
    assert.equal(found.length, (await everything(read, modelId!)).filter((a) => accounts.includes(a.recordId)).length)
    const plan = await person.create('Territory2Model', { Name: 'Next year', DeveloperName: 'Next_year' })
    const planned = await person.create('Territory2', {
      Name: 'Apart',
      DeveloperName: 'apart',
      Territory2ModelId: plan,
    })
    await person.create(OBJECT, { ObjectId: accounts[1], Territory2Id: planned, AssociationCause: 'Territory2Manual' })
    const after = await read.ofRecords(modelId!, [accounts[1]!])
    assert.ok(after.every(({ territoryId }) => territoryId !== planned))
  })

  it('that are new and that were deleted since are told, and after twelve hours nobody can say', async () => {
    const read = verbs()
    const { modelId, territories, atMs } = (await read.active())!
    const lead = world.salesforce.Lead.find(({ IsConverted }) => IsConverted !== true)!.Id
    const { territoryId } = territories[0]!
    const made = await person.create(OBJECT, {
      ObjectId: lead,
      Territory2Id: territoryId,
      AssociationCause: 'Territory2Manual',
    })
    const page = await read.madeSince(modelId!, atMs - 60_000, null)
    assert.equal(page.cursor, null)
    assert.deepEqual(
      page.assignments.find(({ assignmentId }) => assignmentId === made),
      { assignmentId: made, objectType: 'Lead', recordId: lead, territoryId },
    )
    assert.ok(page.latestMs >= atMs - 1_000)
    await person.remove(OBJECT, made)
    await pass(120_000)
    // A call tells how far the org's clock is.
    const { atMs: nowMs } = (await read.active())!
    const deleted = await read.deletedSince(atMs - 60_000)
    assert.ok(deleted !== null && deleted.ids.includes(made))
    assert.ok(deleted.untilMs > atMs && deleted.untilMs <= nowMs + 1_000)
    assert.equal(await read.deletedSince(nowMs - 12 * HOUR_MS), null)
  })

  async function pass(ms: number): Promise<void> {
    const response = await fetch(`${sandbox.url}/__sandbox/actions`, {
      method: 'POST',
      headers: { 'x-sandbox-control': sandbox.credentials.controlSecret, 'content-type': 'application/json' },
      body: JSON.stringify({ action: 'advance-clock', ms }),
    })
    assert.equal(response.status, 200)
  }
})

describe('assignments to territories in an org that answers oddly', () => {
  let org: ScriptedOrg
  let read: AssignmentVerbs
  const NOW_MS = Date.parse('2026-11-22T15:00:30Z')
  const MODEL = '0MA5g0000000001AAA'
  before(async () => {
    org = await startScriptedOrg()
  })
  beforeEach(() => {
    org.requests.length = 0
    read = org.client({ nowMs: () => NOW_MS }).assignments
  })
  after(() => org.close())
  const deletedAre = (answer: object, status = 200) =>
    org.on('GET', `/sobjects/${OBJECT}/deleted`, { status, json: answer, headers: { date: 'none' } })

  it('are none of its features where the object is missing', async () => {
    org.on('GET', '/query', (request, response) => {
      const isAbsent = request.soql?.includes(OBJECT)
      response.writeHead(isAbsent ? 400 : 200, { 'content-type': 'application/json' })
      response.end(
        JSON.stringify(
          isAbsent
            ? [{ errorCode: 'INVALID_TYPE', message: `sObject type '${OBJECT}' is not supported.` }]
            : { totalSize: 0, done: true, records: [] },
        ),
      )
    })
    assert.equal(await read.active(), null)
  })

  it('are paged by time and id, so that a page cut in the middle of a second loses nothing', async () => {
    const row = (n: number) => ({
      Id: `0OT5g000000000${n}AAA`,
      ObjectId: '0015g0000000001AAA',
      SobjectType: 'Account',
      Territory2Id: '0MI5g0000000001AAA',
      SystemModstamp: '2026-11-22T14:00:00.000+0000',
    })
    org.on(
      'GET',
      '/query',
      { json: { totalSize: 2, done: false, records: [row(1)] } },
      { json: { totalSize: 1, done: true, records: [row(2)] } },
    )
    const first = await read.madeSince(MODEL, NOW_MS - HOUR_MS, null)
    const second = await read.madeSince(MODEL, NOW_MS - HOUR_MS, first.cursor)
    assert.equal(second.cursor, null)
    assert.match(
      org.requests.at(-1)?.soql ?? '',
      /SystemModstamp = 2026-11-22T14:00:00\.000Z AND Id > '0OT5g0000000001AAA'/,
    )
  })

  it('that were deleted are asked for by whole minutes, and counted on from where Salesforce says that it knows', async () => {
    deletedAre({
      deletedRecords: [{ id: '0OT5g0000000001', deletedDate: '2026-11-22T14:30:00.000+0000' }],
      earliestDateAvailable: '2026-11-22T03:00:00.000+0000',
      latestDateCovered: '2026-11-22T14:58:00.000+0000',
    })
    assert.deepEqual(await read.deletedSince(Date.parse('2026-11-22T14:10:59Z')), {
      ids: ['0OT5g0000000001GAA'],
      untilMs: Date.parse('2026-11-22T14:58:00Z'),
    })
    assert.equal(org.requests.length, 2, 'a login and a call')
    assert.deepEqual(await read.deletedSince(NOW_MS - 29_000), { ids: [], untilMs: NOW_MS - 29_000 })
    assert.equal(org.requests.length, 2, 'no whole minute has passed')
  })

  it('that were deleted are read again with everything where the list does not reach back, or is too long', async () => {
    deletedAre({
      deletedRecords: [],
      earliestDateAvailable: '2026-11-22T14:00:00.000+0000',
      latestDateCovered: '2026-11-22T15:00:00.000+0000',
    })
    assert.equal(await read.deletedSince(NOW_MS - 2 * HOUR_MS), null)
    deletedAre([{ errorCode: 'EXCEEDED_ID_LIMIT', message: 'more than 600000 records match' }], 400)
    assert.equal(await read.deletedSince(NOW_MS - 60_000), null)
    const asked = org.requests.length
    assert.equal(await read.deletedSince(NOW_MS - 12 * HOUR_MS), null)
    assert.equal(org.requests.length, asked, 'the answer is known')
    deletedAre([{ errorCode: 'INSUFFICIENT_ACCESS', message: 'no' }], 403)
    await assert.rejects(read.deletedSince(NOW_MS - 60_000), CrmRefusedError)
  })
})
