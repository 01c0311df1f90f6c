import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import { setWritePermission } from '../../src/connections/lifecycle/write-permission.ts'
import type { CrmClient } from '../../src/crm/crm-client.ts'
import { actBatch } from '../../src/pipeline/act/act.ts'
import { publishPolicies } from '../../src/pipeline/decide/publish-policies.ts'
import { beat } from '../../src/store/database/counters.ts'
import { policiesInForce } from '../../src/store/decisions/policies.ts'
import { claimIntents, nextDeparture } from '../../src/store/writes/intents.ts'
import { askGate } from '../../src/store/writes/write-gate.ts'
import { SHIPPED_TIMING } from '../../src/store/writes/write-timing.ts'
import { type Harness, routingHarnesses, TUESDAY_MS, withDecidedContacts } from './harness.ts'

describe('the gate before bytes leave', () => {
  const start = routingHarnesses()

  const decided = async (country: string, ids?: readonly string[]) => {
    const h = await withDecidedContacts(start, country, ids)
    // The first call of a day begins it, and waits a moment.
    await sql`update call_budget set day_ends_at = now() + interval '1 day'`.execute(h.db)
    return h
  }
  const rep = (h: Harness) => h.crm.users.find((u) => u.email === 'rep@x.example')!.userId
  const owner = (h: Harness, id = '1') => h.crm.records.get(`contacts/${id}`)?.hubspot_owner_id
  const intents = async (h: Harness) =>
    (
      await sql<{ kind: string; state: string; not_sent: string | null }>`
        select kind, state, not_sent from intent order by id`.execute(h.db)
    ).rows
  const log = async (h: Harness) =>
    (
      await sql<{ kind: string; value: string | null; outcome: string | null; late: boolean | null }>`
        select a.kind, a.value, w.outcome, w.late from write_attempt a
        left join write_answer w on w.attempt_id = a.id order by a.id, w.id`.execute(h.db)
    ).rows
  const dies = (h: Harness, instance: string) =>
    sql`update process_beat set beat_at = now() - interval '1 minute' where instance = ${instance}`.execute(h.db)
  /** As if the time in which a granted write may still be at work had passed. */
  const timePasses = (h: Harness) =>
    sql`update intent set next_attempt_at = now() where state <> 'pending'`.execute(h.db)

  it('a write that was let through is read back only when the CRM has surely ended its work on it', async () => {
    const h = await decided('FR')
    await beat(h.db, 'worker', 'doomed')
    const [claimed] = await claimIntents(h.db, h.crm.connectionId, 'task', 10, 'doomed')
    const { verdicts } = await askGate(h.db, h.crm.connectionId, [claimed!], SHIPPED_TIMING)
    assert.ok('attemptId' in verdicts.get(claimed!.id)!)
    await dies(h, 'doomed')
    assert.equal(await nextDeparture(h.db, h.crm.connectionId, 100), null)
    const { rows } = await sql<{ s: number }>`
      select extract(epoch from next_attempt_at - clock_timestamp())::float8 as s from intent`.execute(h.db)
    assert.ok(rows[0]!.s > 26 && rows[0]!.s <= 27, `${rows[0]!.s} s`)
    await timePasses(h)
    assert.equal(await nextDeparture(h.db, h.crm.connectionId, 100), 0)
  })

  it('part of promise 10: a worker that stands still before its first byte sends nothing once it was overtaken', async () => {
    for (const country of ['FR', 'DE']) {
      const h = await decided(country)
      h.crm.taskKeyEnforced = false
      await beat(h.db, 'worker', 'slow')
      h.crm.beforeBytes = async () => {
        h.crm.beforeBytes = async () => undefined
        // Stopped between the gate's word and the bytes, for longer than the word is good.
        await dies(h, 'slow')
        await timePasses(h)
        await h.act()
      }
      const timing = { ...SHIPPED_TIMING, grantMs: 1 }
      await actBatch({ ...h.actDependencies('slow'), timing })
      assert.equal(h.crm.calls.filter((call) => call.startsWith('write')).length, 1)
      assert.equal(country === 'FR' ? h.crm.openTasks().length : Number(owner(h) === rep(h)), 1)
      const outcomes = (await log(h)).map(({ outcome, late }) => `${outcome}${late ? ' late' : ''}`)
      assert.deepEqual(outcomes.sort(), ['done', 'not-written', 'not-written late'])
    }
  })

  it('a late "done" wins: the outcome of a worker that was overtaken is recorded, and its successor sends nothing', async () => {
    const h = await decided('FR')
    h.crm.taskKeyEnforced = false
    await beat(h.db, 'worker', 'slow')
    const slow: CrmClient = {
      ...h.crm.client(),
      writeTasks: async (tasks, gate) => {
        const outcomes = await h.crm.client().writeTasks(tasks, gate)
        // Stopped with the answer in hand. Its successor asks a CRM whose search does not show the task yet.
        await dies(h, 'slow')
        await timePasses(h)
        const blind = { ...h.crm.client(), findTasks: async () => new Map([[tasks[0]!.key, null]]) }
        await actBatch({ ...h.actDependencies(), client: blind })
        return outcomes
      },
    }
    await actBatch({ ...h.actDependencies('slow'), client: slow })
    assert.deepEqual(await intents(h), [{ kind: 'task', state: 'done', not_sent: null }])
    assert.deepEqual(await log(h), [{ kind: 'task', value: null, outcome: 'done', late: true }])
    const { rows } = await sql<{ id: string }>`select crm_task_id as id from task`.execute(h.db)
    assert.equal(rows[0]?.id, h.crm.openTasks()[0]!.id)
    await h.settle()
    assert.equal(h.crm.openTasks().length, 1)
  })

  it('whatever takes a permission back between claim and bytes is obeyed, and said', async () => {
    const say = (h: Harness, allowed: boolean) =>
      setWritePermission(h.db, h.connection.id, { allowed, by: 'ann@x.example', nowMs: TUESDAY_MS })
    const between: Record<string, { undo: (h: Harness) => Promise<unknown>; kinds: string; not_sent: string }> = {
      'writing is turned off': { undo: (h) => say(h, false), kinds: 'FR DE', not_sent: 'writing-off' },
      'the connection ends by its status': {
        undo: (h) => sql`update connection set status = 'disconnected'`.execute(h.db),
        kinds: 'FR DE',
        not_sent: 'ended',
      },
      'the workflow becomes a draft': {
        undo: (h) => sql`update workflow set mode = 'draft', effective_mode = 'draft'`.execute(h.db),
        kinds: 'FR DE',
        not_sent: 'draft',
      },
      'the workflow only observes': {
        undo: (h) => sql`update workflow set mode = 'observe', effective_mode = 'observe'`.execute(h.db),
        kinds: 'FR DE',
        not_sent: 'observe',
      },
      'the workflow loses a person': {
        undo: (h) => sql`update workflow set effective_mode = 'observe'`.execute(h.db),
        kinds: 'DE',
        not_sent: 'not-ready',
      },
      'the policy changes': {
        undo: (h) =>
          sql`
          with v as (insert into policy_version (hash, workflow, document, source)
            select 'other', workflow, document, source from policy_version returning hash)
          update workflow set hash = v.hash from v`.execute(h.db),
        kinds: 'DE',
        not_sent: 'policy-changed',
      },
      'another version ran and went, and the same text runs again': {
        undo: async (h) => {
          const inForce = await policiesInForce(h.db)
          const { hash, policy } = inForce[0]!
          const versions = [
            { hash: 'another', policy: { ...policy, title: 'Another' } },
            { hash, policy },
          ]
          for (const version of versions) {
            await publishPolicies(h.db, { loaded: [{ file: 'route.yaml', source: '', version }], refused: [] })
          }
        },
        kinds: 'DE',
        not_sent: 'policy-changed',
      },
      'our own code reads the policy in another way': {
        undo: (h) => sql`update workflow set version_turn = version_turn + 1`.execute(h.db),
        kinds: 'DE',
        not_sent: 'policy-changed',
      },
      'the record is marked by a change beside it': {
        undo: (h) => sql`update record set dirty_since = now()`.execute(h.db),
        kinds: 'DE',
        not_sent: 'record-changed',
      },
      'an event of the record arrives': {
        undo: (h) => h.receive(h.crm.change('contacts', '1', { country: 'FR' })),
        kinds: 'DE',
        not_sent: 'record-changed',
      },
      'the record has to be read again': {
        undo: (h) => sql`update record set needs_read = 'gap'`.execute(h.db),
        kinds: 'DE',
        not_sent: 'record-changed',
      },
    }
    for (const [what, { undo, kinds, not_sent: reason }] of Object.entries(between)) {
      for (const country of ['FR', 'DE']) {
        const h = await decided(country)
        const meanwhile: CrmClient = {
          ...h.crm.client(),
          writeTasks: (tasks, gate) => undo(h).then(() => h.crm.client().writeTasks(tasks, gate)),
          writeOwners: (writes, gate) => undo(h).then(() => h.crm.client().writeOwners(writes, gate)),
        }
        await actBatch({ ...h.actDependencies(), client: meanwhile })
        const isKept = kinds.includes(country)
        assert.equal(
          h.crm.calls.filter((call) => call.startsWith('write')).length,
          isKept ? 0 : 1,
          `${what}, ${country}`,
        )
        assert.equal((await intents(h))[0]!.not_sent, isKept ? reason : null, `${what}, ${country}`)
        if (!isKept) continue
        const { rows } = await sql<{ detail: string; n: number }>`
          select detail, n::int as n from counter where name = 'write-not-sent'`.execute(h.db)
        assert.deepEqual(rows, [{ detail: reason, n: 1 }], what)
        assert.deepEqual(await log(h), [])
      }
    }
  })

  it('one item that may not leave keeps no other from leaving', async () => {
    const h = await decided('DE', ['1', '2', '3'])
    const meanwhile: CrmClient = {
      ...h.crm.client(),
      writeOwners: async (writes, gate) => {
        await sql`update record set dirty_since = now() where record_id = '2'`.execute(h.db)
        return h.crm.client().writeOwners(writes, gate)
      },
    }
    await actBatch({ ...h.actDependencies(), client: meanwhile })
    assert.deepEqual([owner(h, '1'), owner(h, '2'), owner(h, '3')], [rep(h), null, rep(h)])
    assert.equal((await log(h)).length, 2)
  })

  it('whoever takes a permission back waits for a gate that is being passed, and what comes after is refused', async () => {
    const h = await decided('FR')
    const [claimed] = await claimIntents(h.db, h.crm.connectionId, 'task', 10, 'test')
    let isOff = false
    await h.db.transaction().execute(async (trx) => {
      const { verdicts } = await askGate(trx, h.crm.connectionId, [claimed!], SHIPPED_TIMING)
      assert.ok('attemptId' in verdicts.get(claimed!.id)!)
      const off = sql`update workflow set mode = 'draft'`.execute(h.db).then(() => {
        isOff = true
      })
      await sql`select pg_sleep(0.2)`.execute(trx)
      assert.equal(isOff, false)
      void off
    })
    const { verdicts } = await askGate(h.db, h.crm.connectionId, [claimed!], SHIPPED_TIMING)
    assert.deepEqual(verdicts.get(claimed!.id), { refused: 'draft' })
  })

  it('takes the call from the shared allowance, and logs nothing when there is none', async () => {
    const h = await decided('FR')
    const [claimed] = await claimIntents(h.db, h.crm.connectionId, 'task', 10, 'test')
    await sql`update call_budget set paused_until = now() + interval '1 hour'`.execute(h.db)
    const { verdicts, isOutOfCalls } = await askGate(h.db, h.crm.connectionId, [claimed!], SHIPPED_TIMING)
    assert.deepEqual([verdicts.size, isOutOfCalls], [0, true])
    assert.deepEqual(await log(h), [])
  })

  it('the write log is only added to', async () => {
    const h = await decided('DE')
    await h.act()
    assert.deepEqual(await log(h), [{ kind: 'action', value: rep(h), outcome: 'done', late: false }])
    await assert.rejects(sql`update write_attempt set kind = 'undo'`.execute(h.db), /only added to/)
    await assert.rejects(sql`update write_answer set after = 'x'`.execute(h.db), /only added to/)
    await sql`update write_attempt set value = null, before = null, record_id = null`.execute(h.db)
  })

  it('an ended connection has no permit left, and a new one for every workflow once it is back', async () => {
    const h = await start()
    const kinds = async () =>
      (await sql<{ kinds: string[] }>`select kinds from permit where workflow <> ''`.execute(h.db)).rows[0]?.kinds
        .length
    assert.equal(await kinds(), 7)
    await sql`update connection set status = 'disconnected'`.execute(h.db)
    assert.equal(await kinds(), 0)
    await sql`update connection set status = 'connected'`.execute(h.db)
    assert.equal(await kinds(), 7)
  })
})
