import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { type RawBuilder, sql } from 'kysely'
import pg from 'pg'
import { CrmBusyError, type CrmClient, CrmRefusedError } from '../../src/crm/crm-client.ts'
import { HubSpotScopeMissing } from '../../src/crm/hubspot/http/errors.ts'
import type { Policy } from '../../src/model/policy/policy.ts'
import type { Crm, FieldText } from '../../src/model/record/change-event.ts'
import { refreshBatch } from '../../src/pipeline/read/refresh.ts'
import { findOverdue } from '../../src/store/records/overdue-stages.ts'
import { contactPolicy, type Harness, pipelineHarness, staff, TUESDAY_MS } from './harness.ts'

const CREATED = '2026-11-20T08:00:00.000Z'

const DUPLICATES: Policy['patterns'][number] = {
  pattern: 'duplicate-ownership',
  against: [{ crm: 'hubspot', object: 'contacts' }],
  againstAccountOwner: false,
}

async function withHarness(
  work: (h: Harness) => Promise<void>,
  change: Partial<Policy> = {},
  crm: Crm = 'hubspot',
): Promise<void> {
  const h = await pipelineHarness((fake) => {
    staff(fake)
    return [contactPolicy(change)]
  }, crm)
  try {
    await work(h)
  } finally {
    await h.stop()
  }
}

const userId = (h: Harness, email: string) => h.crm.users.find((user) => user.email === email)!.userId
const contact = (h: Harness, id: string, fields: Record<string, FieldText>) =>
  h.crm.change('contacts', id, { createdate: CREATED, ...fields })
const patterns = async (h: Harness) => (await h.openExceptions()).map((e) => e.pattern).sort()
async function rows<T>(h: Harness, query: RawBuilder<T>): Promise<T[]> {
  return (await query.execute(h.db)).rows
}

/** What a decision of everything from nothing would find: the incremental one must have found the same. */
async function fromScratch(h: Harness): Promise<string[]> {
  await sql`update record set dirty_since = now() where dirty_since is null`.execute(h.db)
  await h.settle()
  return patterns(h)
}

async function until(what: string, is: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!(await is())) {
    if (performance.now() > deadline) throw new Error(`Waited 10 s for: ${what}`)
    await wait(10)
  }
}

async function waiters(h: Harness): Promise<number> {
  const found = await rows(
    h,
    sql<{ n: number }>`select count(*)::int as n from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`,
  )
  return found[0]!.n
}

/** Keeps every decision from ending, after it has read what it decides on: it waits for the head of the ledger. */
async function holdLedger(h: Harness): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: h.url })
  await client.connect()
  await client.query('begin')
  await client.query('select * from ledger_head for update')
  return async () => {
    await client.query('commit')
    await client.end()
  }
}

describe('the mark that a record is to be decided again', () => {
  it('outlives a decision that read the neighbour before it changed', () =>
    withHarness(
      async (h) => {
        const rep = userId(h, 'rep@x.example')
        await h.receive(
          contact(h, '1', {
            createdate: '2026-11-01T08:00:00.000Z',
            email: 'a@b-corp.example',
            country: 'DE',
            hubspot_owner_id: rep,
          }),
          contact(h, '2', { email: 'a@b-corp.example', country: 'DE', hubspot_owner_id: rep }),
        )
        await h.settle()
        assert.deepEqual(await patterns(h), [])

        const release = await holdLedger(h)
        await h.receive(h.crm.change('contacts', '2', { country: null }))
        await h.apply()
        const deciding = h.decide()
        await until('the decision to have read its neighbours', async () => (await waiters(h)) === 1)
        // The neighbour gets another owner while 2 is being decided as if it had the same one.
        await h.receive(h.crm.change('contacts', '1', { hubspot_owner_id: userId(h, 'gen@x.example') }))
        const applying = h.apply()
        // Without the wait this apply would end now, and leave 2 as it found it.
        await Promise.race([applying, until('apply to wait for the decision', async () => (await waiters(h)) === 2)])
        await release()
        await Promise.all([deciding, applying])
        await h.settle()
        const found = await patterns(h)
        assert.ok(found.includes('duplicate-ownership'), found.join())
        assert.deepEqual(found, await fromScratch(h))
      },
      { patterns: [{ pattern: 'missing-field', fields: ['country'], graceMinutes: 0 }, DUPLICATES] },
    ))
})

