import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'kysely'
import { type SalesforceUser, salesforceUser } from '../../sandbox/tuesday/crm-user.ts'
import { assertCasesHaveTasks, assertLedgerVerifies, assertNoDuplicateTasks } from './final-state.ts'
import { type Control, one, quiet, rows, startTestStack, type TestStack, until } from './stack.ts'

type Crm = 'hubspot' | 'salesforce'
const BOTH = ['hubspot', 'salesforce'] as const

/** Where each CRM takes task writes, and calls that only Lanekeeper makes here: the people of the test must get through. */
const TASK_WRITES = {
  hubspot: { method: 'POST', path: '/crm/objects/2026-03/tasks/batch/upsert' },
  salesforce: { method: 'PATCH', path: '/services/data/v67.0/composite/sobjects/Task' },
} as const
const DAILY_LIMIT = 140_000
const ANY_CALL = { hubspot: '/crm', salesforce: '/services/data/v67.0/query' } as const

/** One running product and two CRMs that misbehave in every way their contracts allow. */
describe('a bad day of the CRMs', { timeout: 240_000 }, () => {
  let test: TestStack
  let people: SalesforceUser
  let inboundQueue: string
  let serial = 0

  before(async () => {
    test = await startTestStack()
    people = await salesforceUser(test.sandbox.salesforce)
    const [queue] = await people.query<{ Id: string }>("SELECT Id FROM Group WHERE DeveloperName = 'Inbound_leads'")
    inboundQueue = queue!.Id
    await quiet(test)
  })
  after(() => test?.stop())
  beforeEach(async () => {
    for (const crm of BOTH) await test[crm].clearFaults()
  })

  const control = (crm: Crm): Control => test[crm]

  /** Somebody in Japan asks for us: the policy has a person look at each of them, so there must be one task. */
  async function askFromJapan(crm: Crm): Promise<string> {
    serial += 1
    const person = {
      email: `asks-${serial}@bad-day-${serial}.example.com`,
      company: `Bad Day ${serial}`,
      country: 'Japan',
    }
    if (crm === 'salesforce') {
      return people.create('Lead', {
        LastName: `Asks ${serial}`,
        Company: person.company,
        Email: person.email,
        Country: person.country,
        Status: 'New',
        OwnerId: inboundQueue,
      })
    }
    return change({ op: 'create', objectType: 'contacts', properties: { ...person, lifecyclestage: 'lead' } })
  }

  async function change(one: Record<string, unknown>): Promise<string> {
    const { results } = await test.hubspot.post<{ results: { ok: boolean; id: string; why?: string }[] }>('changes', {
      changes: [one],
    })
    assert.ok(results[0]!.ok, results[0]!.why)
    return results[0]!.id
  }

  /** The record has exactly one task in its CRM, we know it, and no intent of it is left over. */
  async function oneTask(crm: Crm, recordId: string, limitMs = 30_000): Promise<void> {
    await until(
      `the task about ${crm} ${recordId} is written`,
      async () => {
        const [row] = await rows<{ crm_task_id: string | null; waiting: number }>(
          test.db,
          sql`select t.crm_task_id, (select count(*)::int from intent i where i.task_id = t.id
            and i.state in ('pending', 'sending', 'unknown')) as waiting
            from task t where t.record_id = ${recordId} and t.status = 'open'`,
        )
        return row?.crm_task_id && row.waiting === 0
      },
      limitMs,
    ).catch(async (error: Error) => {
      throw new Error(`${error.message}; ${JSON.stringify(await whereItStands(recordId))}`)
    })
    const about = (await control(crm).tasks()).filter((task) => task.about.some(({ id }) => id === recordId))
    assert.equal(about.length, 1, `${crm} lists ${about.length} tasks about ${recordId}`)
    assert.equal(about[0]!.open, true)
  }

  /** For whoever has to find out why a task did not come. */
  async function whereItStands(recordId: string): Promise<unknown> {
    return {
      events: await rows(
        test.db,
        sql`select source, state, skip_reason from change_event where record_id = ${recordId}`,
      ),
      record: await rows(
        test.db,
        sql`select needs_read, read_after, dirty_since from record where record_id = ${recordId}`,
      ),
      cases: await rows(test.db, sql`select pattern, status from exception where record_id = ${recordId}`),
      intents: await rows(
        test.db,
        sql`select i.state, i.attempts, i.outcome, i.next_attempt_at from intent i join task t on t.id = i.task_id
          where t.record_id = ${recordId}`,
      ),
      connections: await rows(
        test.db,
        sql`select c.id, c.status, c.status_reason, b.paused_until, b.paused_why from connection c
          join call_budget b on b.connection_id = c.id`,
      ),
      logs: test.logs.filter((line) => /"level":[45]0/.test(line)).slice(-8),
    }
  }

  async function statusOf(crm: Crm): Promise<{ status: string; reason: string | null }> {
    return one(test.db, sql`select status, status_reason as reason from connection where crm = ${crm}`)
  }

  async function pausedForMs(crm: Crm): Promise<number> {
    const row = await one<{ ms: number }>(
      test.db,
      sql`select coalesce(greatest(0, extract(epoch from b.paused_until - clock_timestamp()) * 1000), 0)::int as ms
        from call_budget b join connection c on c.id = b.connection_id where c.crm = ${crm}`,
    )
    return row.ms
  }

  async function dayEnds(): Promise<void> {
    // With the day goes what the CRM last said of its limit: our share of a limit of one is one call.
    await test.db.updateTable('call_budget').set({ paused_until: null, paused_why: null, limit_today: null }).execute()
  }

  async function callsOf(crm: Crm): Promise<number> {
    return (await control(crm).get<{ calls: number }>('stats')).calls
  }

  /** How writes about the record ended on the way, as the ledger has it. */
  async function ledgerKinds(recordId: string): Promise<string[]> {
    const found = await rows<{ kind: string }>(
      test.db,
      sql`select kind from ledger where subject like ${`%/${recordId}`} and kind like '%-write-%' order by seq`,
    )
    return found.map(({ kind }) => kind)
  }

  async function logged(words: RegExp, from: number): Promise<boolean> {
    return test.logs.slice(from).some((line) => words.test(line))
  }

  for (const retryAfterS of [3, null]) {
    const how = retryAfterS === null ? 'without' : 'with'
    it(`fault matrix 17, part of promise 12: after a 429 ${how} Retry-After nobody calls until the pause is over, then the task is written`, async () => {
      const asks = await Promise.all(
        BOTH.map(async (crm) => {
          await control(crm).fault({ kind: '429', path: ANY_CALL[crm], ...(retryAfterS ? { retryAfterS } : {}) })
          return askFromJapan(crm)
        }),
      )
      await Promise.all(
        BOTH.map(async (crm, i) => {
          // HubSpot without a header: ten seconds. Salesforce: five.
          await until(`${crm} is given a rest`, async () => (await pausedForMs(crm)) > 1_500)
          // What was on the wire when the answer came has landed.
          await wait(300)
          const before = await callsOf(crm)
          await wait(Math.max(0, (await pausedForMs(crm)) - 300))
          assert.equal(await callsOf(crm), before, `calls to ${crm} while it had asked us to wait`)
          await oneTask(crm, asks[i]!)
        }),
      )
    })
  }

  it('fault matrix 17: a spent daily limit stops the calls, keeps the events and is over when the day is', async () => {
    await test.hubspot.fault({ kind: 'daily-limit', path: ANY_CALL.hubspot })
    // Its own setting rather than a fault, so that the usage in the answer's header says the same.
    await test.salesforce.post('settings', { dailyLimit: 1 })
    try {
      const contact = await askFromJapan('hubspot')
      for (const crm of BOTH) await until(`${crm} is left alone`, async () => (await pausedForMs(crm)) > 60_000, 20_000)
      await test.salesforce.post('settings', { dailyLimit: DAILY_LIMIT })
      const lead = await askFromJapan('salesforce')
      for (const recordId of [contact, lead]) {
        await until(
          'the event is kept',
          async () => (await rows(test.db, sql`select 1 from change_event where record_id = ${recordId}`)).length > 0,
        )
      }
      for (const crm of BOTH) assert.equal((await statusOf(crm)).status, 'connected')
      assert.equal((await test.salesforce.tasks()).filter(({ about }) => about.some(({ id }) => id === lead)).length, 0)
      await dayEnds()
      await oneTask('hubspot', contact, 40_000)
      await oneTask('salesforce', lead, 40_000)
    } finally {
      await test.salesforce.post('settings', { dailyLimit: DAILY_LIMIT })
      await dayEnds()
    }
  })

  it('fault matrix 18: a storm of 500, 502 and 503 for seconds leaves one task each', async () => {
    for (const crm of BOTH)
      for (const kind of ['500', '502', '503']) {
        await control(crm).fault({ kind, path: ANY_CALL[crm], times: 60 })
        await control(crm).fault({ kind, ...TASK_WRITES[crm], times: 60 })
      }
    const asks = await Promise.all(BOTH.map(askFromJapan))
    await wait(4_000)
    for (const crm of BOTH) await control(crm).clearFaults()
    await Promise.all(BOTH.map((crm, i) => oneTask(crm, asks[i]!, 40_000)))
  })

  for (const kind of ['html', 'truncated', 'commit-then-reset', 'commit-then-hang']) {
    it(`fault matrix 19 and 20: "${kind}" as the answer to a task write gives one task, not two and not none`, async () => {
      const asks = await Promise.all(
        BOTH.map(async (crm) => {
          await control(crm).fault({ kind, ...TASK_WRITES[crm] })
          return askFromJapan(crm)
        }),
      )
      await Promise.all(BOTH.map((crm, i) => oneTask(crm, asks[i]!, 60_000)))
      for (const recordId of asks) {
        const kinds = await ledgerKinds(recordId)
        assert.deepEqual(
          [kinds.includes('task-write-unknown'), kinds.at(-1)],
          [true, 'task-write-done'],
          `${recordId}: ${kinds}`,
        )
      }
    })
  }

  it('fault matrix 19: an owner that was written although the answer was lost is found written, and not written again', async () => {
    const write = {
      hubspot: '/crm/objects/2026-03/contacts/batch/update',
      salesforce: '/services/data/v67.0/composite/sobjects',
    }
    for (const crm of BOTH) await control(crm).fault({ kind: 'commit-then-reset', path: write[crm] })
    serial += 1
    const properties = {
      email: `owner@owned-${serial}.example.com`,
      company: `Owned ${serial}`,
      country: 'Germany',
      lifecyclestage: 'lead',
    }
    const contact = await change({ op: 'create', objectType: 'contacts', properties })
    const lead = await people.create('Lead', {
      LastName: 'Owned',
      Company: `Owned Too ${serial}`,
      Email: `owner@owned-too-${serial}.example.com`,
      Country: 'Germany',
      Status: 'New',
      OwnerId: inboundQueue,
    })
    for (const recordId of [contact, lead]) {
      const intents = () =>
        rows<{ state: string; outcome: string | null }>(
          test.db,
          sql`select state, outcome from intent where kind = 'owner' and record_id = ${recordId}`,
        )
      await until('the owner is written', async () => (await intents()).some(({ state }) => state === 'done'), 40_000)
      assert.deepEqual(await intents(), [{ state: 'done', outcome: 'Found written' }])
    }
  })

  it('a token that is refused once is replaced, and nobody has to reconnect', async () => {
    const asks = await Promise.all(
      BOTH.map(async (crm) => {
        await control(crm).fault({ kind: 'expired-token', path: ANY_CALL[crm] })
        return askFromJapan(crm)
      }),
    )
    await Promise.all(BOTH.map((crm, i) => oneTask(crm, asks[i]!)))
    for (const crm of BOTH) assert.deepEqual(await statusOf(crm), { status: 'connected', reason: null })
  })

  it('fault matrix 32: a revoked grant is said with the step to take, events are kept, and once mended all goes on by itself', async () => {
    const asks: string[] = []
    for (const crm of BOTH) {
      await control(crm).fault({ kind: 'revoked' })
      if (crm === 'hubspot') asks.push(await askFromJapan(crm))
    }
    for (const crm of BOTH) {
      const { reason } = await until(`${crm} needs a person`, async () => {
        const found = await statusOf(crm)
        return found.status === 'reconnect-needed' && found
      })
      assert.match(reason ?? '', /reconnect/i)
    }
    await until(
      'the event is received and applied while nobody may call',
      async () =>
        (await rows(test.db, sql`select 1 from change_event where record_id = ${asks[0]!} and state = 'applied'`))
          .length > 0,
    )
    for (const crm of BOTH) await control(crm).clearFaults()
    people = await salesforceUser(test.sandbox.salesforce)
    asks.push(await askFromJapan('salesforce'))
    for (const crm of BOTH)
      await until(`${crm} is connected again`, async () => (await statusOf(crm)).status === 'connected', 40_000)
    await Promise.all(BOTH.map((crm, i) => oneTask(crm, asks[i]!, 40_000)))
  })

  it('fault matrix 34: a scope that was taken away is named, and the task is written once it is back', async () => {
    await test.hubspot.fault({ kind: 'missing-scope', ...TASK_WRITES.hubspot })
    const contact = await askFromJapan('hubspot')
    const notice = () =>
      rows<{ remedy: string | null; ended: boolean }>(
        test.db,
        sql`select remedy, ended_at is not null as ended from notice
          where connection_id = (select id from connection where crm = 'hubspot') and code = 'reconnect'
            and subject = 'writeTasks' order by first_at desc limit 1`,
      )
    const [told] = await until('the missing scope is named', async () => {
      const found = await notice()
      return found.length > 0 && found
    })
    assert.match(told?.remedy ?? '', /^Add the missing scopes? \(.+\)/)
    // Only what needs the scope waits: reading and deciding go on.
    assert.equal((await statusOf('hubspot')).status, 'connected')
    await oneTask('hubspot', contact, 60_000)
    await until('the notice ends', async () => (await notice())[0]?.ended === true, 40_000)
  })

  it('part of promise 3: with every webhook lost, reconcile finds the change', async () => {
    await test.hubspot.post('settings', { webhookLoss: 1 })
    try {
      const contact = await askFromJapan('hubspot')
      await oneTask('hubspot', contact)
      const sources = await rows(
        test.db,
        sql`select distinct source from change_event where record_id = ${contact} and source <> 'poll'`,
      )
      assert.deepEqual(sources, [], 'the change came by another way: the test proves nothing')
    } finally {
      await test.hubspot.post('settings', { webhookLoss: 0 })
    }
  })

  it('part of promise 5: every event three times and shuffled gives the same records as the CRM has', async () => {
    const counted = () =>
      one<{ n: number }>(
        test.db,
        sql`select coalesce(sum(n), 0)::int as n from counter where name = 'events-duplicate'`,
      )
    const before = (await counted()).n
    await test.hubspot.post('settings', { webhookDuplicate: 2, webhookShuffle: true, webhookDelayMs: 300 })
    try {
      const ids = await Promise.all(Array.from({ length: 12 }, () => askFromJapan('hubspot')))
      const last = new Map<string, string>()
      for (let turn = 0; turn < 6; turn += 1) {
        for (const id of ids) {
          last.set(id, `Company ${id} in turn ${turn}`)
          await change({ op: 'update', objectType: 'contacts', id, properties: { company: last.get(id)! } })
        }
        await wait(5)
      }
      await quiet(test)
      const found = await rows<{ record_id: string; company: string }>(
        test.db,
        sql`select record_id, values->>'company' as company from record where record_id = any(${ids}::text[])`,
      )
      assert.deepEqual(new Map(found.map((row) => [row.record_id, row.company])), last)
      assert.ok((await counted()).n - before >= 2 * 12 * 6, `${(await counted()).n - before} duplicates counted`)
      for (const id of ids) await oneTask('hubspot', id)
    } finally {
      await test.hubspot.post('settings', { webhookDuplicate: 0, webhookShuffle: false, webhookDelayMs: 0 })
    }
  })

  it('fault matrix 29: a gap in the stream has the record read again', async () => {
    const lead = await askFromJapan('salesforce')
    await oneTask('salesforce', lead)
    const reads = async () =>
      (await rows(test.db, sql`select 1 from change_event where record_id = ${lead} and dedupe_key like '%/read/%'`))
        .length
    const before = await reads()
    await test.salesforce.post('stream', { kind: 'gap', objectType: 'Lead', recordIds: [lead] })
    await until('the record is read again', async () => (await reads()) > before)
  })

  it('fault matrix 29: an overflow has every record of the object read again', async () => {
    const known = await one<{ n: number }>(
      test.db,
      sql`select count(*)::int as n from record where object_type = 'Lead' and not deleted`,
    )
    await test.salesforce.post('stream', { kind: 'overflow', objectType: 'Lead' })
    await foundAgain('Lead', known.n)
  })

  it('fault matrix 30: while the stream says nothing and stays connected, reconcile finds the change', async () => {
    await test.salesforce.post('stream', { kind: 'silence', ms: 60_000 })
    try {
      const lead = await askFromJapan('salesforce')
      await oneTask('salesforce', lead)
      const sources = await rows(
        test.db,
        sql`select source from change_event where record_id = ${lead} and source = 'stream'`,
      )
      assert.deepEqual(sources, [], 'the stream was not silent: the test proves nothing')
    } finally {
      await test.salesforce.post('stream', { kind: 'silence', ms: 0 })
    }
  })

  it('a stream that is cut goes on where it was', async () => {
    await test.salesforce.post('stream', { kind: 'disconnect' })
    const lead = await askFromJapan('salesforce')
    await oneTask('salesforce', lead)
    await until(
      'its event comes over the stream',
      async () =>
        (await rows(test.db, sql`select 1 from change_event where record_id = ${lead} and source = 'stream'`)).length >
        0,
    )
  })

  it('fault matrix 28: a place in the stream that is no longer kept has everything read again, and never jumps to the latest', async () => {
    const known = await one<{ n: number }>(
      test.db,
      sql`select count(*)::int as n from record where object_type = 'Account' and not deleted`,
    )
    const from = test.logs.length
    await test.salesforce.post('stream', { kind: 'expire-replay' })
    await test.salesforce.post('stream', { kind: 'disconnect' })
    const lead = await askFromJapan('salesforce')
    await until('the loss is noticed', () => logged(/stream lost its place/, from))
    await foundAgain('Account', known.n)
    await oneTask('salesforce', lead)
  })

  it('after all of it no case has two tasks, every case has one, and the ledger verifies', async () => {
    await quiet(test)
    await assertNoDuplicateTasks(test)
    await assertCasesHaveTasks(test)
    await assertLedgerVerifies(test)
  })

  /** One poll found all records of the object, not only those of the last minutes. */
  async function foundAgain(objectType: string, known: number): Promise<void> {
    assert.ok(known > 50, `${known} records`)
    await until(`all of ${objectType} is read again`, async () => {
      const [row] = await rows<{ last_found: number }>(
        test.db,
        sql`select last_found from poll_cursor where object_type = ${objectType}`,
      )
      return row && row.last_found >= known * 0.95
    })
  }
})
