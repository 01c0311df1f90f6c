import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { after, afterEach, before, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { type SalesforceSandbox, startSalesforceSandbox } from '../../sandbox/salesforce/app.ts'
import { generateWorld } from '../../sandbox/world/generate.ts'
import type { World } from '../../sandbox/world/records/world.ts'
import { type ChangedSince, CrmReconnectError, type TaskWrite } from '../../src/crm/crm-client.ts'
import type { CrmSetup } from '../../src/crm/crm-setup.ts'
import type { SalesforceGrant, Tokens } from '../../src/crm/grant.ts'
import type { SalesforceClient } from '../../src/crm/salesforce/client/client.ts'
import { openSalesforce, salesforceAuthorization } from '../../src/crm/salesforce/open.ts'
import type { StreamBatch } from '../../src/crm/salesforce/stream/stream-batch.ts'
import { type StreamState, type SubscribeOptions, subscribe } from '../../src/crm/salesforce/stream/subscribe.ts'
import type { ChangeEvent } from '../../src/model/record/change-event.ts'
import { CONNECTION, seenBudget, seenTokens } from './salesforce-scripted-org.ts'

/** Large enough that the leads take two pages of 2,000. */
const SCALE = 0.45
const LEAD_FIELDS = [
  'FirstName',
  'LastName',
  'Email',
  'Company',
  'Country',
  'City',
  'OwnerId',
  'CreatedDate',
  'IsConverted',
  'AnnualRevenue',
]

let world: World
let sandbox: SalesforceSandbox

before(async () => {
  world = generateWorld({ seed: 5, nowMs: Date.parse('2026-11-22T15:00:00Z'), scale: SCALE })
  sandbox = await startSalesforceSandbox({ world })
})
after(() => sandbox.close())
afterEach(async () => {
  await control('DELETE', 'faults')
  await control('POST', 'settings', { taskExternalId: true, clientInOriginForCollections: true })
})

async function control(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(`${sandbox.url}/__sandbox/${path}`, {
    method,
    headers: { 'x-sandbox-control': sandbox.credentials.controlSecret, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const answer = (await response.json()) as Record<string, unknown>
  assert.equal(response.status, 200, JSON.stringify(answer))
  return answer
}

type Connected = SalesforceClient & { readonly budget: ReturnType<typeof seenBudget>; readonly setup: CrmSetup }

function connect(who: 'us' | 'person' = 'us', deadlineMs = 5_000): Connected {
  const { clientId, clientSecret, userClientId, userClientSecret } = sandbox.credentials
  const budget = seenBudget()
  const { client, setup } = openSalesforce({
    connectionId: CONNECTION,
    grant: {
      kind: 'salesforce-client-credentials',
      clientId: who === 'us' ? clientId : userClientId,
      clientSecret: who === 'us' ? clientSecret : userClientSecret,
    },
    address: { baseUrl: sandbox.url, apiVersion: '67.0', pubsubAddress: sandbox.pubsubAddress },
    tokens: seenTokens(),
    budget,
    taskKey: undefined,
    accountId: undefined,
    pagesUrl: undefined,
    callOptionsClient: who === 'us' ? 'lanekeeper' : 'someone-else',
    nowMs: Date.now,
    deadlineMs,
  })
  return { ...client, budget, setup }
}

const active = () => world.salesforce.User.filter((user) => user.IsActive === true)
const leads = () => world.salesforce.Lead.map((lead) => lead.Id)
/** Salesforce refuses every change of a converted lead. */
const openLeads = () => world.salesforce.Lead.flatMap((lead) => (lead.IsConverted === true ? [] : [lead.Id]))

async function readAll(
  client: SalesforceClient,
  wanted: Omit<ChangedSince, 'cursor'>,
): Promise<{ events: ChangeEvent[]; pages: number; total: number | null }> {
  const events: ChangeEvent[] = []
  let cursor: string | null = null
  let pages = 0
  let total: number | null = null
  do {
    const page = await client.changedSince({ ...wanted, cursor })
    events.push(...page.events)
    cursor = page.cursor
    total ??= page.total
    pages++
    assert.ok(pages < 50, 'the pages never end')
  } while (cursor !== null)
  return { events, pages, total }
}

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
    assert.ok(queues.some(({ activeMembers }) => activeMembers > 0))
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
    const { missing } = await client.readRecords({
      objectType: 'Lead',
      ids: [changed!, deleted!, loser!],
      fields: ['Email'],
      historyFields: [],
    })
    assert.deepEqual(missing, [deleted, loser])
  })

  it('knows the territories of the active model and who works them', async () => {
    const territories = await connect().territories()
    assert.ok(territories && territories.length > 0)
    assert.ok(territories.some(({ memberIds }) => memberIds.length > 0))
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

describe('the stream of the sandbox org', () => {
  async function follow(options: Partial<SubscribeOptions>, use: (seen: Followed) => Promise<void>): Promise<void> {
    const stop = new AbortController()
    const batches: StreamBatch[] = []
    const states: StreamState[] = []
    const running = subscribe({
      address: sandbox.pubsubAddress,
      topic: '/data/ChangeEvents',
      client: connect(),
      replayId: null,
      whenNew: 'EARLIEST',
      onBatch: async (batch) => void batches.push(batch),
      onState: (state) => void states.push(state),
      signal: stop.signal,
      backoffBaseMs: 10,
      ...options,
    })
    try {
      await use({ batches, states, events: () => batches.flatMap(({ events }) => events) })
    } finally {
      stop.abort()
      await running
    }
  }
  type Followed = { batches: StreamBatch[]; states: StreamState[]; events(): ChangeEvent[] }

  async function until<T>(find: () => T | undefined | false, what: string): Promise<T> {
    const deadline = Date.now() + 8_000
    for (;;) {
      const found = find()
      if (found) return found
      if (Date.now() > deadline) throw new Error(`not within 8 s: ${what}`)
      await wait(10)
    }
  }

  async function createAs(
    client: SalesforceClient,
    objectType: string,
    fields: Record<string, unknown>,
  ): Promise<string> {
    const { accessToken, instanceUrl } = await client.session()
    const response = await fetch(`${instanceUrl}/services/data/v67.0/sobjects/${objectType}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
      body: JSON.stringify(fields),
    })
    const answer = (await response.json()) as { id?: string }
    assert.ok(answer.id, JSON.stringify(answer))
    return answer.id
  }

  it('spells every field of a new record as REST spells it', async () => {
    const client = connect()
    await follow({}, async ({ events }) => {
      const created: [string, string][] = [
        [
          'Lead',
          await createAs(client, 'Lead', {
            FirstName: 'Ada',
            LastName: 'Byron',
            Company: 'Acme',
            City: 'London',
            Country: 'United Kingdom',
            AnnualRevenue: 300000.5,
            NumberOfEmployees: 12,
            Email: 'ada@acme.example',
          }),
        ],
        [
          'Account',
          await createAs(client, 'Account', {
            Name: 'Acme',
            BillingCity: 'Wien',
            BillingCountry: 'Austria',
            AnnualRevenue: 1e9,
          }),
        ],
        [
          'Opportunity',
          await createAs(client, 'Opportunity', {
            Name: 'Acme-',
            StageName: 'Prospecting',
            CloseDate: '2027-01-31',
            Amount: 1234.5,
          }),
        ],
      ]
      for (const [objectType, id] of created) {
        const event = await until(
          () => events().find(({ recordId, kind }) => recordId === id && kind === 'created'),
          `${objectType} created`,
        )
        const { fields: described } = await client.describe(objectType)
        const shared = described.map(({ name }) => name).filter((name) => name in event.fields)
        assert.ok(shared.length > 15, `${objectType}: only ${shared.join()}`)
        const {
          events: [read],
        } = await client.readRecords({ objectType, ids: [id], fields: shared, historyFields: [] })
        assert.deepEqual(Object.fromEntries(shared.map((name) => [name, event.fields[name]])), { ...read?.fields })
      }
    })
  })

  it('brings a record that a rule changed in the same transaction once, with what stood at its end', async () => {
    const client = connect('person')
    await follow({}, async ({ events }) => {
      const id = await createAs(client, 'Lead', { LastName: 'Routed', Company: 'Acme' })
      const created = await until(() => events().find(({ recordId }) => recordId === id), 'the new lead')
      assert.equal(created.kind, 'created')
      // The assignment rule of the org moved it to a queue before the transaction ended.
      assert.match(created.fields.OwnerId ?? '', /^00G/)
      assert.equal(events().filter(({ recordId }) => recordId === id).length, 1)
    })
  })

  it('brings a change with only what changed, in the order of the org, and tells ours from theirs', async () => {
    const [id] = openLeads().slice(70)
    const write = (to: string) => ({ key: 'x', objectType: 'Lead', recordId: id!, field: 'OwnerId', to })
    await follow({}, async ({ events }) => {
      await connect('person').writeOwners([write(active()[5]!.Id)])
      await connect('us').writeOwners([write(active()[6]!.Id)])
      const mine = () => events().filter(({ recordId, fields }) => recordId === id && 'OwnerId' in fields)
      await until(() => mine().length === 2, 'both changes')
      assert.deepEqual(
        mine().map(({ fields, actor, complete }) => [fields.OwnerId, actor.ours, complete]),
        [
          [active()[5]!.Id, false, false],
          [active()[6]!.Id, true, false],
        ],
      )
      assert.ok(!('Email' in mine()[0]!.fields))
    })
  })

  it('comes back after a cut with nothing lost and nothing that cannot be told as the same', async () => {
    const chosen = openLeads().slice(80, 90)
    await follow({}, async ({ events, states }) => {
      for (const [at, recordId] of chosen.entries()) {
        if (at === 4) await control('POST', 'stream', { kind: 'disconnect' })
        if (at === 7) await control('POST', 'stream', { kind: 'auth' })
        const [outcome] = await connect('person').writeOwners([
          { key: 'x', objectType: 'Lead', recordId, field: 'OwnerId', to: active()[7 + (at % 2)]!.Id },
        ])
        assert.equal(outcome?.outcome, 'done')
      }
      const got = () => new Set(events().flatMap((e) => (chosen.includes(e.recordId) ? [e.dedupeKey] : [])))
      const missing = () => chosen.filter((id) => !events().some(({ recordId }) => recordId === id))
      await until(() => missing().length === 0, 'all ten changes')
      assert.ok(got().size >= chosen.length)
      assert.ok(!states.some(({ state }) => state === 'replay-lost'))
    })
  })

  it('tells a conversion, a merge, a deletion and a return as they are', async () => {
    const [converted, winner, loser, deleted] = openLeads().slice(100)
    const client = connect()
    await follow({}, async ({ events }) => {
      await control('POST', 'actions', { action: 'convert-lead', recordId: converted, withOpportunity: true })
      await control('POST', 'actions', { action: 'merge', recordId: winner, mergedIds: [loser] })
      await control('POST', 'actions', { action: 'delete', recordId: deleted })
      await control('POST', 'actions', { action: 'undelete', recordId: deleted })
      const of = (recordId: string | undefined) => events().filter((event) => event.recordId === recordId)
      const back = await until(() => of(deleted).find(({ kind }) => kind === 'restored'), 'the return')
      assert.ok(back.fields.LastName, 'all its values')
      assert.deepEqual(
        of(deleted).map(({ kind }) => kind),
        ['deleted', 'restored'],
      )
      const lead = of(converted).at(-1)!
      assert.equal(lead.fields.IsConverted, 'true')
      for (const [field, objectType] of [
        ['ConvertedAccountId', 'Account'],
        ['ConvertedContactId', 'Contact'],
        ['ConvertedOpportunityId', 'Opportunity'],
      ] as const) {
        const [made] = of(lead.fields[field]!)
        assert.deepEqual([made?.objectType, made?.kind], [objectType, 'created'])
        assert.ok(made!.order < lead.order, 'in the order of the transaction')
      }
      assert.deepEqual(
        of(loser).map(({ kind }) => kind),
        ['deleted'],
      )
      // The stream calls the loser deleted; read again, it names its winner.
      const read = await client.readRecords({ objectType: 'Lead', ids: [loser!], fields: ['Email'], historyFields: [] })
      assert.deepEqual(
        read.events.map(({ kind, recordId, mergedIds }) => [kind, recordId, mergedIds]),
        [['merged', winner, [loser]]],
      )
    })
  })

  it('reports gaps and overflows', async () => {
    await follow({}, async ({ events, batches }) => {
      await control('POST', 'stream', { kind: 'gap', objectType: 'Lead', recordIds: leads().slice(0, 2) })
      await control('POST', 'stream', { kind: 'overflow', objectType: 'Account' })
      await until(() => events().filter(({ kind }) => kind === 'gap').length === 2, 'two gaps')
      await until(() => batches.some(({ overflowObjects }) => overflowObjects.includes('Account')), 'the overflow')
    })
  })

  it('says that changes may be lost when its place has expired', async () => {
    let place: Buffer | null = null
    await follow({}, async ({ batches }) => {
      await connect('person').writeOwners([
        { key: 'x', objectType: 'Lead', recordId: openLeads()[95]!, field: 'OwnerId', to: active()[9]!.Id },
      ])
      place = (await until(() => batches.at(-1), 'a batch')).latestReplayId
    })
    await control('POST', 'stream', { kind: 'expire-replay' })
    await follow({ replayId: place }, async ({ states, events }) => {
      await until(() => states.some(({ state }) => state === 'replay-lost'), 'the loss')
      await connect('person').writeOwners([
        { key: 'x', objectType: 'Lead', recordId: openLeads()[96]!, field: 'OwnerId', to: active()[8]!.Id },
      ])
      await until(() => events().some(({ recordId }) => recordId === openLeads()[96]), 'the change after it')
    })
  })
})
