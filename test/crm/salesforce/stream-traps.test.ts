import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { status } from '@grpc/grpc-js'
import { EMPTY_HEADER, encodeWith, LEAD_SCHEMA, leadMessage, replayId } from './scripted-bus.ts'
import {
  batches,
  bus,
  decoded,
  events,
  LEAD,
  send,
  start,
  states,
  stopAll,
  until,
  withScriptedBus,
} from './stream-stage.ts'

const OTHER = '00Q5f000005bwLGEAY'

describe('traps of the Pub/Sub library', () => {
  withScriptedBus()

  it('PS-1: we depend neither on the library nor on avro-js, of which a fresh install cannot start', () => {
    const { dependencies } = JSON.parse(
      readFileSync(path.resolve(import.meta.dirname, '../../../package.json'), 'utf8'),
    ) as { dependencies: object }
    assert.ok(!('avro-js' in dependencies) && !('salesforce-pubsub-api-client' in dependencies))
    assert.ok('avsc' in dependencies)
  })

  it('PS-2: an old stream that ends after we stopped takes nothing down, and events do not come twice afterwards', async () => {
    start()
    await until(() => bus.subscriptions.length === 1, 'a subscription')
    const crashes: unknown[] = []
    const note = (error: unknown) => void crashes.push(error)
    process.on('uncaughtException', note)
    try {
      await stopAll()
      await until(() => bus.subscriptions[0]!.closed(), 'the old stream is cancelled')
      bus.subscriptions[0]!.fail(status.INTERNAL, 'x', 'ended late')
      bus.onSubscribe = (subscription) => subscription.send([send(1, leadMessage({}))])
      start()
      await until(() => events().length > 0, 'an event')
      await wait(30)
      assert.equal(events().length, 1)
      assert.deepEqual(crashes, [])
    } finally {
      process.off('uncaughtException', note)
    }
  })

  it('PS-3: after an error there is a new stream and never silence', async () => {
    bus.onSubscribe = (subscription) => {
      if (bus.subscriptions.length < 3) subscription.fail(status.INTERNAL, 'x', 'service unavailable')
      else subscription.send([send(1, leadMessage({}))])
    }
    start({ replayId: replayId(1) })
    await until(() => events().length === 1, 'an event on the third stream')
    assert.equal(states.at(-1)?.state, 'live')
  })

  it('PS-4: a stream that stays open and says nothing is given up and comes back by itself', async () => {
    start({ replayId: replayId(1), silenceMaxMs: 50 })
    await until(() => bus.subscriptions.length >= 2, 'a second stream')
    assert.ok(bus.subscriptions[0]!.closed())
  })

  it('PS-5: the place is that of the last event handed over, also when the batch says that more has passed', async () => {
    bus.onSubscribe = (subscription) => {
      if (bus.subscriptions.length > 1) return
      subscription.send([send(3, leadMessage({}))], replayId(9))
    }
    start()
    await until(() => batches.length === 1, 'a batch')
    assert.deepEqual(batches[0]!.latestReplayId, replayId(3))
    bus.subscriptions[0]!.end()
    await until(() => bus.subscriptions.length === 2, 'a second stream')
    assert.deepEqual(bus.subscriptions[1]!.first.replayId, replayId(3))
  })

  it('PS-5: a keepalive does not overtake events whose schema is still being read', async () => {
    bus.onSubscribe = (subscription) => {
      subscription.send([send(3, leadMessage({}))])
      subscription.send([], replayId(5))
    }
    const order: string[] = []
    start({
      onBatch: async (batch) => {
        for (const event of batch.events) order.push(event.kind)
        order.push(batch.latestReplayId.toString('hex'))
      },
    })
    await until(() => order.includes(replayId(5).toString('hex')), 'the keepalive')
    assert.equal(order[0], 'changed')
  })

  it('PS-6: a replay id is ten bytes and comes back as those bytes, beyond what a number holds', async () => {
    const id = 2n ** 60n + 1n
    bus.onSubscribe = (subscription) => {
      if (bus.subscriptions.length === 1) subscription.send([send(id, leadMessage({}))])
    }
    start()
    await until(() => batches.length === 1, 'a batch')
    assert.equal(batches[0]!.latestReplayId.length, 10)
    bus.subscriptions[0]!.end()
    await until(() => bus.subscriptions.length === 2, 'a second stream')
    assert.deepEqual(bus.subscriptions[1]!.first.replayId, replayId(id))
  })

  it('PS-7: that only the city was cleared is not lost', async () => {
    const {
      events: [event],
    } = await decoded(leadMessage({ nulledFields: ['3-0x02'], changedFields: ['3-0x02'] }))
    assert.deepEqual({ ...event!.fields }, { City: null })
  })

  it('PS-8: what could not be stored comes again, and nothing more is asked for meanwhile', async () => {
    bus.onSubscribe = (subscription) => subscription.send([send(1, leadMessage({}))])
    let stored = 0
    start({
      whenNew: 'EARLIEST',
      onBatch: async () => {
        stored++
        if (stored === 1) throw new Error('the database is down')
      },
    })
    await until(() => stored === 2, 'the same batch again')
    assert.deepEqual(bus.subscriptions[0]!.requested, [100])
    await until(() => bus.subscriptions[1]!.requested.length === 2, 'more is asked for')
  })

  it('PS-12: a field added under a running stream moves the positions of the new events and not of the old ones', async () => {
    const [header, ...fields] = LEAD_SCHEMA.fields
    const grown = { ...LEAD_SCHEMA, fields: [header, { name: 'Added__c', type: ['null', 'string'] }, ...fields] }
    bus.schemas = { lead: JSON.stringify(LEAD_SCHEMA), grown: JSON.stringify(grown) }
    const empty = Object.fromEntries(fields.map(({ name }) => [name, null]))
    const after = encodeWith(grown, {
      ...empty,
      Added__c: null,
      ChangeEventHeader: { ...EMPTY_HEADER, sequenceNumber: 2, nulledFields: ['0x08'], changedFields: ['0x08'] },
    })
    const before = leadMessage({ nulledFields: ['0x04'], changedFields: ['0x04'] })
    bus.onSubscribe = (subscription) =>
      subscription.send([
        send(1, before),
        send(2, after, 'grown'),
        send(3, leadMessage({ nulledFields: ['0x04'], sequenceNumber: 3 })),
      ])
    start()
    await until(() => events().length === 3, 'three events')
    assert.deepEqual(
      events().map(({ fields }) => ({ ...fields })),
      [{ Company: null }, { Company: null }, { Company: null }],
    )
    assert.deepEqual(bus.schemaReads.toSorted(), ['grown', 'lead'])
  })

  it('PS-12: events without a replay id are not stored, because nobody could go on after them', async () => {
    bus.onSubscribe = (subscription) => {
      const event = { schemaId: 'lead', payload: leadMessage({}), replayId: Buffer.alloc(0) }
      if (bus.subscriptions.length === 1) subscription.send([event], Buffer.alloc(0))
    }
    start({ replayId: replayId(1) })
    await until(() => bus.subscriptions.length === 2, 'a second stream')
    assert.equal(batches.length, 0)
    assert.ok(states.some((state) => state.state === 'waiting' && /without a replay id/.test(state.why)))
  })

  it('an event whose schema Salesforce itself does not know is counted, and the stream goes on', async () => {
    bus.onSubscribe = (subscription) =>
      subscription.send([send(1, leadMessage({}), 'lost'), send(2, leadMessage({})), send(3, leadMessage({}), 'lost')])
    start()
    await until(() => batches.length > 0, 'a batch')
    assert.deepEqual(batches[0]!.skipped, [{ reason: 'unreadable schema', n: 2 }])
    assert.equal(batches[0]!.events.length, 1)
    assert.deepEqual(bus.schemaReads, ['lost', 'lead'])
  })

  it('a lead that was converted says so, and what became of it', async () => {
    const {
      events: [event],
    } = await decoded(
      leadMessage(
        { changeType: 'UPDATE', sequenceNumber: 4, changedFields: ['0xF180'] },
        {
          Status: 'Closed - Converted',
          IsConverted: true,
          ConvertedDate: 1714089600000,
          ConvertedAccountId: '0015f00002J9YYEAA3',
          ConvertedContactId: '0035f00002J9YYEAA3',
          ConvertedOpportunityId: '0065f00002J9YYEAA3',
        },
      ),
    )
    // Without LastModifiedDate, as the vendor's page says; its own sample has it.
    assert.deepEqual(
      { ...event!.fields },
      {
        Status: 'Closed - Converted',
        IsConverted: 'true',
        ConvertedDate: '2024-04-26',
        ConvertedAccountId: '0015f00002J9YYEAA3',
        ConvertedContactId: '0035f00002J9YYEAA3',
        ConvertedOpportunityId: '0065f00002J9YYEAA3',
      },
    )
    assert.equal(event!.kind, 'changed')
    assert.equal(event!.order % 2 ** 17, 4)
  })

  it('a record that came back out of the Recycle Bin comes with all its values', async () => {
    const {
      events: [event],
    } = await decoded(leadMessage({ changeType: 'UNDELETE' }, { Name: { LastName: 'Byron' }, Company: 'Acme' }))
    assert.deepEqual([event!.kind, event!.complete], ['restored', true])
    assert.equal(event!.fields.LastName, 'Byron')
    assert.equal(event!.fields.Description, null)
  })

  it('the loser of a merge is deleted on the stream, with nothing of its values', async () => {
    const {
      events: [event],
    } = await decoded(leadMessage({ changeType: 'DELETE' }))
    assert.deepEqual([event!.kind, Object.keys(event!.fields).length, event!.complete], ['deleted', 0, false])
  })

  it('the parts of a custom address or geolocation have the names that REST gives them', async () => {
    const place = {
      type: 'record',
      name: 'Location',
      fields: ['Latitude', 'Longitude'].map((name) => ({ name, type: ['null', 'double'] })),
    }
    const schema = { ...LEAD_SCHEMA, fields: [...LEAD_SCHEMA.fields, { name: 'Site__c', type: ['null', place] }] }
    bus.schemas = { lead: JSON.stringify(schema) }
    const empty = Object.fromEntries(LEAD_SCHEMA.fields.slice(1).map(({ name }) => [name, null]))
    const {
      events: [event],
    } = await decoded(
      encodeWith(schema, {
        ...empty,
        Site__c: { Latitude: 51.5, Longitude: null },
        ChangeEventHeader: { ...EMPTY_HEADER, changedFields: ['16-0x01'] },
      }),
    )
    assert.deepEqual({ ...event!.fields }, { Site__Latitude__s: '51.5' })
  })

  it('a person whose whole name is read by a policy is read again when a part of it changed', async () => {
    bus.onSubscribe = (subscription) =>
      subscription.send([send(1, leadMessage({ changedFields: ['1-0x04'] }, { Name: { LastName: 'King' } }))])
    start({ watchedFields: () => ['Name'] })
    await until(() => batches.length > 0, 'a batch')
    assert.deepEqual(
      events().map(({ kind, fields }) => [kind, { ...fields }]),
      [
        ['changed', { LastName: 'King' }],
        ['gap', {}],
      ],
    )
  })

  it('SNAPSHOT and what nobody knows yet is counted and not fatal', async () => {
    const { events, skipped } = await decoded(
      leadMessage({ changeType: 'SNAPSHOT' }),
      leadMessage({ sequenceNumber: 2 }),
    )
    assert.equal(events.length, 1)
    assert.deepEqual(skipped, [{ reason: 'change type SNAPSHOT', n: 1 }])
  })

  it('events that an enriched channel split share a replay id and are still several', async () => {
    bus.onSubscribe = (subscription) =>
      subscription.send([send(8, leadMessage({ recordIds: [LEAD] })), send(8, leadMessage({ recordIds: [OTHER] }))])
    start()
    await until(() => batches.length > 0, 'a batch')
    assert.deepEqual(
      events().map(({ recordId }) => recordId),
      [LEAD, OTHER],
    )
    assert.equal(new Set(events().map(({ dedupeKey }) => dedupeKey)).size, 2)
  })

  it('holes in the sequence of a transaction are no reason to wait: objects that are not selected make them', async () => {
    const { events } = await decoded(leadMessage({ sequenceNumber: 2 }), leadMessage({ sequenceNumber: 19 }))
    assert.deepEqual(
      events.map(({ order }) => order % 2 ** 17),
      [2, 19],
    )
  })

  it('the same event delivered again has the same key, whatever its replay id', async () => {
    bus.onSubscribe = (subscription) => subscription.send([send(1, leadMessage({})), send(2, leadMessage({}))])
    start()
    await until(() => events().length === 2, 'both')
    assert.equal(events()[0]!.dedupeKey, events()[1]!.dedupeKey)
  })
})
