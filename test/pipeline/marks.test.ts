import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import { readSettledMark } from '../../src/api/cases/read-settled-mark.ts'
import type { OwnerWrite } from '../../src/model/decision/owner-write.ts'
import type { Branch } from '../../src/model/policy/policy.ts'
import { lockPermits } from '../../src/store/decisions/workflow-connections.ts'
import { endMarkRow, noteMarksChanged, writesResting } from '../../src/store/publishing/marks.ts'
import { markDirty } from '../../src/store/records/mark-dirty.ts'
import { claimIntents } from '../../src/store/writes/intents.ts'
import { withdrawOwnerIntents } from '../../src/store/writes/owner-intents.ts'
import { askGate } from '../../src/store/writes/write-gate.ts'
import { SHIPPED_TIMING } from '../../src/store/writes/write-timing.ts'
import { markRules } from '../support/mark-rules.ts'
import { contact, rowsOf, userId } from './contacts.ts'
import { decisionStage } from './decision-stage.ts'
import { contactPolicy, type Harness } from './harness.ts'

const SETTLING = { boundary: [{ ...contactPolicy().boundary[0]!, settles: ['orphaned-owner'] }] as readonly Branch[] }

describe('a write that a rule decided by a mark', () => {
  const { start } = decisionStage()

  /** Contacts of somebody who left, decided and not written yet. */
  async function decided(ids: readonly string[] = ['1']): Promise<Harness> {
    const h = await start(SETTLING)
    const left = h.crm.person('left@x.example', { active: false })
    await h.people()
    for (const id of ids) await h.receive(contact(h, id, { country: 'DE', hubspot_owner_id: left }))
    await h.apply()
    await h.refresh()
    await h.decide()
    return h
  }
  const owner = (h: Harness, id = '1') => h.crm.records.get(`contacts/${id}`)?.hubspot_owner_id
  const writes = (h: Harness) =>
    rowsOf(
      h,
      sql`select state, not_sent as "notSent", payload -> 'marks' as marks from intent where kind = 'owner' order by id`,
    )
  const theMark = async (h: Harness) => (await sql<{ id: number }>`select id from mark`.execute(h.db)).rows[0]!.id

  /** As `endMark` does it, without asking who. */
  async function end(h: Harness, id: number, isDirty = true): Promise<void> {
    await h.db.transaction().execute(async (trx) => {
      await lockPermits(trx, { connections: null, workflows: ['routing'] })
      assert.equal(await endMarkRow(trx, id, 'person:boundary', 'A test'), true)
      await noteMarksChanged(trx, 'routing')
      if (isDirty) await markDirty(trx, await writesResting(trx, { id, workflow: 'routing' }))
    })
  }

  /** Its end comes, which no statement of ours can move. */
  async function letEnd(h: Harness): Promise<void> {
    await sql`alter table mark disable trigger mark_is_kept`.execute(h.db)
    await sql`update mark set proposed_at = now() - interval '2 days', ends_at = clock_timestamp() - interval '1 millisecond'`.execute(
      h.db,
    )
    await sql`alter table mark enable trigger mark_is_kept`.execute(h.db)
  }

  it('names the mark in the write and in the ledger, and leaves while it stands', async () => {
    const h = await decided()
    const id = await theMark(h)
    assert.deepEqual(await writes(h), [{ state: 'pending', notSent: null, marks: [id] }])
    const cited = sql`select body::jsonb -> 'mark' as mark from ledger where kind = 'exception-settled'`
    assert.deepEqual(await rowsOf(h, cited), [{ mark: id }])
    const { rows } = await sql<{ seq: number; endsAt: Date }>`
      select e.receipt_seq as seq, m.ends_at as "endsAt" from exception e cross join mark m`.execute(h.db)
    const { seq, endsAt } = rows[0]!
    const shown = await readSettledMark(h.db, seq)
    assert.equal(shown?.by.length, 2, 'the page of the case names those who marked the rule')
    assert.equal(shown.endsAt, endsAt.toISOString())
    assert.equal(await readSettledMark(h.db, seq - 1), null)
    await h.settle()
    assert.equal(owner(h), userId(h, 'rep@x.example'))
  })

  it('does not leave once the mark is taken back, and a person is asked instead', async () => {
    const h = await decided()
    await end(h, await theMark(h))
    await h.settle()
    assert.equal(h.crm.calls.filter((call) => call.startsWith('writeOwners')).length, 0)
    assert.equal((await h.openExceptions())[0]?.class, 'risky')
    assert.equal(h.crm.openTasks().length, 1)
  })

  it('is refused by the gate itself, also while nobody has decided the record again', async () => {
    for (const stop of [end, letEnd] as const) {
      const h = await decided()
      const [claimed] = await claimIntents(h.db, h.crm.connectionId, 'owner', 10, 'test')
      if (stop === end) await end(h, await theMark(h), false)
      else await letEnd(h)
      const { verdicts } = await askGate(h.db, h.crm.connectionId, [claimed!], SHIPPED_TIMING)
      assert.deepEqual(verdicts.get(claimed!.id), { refused: 'mark-ended' })
      const { rows } = await sql`select 1 from write_attempt`.execute(h.db)
      assert.equal(rows.length, 0)
    }
  })

  it('passes the gate before or after the mark is taken back, never while that is undecided', async () => {
    const h = await decided()
    const [claimed] = await claimIntents(h.db, h.crm.connectionId, 'owner', 10, 'test')
    const id = await theMark(h)
    let asked: ReturnType<typeof askGate> | undefined
    await h.db.transaction().execute(async (trx) => {
      await lockPermits(trx, { connections: null, workflows: ['routing'] })
      asked = askGate(h.db, h.crm.connectionId, [claimed!], SHIPPED_TIMING)
      // It waits for us: nothing is granted before this commits.
      for (;;) {
        const { rows } = await sql`select 1 from pg_locks where locktype = 'advisory' and not granted`.execute(trx)
        if (rows.length > 0) break
      }
      await endMarkRow(trx, id, 'person:boundary', 'A test')
    })
    assert.deepEqual((await asked!).verdicts.get(claimed!.id), { refused: 'mark-ended' })
  })

  it('is taken back where the record would be given to the same owner by another mark or branch, which the gate asks about', async () => {
    for (const [other, taken] of [
      [{}, 0],
      [{ marks: [] }, 1],
      [{ marks: [1, 2] }, 1],
      [{ branch: 'elsewhere' }, 1],
    ] as const) {
      const h = await decided()
      const { rows } = await sql<{ payload: OwnerWrite }>`select payload from intent where kind = 'owner'`.execute(h.db)
      const write: OwnerWrite = { ...rows[0]!.payload, ...other }
      const record = { workflow: 'routing', objectType: 'contacts', recordId: '1', write }
      const withdrawn = await h.db
        .transaction()
        .execute((trx) => withdrawOwnerIntents(trx, h.crm.connectionId, [record]))
      assert.equal(withdrawn.size, taken, JSON.stringify(other))
    }
  })

  it('leaves under another mark that stands where one of two was taken back', async () => {
    const h = await decided()
    const first = await theMark(h)
    await markRules(h.db, { workflow: 'routing', ...SETTLING }, { endsAt: new Date('2098-01-01T00:00:00Z') })
    await end(h, first)
    await h.settle()
    assert.equal(owner(h), userId(h, 'rep@x.example'))
    const left = ((await writes(h)) as { state: string; marks: number[] }[]).filter(({ state }) => state === 'done')
    assert.equal(left.length, 1)
    assert.notDeepEqual(left[0]!.marks, [first])
  })

  it('is decided again when the mark ends, by a wake-up that says so', async () => {
    const h = await decided()
    const { rows } = await sql<{
      reason: string
      at: Date
    }>`select reason, at from wake_up where workflow = 'routing'`.execute(h.db)
    assert.ok(
      rows.some(({ reason, at }) => reason === 'mark' && at.getTime() === Date.parse('2099-01-01T00:00:00Z')),
      JSON.stringify(rows),
    )
  })
})