describe('a converted lead', () => {
  it('gives its case up, and what is still wrong is a case of the contact that it became', () =>
    withHarness(
      async (h) => {
        const lead = { CreatedDate: CREATED, LastName: 'B', Title: null, OwnerId: userId(h, 'rep@x.example') }
        await h.receive(h.crm.change('Lead', 'L1', { ...lead, IsConverted: 'false' }))
        await h.settle()
        const subjects = async () => (await h.openExceptions()).map(({ subject }) => subject)
        assert.match((await subjects()).join(), /Lead\/L1/)

        await h.receive(
          h.crm.change('Contact', 'C1', lead),
          h.crm.change('Lead', 'L1', { IsConverted: 'true', ConvertedContactId: 'C1' }),
        )
        await h.settle()
        assert.match((await subjects()).join(), /Contact\/C1/)
        assert.doesNotMatch((await subjects()).join(), /Lead/)
        const ended = sql<{ resolution: string }>`select resolution from exception where status = 'resolved'`
        assert.deepEqual(await rows(h, ended), [{ resolution: 'converted' }])
      },
      {
        objects: [
          { crm: 'salesforce', object: 'Lead' },
          { crm: 'salesforce', object: 'Contact' },
        ],
        patterns: [{ pattern: 'missing-field', fields: ['Title'], graceMinutes: 0 }],
      },
      'salesforce',
    ))
})

describe('a lead is decided again', () => {
  const policy: Partial<Policy> = {
    objects: [{ crm: 'salesforce', object: 'Lead' }],
    patterns: [
      { pattern: 'duplicate-ownership', against: [{ crm: 'salesforce', object: 'Lead' }], againstAccountOwner: true },
    ],
  }
  const account = (h: Harness, id: string, fields: Record<string, FieldText>) =>
    h.crm.change('Account', id, { CreatedDate: CREATED, Name: 'Acme', ...fields })
  const lead = (h: Harness, id: string) =>
    h.crm.change('Lead', id, {
      CreatedDate: CREATED,
      LastName: 'B',
      Email: `ann.${id}@acme.com`,
      OwnerId: userId(h, 'rep@x.example'),
    })

  it('when the account of its domain gets another owner, however many leads that account has', () =>
    withHarness(
      async (h) => {
        await h.receive(account(h, 'A1', { Website: 'acme.com', OwnerId: userId(h, 'rep@x.example') }))
        await h.receive(...Array.from({ length: 202 }, (_, n) => lead(h, `L${n}`)))
        await h.settle()
        assert.equal((await h.openExceptions()).length, 0)
        await h.receive(h.crm.change('Account', 'A1', { OwnerId: userId(h, 'gen@x.example') }))
        await h.settle()
        assert.equal((await h.openExceptions()).length, 202)
      },
      policy,
      'salesforce',
    ))

  it('when the account moves to another domain, and when a deal of it changes', () =>
    withHarness(
      async (h) => {
        await h.receive(account(h, 'A1', { Website: 'acme.com', OwnerId: userId(h, 'gen@x.example') }), lead(h, 'L1'))
        await h.settle()
        assert.deepEqual(await patterns(h), ['duplicate-ownership'])
        const dirty = () =>
          rows(
            h,
            sql<{ r: string }>`select record_id as r from record where dirty_since is not null
          order by 1`,
          )
        await h.receive(h.crm.change('Opportunity', 'O1', { CreatedDate: CREATED, AccountId: 'A1', Amount: '9000' }))
        await h.apply()
        assert.deepEqual(await dirty(), [{ r: 'A1' }, { r: 'L1' }])
        await h.settle()
        await h.receive(h.crm.change('Account', 'A1', { Website: 'other.com' }))
        await h.settle()
        assert.deepEqual(await patterns(h), [])
      },
      policy,
      'salesforce',
    ))

  it('but another lead of the same company is not taken for the same person', () =>
    withHarness(
      async (h) => {
        await h.receive(lead(h, 'L1'), lead(h, 'L2'))
        await h.receive(h.crm.change('Lead', 'L2', { OwnerId: userId(h, 'gen@x.example') }))
        await h.settle()
        assert.deepEqual(await patterns(h), [])
        assert.deepEqual(await rows(h, sql`select keys from record where object_type = 'Lead' order by record_id`), [
          { keys: ['email:ann.l1@acme.com'] },
          { keys: ['email:ann.l2@acme.com'] },
        ])
      },
      policy,
      'salesforce',
    ))
})

