import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { Policy } from '../../src/model/policy/policy.ts'
import type { ConnectionId } from '../../src/model/record/change-event.ts'
import { startApplication } from '../../src/pipeline/decide/apply-to-backlog.ts'
import { decideBatch } from '../../src/pipeline/decide/decide-changes.ts'
import { publishPolicies } from '../../src/pipeline/decide/publish-policies.ts'
import { beat } from '../../src/store/database/counters.ts'
import { backlogs, lastApplications, previewBacklog } from '../../src/store/decisions/backlog-view.ts'
import { findOverdue } from '../../src/store/decisions/overdue-stages.ts'
import { CREATED, contact, userId } from './contacts.ts'
import { contactPolicy, type Harness, pipelineHarness, staff, TUESDAY_MS, versionOf } from './harness.ts'

const MANY = 1_000

/** A policy whose one rule gives these countries to a person. */
function routed(countries: readonly string[], to = 'rep@x.example', change: Partial<Policy> = {}): Policy {
  const [branch] = contactPolicy().boundary as [Policy['boundary'][number]]
  const rule = {
    id: 'r',
    when: [{ field: 'country', op: 'in' as const, values: countries }],
    owner: to,
    because: 'x',
  }
  return contactPolicy({ boundary: [{ ...branch, rules: [rule] }], patterns: [], ...change })
}

const [BRANCH] = routed(['FR']).boundary as [Policy['boundary'][number]]
/** Asks for a field that the policies of before did not need. */
const steel = contactPolicy({
  boundary: [
    {
      ...BRANCH,
      rules: [
        {
          id: 'r',
          when: [{ field: 'industry', op: 'in', values: ['steel'] }],
          owner: 'rep@x.example',
          because: 'x',
        },
      ],
    },
  ],
  patterns: [],
})

