import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { FieldSchema } from '../../../src/crm/crm-client.ts'
import { parseWebhook } from '../../../src/crm/hubspot/webhook/delivery.ts'
import { toChangeEvents } from '../../../src/crm/hubspot/webhook/events.ts'
import { verifySignature } from '../../../src/crm/hubspot/webhook/signature.ts'
import type { ChangeEvent, ConnectionId } from '../../../src/model/record/change-event.ts'
import { contact, type Received, setUp, webhookInbox, world } from './stage.ts'

const connectionId = 'hs' as ConnectionId

/** A portal whose deliveries come to us, and what they say once the test has seen enough of them. */
async function listening(t: TestContext, settings: Parameters<typeof setUp>[2] = {}) {
  const inbox = await webhookInbox(t)
  const stage = await setUp(t, world({ contacts: [contact(1), contact(2)], companies: [company(9)] }), {
    ...settings,
    webhookUrl: inbox.url,
  })
  const read = (
    received: readonly Received[],
    fieldType?: (objectType: string, field: string) => FieldSchema['type'] | undefined,
  ): ChangeEvent[] =>
    received.flatMap(({ rawBody, headers }) => {
      const verdict = verifySignature({
        method: 'POST',
        url: inbox.url,
        rawBody,
        headers,
        secrets: [stage.credentials.clientSecret],
        nowMs: Date.now(),
      })
      assert.equal(verdict, 'ok')
      const notifications = parseWebhook(rawBody).notifications.map(({ event }) => event)
      const { events, skipped } = toChangeEvents({
        connectionId,
        notifications,
        nowMs: Date.now(),
        ...(fieldType ? { fieldType } : {}),
      })
      assert.deepEqual(skipped, [])
      return events
    })
  return { ...stage, inbox, read }
}

function company(id: number) {
  return {
    id: String(id),
    createdAtMs: contact(1).createdAtMs,
    modifiedAtMs: contact(1).modifiedAtMs,
    properties: { name: 'Arbor', domain: 'arbor.example' },
  }
}

describe('a delivery from the sandbox', () => {
  it('is signed, and spells values as a later read does', async (t) => {
    const { client, change, inbox, read } = await listening(t)
    const { fields } = await client.describe('contacts')
    const types = new Map(fields.map(({ name, type }) => [name, type]))
    const values = { firstname: 'Zoë', phone: '+49 30 1234', hubspot_owner_id: '502', lifecyclestage: 'customer' }
    await change({ objectType: 'contacts', id: '1', properties: values })
    const names = Object.keys(values)
    const received = await inbox.until((all) => names.every((name) => read(all).some((event) => name in event.fields)))
    const told = Object.assign({}, ...read(received, (_, field) => types.get(field)).map((event) => event.fields))
    const { events } = await client.readRecords({
      objectType: 'contacts',
      ids: ['1'],
      fields: names,
      historyFields: [],
    })
    for (const name of names) assert.equal(told[name], events[0]?.fields[name], name)
    assert.ok(read(received).every(({ actor }) => actor.kind === 'person'))
  })

  it('sent twice and shuffled has the same keys', async (t) => {
    const { change, inbox, read } = await listening(t, { webhookDuplicate: 1, webhookShuffle: true })
    await change(
      { objectType: 'contacts', id: '1', properties: { firstname: 'A' } },
      { objectType: 'contacts', id: '2', properties: { firstname: 'B' } },
    )
    const received = await inbox.until((all) => read(all).filter((event) => 'firstname' in event.fields).length >= 4)
    const keys = read(received).flatMap((event) => ('firstname' in event.fields ? event.dedupeKey : []))
    assert.deepEqual([keys.length, new Set(keys).size], [4, 2])
  })

  it('names our own writes as ours', async (t) => {
    const { client, inbox, read } = await listening(t)
    await client.writeOwners([
      { key: 'w', objectType: 'contacts', recordId: '1', field: 'hubspot_owner_id', to: '502' },
    ])
    const received = await inbox.until((all) => read(all).some((event) => 'hubspot_owner_id' in event.fields))
    const event = read(received).find(({ fields }) => 'hubspot_owner_id' in fields)
    assert.deepEqual(event?.actor, { kind: 'integration', id: '9180042', ours: true })
  })

  it('tells creations, deletions, restores, merges, erasures and links', async (t) => {
    const { change, inbox, read } = await listening(t)
    const [fresh = ''] = await change({
      op: 'create',
      objectType: 'contacts',
      properties: { email: 'new@example.com' },
    })
    await change({ op: 'archive', objectType: 'contacts', id: fresh })
    await change({ op: 'restore', objectType: 'contacts', id: fresh })
    await change({
      op: 'associate',
      objectType: 'contacts',
      id: '1',
      to: { objectType: 'companies', id: '9' },
      primary: true,
    })
    const [survivor = ''] = await change({ op: 'merge', objectType: 'contacts', id: '1', mergedId: '2' })
    await change({ op: 'erase', objectType: 'contacts', id: fresh })
    const kinds = ['created', 'deleted', 'restored', 'associated', 'merged', 'erased'] as const
    const received = await inbox.until((all) => kinds.every((kind) => read(all).some((event) => event.kind === kind)))
    const events = read(received)
    const of = (kind: string) => events.filter((event) => event.kind === kind)
    assert.ok(of('created').some(({ recordId }) => recordId === fresh))
    assert.ok(of('erased').every(({ recordId }) => recordId === fresh))
    assert.equal(of('merged')[0]?.recordId, survivor)
    const linked = new Set(of('associated').map(({ objectType, recordId }) => `${objectType}/${recordId}`))
    assert.deepEqual([...linked].filter((name) => name === 'contacts/1' || name === 'companies/9').sort(), [
      'companies/9',
      'contacts/1',
    ])
  })
})