describe('neighbours are decided again', () => {
  const policy: Partial<Policy> = { patterns: [DUPLICATES] }

  it('when a record known only from an event is read, although the reading brings nothing new', () =>
    withHarness(async (h) => {
      const shared = { country: 'DE', email: 'a@a-corp.example' }
      await h.receive(contact(h, '5', { ...shared, hubspot_owner_id: userId(h, 'rep@x.example') }))
      await h.settle()
      await h.receive(
        contact(h, '4', {
          ...shared,
          createdate: '2026-11-01T00:00:00.000Z',
          hubspot_owner_id: userId(h, 'gen@x.example'),
        }),
      )
      await h.apply()
      await h.decide()
      assert.deepEqual(await patterns(h), [])
      await h.settle()
      assert.deepEqual(await patterns(h), ['duplicate-ownership'])
      assert.deepEqual(await fromScratch(h), ['duplicate-ownership'])
    }, policy))

  it('when their key passes 200 holders, by one or by many at once, and when it falls back', () =>
    withHarness(async (h) => {
      const owners = [userId(h, 'rep@x.example'), userId(h, 'gen@x.example')]
      const holders = (from: number, to: number) =>
        Array.from({ length: to - from + 1 }, (_, n) =>
          contact(h, String(from + n), {
            country: 'DE',
            email: 'z@z-corp.example',
            hubspot_owner_id: owners[n % 2]!,
          }),
        )
      await h.receive(...holders(1, 200))
      await h.settle()
      assert.equal((await h.openExceptions()).length, 199)
      await h.receive(...holders(201, 201))
      await h.settle()
      assert.equal((await h.openExceptions()).length, 0)
      await h.receive(h.crm.change('contacts', '201', { email: null }))
      await h.settle()
      assert.equal((await h.openExceptions()).length, 199)
      await h.receive(...holders(201, 209))
      await h.settle()
      assert.equal((await h.openExceptions()).length, 0)
    }, policy))
})

describe('part of promise 13: what cannot be worked on keeps nobody else waiting', () => {
  it('an event that cannot be folded is set aside, counted, and the events beside it are applied', () =>
    withHarness(async (h) => {
      const broken = { ...contact(h, 'bad', { country: 'DE' }), ownerHistory: 5 as never }
      await h.receive(broken, contact(h, 'good', { country: null, hubspot_owner_id: userId(h, 'rep@x.example') }))
      h.advance(60 * 60_000)
      await h.settle()
      assert.deepEqual(await patterns(h), ['missing-field'])
      assert.deepEqual(
        await rows(
          h,
          sql`select record_id, skip_reason like 'TypeError: %' as why from change_event where state = 'failed'`,
        ),
        [{ record_id: 'bad', why: true }],
      )
      assert.deepEqual(await rows(h, sql`select detail, n from counter where name = 'record-failed'`), [
        { detail: 'apply contacts/bad', n: 1 },
      ])
      // A later event of the record is applied as if the broken one had never come.
      await h.receive(h.crm.change('contacts', 'bad', { country: 'FR' }))
      await h.apply()
      assert.deepEqual(await rows(h, sql`select values->>'country' as c from record where record_id = 'bad'`), [
        { c: 'FR' },
      ])
    }))
})

describe('part of promise 13: a person of the CRM', () => {
  it('whose time zone nobody knows has none, and decisions go on', () =>
    withHarness(async (h) => {
      for (const [email, timeZone] of [
        ['gen@x.example', 'Mars/Olympus'],
        ['sen@x.example', 'US/Pacific'],
      ] as const) {
        const at = h.crm.users.findIndex((user) => user.email === email)
        h.crm.users[at] = { ...h.crm.users[at]!, timeZone }
      }
      await h.people()
      assert.deepEqual(
        await rows(
          h,
          sql`select time_zone as z from crm_user where email in ('gen@x.example', 'sen@x.example')
          order by email`,
        ),
        [{ z: null }, { z: 'US/Pacific' }],
      )
      await h.receive(contact(h, '1', { country: 'FR', hubspot_owner_id: null }))
      await h.settle()
      assert.equal((await h.openExceptions()).length, 1)
    }))
})

