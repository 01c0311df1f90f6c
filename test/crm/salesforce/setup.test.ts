import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { type SalesforceSandbox, startSalesforceSandbox } from '../../../sandbox/salesforce/app.ts'
import { generateWorld } from '../../../sandbox/world/generate.ts'
import type { World } from '../../../sandbox/world/records/world.ts'
import { CrmBusyError, CrmReconnectError } from '../../../src/crm/crm-client.ts'
import type { AccessNeeds, CrmSetup } from '../../../src/crm/crm-setup.ts'
import { openSalesforce } from '../../../src/crm/salesforce/open.ts'
import type { AccessCheck, AccessFindings } from '../../../src/model/record/crm-facts.ts'
import {
  CONNECTION,
  field,
  ORG_ID,
  rows,
  type ScriptedOrg,
  SYSTEM_FIELDS,
  seenBudget,
  seenTokens,
  startScriptedOrg,
} from './scripted-org.ts'

const NEEDS: AccessNeeds = {
  objects: [
    { objectType: 'Lead', fields: ['Email', 'Company', 'OwnerId'], ownerField: 'OwnerId' },
    { objectType: 'Account', fields: ['Name', 'Nowhere__c'], ownerField: null },
    { objectType: 'Contact', fields: ['Email'], ownerField: null },
    { objectType: 'Opportunity', fields: ['Amount'], ownerField: null },
  ],
}

const check = (findings: AccessFindings, id: string): AccessCheck => {
  const found = findings.checks.find((candidate) => candidate.id === id)
  assert.ok(found, `no check ${id} among ${findings.checks.map((c) => c.id).join(', ')}`)
  return found
}
const states = (findings: AccessFindings) =>
  findings.checks.filter(({ state }) => state !== 'works').map(({ id }) => id)

