import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'kysely'
import pg from 'pg'
import type { Policy } from '../../src/model/policy/policy.ts'
import type { FieldText } from '../../src/model/record/change-event.ts'
import { findOverdue } from '../../src/store/decisions/overdue-stages.ts'
import { CREATED, contact, openPatterns, rowsOf, userId, withHarness } from './contacts.ts'
import type { Harness } from './harness.ts'

const DUPLICATES: Policy['patterns'][number] = {
  pattern: 'duplicate-ownership',
  against: [{ crm: 'hubspot', object: 'contacts' }],
  againstAccountOwner: false,
}

/** What a decision of everything from nothing would find: the incremental one must have found the same. */
async function fromScratch(h: Harness): Promise<string[]> {
  await sql`update record set dirty_since = now() where dirty_since is null`.execute(h.db)
  await h.settle()
  return openPatterns(h)
}

async function until(what: string, is: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!(await is())) {
    if (performance.now() > deadline) throw new Error(`Waited 10 s for: ${what}`)
    await wait(10)
  }
}

async function waiters(h: Harness): Promise<number> {
  const found = await rowsOf(
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

describe('the dirty mark of a record', () => {
  it('survives a decision that read a neighbor before it changed', () =>
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
        assert.deepEqual(await openPatterns(h), [])

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
        const found = await openPatterns(h)
        assert.ok(found.includes('duplicate-ownership'), found.join())
        assert.deepEqual(found, await fromScratch(h))
      },
      { patterns: [{ pattern: 'missing-field', fields: ['country'], graceMinutes: 0 }, DUPLICATES] },
    ))
})

describe('a converted lead', () => {
  it('its case closes, and a remaining problem becomes a case of the new contact', () =>
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
        assert.deepEqual(await rowsOf(h, ended), [{ resolution: 'converted' }])
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
        assert.deepEqual(await openPatterns(h), ['duplicate-ownership'])
        const dirty = () =>
          rowsOf(
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
        assert.deepEqual(await openPatterns(h), [])
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
        assert.deepEqual(await openPatterns(h), [])
        assert.deepEqual(await rowsOf(h, sql`select keys from record where object_type = 'Lead' order by record_id`), [
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
      assert.deepEqual(await openPatterns(h), [])
      await h.settle()
      assert.deepEqual(await openPatterns(h), ['duplicate-ownership'])
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

describe('part of promise 13: a record that fails holds up no other', () => {
  it('an event that cannot be folded is set aside, counted, and the events beside it are applied', () =>
    withHarness(async (h) => {
      const good = contact(h, 'good', { country: null, hubspot_owner_id: userId(h, 'rep@x.example') })
      await h.receive(contact(h, 'bad', { country: 'DE' }), good)
      await sql`update change_event set owner_history = '5' where record_id = 'bad'`.execute(h.db)
      h.advance(60 * 60_000)
      await h.settle()
      assert.deepEqual(await openPatterns(h), ['missing-field'])
      assert.deepEqual(
        await rowsOf(
          h,
          sql`select record_id, skip_reason like 'TypeError: %' as why from change_event where state = 'failed'`,
        ),
        [{ record_id: 'bad', why: true }],
      )
      assert.deepEqual(await rowsOf(h, sql`select detail, n from counter where name = 'record-failed'`), [
        { detail: 'apply contacts/bad', n: 1 },
      ])
      // A later event of the record is applied as if the broken one had never come.
      await h.receive(h.crm.change('contacts', 'bad', { country: 'FR' }))
      await h.apply()
      assert.deepEqual(await rowsOf(h, sql`select values->>'country' as c from record where record_id = 'bad'`), [
        { c: 'FR' },
      ])
    }))
})

describe('part of promise 13: a CRM user', () => {
  it('with an unknown time zone has none, and decisions continue', () =>
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
        await rowsOf(
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

describe('a recheck that verify requested', () => {
  it('survives another event, so that a fixed case is not reopened', () =>
    withHarness(async (h) => {
      await h.receive(contact(h, '1', { country: null, hubspot_owner_id: userId(h, 'rep@x.example') }))
      h.advance(60 * 60_000)
      await h.settle()
      assert.deepEqual(await openPatterns(h), ['missing-field'])
      h.crm.change('contacts', '1', { country: 'DE' }) // and this event is lost
      await h.closeTask(h.crm.openTasks()[0]!.id)
      await h.apply()
      await h.verify()
      await h.receive(h.crm.change('contacts', '1', { firstname: 'Anna' }))
      await h.apply()
      await h.decide()
      assert.equal((await h.verify()).reopened, 0)
      await h.settle()
      assert.deepEqual(await openPatterns(h), [])
      assert.deepEqual(await rowsOf(h, sql`select status, reopened from task`), [{ status: 'done', reopened: 0 }])
    }))
})

describe('a task that a person closed while the CRM cannot be read', () => {
  it('stays in its check, however long, and is believed or reopened only on a reading', () =>
    withHarness(async (h) => {
      await h.receive(contact(h, '1', { country: null, hubspot_owner_id: userId(h, 'rep@x.example') }))
      h.advance(60 * 60_000)
      await h.settle()
      h.crm.change('contacts', '1', { country: 'DE' }) // put right, and this event is lost
      await h.closeTask(h.crm.openTasks()[0]!.id)
      await h.apply()
      await h.verify()
      await sql`update task set checking_since = checking_since - interval '1 hour'`.execute(h.db)
      await h.decide()
      assert.equal((await h.verify()).reopened, 0)
      assert.deepEqual(
        await rowsOf(h, sql`select status, reopened, checking_since is not null as checking from task`),
        [{ status: 'open', reopened: 0, checking: true }],
      )
      await h.settle()
      assert.deepEqual(await rowsOf(h, sql`select status, reopened from task`), [{ status: 'done', reopened: 0 }])
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
      const left = await rowsOf(
        h,
        sql`select id from change_event where concat(fields, owner_history, field_changed, skip_reason) ilike '%zorro%'
          union all select 0 from record r where r::text ilike '%zorro%'`,
      )
      assert.deepEqual(left, [])
      assert.deepEqual(await rowsOf(h, sql`select distinct state from change_event order by 1`), [
        { state: 'applied' },
        { state: 'skipped' },
      ])
    }))
})

describe('overdue stages', () => {
  const stages = async (h: Harness) => (await findOverdue(h.db, 3_600)).map(({ stage }) => stage).sort()

  it('are listed once each, without work that is not due yet', () =>
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
