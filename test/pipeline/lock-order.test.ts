import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { sql } from 'kysely'
import { createRunGate } from '../../src/connections/write-gate.ts'
import { publishPolicies } from '../../src/pipeline/decide/publish-policies.ts'
import type { Database, DatabaseTransaction } from '../../src/store/database/database.ts'
import { roomNow } from '../../src/store/writes/backlog.ts'
import { claimIntents } from '../../src/store/writes/intents.ts'
import { askGate } from '../../src/store/writes/write-gate.ts'
import { SHIPPED_TIMING } from '../../src/store/writes/write-timing.ts'
import { companies, comparingPolicies } from './company.ts'
import { contactPolicy, type Harness, routingHarnesses, versionOf, withDecidedContacts } from './harness.ts'

/** Watches contacts and compares them with nothing. */
const alone = (workflow: string) => contactPolicy({ workflow, title: workflow, mode: 'observe', patterns: [] })

const files = (...names: readonly string[]) => ({
  loaded: names.map((name) => ({ file: `${name}.yaml`, source: '', version: versionOf(alone(name)) })),
  refused: [],
})

/** Until another session waits for a lock that this one holds. */
async function isWaitedFor(trx: DatabaseTransaction, isOver: () => boolean): Promise<void> {
  for (;;) {
    // Not pg_stat_activity, of which a transaction sees what it saw first.
    const { rows } = await sql`select 1 from pg_locks
      where not granted and pg_backend_pid() = any(pg_blocking_pids(pid))`.execute(trx)
    if (rows.length > 0) return
    assert.equal(isOver(), false, 'the other one waited for nothing')
  }
}

/**
 * Holds one thing, lets another transaction begin and wait for it, and then wants the next thing. In a deadlock it is the
 * holder that Postgres ends, because the other one is product code, which would try again and hide it.
 */
async function crossing<T>(
  db: Database,
  {
    first,
    other,
    next,
  }: Record<'first' | 'next', (trx: DatabaseTransaction) => Promise<unknown>> & {
    other: () => Promise<T>
  },
): Promise<T> {
  let answer: Promise<T> | undefined
  await db.transaction().execute(async (trx) => {
    await sql`set local deadlock_timeout = '10ms'`.execute(trx)
    await first(trx)
    let isOver = false
    const ends = () => {
      isOver = true
    }
    answer = other()
    answer.then(ends, ends)
    await isWaitedFor(trx, () => isOver)
    await next(trx)
  })
  return answer!
}