describe('a look that verify asked for', () => {
  it('is not forgotten over another event, and so a case that was mended is not opened again', () =>
    withHarness(async (h) => {
      await h.receive(contact(h, '1', { country: null, hubspot_owner_id: userId(h, 'rep@x.example') }))
      h.advance(60 * 60_000)
      await h.settle()
      assert.deepEqual(await patterns(h), ['missing-field'])
      h.crm.change('contacts', '1', { country: 'DE' }) // and this event is lost
      await h.closeTask(h.crm.openTasks()[0]!.id)
      await h.apply()
      await h.verify()
      await h.receive(h.crm.change('contacts', '1', { firstname: 'Anna' }))
      await h.apply()
      await h.decide()
      assert.equal((await h.verify()).reopened, 0)
      await h.settle()
      assert.deepEqual(await patterns(h), [])
      assert.deepEqual(await rows(h, sql`select status, reopened from task`), [{ status: 'done', reopened: 0 }])
    }))
})

describe('reading records known only from events', () => {
  const deps = (h: Harness, client: CrmClient, nowMs = TUESDAY_MS) => ({
    db: h.db,
    client,
    connection: h.connection,
    fieldsOf: () => ({ fields: [], historyFields: [] }),
    nowMs: () => nowMs,
  })

  it('part of promise 13: an id that the CRM refuses is found, counted and left for later, and the others are read', () =>
    withHarness(async (h) => {
      await h.receive(...['1', '2', '3', 'bad', '5'].map((id) => contact(h, id, { country: 'FR' })))
      await h.apply()
      const client = h.crm.client()
      const refusing: CrmClient = {
        ...client,
        readRecords: async (query) => {
          if (query.ids.includes('bad')) throw new CrmRefusedError('That id is none', 'MALFORMED_ID', 400)
          return client.readRecords(query)
        },
      }
      assert.deepEqual(await refreshBatch(deps(h, refusing)), { taken: 5 })
      await h.apply()
      assert.deepEqual(
        await rows(
          h,
          sql`select record_id, read_attempts, read_after > now() + interval '4 minutes' as later
          from record where needs_read is not null`,
        ),
        [{ record_id: 'bad', read_attempts: 1, later: true }],
      )
      assert.deepEqual(await rows(h, sql`select detail, n from counter where name = 'record-failed'`), [
        { detail: 'refresh contacts/bad: MALFORMED_ID', n: 1 },
      ])
      assert.deepEqual(await refreshBatch(deps(h, refusing)), { taken: 0 })
    }))

  it('costs few calls when the CRM refuses every id', () =>
    withHarness(async (h) => {
      await h.receive(...Array.from({ length: 100 }, (_, n) => contact(h, String(n), { country: 'FR' })))
      await h.apply()
      let calls = 0
      const refusing: CrmClient = {
        ...h.crm.client(),
        readRecords: async () => {
          calls += 1
          throw new CrmRefusedError('No such object', 'NO_OBJECT', 400)
        },
      }
      assert.deepEqual(await refreshBatch(deps(h, refusing)), { taken: 100 })
      assert.ok(calls < 50, String(calls))
      assert.deepEqual(await refreshBatch(deps(h, refusing)), { taken: 0 })
    }))

  it('waits for a scope that is missing, for one call, and the connection goes on', () =>
    withHarness(async (h) => {
      await h.receive(contact(h, '1', { country: 'FR' }), contact(h, '2', { country: 'FR' }))
      await h.apply()
      let calls = 0
      const refusing: CrmClient = {
        ...h.crm.client(),
        readRecords: async () => {
          calls += 1
          throw new HubSpotScopeMissing('Missing scope', 'Grant it.', ['crm.objects.contacts.read'], 'Missing scope')
        },
      }
      assert.deepEqual(await refreshBatch(deps(h, refusing)), { taken: 2 })
      assert.equal(calls, 1)
      assert.deepEqual(await refreshBatch(deps(h, refusing)), { taken: 0 })
    }))

  it('is done once by two processes at once, and again at once after a call that reached nobody', () =>
    withHarness(async (h) => {
      await h.receive(contact(h, '1', { country: 'FR' }))
      await h.apply()
      const client = h.crm.client()
      let meanwhile: { taken: number } | null = null
      const failing: CrmClient = {
        ...client,
        readRecords: async () => {
          meanwhile = await refreshBatch(deps(h, client))
          throw new CrmBusyError('Come again', 0)
        },
      }
      await assert.rejects(refreshBatch(deps(h, failing)), CrmBusyError)
      assert.deepEqual(meanwhile, { taken: 0 })
      assert.deepEqual(await refreshBatch(deps(h, client)), { taken: 1 })
      assert.deepEqual(await rows(h, sql`select read_attempts from record`), [{ read_attempts: 1 }])
    }))

  it('a record that its own event has overtaken is looked for again, and decided once it is there', () =>
    withHarness(async (h) => {
      const known = contact(h, '1', { country: 'FR', hubspot_owner_id: null })
      await h.receive({ ...known, kind: 'created', fields: {} })
      await h.apply()
      const record = h.crm.records.get('contacts/1')!
      h.crm.records.delete('contacts/1')
      const look = async () => {
        await sql`update record set read_after = now()`.execute(h.db)
        await refreshBatch(deps(h, h.crm.client()))
        await h.apply()
        await h.decide()
        return rows(h, sql`select deleted, needs_read from record`)
      }
      const waiting = [{ deleted: false, needs_read: 'first-sight' }]
      for (let n = 1; n <= 3; n += 1) assert.deepEqual(await look(), waiting, `look ${n}`)
      assert.deepEqual(await patterns(h), [], 'nothing is decided about what nobody has seen')
      h.crm.records.set('contacts/1', record)
      assert.deepEqual(await look(), [{ deleted: false, needs_read: null }])
      assert.deepEqual(await patterns(h), ['no-rule'])
    }))

  it('what is told of a record with a gap decides nothing before the record was read', () =>
    withHarness(async (h) => {
      const owned = { hubspot_owner_id: userId(h, 'rep@x.example') }
      await h.receive(contact(h, '1', { country: 'DE', ...owned }), contact(h, '2', { country: 'DE', ...owned }))
      await h.settle()
      h.advance(60 * 60_000)
      await h.receive({ ...h.crm.change('contacts', '1', {}), kind: 'gap' })
      await h.receive(
        h.crm.change('contacts', '1', { country: null }),
        h.crm.change('contacts', '2', { country: null }),
      )
      h.crm.change('contacts', '1', { country: 'FR' }) // and the event of this is what the gap swallowed
      await h.apply()
      await h.decide()
      const subjects = async () => (await h.openExceptions()).map((e) => e.subject)
      assert.deepEqual(await subjects(), ['hubspot-1/contacts/2/country'], 'the other one is believed at once')
      await h.settle()
      assert.deepEqual(await subjects(), ['hubspot-1/contacts/2/country'])
      assert.deepEqual(
        await rows(h, sql`select values->>'country' as country, needs_read from record where record_id = '1'`),
        [{ country: 'FR', needs_read: null }],
      )
    }))

  it('a storm of gaps costs a call for 200 records, never one for each', () =>
    withHarness(
      async (h) => {
        const ids = Array.from({ length: 450 }, (_, n) => `L${n}`)
        await h.receive(...ids.map((id) => h.crm.change('Lead', id, { CreatedDate: CREATED, LastName: id })))
        await h.settle()
        h.crm.calls.length = 0
        await h.receive(...ids.map((id) => ({ ...h.crm.change('Lead', id, {}), kind: 'gap' as const })))
        await h.settle()
        assert.deepEqual(
          h.crm.calls.filter((call) => call.startsWith('readRecords')),
          ['readRecords 200', 'readRecords 200', 'readRecords 50'],
        )
        assert.deepEqual(await rows(h, sql`select 1 from record where needs_read is not null`), [])
      },
      { objects: [{ crm: 'salesforce', object: 'Lead' }], patterns: [] },
      'salesforce',
    ))

  it('finds a record gone although our clock is behind the CRM', () =>
    withHarness(async (h) => {
      await h.receive(contact(h, '1', { country: 'FR' }))
      await h.settle()
      await h.receive({ ...h.crm.change('contacts', '1', {}), kind: 'gap' })
      await h.apply()
      h.crm.records.delete('contacts/1')
      for (let look = 0; look < 4; look += 1) {
        await sql`update record set read_after = now()`.execute(h.db)
        await refreshBatch(deps(h, h.crm.client(), 1_000))
        await h.apply()
      }
      assert.deepEqual(await rows(h, sql`select deleted, needs_read from record where record_id = '1'`), [
        { deleted: true, needs_read: null },
      ])
    }))

  for (const [where, looks] of [
    ['still in the recycle bin', 1],
    ['nowhere', 4],
  ] as const) {
    it(`stops asking about a record that was touched after its deletion and is ${where}`, () =>
      withHarness(async (h) => {
        await h.receive(contact(h, '1', { country: 'FR' }))
        await h.settle()
        const deleted = { ...h.crm.change('contacts', '1', {}), kind: 'deleted' as const }
        await h.receive(deleted)
        await h.receive(h.crm.change('contacts', '1', { country: 'DE' }))
        await h.apply()
        assert.deepEqual(await rows(h, sql`select needs_read from record`), [{ needs_read: 'changed-after-deletion' }])
        let reads = 0
        const client: CrmClient = {
          ...h.crm.client(),
          async readRecords() {
            reads += 1
            if (where === 'nowhere') return { events: [], missing: ['1'] }
            return { events: [{ ...deleted, dedupeKey: 'in-the-recycle-bin', source: 'poll' }], missing: [] }
          },
        }
        for (let look = 0; look < looks + 2; look += 1) {
          await sql`update record set read_after = now() where needs_read is not null`.execute(h.db)
          await refreshBatch(deps(h, client))
          await h.apply()
        }
        assert.deepEqual(await rows(h, sql`select deleted, needs_read from record`), [
          { deleted: true, needs_read: null },
        ])
        assert.equal(reads, looks)
      }))
  }

  it('finds a record gone by the clock of the CRM, so that one that is restored is back although our clock is ahead', () =>
    withHarness(async (h) => {
      await h.receive(contact(h, '1', { country: 'FR' }))
      await h.settle()
      const gap = { ...h.crm.change('contacts', '1', {}), kind: 'gap' as const }
      await h.receive(gap)
      await h.apply()
      const kept = h.crm.records.get('contacts/1')!
      h.crm.records.delete('contacts/1')
      const client: CrmClient = { ...h.crm.client(), clockAheadMs: () => -600_000 }
      for (let look = 0; look < 4; look += 1) {
        await sql`update record set read_after = now()`.execute(h.db)
        await refreshBatch(deps(h, client, gap.occurredAtMs + 600_000))
        await h.apply()
      }
      const state = () => rows(h, sql`select deleted from record where record_id = '1'`)
      assert.deepEqual(await state(), [{ deleted: true }])
      h.crm.records.set('contacts/1', kept)
      await h.receive({ ...h.crm.change('contacts', '1', {}), kind: 'restored' })
      await h.apply()
      assert.deepEqual(await state(), [{ deleted: false }])
    }))
})

