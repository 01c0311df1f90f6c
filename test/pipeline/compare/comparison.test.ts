import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { Crm } from '../../../src/model/record/change-event.ts'
import { recheckRereads } from '../../../src/pipeline/compare/recheck-differences.ts'
import { claimComparison, readComparison, requestComparison } from '../../../src/store/compare/comparisons.ts'
import { TUESDAY_MS } from '../harness.ts'
import { type Compared, compared, DAY } from './comparison-harness.ts'

describe('the comparison with the CRM', () => {
  const started: Compared[] = []
  after(() => Promise.all(started.map((harness) => harness.stop())))

  async function start(crmName: Crm = 'hubspot') {
    const t = await compared(crmName)
    started.push(t)
    return t
  }

  /** Seven contacts on three days, in pages of three. */
  async function seven(crmName: Crm = 'hubspot', object = 'contacts') {
    const t = await start(crmName)
    for (let n = 1; n <= 7; n += 1) {
      t.crm.put(object, String(n), { country: 'DE', firstname: `Ann ${n}` }, TUESDAY_MS - (n % 3) * DAY - n)
    }
    await t.baseline()
    return t
  }

  it('finds us in step after the baseline: per day the same count and the same digest', async () => {
    const t = await seven()
    assert.equal(await t.compare(), 'done')
    assert.deepEqual(await t.out(), [])
    assert.deepEqual(await t.days(), ['2026-11-22 2/2 same', '2026-11-23 3/3 same', '2026-11-24 2/2 same'])
    assert.equal(await t.noticed(), undefined)
    const check = await readComparison(t.db, t.connection.id)
    assert.equal(check?.state, 'idle')
    assert.ok(check?.lastFullAt)
  })

  it('inserts nothing as an event, and asks the CRM for each page once', async () => {
    const t = await seven()
    const count = async () =>
      (await sql<{ n: number }>`select count(*)::int as n from change_event`.execute(t.db)).rows[0]!.n
    const before = await count()
    t.crm.calls.length = 0
    await t.compare()
    assert.equal(await count(), before)
    assert.deepEqual(t.crm.calls, [
      'changedSince companies',
      'changedSince contacts',
      'changedSince contacts',
      'changedSince contacts',
      'changedSince deals',
    ])
  })

  it('says which records are missing, extra and different, by day, and that they are', async () => {
    const t = await seven()
    t.crm.put('contacts', '8', { country: 'IT' }, TUESDAY_MS - DAY)
    t.crm.put('contacts', '2', { country: 'FR' }, TUESDAY_MS - DAY)
    t.crm.remove('contacts', '3')
    await t.compare()
    assert.deepEqual(await t.out(), ['contacts/2 different', 'contacts/3 extra', 'contacts/8 missing'])
    assert.deepEqual(await t.days(), ['2026-11-22 1/1 same', '2026-11-23 5/4 other', '2026-11-24 1/2 other'])
    assert.equal((await t.noticed())?.message, '3 records are out of sync with Fake: 3 contacts.')
  })

  it('leaves a number that a person asked for until they say "read again", and then it falls to nothing', async () => {
    const t = await seven()
    t.crm.put('contacts', '8', { country: 'IT' }, TUESDAY_MS - DAY)
    t.crm.put('contacts', '2', { country: 'FR' }, TUESDAY_MS - DAY)
    t.crm.remove('contacts', '3')
    await t.compare()
    await t.resolveRereads()
    assert.equal((await t.out()).length, 3)
    assert.equal(await t.reread({ objectType: 'deals' }), 0)
    assert.equal(await t.reread({ objectType: 'contacts', day: '2026-11-23' }), 2)
    assert.deepEqual(await t.out(), ['contacts/3 extra'])
    assert.equal(await t.reread(), 1)
    assert.deepEqual(await t.out(), [])
    assert.deepEqual(await t.days(), ['2026-11-22 1/1 same', '2026-11-23 5/5 same', '2026-11-24 1/1 same'])
    assert.deepEqual(await t.recovered(), { contacts: 3 })
    assert.ok((await t.noticed())?.endedAt)
    // What stands after the mending is what a new comparison finds.
    const days = (await t.days()).filter((day) => !day.includes('0/0'))
    await t.compare()
    assert.deepEqual(await t.days(), days)
  })

  it('mends by itself what the clock found, and counts it as recovered', async () => {
    const t = await seven('salesforce', 'Lead')
    t.crm.put('Lead', '2', { country: 'FR' }, TUESDAY_MS - DAY)
    let asked = 0
    await t.compare('clock', 'full', { onReread: () => (asked += 1) })
    assert.equal(asked, 1)
    await t.resolveRereads()
    assert.deepEqual(await t.out(), [])
    assert.deepEqual(await t.recovered(), { Lead: 1 })
    assert.equal(await t.noticed(), undefined)
  })

  it('finds a value that changed under the stamp of before, as that of a formula does, and mends it', async () => {
    const t = await seven('salesforce', 'Lead')
    const { modifiedMs } = t.crm.records.get('Lead/2')!
    // Of two values of one moment the larger counts, so only a smaller one shows what a reading is worth.
    t.crm.put('Lead', '2', { country: 'AT' }, modifiedMs)
    await t.compare('clock')
    assert.deepEqual(await t.out(), ['Lead/2 different'])
    await t.resolveRereads()
    assert.deepEqual(await t.out(), [])
    const { rows } = await sql`select values->>'country' as country, needs_read from record
      where object_type = 'Lead' and record_id = '2'`.execute(t.db)
    assert.deepEqual(rows, [{ country: 'AT', needs_read: null }])
  })

  it('says what the clock found when reading it again did not help', async () => {
    const t = await seven('salesforce', 'Lead')
    t.crm.put('Lead', '2', { country: 'FR' }, TUESDAY_MS - DAY)
    await t.compare('clock')
    assert.equal(await t.noticed(), undefined)
    // Nobody reads it, and after a while it is no longer asked for.
    await sql`update record set needs_read = null`.execute(t.db)
    await sql`update change_event set state = 'failed' where state = 'received'`.execute(t.db)
    await sql`update difference set rechecked_at = rechecked_at - interval '1 hour'`.execute(t.db)
    await recheckRereads(t.deps())
    assert.equal((await t.noticed())?.message, '1 record is out of sync with Fake: 1 lead.')
    assert.deepEqual(await t.out(), ['Lead/2 different'])
  })

  it('finds a record again that we hold as merged, and asks no more about one that is', async () => {
    const t = await seven()
    const merge = { ...t.crm.told('contacts', '1', []), kind: 'merged' as const, occurredAtMs: TUESDAY_MS }
    // The CRM took the first merge back without a word, and did the second.
    await t.receive({ ...merge, mergedIds: ['2'], dedupeKey: 'one' }, { ...merge, mergedIds: ['4'], dedupeKey: 'two' })
    await t.apply()
    t.crm.remove('contacts', '4', '1')
    await t.compare()
    assert.deepEqual(await t.out(), ['contacts/2 missing'])
    await t.receive({
      ...t.crm.told('contacts', '1', []),
      recordId: '4',
      kind: 'gap',
      occurredAtMs: TUESDAY_MS + 1_000,
      dedupeKey: 'gap',
    })
    assert.equal(await t.reread(), 1)
    assert.deepEqual(await t.out(), [])
    const { rows } = await sql`select record_id, merged_into, needs_read from record
      where record_id in ('2', '4') and object_type = 'contacts' order by 1`.execute(t.db)
    assert.deepEqual(rows, [
      { record_id: '2', merged_into: null, needs_read: null },
      { record_id: '4', merged_into: '1', needs_read: null },
    ])
  })

  it('reads a record again of which a clock that was wrong told something later', async () => {
    const t = await seven()
    await t.receive({
      ...t.crm.told('contacts', '1', []),
      occurredAtMs: TUESDAY_MS + 10 * DAY,
      fields: { country: 'XX' },
    })
    await t.apply()
    await t.compare()
    assert.deepEqual(await t.out(), ['contacts/1 different'])
    await t.reread()
    assert.deepEqual(await t.out(), [])
  })

  /** Compares; before each look at suspects, what was counted so far is noted and `meanwhile` happens. */
  async function compareWith(t: Awaited<ReturnType<typeof seven>>, meanwhile: (look: number) => Promise<void>) {
    const looked: string[] = []
    const countedThen: string[][] = []
    const client = t.crm.client()
    await t.compare('person', 'full', {
      client: {
        ...client,
        readRecords: async (wanted: Parameters<typeof client.readRecords>[0]) => {
          looked.push(wanted.ids.join())
          countedThen.push(await t.out())
          await meanwhile(looked.length)
          return client.readRecords(wanted)
        },
      },
    })
    return { looked, countedThen }
  }

  it('does not count a record of which an event waits with us', async () => {
    const t = await seven()
    t.crm.put('contacts', '2', { country: 'FR' }, TUESDAY_MS - DAY)
    await t.receive(t.crm.told('contacts', '2', ['country']))
    const { looked, countedThen } = await compareWith(t, async (look) => {
      if (look === 3) await t.apply()
    })
    assert.deepEqual(looked, ['2', '2', '2'])
    assert.deepEqual(countedThen, [[], [], []])
    assert.deepEqual(await t.out(), [])
    assert.ok((await t.days()).every((day) => day.endsWith('same')))
  })

  it('does not count a record that the CRM changed between two looks: its event may be on the way', async () => {
    const t = await seven()
    t.crm.put('contacts', '2', { country: 'FR' }, TUESDAY_MS - DAY)
    const { looked, countedThen } = await compareWith(t, async (look) => {
      if (look === 1) t.crm.put('contacts', '2', { country: 'IT' }, TUESDAY_MS)
      if (look === 2) {
        await t.receive(t.crm.told('contacts', '2', ['country']))
        await t.apply()
      }
    })
    assert.deepEqual(looked, ['2', '2'])
    assert.deepEqual(countedThen, [[], []])
    assert.deepEqual(await t.out(), [])
  })

  it('leaves a record to its events that the CRM changes all the time', async () => {
    const t = await seven()
    t.crm.put('contacts', '2', { country: 'FR' }, TUESDAY_MS - DAY)
    const { looked } = await compareWith(t, async (look) =>
      t.crm.put('contacts', '2', { country: `F${look}` }, TUESDAY_MS + look),
    )
    assert.equal(looked.length, 6)
    assert.deepEqual(await t.out(), [])
  })

  it('counts what stays undone although its event waits for minutes', async () => {
    const t = await seven()
    t.crm.put('contacts', '2', { country: 'FR' }, TUESDAY_MS - DAY)
    await t.receive(t.crm.told('contacts', '2', ['country']))
    await t.compare()
    assert.deepEqual(await t.out(), ['contacts/2 different'])
  })

  it('counts a record once that changes while the pages are read and is shown again', async () => {
    const t = await seven()
    let touched = false
    t.crm.onPage = ({ objectType, cursor }) => {
      if (touched || objectType !== 'contacts' || cursor === null) return
      touched = true
      t.crm.put('contacts', '2', { lastmodifieddate: 'now' }, TUESDAY_MS)
    }
    await t.compare()
    assert.ok(touched)
    assert.deepEqual(await t.out(), [])
    const total = (await t.days()).reduce((sum, day) => sum + Number(/ (\d+)\//.exec(day)![1]), 0)
    assert.equal(total, 7)
  })

  it('asks once more before it calls a record extra that came to be while the pages were read', async () => {
    const t = await seven()
    let made = false
    t.crm.onPage = ({ objectType, cursor }) => {
      if (made || objectType !== 'contacts' || cursor === null) return
      made = true
    }
    const client = t.crm.client()
    await t.compare('person', 'full', {
      client: {
        ...client,
        changedSince: async (wanted: Parameters<typeof client.changedSince>[0]) => {
          const page = await client.changedSince(wanted)
          if (wanted.objectType === 'contacts' && page.cursor === null) {
            t.crm.put('contacts', '9', { country: 'DE' })
            await t.receive({ ...t.crm.told('contacts', '9', ['country']), complete: true, kind: 'created' })
            await t.apply()
          }
          return page
        },
      },
    })
    assert.deepEqual(await t.out(), [])
  })

  it('goes on where it was killed, and another process may do that at once', async () => {
    const t = await seven()
    const stop = new AbortController()
    let pages = 0
    t.crm.onPage = () => {
      pages += 1
      if (pages === 3) stop.abort()
    }
    t.crm.put('contacts', '8', { country: 'IT' }, TUESDAY_MS - DAY)
    assert.equal(await t.compare('person', 'full', { signal: stop.signal }), 'stopped')
    const { rows } = await sql`update comparison set claimed_by = 'killed', claimed_until = now() + interval '1 minute'
      returning 1`.execute(t.db)
    assert.equal(rows.length, 1)
    t.crm.calls.length = 0
    assert.equal(await t.goOn({}, 'another'), 'done')
    assert.ok(t.crm.calls.filter((call) => call.startsWith('changedSince')).length < 5)
    assert.deepEqual(await t.out(), ['contacts/8 missing'])
    assert.equal((await readComparison(t.db, t.connection.id))?.run, 1)
  })

  it('keeps the result of its last object when it was killed at its very end', async () => {
    const t = await seven('hubspot', 'deals')
    t.crm.remove('deals', '3')
    await t.compare()
    const [out, days] = [await t.out(), await t.days('deals')]
    assert.deepEqual(out, ['deals/3 extra'])
    await sql`create function killed() returns trigger language plpgsql as $$ begin raise 'killed'; end $$`.execute(
      t.db,
    )
    await sql`create trigger killed before update on comparison for each row when (new.state = 'idle')
      execute function killed()`.execute(t.db)
    await assert.rejects(t.compare(), /killed/)
    await sql`drop trigger killed on comparison`.execute(t.db)
    assert.equal(await t.goOn(), 'done')
    assert.deepEqual(await t.out(), out)
    assert.deepEqual(await t.days('deals'), days)
  })

  it('is done by one at a time', async () => {
    const t = await seven()
    await requestComparison(t.db, t.connection.id, 'person', 'full')
    await sql`insert into process_beat (role, instance) values ('worker', 'busy')`.execute(t.db)
    assert.equal(await claimComparison(t.db, t.connection.id, 'busy'), true)
    assert.equal(await claimComparison(t.db, t.connection.id, 'test'), false)
  })

  it('begins again when the database lost what it had seen, rather than call everything extra', async () => {
    const t = await seven()
    t.crm.onPage = ({ objectType }) => {
      if (objectType === 'deals') t.crm.onPage = () => undefined
    }
    const client = t.crm.client()
    let lost = false
    await t.compare('person', 'full', {
      client: {
        ...client,
        changedSince: async (wanted: Parameters<typeof client.changedSince>[0]) => {
          const page = await client.changedSince(wanted)
          if (!lost && wanted.objectType === 'contacts' && page.cursor === null) {
            lost = true
            await sql`truncate comparison_seen`.execute(t.db)
          }
          return page
        },
      },
    })
    assert.ok(lost)
    assert.equal((await readComparison(t.db, t.connection.id))?.run, 2)
    assert.deepEqual(await t.out(), [])
    assert.ok(!t.crm.calls.some((call) => call.startsWith('readRecords')))
  })

  it('begins again when the database lost it while what we hold was gone through', async () => {
    const t = await seven()
    await t.compare()
    const days = await t.days()
    const stop = new AbortController()
    t.crm.onPage = ({ objectType, cursor }) => {
      if (objectType === 'contacts' && cursor?.endsWith('/6')) stop.abort()
    }
    await t.compare('person', 'full', { signal: stop.signal })
    assert.equal((await readComparison(t.db, t.connection.id))?.phase, 'extra')
    // The first of our records were found among what was seen; then the database crashed.
    await sql`update comparison set cursor = '1'`.execute(t.db)
    await sql`truncate comparison_seen`.execute(t.db)
    t.crm.calls.length = 0
    assert.equal(await t.goOn(), 'done')
    assert.equal((await readComparison(t.db, t.connection.id))?.run, 3)
    assert.ok(!t.crm.calls.some((call) => call.startsWith('readRecords')))
    assert.deepEqual(await t.days(), days)
    assert.deepEqual(await t.out(), [])
  })

  it('of recent records only touches the last days, and forgets what is mended there', async () => {
    const t = await seven()
    t.crm.put('contacts', '20', { country: 'AA' }, TUESDAY_MS - 20 * DAY)
    t.crm.put('contacts', '21', { country: 'BB' }, TUESDAY_MS)
    await t.compare()
    assert.deepEqual(await t.out(), ['contacts/20 missing', 'contacts/21 missing'])
    await t.receive({ ...t.crm.told('contacts', '21', ['country']), complete: true, kind: 'created' })
    await t.apply()
    await t.compare('person', 'recent')
    assert.deepEqual(await t.out(), ['contacts/20 missing'])
    assert.deepEqual((await t.days())[0], '2026-11-04 1/0 other')
    assert.deepEqual((await t.days()).at(-1), '2026-11-24 3/3 same')
    // An old one that was changed since leaves its old day.
    t.crm.put('contacts', '20', { country: 'CC' }, TUESDAY_MS)
    await t.compare('person', 'recent')
    assert.deepEqual((await t.days())[0], '2026-11-04 0/0 same')
    assert.deepEqual((await t.days()).at(-1), '2026-11-24 4/3 other')
  })

  it('of recent records does not call mended what it cannot see: a record that the CRM has no more', async () => {
    const t = await seven()
    t.crm.remove('contacts', '3')
    t.crm.put('contacts', '6', { country: 'FR' }, TUESDAY_MS)
    t.crm.put('contacts', '9', { country: 'IT' }, TUESDAY_MS)
    await t.compare()
    assert.deepEqual(await t.out(), ['contacts/3 extra', 'contacts/6 different', 'contacts/9 missing'])
    // One that we hold as it was, and one that we never had.
    t.crm.remove('contacts', '6')
    t.crm.remove('contacts', '9')
    await t.compare('person', 'recent')
    assert.deepEqual(await t.out(), ['contacts/3 extra', 'contacts/6 extra'])
    assert.equal((await t.days()).at(-1), '2026-11-24 0/2 other')
    assert.equal((await t.noticed())?.endedAt, null)
    assert.equal((await t.noticed())?.message, '2 records are out of sync with Fake: 2 contacts.')
  })

  it('of all records, when a person asks, replaces one of recent records that runs', async () => {
    const t = await seven()
    t.crm.remove('contacts', '3')
    let asked = false
    t.crm.onPage = () => {
      if (asked) return
      asked = true
      void requestComparison(t.db, t.connection.id, 'person', 'full')
    }
    const client = t.crm.client()
    await t.compare('clock', 'recent', {
      client: {
        ...client,
        changedSince: async (wanted: Parameters<typeof client.changedSince>[0]) => {
          const page = await client.changedSince(wanted)
          if (!asked) {
            asked = true
            await requestComparison(t.db, t.connection.id, 'person', 'full')
          }
          return page
        },
      },
    })
    assert.deepEqual(await t.out(), ['contacts/3 extra'])
    assert.ok((await readComparison(t.db, t.connection.id))?.lastFullAt)
  })

  it('waits while people wait for calls, but not for ever', async () => {
    const t = await seven()
    await sql`update call_budget set window_used = window_limit, window_ms = 3600000, window_started_at = now()`.execute(
      t.db,
    )
    const begun = Date.now()
    assert.equal(await t.compare('person', 'full', { patienceMs: 40 }), 'done')
    assert.ok(Date.now() - begun >= 5 * 40)
  })
})
