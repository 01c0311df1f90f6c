import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import type { StreamBatch, StreamState } from '../../../src/crm/crm-stream.ts'
import type { SalesforceClient } from '../../../src/crm/salesforce/client/client.ts'
import { type SubscribeOptions, subscribe } from '../../../src/crm/salesforce/stream/subscribe.ts'
import type { ChangeEvent } from '../../../src/model/record/change-event.ts'
import { active, connect, control, leads, openLeads, sandbox, withSandboxOrg } from './sandbox-stage.ts'

withSandboxOrg()

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
