import assert from 'node:assert/strict'
import { after, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { Actor } from '../../src/model/authority/acts.ts'
import { RefusedError } from '../../src/people/refused.ts'
import { applyToBacklog, stopApplying } from '../../src/pipeline/decide/apply-to-backlog.ts'
import { lastApplications, previewBacklog } from '../../src/store/decisions/backlog-view.ts'
import { refreshLaneHolders } from '../../src/store/people/lane-holders.ts'
import { claimIntents } from '../../src/store/writes/intents.ts'
import { askGate } from '../../src/store/writes/write-gate.ts'
import { SHIPPED_TIMING } from '../../src/store/writes/write-timing.ts'
import { CREATED } from '../pipeline/contacts.ts'
import { contactPolicy, type Harness, pipelineHarness, staff } from '../pipeline/harness.ts'
import { jobHeld, personWho } from '../support/jobs.ts'

const RECORDS = 20
const JOBS = ['override', 'rollback', 'boundary', 'data', 'workflow'] as const

describe('who applies a version to the backlog, and who stops it', () => {
  const started: Harness[] = []
  after(() => Promise.all(started.map((h) => h.stop())))

  let h: Harness
  /** By the job that they hold in `routing`, and `deputy`, `elsewhere` and `nobody`. */
  let people: Record<string, string>
  beforeEach(async () => {
    h = await pipelineHarness((crm) => {
      staff(crm)
      return [contactPolicy({ patterns: [] })]
    })
    started.push(h)
    people = {}
    for (const lane of JOBS) {
      people[lane] = await personWho(h.db, lane, { mail: `${lane}@x.example` })
      await jobHeld(h.db, people[lane], { lane })
    }
    for (const name of ['deputy', 'elsewhere', 'nobody']) {
      people[name] = await personWho(h.db, name, { mail: `${name}@x.example` })
    }
    await jobHeld(h.db, people.deputy!, { lane: 'workflow', deputy: true })
    await jobHeld(h.db, people.elsewhere!, { lane: 'workflow', workflow: 'other' })
    await refreshLaneHolders(h.db, null)
    const events = Array.from({ length: RECORDS }, (_, i) => {
      const fields = { createdate: CREATED, firstname: `C${i}`, country: 'DE', hubspot_owner_id: null }
      return { ...h.crm.change('contacts', String(i), fields), complete: true, source: 'baseline' as const }
    })
    await h.receive(...events)
    await h.apply()
    await h.decide()
  })

  const person = (name: string, of: Partial<Extract<Actor, { kind: 'person' }>> = {}): Actor => ({
    kind: 'person',
    personId: people[name]!,
    strength: 'strong',
    signedInAtMs: Date.now(),
    isActive: true,
    isActiveInCrm: null,
    ...of,
  })
  const apply = async (actor: Actor, change: { perHour?: number; cap?: number; upTo?: number } = {}) => {
    const { versionId, upTo, waiting: cap } = (await previewBacklog(h.db, 'routing'))!
    return applyToBacklog(h.db, actor, { workflow: 'routing', versionId, upTo, cap, perHour: 50, ...change })
  }
  const stop = (actor: Actor) => stopApplying(h.db, actor, 'routing')
  const refuses = (promise: Promise<unknown>, code: string) =>
    assert.rejects(promise, (error) => error instanceof RefusedError && error.verdict.code === code)
  const state = async () => (await lastApplications(h.db))[0]?.state ?? null
  const ledger = async () =>
    (
      await sql<{ kind: string; actor: string }>`
        select kind, actor from ledger where kind like 'backlog-%' or kind = 'refused' order by seq`.execute(h.db)
    ).rows

  it('the workflow owner or their deputy applies it with a sign-in of their own, and nobody else', async () => {
    for (const name of ['override', 'rollback', 'boundary', 'data', 'elsewhere', 'nobody']) {
      await refuses(apply(person(name)), 'not-named')
    }
    await refuses(apply(person('workflow', { strength: 'weak' })), 'weak-sign-in')
    await refuses(apply(person('workflow', { strength: 'server' })), 'weak-sign-in')
    await refuses(apply(person('workflow', { strength: 'only-pauses' })), 'only-pauses')
    await refuses(apply(person('workflow', { isActive: false })), 'inactive')
    for (const actor of [{ kind: 'lanekeeper' }, { kind: 'terminal' }] as const) {
      await refuses(apply(actor), 'machine')
    }
    const token = { kind: 'token', tokenId: 't', workflow: 'routing', scopes: ['propose', 'read'] } as const
    await refuses(apply(token), 'machine')
    assert.equal(await state(), null)
    assert.ok((await ledger()).every(({ kind }) => kind === 'refused'))
    for (const name of ['workflow', 'deputy']) {
      assert.equal(typeof (await apply(person(name))), 'object')
      await stop(person(name))
    }
  })

  it('one of the rollback, workflow and boundary owners stops it, however they signed in', async () => {
    for (const name of ['rollback', 'workflow', 'boundary']) {
      await apply(person('workflow'))
      for (const other of ['override', 'data', 'elsewhere', 'nobody']) {
        await refuses(stop(person(other)), 'not-named')
      }
      assert.equal(await state(), 'running')
      await stop(person(name, { strength: 'weak', signedInAtMs: 0 }))
      assert.equal(await state(), 'stopped')
    }
    assert.equal(await stop(person('rollback')), null, 'nothing runs any more')
  })

  it('of two who apply at once one does, and the ledger has one beginning', async () => {
    const both = await Promise.all([apply(person('workflow')), apply(person('deputy'))])
    assert.deepEqual(both.map((one) => typeof one).sort(), ['object', 'string'])
    assert.ok(both.includes('running'))
    const begun = (await ledger()).filter(({ kind }) => kind === 'backlog-application-started')
    assert.equal(begun.length, 1)
  })

  it('somebody who lost the job while they waited is refused', async () => {
    const { versionId, upTo } = (await previewBacklog(h.db, 'routing'))!
    let done = (): void => undefined
    const left = new Promise<void>((resolve) => {
      done = resolve
    })
    const leaving = h.db.transaction().execute(async (trx) => {
      await sql`select lock_permits(null, '{routing}')`.execute(trx)
      await sql`delete from lane_holder where person_id = ${people.workflow}`.execute(trx)
      await left
    })
    const asked = apply(person('workflow'))
    const waits = async () =>
      (
        await sql`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(
          h.db,
        )
      ).rows.length > 0
    while (!(await waits()));
    done()
    await leaving
    await refuses(asked, 'not-named')
    assert.deepEqual([await state(), versionId > 0, upTo > 0], [null, true, true])
  })

  it('after a stop nothing leaves, neither what waits at the gate nor what is let go later, and all of it waits again', async () => {
    await apply(person('workflow'), { perHour: 100 })
    await h.decide()
    await sql`update call_budget set day_ends_at = now() + interval '1 day'`.execute(h.db)
    const claimed = await claimIntents(h.db, h.crm.connectionId, 'owner', 4, 'test')
    assert.equal(claimed.length, 4)
    const leaves = await askGate(h.db, h.crm.connectionId, claimed.slice(0, 1), SHIPPED_TIMING)
    assert.ok('attemptId' in leaves.verdicts.get(claimed[0]!.id)!)

    assert.deepEqual(await stop(person('rollback')), { takenBack: 6, underWay: 1 })
    const { verdicts } = await askGate(h.db, h.crm.connectionId, claimed.slice(1), SHIPPED_TIMING)
    assert.deepEqual(
      [...verdicts.values()],
      claimed.slice(1).map(() => ({ refused: 'backlog-ended' })),
    )
    await sql`update intent set state = 'cancelled', not_sent = 'backlog-ended', finished_at = now()
      where id = any(${claimed.slice(1).map(({ id }) => id)}::bigint[])`.execute(h.db)
    await sql`update record set dirty_since = now()`.execute(h.db)
    await h.decide()
    await h.act()
    assert.equal(h.crm.calls.filter((call) => call.startsWith('writeOwners')).length, 0)
    assert.equal((await previewBacklog(h.db, 'routing'))?.waiting, RECORDS - 1)
  })

  it('a stop waits for what is passing the gate, and then says that it has left', async () => {
    await apply(person('workflow'), { perHour: 100 })
    await h.decide()
    await sql`update call_budget set day_ends_at = now() + interval '1 day'`.execute(h.db)
    const claimed = await claimIntents(h.db, h.crm.connectionId, 'owner', 2, 'test')
    let stopped: Promise<{ underWay: number } | null> | undefined
    await h.db.transaction().execute(async (trx) => {
      await askGate(trx, h.crm.connectionId, claimed, SHIPPED_TIMING)
      stopped = stop(person('rollback'))
      const waits = async () =>
        (
          await sql`select 1 from pg_locks where not granted and locktype = 'advisory' and database = (
            select oid from pg_database where datname = current_database())`.execute(h.db)
        ).rows.length > 0
      while (!(await waits()));
      assert.equal(await state(), 'running')
    })
    assert.equal((await stopped)?.underWay, 2)
    assert.equal(await state(), 'stopped')
  })

  it('stopping and applying again makes nothing faster', async () => {
    await apply(person('workflow'))
    await h.decide()
    const granted = async () =>
      (await sql<{ n: number }>`select count(*)::int as n from intent where state <> 'cancelled'`.execute(h.db))
        .rows[0]!.n
    assert.equal(await granted(), 5)
    await h.act()
    await stop(person('workflow'))
    await h.decide()
    await apply(person('workflow'))
    await h.decide()
    assert.equal(await granted(), 5)
  })

  it('a cap beyond what waits is what waits, and the row keeps what was seen without a name', async () => {
    const applied = await apply(person('workflow'), { cap: 1_000 })
    assert.deepEqual(applied, { applicationId: 1, cap: RECORDS })
    const { rows } = await sql<{ seen: Record<string, unknown>; started_by: string }>`
      select seen, started_by from backlog_application`.execute(h.db)
    assert.equal(rows[0]!.started_by, `person:${people.workflow}`)
    assert.equal(rows[0]!.seen.waiting, RECORDS)
    assert.doesNotMatch(JSON.stringify(rows[0]!.seen), /@/)
    await assert.rejects(sql`delete from backlog_application`.execute(h.db), /are kept/)
    await assert.rejects(sql`update backlog_application set cap = 500`.execute(h.db), /ends once/)
  })
})
