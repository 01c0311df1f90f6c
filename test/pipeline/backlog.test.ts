import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { Policy } from '../../src/model/policy/policy.ts'
import type { ConnectionId } from '../../src/model/record/change-event.ts'
import { decideBatch } from '../../src/pipeline/decide/decide-changes.ts'
import { publishPolicies } from '../../src/pipeline/decide/publish-policies.ts'
import { beat } from '../../src/store/database/counters.ts'
import { backlogs, releaseBacklog } from '../../src/store/decisions/backlog-view.ts'
import { findOverdue } from '../../src/store/decisions/overdue-stages.ts'
import { BACKLOG_PER_HOUR } from '../../src/store/writes/backlog.ts'
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

  it('of 1,000 records that an edited policy would change, 50 are written in the hour and 950 wait, counted', async () => {
    const h = await imported(MANY)
    await publish(h, routed(['DE', 'FR']))
    await round(h)
    assert.equal(writes(h), BACKLOG_PER_HOUR)
    const [backlog] = await backlogs(h.db)
    assert.deepEqual([backlog?.waiting, backlog?.version], [MANY - BACKLOG_PER_HOUR, 2])
    assert.equal(h.crm.tasks.size, 0, 'and they do not become tasks instead')

    await h.receive(contact(h, '700', { firstname: 'Changed' }), contact(h, 'new', { country: 'FR' }))
    await h.receive(h.crm.change('contacts', 'new', { hubspot_owner_id: null, firstname: 'New' }))
    await h.apply()
    await h.refresh()
    await round(h)
    const owner = (id: string) => h.crm.records.get(`contacts/${id}`)?.hubspot_owner_id
    assert.deepEqual([owner('700'), owner('new')], [userId(h, 'rep@x.example'), userId(h, 'rep@x.example')])
    assert.equal(await waiting(h), MANY - BACKLOG_PER_HOUR - 1)

    await hourLater(h)
    await round(h)
    assert.equal(owned(h), 2 * BACKLOG_PER_HOUR + 2)
  })

  it('what a person lets go is written at once, and what comes to wait later still waits', async () => {
    const h = await imported(120)
    await publish(h, routed(['DE', 'FR']))
    await round(h)
    const [backlog] = await backlogs(h.db)
    const { workflow, versionId, upTo } = backlog!
    const release = (version: number) =>
      h.db
        .transaction()
        .execute((trx) => releaseBacklog(trx, { workflow, versionId: version, upTo, by: 'console:test' }))
    assert.equal(await release(versionId + 1), null, 'nobody has seen what another version would change')
    assert.equal(await release(versionId), 70)
    assert.equal(await release(versionId), 0, 'pressed twice')
    await round(h)
    assert.deepEqual([owned(h), await waiting(h)], [120, 0])
  })

  it('a first version writes to imported records in the same measure', async () => {
    const h = await imported(80, routed(['FR']))
    assert.deepEqual([owned(h), await waiting(h)], [BACKLOG_PER_HOUR, 30])
  })

  it('a change of our own code counts as a version, and the same code again does not', async () => {
    const h = await imported(60, routed(['FR']))
    await hourLater(h)
    await round(h)
    assert.equal(owned(h), 60)
    assert.deepEqual((await publish(h, routed(['FR']))).changed, [])
    assert.deepEqual((await publish(h, routed(['FR']), 'other code')).changed, ['routing'])
    // As if the other code found that nobody owns them, long after it was written.
    await sql`update intent set finished_at = finished_at - interval '1 hour'`.execute(h.db)
    for (const [key, fields] of h.crm.records) h.crm.records.set(key, { ...fields, hubspot_owner_id: null })
    await hourLater(h)
    await round(h)
    assert.deepEqual([owned(h), await waiting(h)], [BACKLOG_PER_HOUR, 10])
  })

  it('of two versions after another, the second takes the place of the first in what waits', async () => {
    const h = await imported(120)
    await publish(h, routed(['DE', 'FR']))
    await round(h)
    await publish(h, routed(['DE', 'FR'], 'gen@x.example'))
    await round(h)
    assert.deepEqual([owned(h), owned(h, 'gen@x.example'), await waiting(h)], [50, 0, 70])
    await hourLater(h)
    await round(h)
    assert.deepEqual([owned(h), owned(h, 'gen@x.example'), await waiting(h)], [50, 50, 20])
  })

  it('going back to the version of before withdraws what waits', async () => {
    const h = await imported(120)
    await publish(h, routed(['DE', 'FR']))
    await round(h)
    await publish(h, routed(['DE']))
    await round(h)
    await hourLater(h)
    await round(h)
    assert.deepEqual([owned(h), await waiting(h)], [BACKLOG_PER_HOUR, 0])
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
    assert.deepEqual([owned(h), await waiting(h)], [BACKLOG_PER_HOUR, 10])
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
    assert.deepEqual([owned(h), await waiting(h)], [BACKLOG_PER_HOUR, 10])
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
    assert.deepEqual([owned(h), await waiting(h)], [60 + BACKLOG_PER_HOUR, 10])
    const { rows } = await sql`select 1 from record where (in_step_with->>'routing')::int < 0`.execute(h.db)
    assert.equal(rows.length, 0, 'what changed then was decided by that version already')
  })

  it('what waits is not offered while its policy cannot be read, and is again once it can', async () => {
    const h = await imported(60)
    await publish(h, routed(['DE', 'FR']))
    await round(h)
    assert.equal(await waiting(h), 10)
    await cannotBeRead(h)
    assert.deepEqual(await backlogs(h.db), [])
    await publish(h, routed(['DE', 'FR']))
    assert.deepEqual([await waiting(h), (await backlogs(h.db))[0]?.version], [10, 2])
  })

  it('a pilot keeps its day as well, and gives nobody a task for what waits', async () => {
    const pilot = { mode: 'pilot' as const, pilot: { when: [], dailyCap: 20 } }
    const h = await imported(60, routed(['DE'], 'rep@x.example', pilot))
    await publish(h, routed(['DE', 'FR'], 'rep@x.example', pilot))
    await round(h)
    assert.deepEqual([owned(h), await waiting(h), h.crm.tasks.size], [20, 40, 0])
  })

  it('two workers at once never exceed it, and the gate keeps it where grants of an hour ago come late', async () => {
    const h = await imported(200)
    await publish(h, routed(['DE', 'FR']))
    const worker = async () => {
      const deps = { db: h.db, workflows: h.workflows, nowMs: () => TUESDAY_MS }
      while ((await decideBatch({ id: h.connection.id as ConnectionId, crm: 'hubspot' }, deps)).taken > 0);
    }
    await Promise.all([worker(), worker()])
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from intent where backlog`.execute(h.db)
    assert.equal(rows[0]!.n, BACKLOG_PER_HOUR)
    // As if a second fifty had been let in while none of the first had left yet: they are intents, and wait no more. Some of
    // each fifty leave first, as when both workers are busy.
    await sql`with second as (
        delete from backlog_write where id in (select id from backlog_write order by id limit 50) returning *
      )
      insert into intent (connection_id, workflow, kind, object_type, record_id, payload, policy_hash, backlog, created_at)
      select i.connection_id, i.workflow, 'owner', b.object_type, b.record_id, i.payload, i.policy_hash, true, clock_timestamp()
      from second b cross join lateral (select * from intent limit 1) i`.execute(h.db)
    for (const instance of ['one', 'two']) await beat(h.db, 'worker', instance)
    for (const later of ['1 hour', '0 s']) {
      await sql`update intent set next_attempt_at = now() + (id % 7)::int::boolean::int * ${later}::interval`.execute(
        h.db,
      )
      await Promise.all([h.act('one'), h.act('two')])
    }
    await Promise.all([h.act('one'), h.act('two')])
    assert.equal(writes(h), BACKLOG_PER_HOUR)
    const refused = await sql<{ n: number }>`select count(*)::int as n from intent where not_sent = 'backlog'`.execute(
      h.db,
    )
    assert.equal(refused.rows[0]!.n, 50)
    await round(h)
    assert.deepEqual([owned(h), await waiting(h)], [BACKLOG_PER_HOUR, 150])
  })
})
