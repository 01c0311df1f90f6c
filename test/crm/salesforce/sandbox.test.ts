import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { CrmReconnectError, type TaskWrite } from '../../../src/crm/crm-client.ts'
import type { SalesforceGrant, Tokens } from '../../../src/crm/grant.ts'
import { openSalesforce, salesforceAuthorization } from '../../../src/crm/salesforce/open.ts'
import {
  active,
  connect,
  control,
  LEAD_FIELDS,
  leads,
  openLeads,
  readAll,
  sandbox,
  withSandboxOrg,
  world,
} from './sandbox-stage.ts'
import { CONNECTION, seenBudget, seenTokens } from './scripted-org.ts'

withSandboxOrg()

describe('the Salesforce client against the sandbox org', () => {
  const baseline = {
    objectType: 'Lead',
    sinceMs: 0,
    fields: LEAD_FIELDS,
    historyFields: [],
    source: 'baseline',
  } as const

  it('says whose credentials it has', async () => {
    const identity = await connect().identify()
    assert.equal(identity.accountId, sandbox.credentials.orgId)
    assert.equal(identity.actorId, world.salesforce.integrationUserId)
  })

  it('knows every user, those who left, and every queue', async () => {
    const users = await connect().users()
    assert.equal(users.filter(({ kind }) => kind === 'person').length, world.salesforce.User.length)
    assert.deepEqual(
      new Set(users.filter(({ kind, active }) => kind === 'person' && !active).map(({ email }) => email)),
      new Set(world.salesforce.User.filter((user) => !user.IsActive).map((user) => user.Email)),
    )
    const queues = users.filter(({ kind }) => kind === 'queue')
    assert.equal(queues.length, world.salesforce.Group.filter((group) => group.Type === 'Queue').length)
    assert.ok(queues.some(({ activeMembers }) => activeMembers! > 0))
  })

  it('reads a baseline: every lead exactly once over several pages, with the total, and names what it may not read', async () => {
    const { events, pages, total } = await readAll(connect(), { ...baseline, fields: [...LEAD_FIELDS, 'Nowhere__c'] })
    assert.ok(pages >= 2, `${leads().length} leads in ${pages} page`)
    assert.equal(total, leads().length)
    assert.deepEqual(events.map(({ recordId }) => recordId).toSorted(), leads().toSorted())
    assert.ok(
      events.every(({ complete, fields }) => complete && !('Nowhere__c' in fields) && fields.LastName !== undefined),
    )
    assert.deepEqual((await connect().changedSince({ ...baseline, cursor: null, fields: ['Nowhere__c'] })).unreadable, [
      'Nowhere__c',
    ])
  })

  it('reads every watched object with the fields of its shape', async () => {
    const client = connect()
    for (const [objectType, fields] of [
      ['Account', ['Name', 'Phone', 'Website', 'BillingCountry', 'OwnerId', 'ParentId', 'Type']],
      ['Contact', ['FirstName', 'LastName', 'Email', 'Phone', 'MailingCountry', 'AccountId', 'OwnerId']],
      ['Opportunity', ['Name', 'AccountId', 'Amount', 'IsClosed', 'OwnerId']],
    ] as const) {
      const page = await client.changedSince({
        objectType,
        sinceMs: 0,
        cursor: null,
        fields,
        historyFields: [],
        source: 'baseline',
      })
      assert.ok(page.events.length > 0 && page.unreadable.length === 0, `${objectType}: ${page.unreadable.join(', ')}`)
    }
  })

  it('finds by its poll what changed, what was deleted and what was merged away', async () => {
    const client = connect()
    const [changed, deleted, winner, loser] = openLeads().slice(20)
    const sinceMs = world.nowMs - 60_000
    await client.writeOwners([
      { key: 'x', objectType: 'Lead', recordId: changed!, field: 'OwnerId', to: active()[1]!.Id },
    ])
    await control('POST', 'actions', { action: 'delete', recordId: deleted })
    await control('POST', 'actions', { action: 'merge', recordId: winner, mergedIds: [loser] })
    const { events } = await readAll(client, { ...baseline, sinceMs, source: 'poll' })
    const kindOf = (id: string) =>
      events.filter(({ recordId, mergedIds }) => recordId === id || mergedIds?.includes(id)).map(({ kind }) => kind)
    assert.deepEqual(kindOf(changed!), ['changed'])
    assert.deepEqual(kindOf(deleted!), ['deleted'])
    assert.ok(kindOf(loser!).includes('merged'), kindOf(loser!).join())
    const { missing, events: read } = await client.readRecords({
      objectType: 'Lead',
      ids: [changed!, deleted!, loser!],
      fields: ['Email'],
      historyFields: [],
    })
    assert.deepEqual(missing, [loser])
    assert.equal(read.find(({ recordId }) => recordId === deleted)?.kind, 'deleted')
  })

  it('knows the territories of the active model and who works them', async () => {
    const territories = await connect().territories()
    assert.ok(territories && territories.length > 0)
    assert.ok(territories.some(({ memberIds }) => memberIds!.length > 0))
  })

  it('routes records, and gives each row the outcome it had', async () => {
    const client = connect()
    const inactive = world.salesforce.User.find((user) => !user.IsActive)!.Id
    const [one, two, gone] = openLeads().slice(40)
    await control('POST', 'actions', { action: 'delete', recordId: gone })
    const to = active()[2]!.Id
    const write = (key: string, recordId: string, to: string) => ({
      key,
      objectType: 'Lead',
      recordId,
      field: 'OwnerId',
      to,
    })
    const outcomes = await client.writeOwners([write('a', one!, to), write('b', two!, inactive), write('c', gone!, to)])
    assert.deepEqual(
      new Map(outcomes.map(({ key, outcome }) => [key, outcome])),
      new Map([
        ['a', 'done'],
        ['b', 'refused'],
        ['c', 'gone'],
      ]),
    )
    const { events } = await client.readRecords({
      objectType: 'Lead',
      ids: [one!],
      fields: ['OwnerId'],
      historyFields: [],
    })
    assert.equal(events[0]?.fields.OwnerId, to)
    await control('POST', 'faults', { kind: 'lock' })
    assert.equal((await client.writeOwners([write('d', one!, active()[3]!.Id)]))[0]?.outcome, 'retry')
  })

  for (const taskExternalId of [true, false]) {
    const how = taskExternalId
      ? 'with the key that the org enforces'
      : 'by record and subject in an org without the key field'
    const key = (name: string) => `${name}-${taskExternalId}`

    it(`keeps one task over a lost answer, ${how}`, async () => {
      await control('POST', 'settings', { taskExternalId })
      const client = connect('us', 700)
      const support = await client.setup.probeTaskKey()
      assert.equal(support.enforced, taskExternalId)
      const about = { objectType: 'Lead', recordId: openLeads()[60]! }
      const task: TaskWrite = {
        key: key('lost'),
        taskId: null,
        ownerId: active()[4]!.Id,
        subject: "Risky: two owners for Zoë O'Neil \\ 李",
        body: 'What happened.\nWhy it is yours.',
        dueAtMs: world.nowMs + 86_400_000,
        timeZone: 'Europe/Berlin',
        priority: 'normal',
        status: 'open',
        about,
        rehang: false,
      }
      await control('POST', 'faults', { kind: 'commit-then-reset', path: '/services/data/v67.0/composite' })
      assert.equal((await client.writeTasks([task]))[0]?.outcome, 'unknown')
      const found = (
        await client.findTasks([
          { key: task.key, about, taskId: null },
          { key: key('never'), about, taskId: null },
        ])
      ).get(task.key)
      assert.ok(found, 'the task that the org has was not found')
      assert.equal(found.ownerId, task.ownerId)
      assert.deepEqual((await client.findTasks([{ key: key('never'), about, taskId: null }])).size, 0)

      const closing = await client.writeTasks([{ ...task, taskId: found.taskId, status: 'done' }])
      assert.deepEqual(closing, [{ key: task.key, outcome: 'done', id: found.taskId }])
      const closed = (await client.findTasks([{ key: task.key, about, taskId: found.taskId }])).get(task.key)
      assert.equal(closed?.status, 'done')
      const { tasks } = (await control('GET', 'tasks')) as { tasks: { subject: string; about: { id: string }[] }[] }
      const ours = tasks.filter(
        (candidate) =>
          candidate.about.some(({ id }) => id === about.recordId) && candidate.subject.includes("Zoë O'Neil \\ 李"),
      )
      assert.equal(ours.length, taskExternalId ? 1 : 2) // the second pass finds the task of the first on the same lead
    })
  }

  it('writes a task on no record, and finds it after a lost answer in the rows themselves', async () => {
    for (const taskExternalId of [true, false]) {
      await control('POST', 'settings', { taskExternalId })
      const client = connect('us', 700)
      const key = `on-nothing-${taskExternalId}`
      const task: TaskWrite = {
        key,
        taskId: null,
        ownerId: active()[4]!.Id,
        subject: 'Will you be boundary owner of Lead routing?',
        body: 'Completing this task decides nothing.',
        dueAtMs: world.nowMs + 86_400_000,
        timeZone: 'Europe/Berlin',
        priority: 'normal',
        status: 'open',
        about: null,
        rehang: false,
      }
      await control('POST', 'faults', { kind: 'commit-then-reset', path: '/services/data/v67.0/composite' })
      assert.equal((await client.writeTasks([task]))[0]?.outcome, 'unknown')
      const found = (await client.findTasks([{ key, about: null, taskId: null, sentAgoMs: 30_000 }])).get(key)
      assert.equal(found?.ownerId, task.ownerId)
      const never = await client.findTasks([{ key: `never-${taskExternalId}`, about: null, taskId: null }])
      assert.equal(never.size, 0)
      const closing = await client.writeTasks([{ ...task, taskId: found!.taskId, status: 'done' }])
      assert.deepEqual(closing, [{ key, outcome: 'done', id: found!.taskId }])
    }
  })

  it('writes the same task once however often it is told to, where the org enforces the key', async () => {
    const client = connect()
    const task: TaskWrite = {
      key: 'twice',
      taskId: null,
      ownerId: active()[0]!.Id,
      subject: 'Customer-facing: ',
      body: 'x',
      dueAtMs: world.nowMs,
      timeZone: null,
      priority: 'high',
      status: 'open',
      about: { objectType: 'Account', recordId: world.salesforce.Account[0]!.Id },
      rehang: false,
    }
    const [first] = await client.writeTasks([task])
    const [second] = await client.writeTasks([task])
    assert.ok(first?.outcome === 'done')
    assert.deepEqual(second, first)
  })

  it('logs in again when its session expires, and reports a revoked grant with a step', async () => {
    const client = connect()
    await client.identify()
    await control('POST', 'faults', { kind: 'expired-token', path: '/services/data' })
    assert.equal((await client.identify()).accountId, sandbox.credentials.orgId)
    await control('POST', 'faults', { kind: 'revoked' })
    await assert.rejects(client.identify(), (error) => error instanceof CrmReconnectError && error.remedy.length > 20)
  })

  it('spends few calls and tells the budget how many the org has left', async () => {
    const client = connect()
    await client.identify()
    await client.readRecords({
      objectType: 'Lead',
      ids: leads().slice(100, 300),
      fields: LEAD_FIELDS,
      historyFields: [],
    })
    assert.deepEqual(client.budget.taken.length, 5) // login, organization, who we are, describe, one query for 200 records
    assert.ok(client.budget.observed.length > 0)
  })
})