describe('part of promise 19: an erased record', () => {
  it('leaves no values in its events, also not in those that come after the erasure', () =>
    withHarness(async (h) => {
      await h.receive(contact(h, '1', { firstname: 'Zorro', country: 'DE' }))
      await h.settle()
      const late = h.crm.change('contacts', '1', { firstname: 'Zorro2' })
      const erased = { ...h.crm.change('contacts', '1', {}), kind: 'erased' as const, fields: {} }
      h.crm.records.delete('contacts/1')
      await h.receive(erased)
      await h.apply()
      await h.receive({ ...late, fieldChangedAtMs: { firstname: late.occurredAtMs } })
      await h.apply()
      const left = await rows(
        h,
        sql`select id from change_event where concat(fields, owner_history, field_changed, skip_reason) ilike '%zorro%'
          union all select 0 from record r where r::text ilike '%zorro%'`,
      )
      assert.deepEqual(left, [])
      assert.deepEqual(await rows(h, sql`select distinct state from change_event order by 1`), [
        { state: 'applied' },
        { state: 'skipped' },
      ])
    }))
})

describe('what is overdue', () => {
  const stages = async (h: Harness) => (await findOverdue(h.db, 3_600)).map(({ stage }) => stage).sort()

  it('is named once per stage, and nothing that may not be worked on yet', () =>
    withHarness(async (h) => {
      await sql`update connection set polled_at = now()`.execute(h.db)
      // A policy that has just come into force has everything decided again.
      assert.deepEqual(await stages(h), ['decide'])
      await h.decide()
      assert.deepEqual(await stages(h), [])
      await h.receive(contact(h, '1', { country: 'FR' }), contact(h, '2', { country: 'FR' }))
      assert.deepEqual(await stages(h), ['apply'])
      await h.apply()
      assert.deepEqual(await stages(h), ['refresh'])
      await sql`update record set read_after = now() + interval '1 minute'`.execute(h.db)
      assert.deepEqual(await stages(h), [])
      await h.refresh()
      assert.deepEqual(await stages(h), ['decide'])
      await h.decide()
      assert.deepEqual(await stages(h), ['act'])
    }))
})
