import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { EMPTY_HEADER, encodeWith, LEAD_SCHEMA, leadMessage, replayId } from './scripted-bus.ts'
import { USER_ID } from './scripted-org.ts'
import { batches, bus, decoded, events, LEAD, send, start, until, withScriptedBus } from './stream-stage.ts'

type Header = { name: string; type: { fields: { name: string; type: { symbols?: string[] } }[] } }
type LeadFields = [Header, ...{ name: string }[]]

describe('the stream of Salesforce', () => {
  withScriptedBus()

  it('turns a created record into a complete event with the field names of REST', async () => {
    const {
      events: [event],
    } = await decoded(
      leadMessage(
        { changeType: 'CREATE', changeOrigin: 'com/salesforce/api/soap/60.0;client=SfdcInternalAPI/' },
        {
          Name: { FirstName: 'Ada', LastName: 'Byron' },
          Company: '  ',
          Address: { City: 'London', Latitude: 51.5 },
          AnnualRevenue: 300000,
          IsConverted: false,
          ConvertedDate: 1719705600000,
          OwnerId: USER_ID,
          LastModifiedDate: 1714153779000,
          Renewal__c: 1719705600000,
        },
      ),
    )
    const { fields, order, ...rest } = event!
    assert.equal(order % 2 ** 17, 1)
    assert.deepEqual(rest, {
      connectionId: 'sf',
      dedupeKey: `cdc/00006948-0ac9-7da3-edb3-ea0e31b2334a/1/Lead/${LEAD}`,
      objectType: 'Lead',
      recordId: LEAD,
      kind: 'created',
      occurredAtMs: 1714153779000,
      complete: true,
      source: 'stream',
      actor: { kind: 'person', id: '0055f00000otherAAA', ours: false },
    })
    assert.deepEqual(
      { ...fields },
      {
        Salutation: null,
        FirstName: 'Ada',
        LastName: 'Byron',
        Company: null,
        Street: null,
        City: 'London',
        State: null,
        Country: null,
        Latitude: '51.5',
        OtherStreet: null,
        OtherCity: null,
        OtherState: null,
        OtherCountry: null,
        OtherLatitude: null,
        Description: null,
        AnnualRevenue: '300000',
        IsConverted: 'false',
        ConvertedDate: '2024-06-30',
        OwnerId: USER_ID,
        LastModifiedDate: '2024-04-26T17:49:39.000Z',
        Renewal__c: '2024-06-30',
        Status: null,
        ConvertedAccountId: null,
        ConvertedContactId: null,
        ConvertedOpportunityId: null,
      },
    )
  })

  it('reads the same out of a schema with other namespaces, and its symbols and fields in another order', async () => {
    const [header, ...fields] = (JSON.parse(JSON.stringify(LEAD_SCHEMA)) as { fields: LeadFields }).fields
    for (const field of header.type.fields) field.type.symbols?.reverse()
    header.type.fields.reverse()
    // The second address is only named, so it has to stay behind the one that says what an address is.
    const places = new Map(['Address', 'OtherAddress'].map((name, n) => [name, n]))
    fields.reverse().sort((a, b) => (places.get(a.name) ?? -1) - (places.get(b.name) ?? -1))
    const other = { ...LEAD_SCHEMA, namespace: 'com.somewhere.else', fields: [header, ...fields] }
    bus.schemas.other = JSON.stringify(other)
    const changes = ['CREATE', 'DELETE', 'UNDELETE', 'GAP_DELETE'] as const
    const body = { Company: 'Acme', AnnualRevenue: 12.5, ConvertedDate: 1719705600000, IsConverted: true }
    const empty = Object.fromEntries(fields.map(({ name }) => [name, null]))
    bus.onSubscribe = (subscription) =>
      subscription.send(
        changes.flatMap((changeType, n) => [
          send(2 * n + 1, leadMessage({ changeType }, body)),
          send(
            2 * n + 2,
            encodeWith(other, { ...empty, ...body, ChangeEventHeader: { ...EMPTY_HEADER, changeType } }),
            'other',
          ),
        ]),
      )
    start()
    await until(() => events().length === 2 * changes.length, 'all events')
    for (const n of changes.keys()) assert.deepEqual(events()[2 * n], events()[2 * n + 1], changes[n])
    assert.deepEqual(
      events().map(({ kind }) => kind),
      ['created', 'created', 'deleted', 'deleted', 'restored', 'restored', 'gap', 'gap'],
    )
  })

  it('takes null for "unchanged" in an update, except where the CRM says that it was cleared', async () => {
    const {
      events: [event],
    } = await decoded(
      leadMessage(
        { changedFields: ['0x0604', '3-0x02'], nulledFields: ['3-0x02'] },
        { Company: 'Acme', OwnerId: USER_ID, LastModifiedDate: 1714153779000 },
      ),
    )
    assert.deepEqual(
      { ...event!.fields },
      { Company: 'Acme', City: null, OwnerId: USER_ID, LastModifiedDate: '2024-04-26T17:49:39.000Z' },
    )
    assert.deepEqual([event!.kind, event!.complete], ['changed', false])
  })

  it('asks for a reading where a long text comes as a difference', async () => {
    const { events } = await decoded(
      leadMessage(
        { changedFields: ['0x0420'], diffFields: ['0x20'] },
        { Description: '--- \n+++ 682b', LastModifiedDate: 1 },
      ),
    )
    assert.deepEqual(
      events.map(({ kind, fields }) => [kind, Object.keys(fields)]),
      [
        ['changed', ['LastModifiedDate']],
        ['gap', []],
      ],
    )
    assert.equal(new Set(events.map(({ dedupeKey }) => dedupeKey)).size, 2)
  })

  it('gives each record of a merged event its own event', async () => {
    const { events } = await decoded(
      leadMessage({ recordIds: [LEAD, '00Q5f000005bwLGEAY'], changedFields: ['0x0200'] }, { OwnerId: USER_ID }),
    )
    assert.deepEqual(
      events.map(({ recordId, fields }) => [recordId, fields.OwnerId]),
      [
        [LEAD, USER_ID],
        ['00Q5f000005bwLGEAY', USER_ID],
      ],
    )
    assert.equal(new Set(events.map(({ dedupeKey }) => dedupeKey)).size, 2)
  })

  it('reports gaps per record, and an overflow or a wildcard for the whole object', async () => {
    const batch = await decoded(
      leadMessage({ changeType: 'GAP_UPDATE', sequenceNumber: 19 }),
      leadMessage({ changeType: 'GAP_OVERFLOW', recordIds: ['000000000000000AAA'] }),
      leadMessage({ changeType: 'GAP_UPDATE', recordIds: ['00Q*'] }),
      leadMessage({ changeType: 'DELETE', transactionKey: 'other' }),
    )
    assert.deepEqual(
      batch.events.map(({ kind, order }) => [kind, order % 2 ** 17]),
      [
        ['gap', 19],
        ['deleted', 1],
      ],
    )
    assert.deepEqual(batch.overflowObjects, ['Lead'])
  })

  it('knows our own writes by the client name and by our user', async () => {
    const origin = 'com/salesforce/api/rest/67.0;client='
    const { events } = await decoded(
      leadMessage({ changeOrigin: `${origin}lanekeeper` }),
      leadMessage({ commitUser: USER_ID, sequenceNumber: 2 }),
      leadMessage({ changeOrigin: `${origin}lanekeeper2`, sequenceNumber: 3 }),
      leadMessage({ changeOrigin: 'com/salesforce/api/apex/60.0', sequenceNumber: 4 }),
    )
    assert.deepEqual(
      events.map(({ actor }) => [actor.kind, actor.ours]),
      [
        ['integration', true],
        ['integration', true],
        ['integration', false],
        ['automation', false],
      ],
    )
  })

  it('counts what cannot be read and goes on with the rest', async () => {
    bus.schemas.broken = '{"type":"record","name":"Other","fields":[{"name":"x","type":"string"}]}'
    bus.onSubscribe = (subscription) =>
      subscription.send([
        send(1, Buffer.from([1, 2, 3])),
        send(2, Buffer.from([0]), 'broken'),
        send(3, leadMessage({}, { OwnerId: USER_ID })),
      ])
    start()
    await until(() => batches.length > 0, 'a batch')
    assert.deepEqual(batches[0]!.skipped, [
      { reason: 'unreadable event', n: 1 },
      { reason: 'unreadable schema', n: 1 },
    ])
    assert.equal(batches[0]!.events.length, 1)
    assert.deepEqual(batches[0]!.latestReplayId, replayId(3))
  })

  it('reads each schema once', async () => {
    bus.onSubscribe = (subscription) => {
      subscription.send([send(1, leadMessage({}))])
      subscription.send([send(2, leadMessage({ sequenceNumber: 2 }))])
    }
    start()
    await until(() => events().length === 2, 'two events')
    assert.deepEqual(bus.schemaReads, ['lead'])
  })

  it('does not call a new record complete when its event lacks a field that a policy reads', async () => {
    bus.onSubscribe = (subscription) => subscription.send([send(1, leadMessage({ changeType: 'CREATE' }))])
    start({ watchedFields: () => ['City', 'LastActivityDate'] })
    await until(() => events().length === 1, 'an event')
    assert.equal(events()[0]!.complete, false)
  })
})