describe('the ways into the sandbox org', () => {
  const REDIRECT = 'http://127.0.0.1:7/oauth/salesforce/callback'
  const open = (grant: SalesforceGrant, tokens = seenTokens()) =>
    openSalesforce({
      connectionId: CONNECTION,
      grant,
      address: { baseUrl: sandbox.url, apiVersion: '67.0', pubsubAddress: sandbox.pubsubAddress },
      tokens,
      budget: seenBudget(),
      taskKey: undefined,
      accountId: undefined,
      pagesUrl: undefined,
      nowMs: Date.now,
      deadlineMs: 5_000,
    })

  /** What a person does in the browser: presses Allow, and comes back with a code. */
  async function authorise(grant: Extract<SalesforceGrant, { kind: 'salesforce-pkce' }>): Promise<Tokens> {
    const authorization = salesforceAuthorization({
      grant,
      address: { baseUrl: sandbox.url, apiVersion: '67.0', pubsubAddress: null },
      allowsHost: (url) => url === sandbox.url,
      nowMs: Date.now,
    })
    const codeVerifier = randomBytes(48).toString('base64url')
    const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url')
    const url = new URL(authorization.url({ redirectUri: REDIRECT, state: 'st', codeChallenge }))
    const form = new URLSearchParams([...url.searchParams, ['decision', 'allow']])
    const pressed = await fetch(`${url.origin}${url.pathname}`, { method: 'POST', body: form, redirect: 'manual' })
    const back = new URL(pressed.headers.get('location') ?? assert.fail(await pressed.text()))
    assert.equal(back.searchParams.get('state'), 'st')
    return authorization.exchange({ code: back.searchParams.get('code')!, redirectUri: REDIRECT, codeVerifier })
  }

  for (const kind of ['public', 'confidential'] as const) {
    it(`PKCE of a ${kind} client, with rotation: two processes renew once and nobody is locked out`, async () => {
      await control('POST', 'settings', { rotateRefreshToken: true })
      const { clientId, clientSecret, pkceClientId } = sandbox.credentials
      const grant = {
        kind: 'salesforce-pkce',
        clientId: kind === 'public' ? pkceClientId : clientId,
        clientSecret: kind === 'public' ? null : clientSecret,
      } as const
      const tokens = seenTokens(await authorise(grant))
      const [one, other] = [open(grant, tokens).client, open(grant, tokens).client]
      for (let round = 1; round <= 3; round++) {
        await Promise.all([one.identify(), other.identify()])
        await control('POST', 'faults', { kind: 'expired-token' })
        await Promise.all([one.identify(), other.identify(), one.users(), other.users()])
        assert.ok(tokens.committed.length <= round, `${tokens.committed.length} renewals in ${round} rounds`)
        await control('DELETE', 'faults')
      }
      assert.ok(tokens.committed.length > 0, 'nothing had to be renewed')
      assert.equal(new Set(tokens.committed.map(({ refreshToken }) => refreshToken)).size, tokens.committed.length)

      assert.equal((await open(grant, tokens).setup.revoke()).revoked, true)
      await assert.rejects(one.identify(), CrmReconnectError)
    })
  }

  it('a signed assertion of the app, also when the clock of the org is ten minutes off', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    await control('POST', 'settings', { jwtPublicKey: publicKey.export({ type: 'spki', format: 'pem' }) })
    const me = world.salesforce.User.find(({ Id }) => Id === world.salesforce.integrationUserId)!
    const grant = {
      kind: 'salesforce-jwt',
      clientId: sandbox.credentials.clientId,
      privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      username: String(me.Username),
    } as const
    assert.equal((await open(grant).client.identify()).actorName, me.Username)
    for (const clockOffsetMs of [600_000, -600_000]) {
      await control('POST', 'settings', { clockOffsetMs })
      assert.equal((await open(grant).client.identify()).actorId, me.Id, `${clockOffsetMs} ms`)
    }
    await control('POST', 'settings', { clockOffsetMs: 0 })
    const stranger = { ...grant, username: 'nobody@example.com' }
    await assert.rejects(open(stranger).client.identify(), CrmReconnectError)
  })
})
