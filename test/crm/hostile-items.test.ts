import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { parseWebhook } from '../../src/crm/hubspot/webhook/delivery.ts'
import { toChangeEvents } from '../../src/crm/hubspot/webhook/events.ts'
import type { ChangeEvent, ConnectionId } from '../../src/model/record/change-event.ts'
import { storableEvent } from '../../src/model/record/storable-event.ts'
import { at, portal, reading, record } from './hubspot/scripted-portal.ts'
import { field, type ScriptedOrg, SYSTEM_FIELDS, startScriptedOrg } from './salesforce/scripted-org.ts'

/** Values that no CRM should send for a field: of another type, endless, broken, huge, or with words of the language. */
const hostile = fc.oneof(
  fc.constantFrom<unknown>(
    { toString: 1, valueOf: null },
    { toString: null },
    { toJSON: 'x' },
    { length: -1 },
    [],
    [[]],
    null,
    true,
    1e308,
    -1.5,
    8.64e15 + 1,
    Number.MAX_SAFE_INTEGER,
    '9999999999999999',
    'NaN',
    '1e400',
    '\u0000',
    'a\ud800b',
    '\udfff',
    'x'.repeat(70_001),
    `${'a'.repeat(4_000)}@example.com`,
    '0000-00-00T00:00:00Z',
    '+275760-09-13T00:00:00.001Z',
    'Mars/Olympus',
    '1.234,56 €',
    '١٢٣',
    '__proto__',
    'constructor',
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.jsonValue({ maxDepth: 3 }),
)

/** An item with some of its keys hostile, or no object at all. */
const item = (keys: readonly string[], base: object) =>
  fc.oneof(
    hostile,
    fc.dictionary(fc.constantFrom(...keys), hostile, { minKeys: 1 }).map((bad) => ({ ...base, ...bad })),
  )

/** Everything that one event would carry into a statement with others. */
function assertStorable(events: readonly ChangeEvent[]): void {
  for (const event of events) {
    const stored = storableEvent(event)
    assert.ok(stored !== null, `${event.dedupeKey} has a time`)
    assert.ok(JSON.stringify(stored).isWellFormed() && !/\\u0000|\\ud[89a-f]/i.test(JSON.stringify(stored)))
    new Date(event.occurredAtMs).toISOString()
  }
}

describe('a hostile item among good ones', () => {
  let org: ScriptedOrg
  before(async () => {
    org = await startScriptedOrg()
  })
  after(() => org.close())

  it('property: costs no other record of a page from HubSpot, and counts as neither answered nor missing', async (t) => {
    let results: unknown[] = []
    const { client } = await portal(t, ({ path, query }) =>
      path.endsWith('/batch/read') && query.get('archived') === 'false'
        ? { status: 200, json: { results } }
        : undefined,
    )
    const fields = ['email', 'renewal', 'score', 'topics', 'agreed', 'hs_merged_object_ids', 'lastmodifieddate']
    const properties = fc
      .dictionary(fc.constantFrom(...fields), hostile)
      .map((bad) => ({ lastmodifieddate: at, ...bad }))
    const bad = fc.oneof(
      item(['properties', 'updatedAt', 'archivedAt', 'propertiesWithHistory'], record(2)),
      properties.map((values) => record(2, values)),
    )
    await fc.assert(
      fc.asyncProperty(bad, async (odd) => {
        const good = [record(1, { email: 'a@x.example' }), record(3, { score: '7' })]
        results = [good[0], odd, good[1]]
        const { events, missing } = await client.readRecords({ ...reading, ids: ['1', '3'] })
        assert.deepEqual(missing, [])
        for (const id of ['1', '3'])
          assert.ok(
            events.some(({ recordId }) => recordId === id),
            id,
          )
        const mail = events.find(({ recordId }) => recordId === '1')
        assert.equal(mail?.fields.email, 'a@x.example')
        assertStorable(events)
      }),
      { numRuns: 150 },
    )
    results = [record(2, { lastmodifieddate: 'soon' }, { updatedAt: 'soon' })]
    const { events, missing } = await client.readRecords({ ...reading, ids: ['2'] })
    assert.deepEqual([events, missing], [[], []], 'a record without a time is there, and is not deleted')
  })

  it('property: costs no other notification of a delivery', () => {
    const notice = (objectId: number, over: object = {}) => ({
      portalId: 77,
      subscriptionType: 'contact.propertyChange',
      eventId: objectId,
      occurredAt: Date.parse(at),
      objectId,
      propertyName: 'email',
      propertyValue: `${objectId}@x.example`,
      ...over,
    })
    const keys = ['subscriptionType', 'eventId', 'occurredAt', 'objectId', 'objectTypeId', 'propertyName']
    const more = ['propertyValue', 'mergedObjectIds', 'sourceId', 'changeSource', 'associationType', 'fromObjectId']
    const read = (items: unknown[]) => {
      const { notifications } = parseWebhook(Buffer.from(JSON.stringify(items)))
      const { events } = toChangeEvents({
        connectionId: 'hs' as ConnectionId,
        notifications: notifications.map(({ event }) => event),
        nowMs: Date.parse(at) + 1_000,
      })
      return events
    }
    fc.assert(
      fc.property(item([...keys, ...more], notice(2)), (odd) => {
        const events = read([notice(1), odd, notice(3)])
        const good = read([notice(1), notice(3)])
        const isGood = ({ dedupeKey }: ChangeEvent) => good.some((one) => one.dedupeKey === dedupeKey)
        assert.deepEqual(events.filter(isGood), good)
        assertStorable(events)
      }),
      { numRuns: 1_000 },
    )
  })

  it('property: costs no other row of a page from Salesforce, and does not end the list', async () => {
    const A = '00Q5f000005bwLFEAY'
    const B = '00Q5f000005bwLGEAY'
    const described = [
      ...SYSTEM_FIELDS,
      field('OwnerId', 'reference'),
      field('Email', 'email'),
      field('AnnualRevenue', 'currency'),
    ]
    org.on('GET', '/sobjects/Lead/describe', { json: { name: 'Lead', fields: [null, 7, ...described] } })
    const row = (id: string, over: object = {}) => ({
      Id: id,
      SystemModstamp: '2026-11-20T09:00:00.000+0000',
      LastModifiedDate: '2026-11-20T09:00:00.000+0000',
      Email: `${id}@x.example`,
      ...over,
    })
    const client = org.client()
    const odd = item(['Id', 'SystemModstamp', 'LastModifiedDate', 'LastModifiedById', 'Email', 'AnnualRevenue'], row(A))
    await fc.assert(
      fc.asyncProperty(odd, async (bad) => {
        org.on('GET', '/query', { json: { totalSize: 2, done: true, records: [bad, row(B)] } })
        const page = await client.changedSince({
          objectType: 'Lead',
          sinceMs: 0,
          cursor: null,
          fields: ['Email', 'AnnualRevenue'],
          historyFields: [],
          source: 'baseline',
        })
        assert.ok(page.events.some(({ recordId, fields }) => recordId === B && fields.Email === `${B}@x.example`))
        assertStorable(page.events)
      }),
      { numRuns: 100 },
    )
  })
})