describe('part of issue 8, B12: what arises only from a new version', () => {
  const started: Harness[] = []
  after(() => Promise.all(started.map((harness) => harness.stop())))

  /** So many imported contacts in France that nobody owns, decided by a policy that does not send them anywhere. */
  const imported = async (n: number, policy = routed(['DE'])) => {
    const h = await pipelineHarness((crm) => {
      staff(crm)
      return [policy]
    })
    started.push(h)
    await imports(h, n)
    await round(h)
    return h
  }
  const imports = async (h: Harness, n: number) => {
    const events = Array.from({ length: n }, (_, i) => {
      const fields = { createdate: CREATED, firstname: `C${i}`, country: 'FR', hubspot_owner_id: null }
      return { ...h.crm.change('contacts', String(i), fields), complete: true, source: 'baseline' as const }
    })
    await h.receive(...events)
  }
  const publish = (h: Harness, policy: Policy, reading?: string) =>
    publishPolicies(
      h.db,
      { loaded: [{ file: 'routing.yaml', source: '', version: versionOf(policy) }], refused: [] },
      reading,
    )
  /** All stages as the workers run them, until nothing is left to do now. */
  const round = async (h: Harness) => {
    for (let n = 0; n < 60; n += 1) {
      // This CRM tells nobody of our writes, and on a slow machine that would seem to be for too long.
      await sql`update intent set finished_at = now()
        where state = 'done' and finished_at > now() - interval '10 minutes'`.execute(h.db)
      await h.apply()
      await h.decide()
      await sql`update intent set next_attempt_at = now() where state = 'pending'`.execute(h.db)
      if ((await h.act()).taken > 0) continue
      await h.apply()
      if ((await findOverdue(h.db, 3_600)).every(({ stage }) => stage !== 'decide')) return
    }
    throw new Error('There was always something left to do')
  }
  const writes = (h: Harness) =>
    h.crm.calls
      .filter((call) => call.startsWith('writeOwners'))
      .reduce((sum, call) => sum + Number(call.split(' ')[1]), 0)
  const owned = (h: Harness, by = 'rep@x.example') =>
    [...h.crm.records.values()].filter((one) => one.hubspot_owner_id === userId(h, by)).length
  const waiting = async (h: Harness) => (await backlogs(h.db))[0]?.waiting ?? 0
  const hourLater = (h: Harness) =>
    sql`update intent set granted_at = granted_at - interval '61 minutes' where backlog`.execute(h.db)

  /** Applies what waits, at a rate with which nothing waits long; returns how many it may write. */
  const apply = async (h: Harness, change: { cap?: number; perHour?: number } = {}) => {
    const preview = await previewBacklog(h.db, 'routing')
    const { versionId = 1, upTo = 0, waiting: cap = 1 } = preview ?? {}
    const applying = { workflow: 'routing', versionId, upTo, cap, perHour: 100_000, by: 'person:test', ...change }
    const applied = await h.db.transaction().execute((trx) => startApplication(trx, preview, applying))
    return typeof applied === 'string' ? applied : applied.cap
  }
  const application = async (h: Harness) => (await lastApplications(h.db))[0]
  const standing = async (h: Harness) => {
    const { state, written, underWay, refused } = (await application(h))!
    return { state, written, underWay, refused }
  }

  it('waits, all of it and without limit of time, and what changes in the CRM goes as usual', async () => {
    const h = await imported(MANY)
    await publish(h, routed(['DE', 'FR']))
    await round(h)
    await hourLater(h)
    await sql`update backlog_write set since = since - interval '30 days', look_at = look_at - interval '30 days'`.execute(
      h.db,
    )
    await round(h)
    assert.equal(writes(h), 0)
    const [backlog] = await backlogs(h.db)
    assert.deepEqual([backlog?.waiting, backlog?.version, backlog?.because], [MANY, 2, 'version'])
    assert.equal(h.crm.tasks.size, 0, 'and they do not become tasks instead')

    await h.receive(contact(h, '700', { firstname: 'Changed' }), contact(h, 'new', { country: 'FR' }))
    await h.receive(h.crm.change('contacts', 'new', { hubspot_owner_id: null, firstname: 'New' }))
    await h.apply()
    await h.refresh()
    await round(h)
    const owner = (id: string) => h.crm.records.get(`contacts/${id}`)?.hubspot_owner_id
    assert.deepEqual([owner('700'), owner('new')], [userId(h, 'rep@x.example'), userId(h, 'rep@x.example')])
    assert.equal(await waiting(h), MANY - 1)
  })

  it('is previewed by owner and branch, the most first', async () => {
    const h = await imported(30)
    await sql`update record set owner_id = ${userId(h, 'gen@x.example')},
      values = values || jsonb_build_object('hubspot_owner_id', ${userId(h, 'gen@x.example')}::text),
      in_step_with = '{}' where record_id in ('3', '4')`.execute(h.db)
    const always = { ...contactPolicy().action, when: [] }
    await publish(h, routed(['DE', 'FR'], 'rep@x.example', { action: always }))
    await round(h)
    const preview = (await previewBacklog(h.db, 'routing'))!
    const [rep, gen] = [userId(h, 'rep@x.example'), userId(h, 'gen@x.example')]
    const connectionId = h.crm.connectionId
    const branch = contactPolicy().boundary[0]!.branch
    assert.deepEqual(preview.moves, [
      { connectionId, from: null, to: rep, records: 28 },
      { connectionId, from: gen, to: rep, records: 2 },
    ])
    assert.deepEqual(preview.otherMoves, { pairs: 0, records: 0 })
    assert.deepEqual(preview.branches, [{ branch, records: 30 }])
  })

  it('is written once a person applies the version, up to the cap and a tenth of the hour each six minutes', async () => {
    const h = await imported(200)
    await publish(h, routed(['DE', 'FR']))
    await round(h)
    assert.equal(await apply(h, { cap: 60, perHour: 50 }), 60)
    const after = async (minutes: number) => {
      await sql`update intent set granted_at = granted_at - ${minutes} * interval '1 minute' where backlog`.execute(
        h.db,
      )
      await round(h)
      return owned(h)
    }
    assert.equal(await after(0), 5, 'and no more, however often the workers come by')
    assert.equal(await after(5), 5)
    const tenth = [await after(2), await after(7), await after(7), await after(7), await after(7)]
    assert.deepEqual(tenth, [10, 15, 20, 25, 30])
    assert.deepEqual([await after(7), await after(7), await after(7), await after(4)], [35, 40, 45, 45])
    assert.equal(await after(60), 50)
    assert.equal(await after(60), 55)
    assert.equal((await standing(h)).state, 'running')
    assert.equal(await after(60), 60)
    assert.deepEqual(await standing(h), { state: 'done', written: 60, underWay: 0, refused: 0 })
    assert.deepEqual([await after(600), await waiting(h)], [60, 140])
    const { rows } = await sql<{
      kind: string
    }>`select kind from ledger where kind like 'backlog%' order by seq`.execute(h.db)
    assert.deepEqual(
      rows.map(({ kind }) => kind),
      ['backlog-application-started', 'backlog-application-ended'],
    )
  })

  it('does not leave in full hours more often than its rate says', async () => {
    const h = await imported(200)
    await publish(h, routed(['DE', 'FR']))
    await round(h)
    await apply(h, { perHour: 20 })
    for (let minute = 0; minute < 55; minute += 5) {
      await sql`update intent set granted_at = granted_at - interval '5 minutes' where backlog`.execute(h.db)
      await round(h)
      assert.ok(owned(h) <= 20, `${owned(h)} in ${minute} minutes`)
    }
    assert.ok(owned(h) >= 10)
  })

  it('is written as far as the person saw it; what comes to wait later still waits', async () => {
    const h = await imported(120)
    await publish(h, routed(['DE', 'FR']))
    await round(h)
    const preview = (await previewBacklog(h.db, 'routing'))!
    const { versionId, upTo } = preview
    const start = (change: object) =>
      h.db.transaction().execute((trx) =>
        startApplication(trx, preview, {
          ...{ workflow: 'routing', versionId, upTo, cap: 1_000, perHour: 100_000, by: 'person:test' },
          ...change,
        }),
      )
    assert.equal(await start({ versionId: versionId + 1 }), 'out-of-date', 'nobody has seen what it would change')
    assert.equal(await start({ upTo: 0 }), 'nothing-waits')
    const events = Array.from({ length: 5 }, (_, i) => {
      const fields = { createdate: CREATED, firstname: 'Later', country: 'FR', hubspot_owner_id: null }
      return { ...h.crm.change('contacts', `later${i}`, fields), complete: true, source: 'baseline' as const }
    })
    await h.receive(...events)
    await round(h)
    assert.equal(await waiting(h), 125)
    assert.equal((await start({})) instanceof Object && (await start({})), 'running', 'pressed twice')
    await round(h)
    assert.deepEqual([owned(h), await waiting(h), (await standing(h)).state], [120, 5, 'done'])
  })

  it('goes on in the hands of another worker after one died', async () => {
    const h = await imported(40)
    await publish(h, routed(['DE', 'FR']))
    await round(h)
    await apply(h)
    await h.decide()
    // As of a worker that took them and sends nothing any more.
    await sql`update intent set state = 'sending', lease_by = 'dead', lease_epoch = 1,
      lease_until = clock_timestamp() - interval '1 second' where id in (select id from intent where backlog limit 7)`.execute(
      h.db,
    )
    await round(h)
    assert.deepEqual([owned(h), writes(h)], [40, 40])
    assert.deepEqual(await standing(h), { state: 'done', written: 40, underWay: 0, refused: 0 })
  })

  it('waits for a first version as well', async () => {
    const h = await imported(80, routed(['FR']))
    assert.deepEqual([owned(h), await waiting(h)], [0, 80])
    assert.equal(await apply(h), 80)
    await round(h)
    assert.deepEqual([owned(h), await waiting(h)], [80, 0])
  })

  it('waits after a change of our own code, which counts as a version, and the same code again does not', async () => {
    const h = await imported(60, routed(['FR']))
    await apply(h)
    await round(h)
    assert.equal(owned(h), 60)
    assert.deepEqual((await publish(h, routed(['FR']))).changed, [])
    assert.deepEqual((await publish(h, routed(['FR']), 'other code')).changed, ['routing'])
    // As if the other code found that nobody owns them, long after it was written.
    await sql`update intent set finished_at = finished_at - interval '1 hour'`.execute(h.db)
    for (const [key, fields] of h.crm.records) h.crm.records.set(key, { ...fields, hubspot_owner_id: null })
    await round(h)
    assert.deepEqual([owned(h), await waiting(h)], [0, 60])
    const preview = (await previewBacklog(h.db, 'routing'))!
    assert.deepEqual([preview.because, preview.version, preview.moves[0]?.records], ['update', 1, 60])
    await apply(h)
    await round(h)
    assert.deepEqual([owned(h), await waiting(h)], [60, 0])
  })

  it('is for the second of two versions, and what was applied of the first ends with it', async () => {
    const h = await imported(120)
    await publish(h, routed(['DE', 'FR']))
    await round(h)
    await apply(h, { perHour: 500 })
    await round(h)
    assert.equal(owned(h), 50)
    await publish(h, routed(['DE', 'FR'], 'gen@x.example'))
    await round(h)
    assert.deepEqual([owned(h), owned(h, 'gen@x.example'), await waiting(h)], [50, 0, 70])
    assert.deepEqual(await standing(h), { state: 'superseded', written: 50, underWay: 0, refused: 0 })
    await hourLater(h)
    await round(h)
    assert.deepEqual([owned(h), owned(h, 'gen@x.example')], [50, 0])
    await apply(h)
    await round(h)
    assert.deepEqual([owned(h), owned(h, 'gen@x.example'), await waiting(h)], [50, 70, 0])
  })

  it('is kept back at the gate when a version came that reads the same policy differently', async () => {
    const h = await imported(20)
    await publish(h, routed(['DE', 'FR']))
    await round(h)
    await apply(h)
    await h.decide()
    await publish(h, routed(['DE', 'FR']), 'other code')
    await h.act()
    const { rows } = await sql<{ not_sent: string }>`select distinct not_sent from intent`.execute(h.db)
    assert.deepEqual([rows, writes(h)], [[{ not_sent: 'policy-changed' }], 0])
    await round(h)
    assert.deepEqual([owned(h), await waiting(h), (await standing(h)).state], [0, 20, 'superseded'])
  })

  it('waits no more after the way back to the version of before', async () => {
    const h = await imported(120)
    await publish(h, routed(['DE', 'FR']))
    await round(h)
    await apply(h, { perHour: 500 })
    await round(h)
    await publish(h, routed(['DE']))
    await round(h)
    await hourLater(h)
    await round(h)
    assert.deepEqual([owned(h), await waiting(h)], [50, 0])
    const { rows } = await sql`select 1 from backlog_write`.execute(h.db)
    assert.equal(rows.length, 0)
  })

  it('what was wanted and not sent when the version came is not for its sake', async () => {
    const h = await imported(0)
    for (let n = 0; n < 60; n += 1) {
      await h.receive(contact(h, `g${n}`, { country: 'DE', hubspot_owner_id: null, firstname: 'G' }))
    }
    await h.apply()
    await h.refresh()
    await h.decide()
    await publish(h, routed(['DE', 'FR']))
    await round(h)
    assert.equal(owned(h), 60)
  })

  it('a field that is read for the first time is no change of its record', async () => {
    const h = await imported(60)
    await publish(h, routed(['DE', 'FR']))
    const events = Array.from({ length: 60 }, (_, i) => {
      const event = h.crm.change('contacts', String(i), { industry: 'steel' })
      return { ...event, fields: h.crm.records.get(`contacts/${i}`)!, complete: true, source: 'poll' as const }
    })
    await h.receive(...events)
    await round(h)
    assert.deepEqual([owned(h), await waiting(h)], [0, 60])
  })

  it('what a version wants and could not be judged when it came, is still for its sake when it is read', async () => {
    const h = await imported(60)
    await sql`insert into object_schema (connection_id, object_type, fields, asked)
      values (${h.connection.id}, 'contacts', '[]', '{}')`.execute(h.db)
    await publish(h, steel)
    await round(h)
    assert.deepEqual([owned(h), await waiting(h)], [0, 0], 'nobody knows their industry yet')
    const events = Array.from({ length: 60 }, (_, i) => {
      const event = h.crm.change('contacts', String(i), { industry: 'steel' })
      return { ...event, fields: h.crm.records.get(`contacts/${i}`)!, complete: true, source: 'poll' as const }
    })
    await h.receive(...events)
    await round(h)
    assert.deepEqual([owned(h), await waiting(h)], [0, 60])
  })

  const cannotBeRead = (h: Harness) =>
    publishPolicies(h.db, {
      loaded: [],
      refused: [{ file: 'routing.yaml', workflow: 'routing', errors: ['typo'] }],
      reload: () => null,
    })

  it('what changed while no version could be read is written by the next one as usual, and the rest is for its sake', async () => {
    const h = await imported(120)
    await cannotBeRead(h)
    for (let n = 0; n < 60; n += 1) await h.receive(h.crm.change('contacts', String(n), { firstname: `New ${n}` }))
    await round(h)
    assert.equal(owned(h), 0)
    await publish(h, routed(['DE', 'FR']))
    await round(h)
    assert.deepEqual([owned(h), await waiting(h)], [60, 60])
    const { rows } = await sql`select 1 from record where (in_step_with->>'routing')::int < 0`.execute(h.db)
    assert.equal(rows.length, 0, 'what changed then was decided by that version already')
  })

  it('what waits is not offered while its policy cannot be read, and is again once it can', async () => {
    const h = await imported(60)
    await publish(h, routed(['DE', 'FR']))
    await round(h)
    assert.equal(await waiting(h), 60)
    await cannotBeRead(h)
    assert.deepEqual(await backlogs(h.db), [])
    await publish(h, routed(['DE', 'FR']))
    assert.deepEqual([await waiting(h), (await backlogs(h.db))[0]?.version], [60, 2])
  })

  it('keeps the day of a pilot as well, and gives nobody a task for what waits', async () => {
    const pilot = { mode: 'pilot' as const, pilot: { when: [], dailyCap: 20 } }
    const h = await imported(60, routed(['DE'], 'rep@x.example', pilot))
    await publish(h, routed(['DE', 'FR'], 'rep@x.example', pilot))
    await round(h)
    await apply(h)
    await round(h)
    assert.deepEqual([owned(h), await waiting(h), h.crm.tasks.size], [20, 40, 0])
    assert.equal((await standing(h)).state, 'running')
  })

  it('leaves a record alone that somebody gave to another owner meanwhile, or that a rule no longer means', async () => {
    const h = await imported(10)
    await publish(h, routed(['DE', 'FR']))
    await round(h)
    await apply(h, { perHour: 20 })
    await round(h)
    const free = [...h.crm.records]
      .filter(([, one]) => one.hubspot_owner_id === null)
      .map(([key]) => key.split('/')[1]!)
    assert.equal(free.length, 8)
    await h.receive(h.crm.change('contacts', free[0]!, { country: 'PT' }))
    await round(h)
    await hourLater(h)
    for (let n = 0; n < 8; n += 1) {
      await round(h)
      await hourLater(h)
    }
    assert.equal(h.crm.records.get(`contacts/${free[0]}`)?.hubspot_owner_id, null)
    assert.deepEqual(await standing(h), { state: 'done', written: 9, underWay: 0, refused: 0 })
  })

  it('two workers at once never exceed its room, and the gate keeps it where grants of an hour ago come late', async () => {
    const h = await imported(200)
    await publish(h, routed(['DE', 'FR']))
    await round(h)
    await apply(h, { perHour: 500 })
    const worker = async () => {
      const deps = { db: h.db, workflows: h.workflows, nowMs: () => TUESDAY_MS }
      for (let n = 0; n < 5; n += 1) {
        await decideBatch({ id: h.connection.id as ConnectionId, crm: 'hubspot' }, deps)
      }
    }
    await Promise.all([worker(), worker()])
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from intent where backlog`.execute(h.db)
    assert.equal(rows[0]!.n, 50)
    // As if a second fifty had been let in while none of the first had left yet: they are intents, and wait no more. Some of
    // each fifty leave first, as when both workers are busy.
    await sql`with second as (
        delete from backlog_write where id in (select id from backlog_write order by id limit 50) returning *
      )
      insert into intent (connection_id, workflow, kind, object_type, record_id, payload, policy_hash, version_turn, backlog,
        application_id, created_at)
      select i.connection_id, i.workflow, 'owner', b.object_type, b.record_id, i.payload, i.policy_hash, i.version_turn, true,
        i.application_id, clock_timestamp()
      from second b cross join lateral (select * from intent limit 1) i`.execute(h.db)
    for (const instance of ['one', 'two']) await beat(h.db, 'worker', instance)
    for (const later of ['1 hour', '0 s']) {
      await sql`update intent set next_attempt_at = now() + (id % 7)::int::boolean::int * ${later}::interval`.execute(
        h.db,
      )
      await Promise.all([h.act('one'), h.act('two')])
    }
    await Promise.all([h.act('one'), h.act('two')])
    assert.equal(writes(h), 50)
    const refused = await sql<{ n: number }>`select count(*)::int as n from intent where not_sent = 'backlog'`.execute(
      h.db,
    )
    assert.equal(refused.rows[0]!.n, 50)
    await round(h)
    assert.deepEqual([owned(h), await waiting(h), (await standing(h)).state], [50, 150, 'running'])
    await hourLater(h)
    for (let n = 0; n < 4; n += 1) {
      await round(h)
      await hourLater(h)
    }
    assert.deepEqual(
      [owned(h), (await standing(h)).state],
      [200, 'done'],
      'what the gate kept back is still part of it',
    )
  })
})
