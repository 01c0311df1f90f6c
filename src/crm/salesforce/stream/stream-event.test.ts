import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { ConnectionId } from '../../../model/record/change-event.ts'
import { readHeader, streamEvents } from './stream-event.ts'

it('part of promise 13: a message with text that Postgres cannot store becomes an event that it can', () => {
  const header = readHeader(
    {
      entityName: 'Lead',
      transactionKey: 'key\u0000',
      recordIds: ['00Q000000000001AAA'],
      changeType: 'CREATE',
      commitTimestamp: 1,
      sequenceNumber: 'none',
    },
    [],
  )
  const { events } = streamEvents(
    header,
    { LastName: 'Lee\u0000\ud800' },
    [
      { name: 'ChangeEventHeader', children: [] },
      { name: 'LastName', children: [] },
    ],
    {
      connectionId: 'sf' as ConnectionId,
      ours: { client: 'us', userId: '' },
      types: undefined,
      watched: undefined,
    },
  )
  assert.equal(events.length, 1)
  assert.deepEqual(events[0]!.fields, { LastName: 'Lee\uFFFD\uFFFD' })
  assert.equal(events[0]!.dedupeKey.includes('\u0000'), false)
  assert.equal(events[0]!.order, 0)
})

it('of two transactions of one moment the later one is later, whatever their sequence numbers', () => {
  const orderOf = (commitNumber: bigint, sequenceNumber: number) =>
    readHeader(
      { entityName: 'Lead', transactionKey: 'k', recordIds: [], commitTimestamp: 1, commitNumber, sequenceNumber },
      [],
    ).order
  const inOrder = [
    orderOf(1100638524517n, 1),
    orderOf(1100638524517n, 100_000),
    orderOf(1100638524518n, 1),
    orderOf(1100638524600n, 1),
  ]
  assert.deepEqual(
    inOrder,
    inOrder.toSorted((a, b) => a - b),
  )
  assert.equal(new Set(inOrder).size, inOrder.length)
  const largest = orderOf(2n ** 62n - 1n, Number.MAX_SAFE_INTEGER)
  assert.ok(Number.isSafeInteger(largest) && Number.isSafeInteger(orderOf(-1n, -1)), String(largest))
})

it('a task that changed is also read, because no message says whether it is closed', () => {
  const of = (entityName: string, changeType: string) => {
    const raw = { entityName, transactionKey: 'k', recordIds: ['00T000000000001AAA'], changeType, commitTimestamp: 1 }
    const body = { Status: 'Completed' }
    const fields = [
      { name: 'ChangeEventHeader', children: [] },
      { name: 'Status', children: [] },
    ]
    const context = {
      connectionId: 'sf' as ConnectionId,
      ours: { client: 'us', userId: '' },
      types: undefined,
      watched: undefined,
    }
    return streamEvents(readHeader({ ...raw, sequenceNumber: 1 }, []), body, fields, context).events.map(
      ({ kind }) => kind,
    )
  }
  assert.deepEqual(of('Task', 'UPDATE'), ['changed', 'gap'])
  assert.deepEqual(of('Task', 'DELETE'), ['deleted'])
  assert.deepEqual(of('Lead', 'UPDATE'), ['changed'])
})
