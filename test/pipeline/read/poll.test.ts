import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { sql } from 'kysely'

import { CrmBusyError, CrmRefusedError } from '../../../src/crm/crm-client.ts'
import { HubSpotScopeMissing } from '../../../src/crm/hubspot/http/errors.ts'
import type { ChangeEvent, Crm } from '../../../src/model/record/change-event.ts'
import { baselineObjects } from '../../../src/model/record/object-shape.ts'
import { importBaseline } from '../../../src/pipeline/read/import-baseline.ts'
import { resolveMissedEvents } from '../../../src/pipeline/read/missed-changes.ts'
import { type PollDependencies, pollChanges } from '../../../src/pipeline/read/poll-changes.ts'
import { saveBaseline } from '../../../src/store/connections/baseline.ts'
import { listNotices } from '../../../src/store/notices/notices.ts'
import { readRecordsById } from '../../../src/store/records/read-records.ts'
import { resyncObjects } from '../../../src/store/records/watermarks.ts'
import { contactPolicy, type Harness, pipelineHarness, staff, TUESDAY_MS } from '../harness.ts'

import { PolledCrm } from './polled-crm.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

describe('the poll by modification date', () => {
  const started: Harness[] = []
  after(() => Promise.all(started.map((harness) => harness.stop())))

  async function start({
    crmName = 'hubspot' as Crm,
    feed = 'push' as 'push' | 'poll' | 'stream',
    clockOffMs = 0,
  } = {}) {
    const h = await pipelineHarness((crm) => {
      staff(crm)
      return [contactPolicy()]
    }, crmName)
    started.push(h)
    let nowMs = TUESDAY_MS
    const crm = new PolledCrm(h.crm, () => nowMs)
    crm.clockOffMs = clockOffMs
    const connection = { ...h.connection, feed, baseline: { done: false, objects: {} } }
    const described = new Map<string, readonly string[]>()
    const deps = (): PollDependencies => ({
      db: h.db,
      client: {
        ...crm.client(),
        describe: async (objectType) => ({
          objectType,
          fields: (described.get(objectType) ?? []).map((name) => ({
            name,
            label: name,
            type: 'text' as const,
            options: [],
            writable: true,
          })),
        }),
      },
      connection,
      fieldsOf: () => ({ fields: ['country', 'firstname', 'lastmodifieddate'], historyFields: [] }),
      nowMs: () => nowMs,
      onPage: () => undefined,
      signal: new AbortController().signal,
    })
    const t = {
      ...h,
      crm,
      advance(ms: number) {
        nowMs += ms
      },
      async baseline() {
        await saveBaseline(h.db, connection.id, { done: false, objects: {} })
        connection.baseline = await importBaseline(deps())
        await h.apply()
      },
      /** As the worker does it: the round, and that it came to its end. */
      async poll() {
        const { complete } = await pollChanges(deps())
        if (complete) await sql`update connection set polled_at = now()`.execute(h.db)
        await h.apply()
        return complete
      },
      describes(objectType: string, fields: readonly string[]) {
        described.set(objectType, fields)
      },
      settle: (graceS = 0, quietS = 900) => resolveMissedEvents(h.db, connection, { graceS, quietS }),
      async value(objectType: string, id: string, field: string) {
        const [record] = await readRecordsById(h.db, h.connection.id, [{ objectType, recordId: id }])
        return record?.values[field]
      },
      async recovered() {
        const { rows } = await sql<{ detail: string; n: number }>`
          select detail, n from counter where name = 'poll-recovered' order by detail`.execute(h.db)
        return Object.fromEntries(rows.map((row) => [row.detail, row.n]))
      },
      async noticed() {
        const notices = await listNotices(h.db, { connectionId: h.connection.id, limit: 10 })
        return notices.filter(({ code }) => code === 'missed-events')
      },
      async events() {
        const { rows } = await sql<{ n: number }>`select count(*)::int as n from change_event`.execute(h.db)
        return rows[0]!.n
      },
    }
    return t
  }

  describe('a change that nobody told us of', () => {
    it('is found, counted as recovered, and said, once the time for its event is over', async () => {
      const t = await start()
      t.crm.put('contacts', '1', { country: 'DE' })
      t.crm.put('contacts', '2', { country: 'DE' })
      await t.baseline()
      await t.poll()
      t.advance(10 * MINUTE)
      t.crm.put('contacts', '1', { country: 'FR' })
      t.advance(20 * MINUTE)
      t.crm.put('contacts', '3', { country: 'IT' })
      await t.poll()
      assert.equal(await t.value('contacts', '1', 'country'), 'FR')
      await t.settle(3_600)
      assert.deepEqual(await t.recovered(), {})
      await t.settle()
      assert.deepEqual(await t.recovered(), { contacts: 2 })
      const [notice] = await t.noticed()
      assert.equal(
        notice?.message,
        'HubSpot sent no event for 2 changes between 24 Nov, 10:10 and 24 Nov, 10:30. Polling found them a little later; nothing is lost.',
      )
      await t.settle()
      await t.poll()
      await t.settle()
      assert.deepEqual(await t.recovered(), { contacts: 2 })
      await t.settle(0, 0)
      assert.ok((await t.noticed())[0]?.endedAt)
    })

    it('is not one when its event comes late, or says the same before the poll does', async () => {
      const t = await start()
      t.crm.put('contacts', '1', { country: 'DE' })
      t.crm.put('contacts', '2', { country: 'DE' })
      await t.baseline()
      await t.poll()
      t.advance(MINUTE)
      t.crm.put('contacts', '1', { country: 'FR' })
      t.crm.put('contacts', '2', { country: 'FR' })
      await t.receive(t.crm.told('contacts', '2', ['country']))
      await t.poll()
      await t.receive(t.crm.told('contacts', '1', ['country']))
      await t.settle()
      assert.deepEqual(await t.recovered(), {})
      assert.deepEqual(await t.noticed(), [])
    })

    it('is not one when only a field changed that nobody looks at: the date moved, the values did not', async () => {
      const t = await start()
      t.crm.put('contacts', '1', { country: 'DE', lastmodifieddate: '1' })
      await t.baseline()
      await t.poll()
      t.advance(MINUTE)
      t.crm.put('contacts', '1', { lastmodifieddate: '2' })
      await t.poll()
      await t.settle()
      assert.deepEqual(await t.recovered(), {})
    })

    it('is not one during the baseline, for tasks, for what we wrote, or where nothing is ever told', async () => {
      const t = await start()
      t.crm.put('contacts', '1', { country: 'DE' })
      await t.baseline()
      t.crm.put('contacts', '2', { country: 'DE' })
      t.crm.put('tasks', '9', { hs_task_status: 'COMPLETED' })
      await t.poll()
      t.advance(MINUTE)
      t.crm.put('tasks', '9', { hs_task_status: 'NOT_STARTED' })
      t.crm.put('contacts', '1', { country: 'FR' })
      await sql`with attempt as (
          insert into write_attempt (connection_id, call, intent_id, lease_epoch, workflow, kind, object_type, record_id, field, value)
          values (${t.connection.id}, 1, 1, 1, 'w', 'action', 'contacts', '1', 'country', 'FR') returning id)
        insert into write_answer (connection_id, attempt_id, outcome) select ${t.connection.id}, id, 'done' from attempt`.execute(
        t.db,
      )
      await t.poll()
      await t.settle()
      assert.deepEqual(await t.recovered(), {})

      const polled = await start({ feed: 'poll' })
      await polled.baseline()
      await polled.poll()
      polled.advance(MINUTE)
      polled.crm.put('contacts', '1', { country: 'DE' })
      await polled.poll()
      await polled.settle()
      assert.equal(await polled.value('contacts', '1', 'country'), 'DE')
      assert.deepEqual(await polled.recovered(), {})
    })

    it('is counted when the stream lost its place and everything is read again', async () => {
      const t = await start({ crmName: 'salesforce', feed: 'stream' })
      t.crm.put('Lead', '1', { country: 'DE' })
      t.crm.put('Lead', '2', { country: 'DE' })
      await t.baseline()
      await t.poll()
      t.advance(HOUR)
      t.crm.put('Lead', '1', { country: 'FR' })
      await resyncObjects(t.db, t.connection.id, baselineObjects('salesforce'))
      assert.equal(await t.poll(), true)
      await t.settle()
      assert.deepEqual(await t.recovered(), { Lead: 1 })
      // An object without a single record does not ask to be read from the start for ever.
      const { rows } = await sql`select 1 from poll_cursor where modified_until_ms = 1`.execute(t.db)
      assert.equal(rows.length, 0)
    })
  })

  for (const clockOffMs of [-10 * MINUTE, 10 * MINUTE]) {
    it(`finds every change of a CRM whose clock is ${clockOffMs / MINUTE} minutes off`, async () => {
      const t = await start({ clockOffMs })
      t.crm.put('contacts', '1', { country: 'A' })
      await t.baseline()
      for (const country of ['B', 'C', 'D', 'E']) {
        t.advance(4 * MINUTE)
        t.crm.put('contacts', '1', { country })
        t.crm.put('contacts', country, { country })
        await t.poll()
        assert.equal(await t.value('contacts', '1', 'country'), country)
        assert.equal(await t.value('contacts', country, 'country'), country)
      }
    })
  }

  it('finds a change that the search shows half a minute late, behind one that it showed at once', async () => {
    const t = await start()
    await t.baseline()
    await t.poll()
    t.advance(10 * MINUTE)
    t.crm.searchDelayMs = 30_000
    t.crm.put('contacts', 'late', { country: 'DE' })
    t.crm.searchDelayMs = 0
    t.advance(20_000)
    t.crm.put('contacts', 'early', { country: 'DE' })
    await t.poll()
    assert.equal(await t.value('contacts', 'late', 'country'), undefined)
    t.advance(MINUTE)
    await t.poll()
    assert.equal(await t.value('contacts', 'late', 'country'), 'DE')
  })

  it('takes all of a thousand records that share one modification time', async () => {
    const t = await start()
    await t.baseline()
    t.advance(MINUTE)
    t.crm.pageSize = 100
    const at = t.crm.nowMs()
    for (let n = 0; n < 1_000; n += 1) t.crm.put('contacts', `r${n}`, { country: 'DE' }, at)
    await t.poll()
    assert.equal(await t.events(), 1_000)
  })

  describe('an object that the CRM refuses', () => {
    const refusals = {
      'as one that our user may not see': () => new CrmRefusedError('no Opportunity for you', 'INVALID_TYPE', 400),
      'for want of a scope': () =>
        new HubSpotScopeMissing('no', 'Add the missing scopes (crm.objects.deals.read).', [], 'no'),
    }
    for (const [how, refusal] of Object.entries(refusals)) {
      it(`${how} holds up no other, is unreadable until it is read again, and misses nothing then`, async () => {
        const t = await start()
        t.crm.put('contacts', '1', { country: 'DE' })
        t.crm.put('deals', '7', { country: 'DE', firstname: 'x', lastmodifieddate: '1' })
        await t.baseline()
        await t.poll()
        t.advance(10 * MINUTE)
        for (const object of ['companies', 'contacts', 'deals']) t.crm.put(object, '1', { country: 'FR' })
        t.crm.put('deals', '7', { country: 'FR' })
        let isRefused = true
        t.crm.onPage = ({ objectType }) => {
          if (isRefused && objectType === 'deals') throw refusal()
        }
        assert.equal(await t.poll(), true)
        assert.equal(await t.value('contacts', '1', 'country'), 'FR')
        assert.equal(await t.value('companies', '1', 'country'), 'FR')
        assert.equal(await t.value('deals', '7', 'country'), 'DE')
        const unreadable = async () => {
          const [deal] = await readRecordsById(t.db, t.connection.id, [{ objectType: 'deals', recordId: '7' }])
          return [...deal!.unreadable]
        }
        assert.deepEqual(await unreadable(), ['country', 'firstname', 'lastmodifieddate'])
        const refused = async () => {
          const notices = await listNotices(t.db, { connectionId: t.connection.id, limit: 10 })
          return notices.filter(({ code }) => code === 'object-refused')
        }
        assert.deepEqual(
          (await refused()).map(({ subject, level, endedAt }) => [subject, level, endedAt]),
          [['deals', 'stop', null]],
        )
        t.advance(10 * MINUTE)
        const before = t.crm.calls.length
        await t.poll()
        assert.equal(t.crm.calls.slice(before).filter((call) => call === 'changedSince deals').length, 0)

        isRefused = false
        t.describes('deals', ['country', 'firstname', 'lastmodifieddate'])
        await t.poll()
        assert.equal(await t.value('deals', '7', 'country'), 'FR')
        assert.deepEqual(await unreadable(), [])
        assert.ok((await refused())[0]?.endedAt)
      })
    }

    it('has every record decided again that looks at it', async () => {
      const t = await start()
      t.crm.put('contacts', '1', { country: 'DE' })
      await t.baseline()
      await t.poll()
      t.crm.onPage = ({ objectType }) => {
        if (objectType === 'deals') throw new CrmRefusedError('no', 'INVALID_TYPE', 400)
      }
      await t.poll()
      const { rows } = await sql`select 1 from redecide_queue where connection_id = ${t.connection.id}`.execute(t.db)
      assert.equal(rows.length, 1)
    })
  })

  describe('a poll that breaks off', () => {
    it('goes on at its page, also from the start of an object, and the next poll begins where it ended', async () => {
      const t = await start()
      for (let n = 0; n < 12; n += 1) t.crm.put('contacts', `r${n}`, { country: 'DE' }, t.crm.nowMs() - n * MINUTE)
      await t.baseline()
      await t.poll()
      await resyncObjects(t.db, t.connection.id, ['contacts'])
      const asked: (string | null)[] = []
      let busyAt = 3
      t.crm.onPage = ({ objectType, cursor }) => {
        if (objectType !== 'contacts') return
        asked.push(cursor)
        if (asked.length === busyAt) throw new CrmBusyError('busy', 0)
      }
      await assert.rejects(t.poll(), CrmBusyError)
      assert.equal(await t.poll(), true)
      const cursors = [null, asked[1]!, asked[2]!, asked[2]!, asked[4]!]
      assert.deepEqual(asked, cursors)
      assert.equal(new Set(asked).size, 4)
      busyAt = 0
      await t.poll()
      assert.equal(asked[5], null)
    })

    it('begins at the start when that is asked for meanwhile', async () => {
      const t = await start()
      for (let n = 0; n < 12; n += 1) t.crm.put('contacts', `r${n}`, { country: 'DE' }, t.crm.nowMs() - n * MINUTE)
      await t.baseline()
      await t.poll()
      await resyncObjects(t.db, t.connection.id, ['contacts'])
      let page = 0
      t.crm.onPage = ({ objectType }) => {
        if (objectType !== 'contacts') return
        page += 1
        if (page === 3) throw new CrmBusyError('busy', 0)
      }
      await assert.rejects(t.poll(), CrmBusyError)
      await resyncObjects(t.db, t.connection.id, ['contacts'])
      const cursors: (string | null)[] = []
      t.crm.onPage = ({ objectType, cursor }) => {
        if (objectType === 'contacts') cursors.push(cursor)
      }
      assert.equal(await t.poll(), true)
      assert.deepEqual([cursors.length, cursors[0]], [4, null])
    })
  })

  it('finds a change that was made before a deletion, and after its page was read', async () => {
    const t = await start()
    await t.baseline()
    await t.poll()
    t.advance(10 * MINUTE)
    t.crm.put('contacts', '1', { country: 'DE' })
    const changedAt = t.crm.nowMs() + MINUTE
    const gone: ChangeEvent = {
      ...t.crm.told('contacts', '1', ['country']),
      dedupeKey: 'gone',
      recordId: '2',
      kind: 'deleted',
      occurredAtMs: changedAt + 4 * MINUTE,
      fields: {},
    }
    t.crm.gone = [gone]
    t.advance(10 * MINUTE)
    await t.poll()
    t.crm.gone = []
    t.crm.put('contacts', '3', { country: 'FR' }, changedAt)
    t.advance(MINUTE)
    await t.poll()
    assert.equal(await t.value('contacts', '3', 'country'), 'FR')
  })

  it("reads nobody's tasks from the start when the stream lost its place", async () => {
    assert.ok(!baselineObjects('salesforce').includes('Task'))
    const t = await start({ crmName: 'salesforce', feed: 'stream' })
    await t.baseline()
    await t.poll()
    await resyncObjects(t.db, t.connection.id, baselineObjects('salesforce'))
    const since = new Map<string, number>()
    t.crm.onPage = ({ objectType, sinceMs }) => since.set(objectType, sinceMs)
    await t.poll()
    assert.equal(since.get('Lead'), 1)
    assert.ok(since.get('Task')! > 1)
  })

  it('does not make a stale field look fresh', async () => {
    const t = await start()
    t.crm.put('contacts', '1', { country: 'DE', firstname: 'Ann' })
    await t.baseline()
    const since = async () => {
      const [record] = await readRecordsById(t.db, t.connection.id, [{ objectType: 'contacts', recordId: '1' }])
      return record?.stamps.country?.atMs
    }
    const before = await since()
    for (let day = 0; day < 3; day += 1) {
      t.advance(24 * HOUR)
      t.crm.put('contacts', '1', { firstname: `Ann ${day}` })
      await t.poll()
    }
    assert.equal(await t.value('contacts', '1', 'firstname'), 'Ann 2')
    assert.equal(await since(), before)
  })

  for (const crmName of ['hubspot', 'salesforce'] as const) {
    it(`finds all that happened in ${crmName} during 80 hours of our own downtime, and nothing twice`, async () => {
      const object = crmName === 'hubspot' ? 'contacts' : 'Lead'
      const t = await start({ crmName, feed: crmName === 'hubspot' ? 'push' : 'stream' })
      for (let n = 0; n < 20; n += 1) t.crm.put(object, `r${n}`, { country: 'A' })
      await t.baseline()
      t.advance(MINUTE)
      await t.poll()
      for (let hour = 0; hour < 80; hour += 1) {
        t.advance(HOUR)
        t.crm.put(object, `r${hour % 20}`, { country: `hour ${hour}` })
        if (hour % 10 === 0) t.crm.put(object, `new${hour}`, { country: 'N' })
      }
      const before = await t.events()
      await t.poll()
      // Each record once, as it is now.
      assert.equal((await t.events()) - before, 28)
      for (let n = 0; n < 20; n += 1) assert.equal(await t.value(object, `r${n}`, 'country'), `hour ${60 + n}`)
      await t.poll()
      assert.equal((await t.events()) - before, 28)
      await t.settle()
      assert.deepEqual(await t.recovered(), { [object]: 28 })
    })
  }
})