describe('what is checked when an org is connected', () => {
  let world: World
  let sandbox: SalesforceSandbox
  before(async () => {
    world = generateWorld({ seed: 7, nowMs: Date.parse('2026-11-22T15:00:00Z'), scale: 0.02 })
    sandbox = await startSalesforceSandbox({ world })
  })
  after(() => sandbox.close())
  afterEach(async () => {
    await control('DELETE', 'permissions')
    await control('DELETE', 'faults')
    await control('POST', 'settings', { taskExternalId: true })
  })

  async function control(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const response = await fetch(`${sandbox.url}/__sandbox/${path}`, {
      method,
      headers: { 'x-sandbox-control': sandbox.credentials.controlSecret, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    assert.equal(response.status, 200, await response.clone().text())
    return (await response.json()) as Record<string, unknown>
  }
  const open = (pubsubAddress: string | null = sandbox.pubsubAddress): CrmSetup =>
    openSalesforce({
      connectionId: CONNECTION,
      grant: {
        kind: 'salesforce-client-credentials',
        clientId: sandbox.credentials.clientId,
        clientSecret: sandbox.credentials.clientSecret,
      },
      address: { baseUrl: sandbox.url, apiVersion: '67.0', pubsubAddress },
      tokens: seenTokens(),
      budget: seenBudget(),
      taskKey: undefined,
      accountId: undefined,
      pagesUrl: undefined,
      nowMs: Date.now,
      deadlineMs: 5_000,
    }).setup

  it('reports the org, our user and each passed check as it comes', async () => {
    const told: string[] = []
    const findings = await open().checkAccess(NEEDS, ({ id }) => told.push(id))
    assert.deepEqual(states(findings), [])
    assert.deepEqual(
      told,
      findings.checks.map(({ id }) => id),
    )
    assert.equal(findings.identity.accountId, sandbox.credentials.orgId)
    const me = world.salesforce.User.find(({ Id }) => Id === world.salesforce.integrationUserId)
    assert.equal(findings.identity.actorName, me?.Username)
    assert.equal(findings.identity.edition, 'Enterprise Edition')
    assert.ok(findings.checks.every(({ grant }) => grant === null))
    assert.equal(findings.limits?.resets, 'rolling 24 hours')
    assert.ok(findings.limits!.limitToday > findings.limits!.usedToday && findings.limits!.usedToday > 0)
    assert.match(check(findings, 'stream-allowance').title, /\d+ of \d+/)
  })

  it('writes nothing', async () => {
    const before = JSON.stringify(await control('GET', 'tasks'))
    const setup = open()
    await setup.checkAccess(NEEDS)
    await setup.createTaskKey()
    assert.equal(JSON.stringify(await control('GET', 'tasks')), before)
  })

  it('names the fields that a policy needs and our user cannot see, hidden or missing', async () => {
    await control('POST', 'permissions', { objects: { Lead: { fields: { Email: 'hidden' } } } })
    const findings = await open().checkAccess(NEEDS)
    assert.deepEqual(
      findings.objects.map(({ objectType, unreadable }) => [objectType, unreadable]),
      [
        ['Lead', ['Email']],
        ['Account', ['Nowhere__c']],
        ['Contact', []],
        ['Opportunity', []],
      ],
    )
  })

  it('reports an object that our user may not read', async () => {
    await control('POST', 'permissions', { objects: { Opportunity: { read: false } } })
    const findings = await open().checkAccess(NEEDS)
    for (const id of ['read/Opportunity', 'fields/Opportunity']) {
      const missing = check(findings, id)
      assert.deepEqual([missing.state, missing.need], ['missing', 'required'])
      assert.match(missing.grant ?? '', /Permission Sets.*Opportunity/)
      assert.ok(missing.said, 'the words of the CRM')
    }
    assert.equal(check(findings, 'read/Lead').state, 'works')
  })

  it('reports an owner field that our user may not write, by field and by object', async () => {
    await control('POST', 'permissions', { objects: { Lead: { fields: { OwnerId: 'read-only' } } } })
    const byField = check(await open().checkAccess(NEEDS), 'write-owner/Lead')
    assert.equal(byField.state, 'missing')
    assert.match(byField.said ?? '', /may not edit Lead\.OwnerId/)
    assert.match(byField.grant ?? '', /Edit Access to OwnerId/)
    await control('DELETE', 'permissions')
    await control('POST', 'permissions', { objects: { Lead: { edit: false } } })
    assert.match(check(await open().checkAccess(NEEDS), 'write-owner/Lead').said ?? '', /may not edit Lead/)
  })

  it('reports tasks that our user may read but not write', async () => {
    await control('POST', 'permissions', { objects: { Task: { create: false } } })
    const findings = await open().checkAccess(NEEDS)
    assert.equal(check(findings, 'read/Task').state, 'works')
    assert.equal(check(findings, 'write/Task').state, 'missing')
    await control('DELETE', 'permissions')
    await control('POST', 'permissions', { objects: { Task: { fields: { WhoId: 'read-only' } } } })
    assert.match(check(await open().checkAccess(NEEDS), 'write/Task').said ?? '', /Task\.WhoId/)
  })

  it('finds a missing View All, which the common channel would hide', async () => {
    await control('POST', 'permissions', { objects: { Contact: { viewAll: false } }, viewAllUsers: false })
    const findings = await open().checkAccess(NEEDS)
    assert.deepEqual(states(findings), ['stream/Contact', 'stream/User'])
    assert.match(check(findings, 'stream/Contact').grant ?? '', /Contact > View All Records/)
    assert.match(check(findings, 'stream/Contact').costs, /polling/)
    assert.match(check(findings, 'stream/User').grant ?? '', /View All Users/)
    assert.equal(check(findings, 'stream').state, 'works')
  })

  it('names the objects that are not selected, and reports that no slot is left for them', async () => {
    await control('POST', 'settings', {
      selectedEntities: ['Lead', 'Account'],
      selectedElsewhere: ['Case', 'Order__c', 'Asset'],
    })
    try {
      const findings = await open().checkAccess(NEEDS)
      assert.deepEqual(findings.streamSlots, {
        max: 5,
        taken: ['Account', 'Asset', 'Case', 'Lead', 'Order__c'],
        missing: ['Contact', 'Opportunity', 'User'],
      })
      assert.deepEqual(states(findings), ['stream/Contact', 'stream/Opportunity', 'stream/User'])
      const { grant, need } = check(findings, 'stream/Contact')
      assert.equal(need, 'needed')
      assert.match(grant ?? '', /select Contact\. 5 of the 5 .*add-on/)
    } finally {
      await control('POST', 'settings', {
        selectedEntities: ['Lead', 'Account', 'Contact', 'Opportunity', 'User'],
        selectedElsewhere: [],
      })
    }
  })

  it('never takes "cannot be read" for "works": without View Setup the selection is unknown', async () => {
    await control('POST', 'permissions', { viewSetup: false })
    const findings = await open().checkAccess(NEEDS)
    assert.equal(findings.streamSlots, null)
    assert.equal(check(findings, 'stream-selection').state, 'missing')
    assert.equal(check(findings, 'stream/Lead').state, 'unknown')
    assert.equal(check(findings, 'limits').state, 'missing')
    assert.ok(findings.limits, 'the calls of the day stand in the header of every answer')
  })

  it('asks to reconnect when our user may not use the API at all', async () => {
    await control('POST', 'permissions', { apiEnabled: false })
    await assert.rejects(
      open().checkAccess(NEEDS),
      (error) => error instanceof CrmReconnectError && /API Enabled/.test(error.remedy),
    )
  })

  it('reports that the stream cannot be reached, and checks the rest', async () => {
    const findings = await open('127.0.0.1:9').checkAccess({ objects: NEEDS.objects.slice(0, 1) })
    const stream = check(findings, 'stream')
    assert.equal(stream.state, 'unknown')
    assert.match(stream.said ?? '', /could not connect to 127\.0\.0\.1:9/)
    assert.match(stream.grant ?? '', /7443 \(443 works too\)/)
    assert.equal(check(findings, 'stream/Lead').state, 'unknown')
    assert.equal(check(findings, 'read/Lead').state, 'works')
  })

  it('reports whether Salesforce would refuse a duplicate task, and what an admin has to set up', async () => {
    await control('POST', 'settings', { taskExternalId: false })
    const setup = open()
    const findings = await setup.checkAccess(NEEDS)
    assert.equal(check(findings, 'task-key').state, 'missing')
    assert.match(check(findings, 'task-key').grant ?? '', /Object Manager > Activity > Fields/)
    const probed = await setup.probeTaskKey()
    assert.deepEqual([probed.enforced, probed.field], [false, null])
    // REST cannot make a field, so making it says the same.
    assert.deepEqual(await setup.createTaskKey(), probed)
    await control('POST', 'settings', { taskExternalId: true })
    assert.equal((await setup.probeTaskKey()).enforced, true)
  })

  it('counts the live records of an object', async () => {
    assert.equal(await open().count('Lead'), world.salesforce.Lead.length)
  })

  it('revokes the session', async () => {
    const given = await open().revoke()
    assert.equal(given.revoked, true)
  })
})

describe('what is checked in an org that answers oddly', () => {
  let org: ScriptedOrg
  beforeEach(async () => {
    org = await startScriptedOrg()
    const organization = rows({ Id: ORG_ID, Name: 'Brightwater' })
    org.on('GET', '/query', organization)
    org.on('GET', '/tooling/query', { json: { totalSize: 0, done: true, records: [] } })
    org.on('GET', '/limits', { json: {} })
    const describe = {
      json: { createable: true, updateable: true, fields: [...SYSTEM_FIELDS, field('OwnerId', 'reference')] },
    }
    org.on('GET', '/sobjects/', describe)
  })
  afterEach(() => org.close())
  const LEAD: AccessNeeds = { objects: [{ objectType: 'Lead', fields: [], ownerField: 'OwnerId' }] }
  const member = (EventChannel: string, SelectedEntity: string) => ({ EventChannel, SelectedEntity })
  const selected = (...records: object[]) =>
    org.on('GET', '/tooling/query', { json: { totalSize: records.length, done: true, records } })

  it('counts the slots over all channels, but receives only what the common one selects', async () => {
    selected(
      member('ChangeEvents', 'AccountChangeEvent'),
      member('ChangeEvents', 'Employee__ChangeEvent'),
      member('Mine__chn', 'LeadChangeEvent'),
      member('Mine__chn', 'AccountChangeEvent'),
      member('Mine__chn', 'Order_Placed__e'),
    )
    const { streamSlots } = await org.open().setup.checkAccess(LEAD)
    assert.deepEqual(streamSlots, {
      max: 5,
      taken: ['Account', 'Employee__c', 'Lead'],
      missing: ['Lead', 'User'],
    })
  })

  it('names the objects that take the slots that ours need', async () => {
    selected(...['A__', 'B__', 'C__', 'D__', 'E__'].map((name) => member('ChangeEvents', `${name}ChangeEvent`)))
    const findings = await org.open().setup.checkAccess(LEAD)
    const lead = check(findings, 'stream/Lead')
    assert.equal(lead.state, 'missing')
    assert.match(lead.said ?? '', /not selected/)
    assert.match(
      lead.grant ?? '',
      /Change Data Capture: select Lead\. 5 of the 5 .*A__c, B__c, C__c, D__c, E__c.*add-on/,
    )
  })

  it('names what is lost when an org shows its territories and hides their assignments', async () => {
    org.on('GET', '/query', (request, response) => {
      const absent = request.soql?.includes('ObjectTerritory2Association')
      response
        .writeHead(absent ? 400 : 200, { 'content-type': 'application/json' })
        .end(
          JSON.stringify(
            absent
              ? [{ errorCode: 'INVALID_TYPE', message: "sObject type 'ObjectTerritory2Association' is not supported." }]
              : { totalSize: 0, done: true, records: [] },
          ),
        )
    })
    const territories = check(await org.open().setup.checkAccess(LEAD), 'territories')
    assert.equal(territories.state, 'missing')
    assert.match(territories.costs, /@territories is unknown/)
  })

  it('treats an org without Territory Management like one that has it switched off', async () => {
    org.on('GET', '/query', (request, response) => {
      const absent = request.soql?.includes('Territory2Model')
      response.writeHead(absent ? 400 : 200, { 'content-type': 'application/json' })
      response.end(
        JSON.stringify(
          absent
            ? [{ errorCode: 'INVALID_TYPE', message: "sObject type 'Territory2Model' is not supported." }]
            : { totalSize: 1, done: true, records: [{ Id: ORG_ID, Name: 'x' }] },
        ),
      )
    })
    const territories = check(await org.open().setup.checkAccess(LEAD), 'territories')
    assert.equal(territories.state, 'works')
    assert.match(territories.title, /not used in this org/)
  })

  it('calls an unreadable answer unknown, and continues', async () => {
    org.on('GET', '/sobjects/Lead/describe', { html: '<html>maintenance</html>' })
    const findings = await org.open().setup.checkAccess(LEAD)
    assert.equal(check(findings, 'fields/Lead').state, 'unknown')
    assert.equal(check(findings, 'read/Lead').state, 'works')
  })

  it('reports a spent delivery allowance', async () => {
    org.on('GET', '/limits', {
      json: {
        DailyApiRequests: { Max: 100_000, Remaining: 99_000 },
        DailyDeliveredPlatformEvents: { Max: 25_000, Remaining: 0 },
      },
    })
    const findings = await org.open().setup.checkAccess(LEAD)
    assert.equal(check(findings, 'stream-allowance').state, 'missing')
    assert.deepEqual(findings.limits, {
      usedToday: 1_000,
      limitToday: 100_000,
      resets: 'rolling 24 hours',
      window: null,
    })
  })

  it('stops when the org asks us to wait', async () => {
    org.on('GET', '/sobjects/', { status: 429, json: [], headers: { 'retry-after': '9' } })
    await assert.rejects(org.open().setup.checkAccess(LEAD), CrmBusyError)
  })

  it('returns no count when Salesforce could not finish it', async () => {
    org.on('GET', '/query', {
      status: 400,
      json: [{ errorCode: 'QUERY_TIMEOUT', message: 'Your query request was running for too long.' }],
    })
    assert.equal(await org.open().setup.count('Lead'), null)
  })
})