describe('marks', () => {
  const { start } = decisionStage()

  it('are kept: a row changes only once in whether it was agreed to and ended, and none is deleted', async () => {
    const h = await start(SETTLING)
    const change = (set: string) => sql`update mark set ${sql.raw(set)}`.execute(h.db)
    for (const set of [
      `ends_at = ends_at + interval '1 day'`,
      `class = 'revenue-impacting'`,
      `reason = 'x'`,
      `rule_hash = 'x'`,
      `agreed_by = 'person:x'`,
    ]) {
      await assert.rejects(change(set), /nothing else of it changes/, set)
    }
    await assert.rejects(sql`delete from mark`.execute(h.db), /kept/)
    await change(`ended_at = now(), ended_by = 'person:x', end_reason = 'x'`)
    await assert.rejects(change(`end_reason = 'y'`), /nothing else of it changes/)
    await assert.rejects(change(`ended_at = null, ended_by = null, end_reason = null`), /nothing else of it changes/)
  })

  it('are of two persons, of a class beyond expected, and end after they begin', async () => {
    const h = await start()
    const insert = (over: Readonly<Record<string, string>>) => {
      const row = {
        class: 'risky',
        origin: 'people',
        proposed_by: 'person:a',
        agreed_by: 'person:b',
        ends_at: '2099-01-01',
        ...over,
      }
      return sql`insert into mark (workflow, rule, rule_hash, content, class, reason, origin, proposed_by, agreed_by, agreed_at, ends_at)
        values ('routing', 'de', 'x', '{}', ${row.class}, 'x', ${row.origin}, ${row.proposed_by}, ${row.agreed_by}, now(), ${row.ends_at})`.execute(
        h.db,
      )
    }
    await insert({})
    const refusals: Readonly<Record<string, string>>[] = [
      { agreed_by: 'person:a' },
      { class: 'unknown' },
      { class: 'expected' },
      { ends_at: '2020-01-01' },
      { origin: 'sandbox', agreed_by: 'person:a' },
      { origin: 'somewhere' },
    ]
    for (const over of refusals) {
      await assert.rejects(insert(over), /check/, JSON.stringify(over))
    }
  })

  it('of a rule that was edited let nothing, and the same version again lets as before', async () => {
    const h = await start(SETTLING)
    const marksNow = async () => (await h.workflows())[0]!.version.policy.marks?.length ?? 0
    assert.equal(await marksNow(), 1)
    const edited = `jsonb_set(document, '{boundary,0,rules,0,owner}', '"sen@x.example"')`
    const before = (await sql<{ document: unknown }>`select document from policy_version`.execute(h.db)).rows[0]!
      .document
    await sql`update policy_version set document = ${sql.raw(edited)}`.execute(h.db)
    await noteMarksChanged(h.db, 'routing')
    assert.equal(await marksNow(), 0)
    await sql`update policy_version set document = ${JSON.stringify(before)}::jsonb`.execute(h.db)
    await noteMarksChanged(h.db, 'routing')
    assert.equal(await marksNow(), 1)
  })
})