describe('two transactions that want the same locks', () => {
  const start = routingHarnesses()
  const { start: startCompany, stopAll } = companies()
  after(stopAll)

  const claimed = async (h: Harness, isBacklog: boolean) => {
    await sql`update call_budget set day_ends_at = now() + interval '1 day'`.execute(h.db)
    if (isBacklog) {
      await sql`with applied as (
          insert into backlog_application (workflow, version_id, up_to, cap, per_hour, seen, started_by)
          select workflow, version_id, 0, 100, 100, '{}', 'test' from workflow returning id)
        update intent set backlog = true, application_id = applied.id from applied`.execute(h.db)
    }
    const [intent] = await claimIntents(h.db, h.crm.connectionId, 'owner', 10, 'test')
    return intent!
  }
  const begin = (trx: DatabaseTransaction, id: string, workflow: string) =>
    sql`insert into workflow_connection (connection_id, workflow, began_at) values (${id}, ${workflow}, now())
      on conflict (connection_id, workflow) do update set began_at = now()`.execute(trx)

  it('a gate that waits for a publish holds nothing that a decision may want', async () => {
    const h = await withDecidedContacts(start, 'DE')
    const intent = await claimed(h, true)
    const { verdicts } = await crossing(h.db, {
      first: (trx) => sql`update workflow set mode = 'observe', effective_mode = 'observe'`.execute(trx),
      other: () => askGate(h.db, h.crm.connectionId, [intent], SHIPPED_TIMING),
      next: (trx) => roomNow(trx, ['routing']),
    })
    assert.deepEqual(verdicts.get(intent.id), { refused: 'observe' })
  })

  it('a publish takes permits in the order of their names, whatever the order of the files', async () => {
    for (const [names, first, next] of [
      [['bb', 'aa'], 'aa', 'bb'],
      [['lead-z', 'leads'], 'lead-z', 'leads'],
      [['leads', 'lead-z'], 'lead-z', 'leads'],
    ] as const) {
      const h = await start()
      await publishPolicies(h.db, files(...names))
      // A new mode, so that each is published again.
      await sql`update workflow set effective_mode = 'draft'`.execute(h.db)
      await crossing(h.db, {
        first: (trx) => sql`select refresh_permits(null, ${first})`.execute(trx),
        other: () => publishPolicies(h.db, files(...names)),
        next: (trx) => sql`select refresh_permits(null, ${next})`.execute(trx),
      })
    }
  })

  it('a gate takes permits in the order of a publish, whatever the collation of the database', async () => {
    const h = await withDecidedContacts(start, 'DE', ['1', '2'])
    // As glibc sorts English: over the hyphen, so that "ab" comes before "a-c".
    await sql`create collation over_hyphens (provider = icu, locale = 'en-u-ka-shifted')`.execute(h.db)
    await sql`alter table intent alter column workflow type text collate over_hyphens`.execute(h.db)
    await sql`update intent set workflow = case record_id when '1' then 'a-c' else 'ab' end`.execute(h.db)
    const ids = (await sql<{ id: number }>`select id from intent where kind = 'owner'`.execute(h.db)).rows
    assert.equal(ids.length, 2)
    const lock = (workflow: string) => (trx: DatabaseTransaction) =>
      sql`select pg_advisory_xact_lock(permit_lock(${h.crm.connectionId}, ${workflow}))`.execute(trx)
    const asked = await crossing(h.db, {
      first: lock('a-c'),
      other: () =>
        sql`select * from gate_writes(${h.crm.connectionId}, ${ids.map(({ id }) => id)}::bigint[], '{1,1}', 1000, 100)`.execute(
          h.db,
        ),
      next: lock('ab'),
    })
    assert.equal(asked.rows.length, 2)
  })

  it('workflows that begin and workflows that wait are noted in one order', async () => {
    const { h, first, add } = await startCompany([...comparingPolicies(), alone('alone')])
    await add('salesforce', 'salesforce-1', { imported: false })
    const id = first.connection.id
    await sql`delete from workflow_connection`.execute(h.db)
    await crossing(h.db, {
      first: (trx) => begin(trx, id, 'alone'),
      other: () => first.decideOnce(),
      next: (trx) => begin(trx, id, 'routing'),
    })
  })

  it('a gate that lost a deadlock is asked again', async () => {
    for (const code of ['40P01', '40001']) {
      const h = await withDecidedContacts(start, 'DE')
      const intent = await claimed(h, false)
      await sql`create sequence lost`.execute(h.db)
      await sql
        .raw(`create function lose() returns trigger language plpgsql as $$ begin
          if nextval('lost') = 1 then raise exception 'lost' using errcode = '${code}'; end if;
          return new; end $$`)
        .execute(h.db)
      await sql`create trigger lose before insert on write_attempt for each row execute function lose()`.execute(h.db)
      const gate = createRunGate(h.db, h.crm.connectionId, SHIPPED_TIMING, new Map([['key', intent]]))
      const { allowed } = await gate.ask(['key'])
      assert.deepEqual([[...allowed], gate.attempts('key').length], [['key'], 1])
    }
  })

  it('a gate that fails for another reason is not asked again', async () => {
    const h = await withDecidedContacts(start, 'DE')
    const intent = await claimed(h, false)
    await sql`create sequence asked`.execute(h.db)
    await sql`create function fail() returns trigger language plpgsql as $$ begin
      perform nextval('asked'); raise exception 'no room' using errcode = '53100'; end $$`.execute(h.db)
    await sql`create trigger fail before insert on write_attempt for each row execute function fail()`.execute(h.db)
    const gate = createRunGate(h.db, h.crm.connectionId, SHIPPED_TIMING, new Map([['key', intent]]))
    await assert.rejects(gate.ask(['key']), /no room/)
    const { rows } = await sql`select last_value::int as n from asked`.execute(h.db)
    assert.deepEqual(rows, [{ n: 1 }])
  })
})
