import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { subscribe } from '../../../src/crm/salesforce/stream/subscribe.ts'
import type { ChangeEvent } from '../../../src/model/record/change-event.ts'
import { connect, control, readAll, sandbox, withSandboxOrg } from './sandbox-stage.ts'

withSandboxOrg(0.05)

const FIELDS = ['Name', 'Website', 'OwnerId', 'IsPersonAccount', 'PersonEmail', 'PersonContactId']
const wanted = { objectType: 'Account', fields: FIELDS, historyFields: [], sinceMs: 0, source: 'poll' as const }

async function rest(method: string, path: string, fields: object): Promise<string> {
  const { accessToken, instanceUrl } = await connect('person').session()
  const response = await fetch(`${instanceUrl}/services/data/v67.0/sobjects/${path}`, {
    method,
    headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
    body: JSON.stringify(fields),
  })
  assert.ok(response.ok, String(response.status))
  return method === 'POST' ? ((await response.json()) as { id: string }).id : ''
}

/** What the stream tells while `act` runs and until it told of this many events of accounts. */
async function streamed(events: number, act: () => Promise<unknown>): Promise<ChangeEvent[]> {
  const stop = new AbortController()
  const seen: ChangeEvent[] = []
  let live = false
  const running = subscribe({
    address: sandbox.pubsubAddress,
    topic: '/data/ChangeEvents',
    client: connect(),
    replayId: null,
    whenNew: 'LATEST',
    watchedFields: () => FIELDS,
    onBatch: async (batch) => void seen.push(...batch.events.filter(({ objectType }) => objectType === 'Account')),
    onState: ({ state }) => {
      if (state === 'subscribed' || state === 'live') live = true
    },
    signal: stop.signal,
    backoffBaseMs: 10,
  })
  const until = async (holds: () => boolean, what: string) => {
    for (const deadline = Date.now() + 8_000; !holds(); await wait(10)) assert.ok(Date.now() < deadline, what)
  }
  try {
    await until(() => live, 'the stream is up')
    await act()
    await until(() => seen.length >= events, `${events} events`)
  } finally {
    stop.abort()
    await running
  }
  return seen
}

describe('an org without person accounts', () => {
  it('is not asked for fields that it does not have, and says blank of each', async () => {
    const page = await connect().changedSince({ ...wanted, cursor: null })
    assert.deepEqual(page.unreadable, [])
    const { IsPersonAccount, PersonEmail } = page.events[0]!.fields
    assert.deepEqual([IsPersonAccount, PersonEmail], [null, null])
    const { events } = await connect().readRecords({
      ids: [page.events[0]!.recordId],
      ...wanted,
    })
    assert.equal(events[0]!.fields.IsPersonAccount, null)
  })

  it('tells of a new account in one whole event', async () => {
    const [event] = await streamed(1, () => rest('POST', 'Account', { Name: 'Plain' }))
    assert.deepEqual([event!.complete, event!.fields.IsPersonAccount], [true, null])
  })
})

describe('an org with person accounts', () => {
  let person: string
  before(async () => {
    await control('POST', 'settings', { personAccounts: true })
    person = await rest('POST', 'Account', { FirstName: 'Ada', LastName: 'Byron', PersonEmail: 'ada@byron.example' })
  })
  after(() => control('DELETE', 'permissions'))

  it('says of each account whether it is a person', async () => {
    const { events } = await readAll(connect(), wanted)
    const flags = new Map(events.map(({ recordId, fields }) => [recordId, fields.IsPersonAccount]))
    assert.equal(flags.get(person), 'true')
    assert.deepEqual(new Set(flags.values()), new Set(['true', 'false']))
    assert.equal(events.find(({ recordId }) => recordId === person)!.fields.PersonEmail, 'ada@byron.example')
  })

  it('has a changed account read, because its event lacks what its contact holds', async () => {
    const events = await streamed(2, () => rest('PATCH', `Account/${person}`, { PersonEmail: 'ada@lovelace.example' }))
    assert.deepEqual(
      events.map(({ recordId, kind }) => [recordId, kind]),
      [
        [person, 'changed'],
        [person, 'gap'],
      ],
    )
    assert.equal(events[0]!.fields.PersonEmail, undefined)
  })

  it('part of M15: that hides the flag from us makes it unreadable, not blank', async () => {
    await control('POST', 'permissions', { objects: { Account: { fields: { IsPersonAccount: 'hidden' } } } })
    const page = await connect().changedSince({ ...wanted, cursor: null })
    assert.deepEqual(page.unreadable, ['IsPersonAccount'])
    assert.ok(page.events.every(({ fields }) => !('IsPersonAccount' in fields)))
  })
})
