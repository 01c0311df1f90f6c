import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'kysely'
import pg from 'pg'
import { publishPolicies, refreshReadiness } from '../../src/pipeline/decide/publish-policies.ts'
import { contactPolicy, type Harness, routingHarnesses, versionOf } from './harness.ts'

describe('readiness that keeps holding', () => {
  const start = routingHarnesses()

  const inForce = async (h: Harness) => {
    const { rows } = await sql<{ mode: string; hash: string; problems: { email: string }[] }>`
      select effective_mode as mode, hash, problems from workflow where workflow = 'routing'`.execute(h.db)
    return rows[0]!
  }
  const setActive = async (h: Harness, email: string, active: boolean) => {
    const at = h.crm.users.findIndex((user) => user.email === email)
    h.crm.users[at] = { ...h.crm.users[at]!, active }
    await h.people()
  }
  const isWaiting = async (h: Harness) => {
    const { rows } = await sql`select 1 from pg_locks where locktype = 'advisory' and not granted
      and database = (select oid from pg_database where datname = current_database())`.execute(h.db)
    return rows.length > 0
  }

  it('part of M39: a process that checks readiness reads the people when its turn comes, so an older view never stays', async () => {
    const h = await start()
    await setActive(h, 'roll@x.example', false)
    await refreshReadiness(h.db)
    assert.equal((await inForce(h)).mode, 'observe')
    const other = new pg.Client({ connectionString: h.url })
    await other.connect()
    try {
      await other.query('begin')
      await other.query("select pg_advisory_xact_lock(hashtextextended('readiness', 0))")
      // Begins while the rollback owner is still away, and another process is at it.
      const late = refreshReadiness(h.db)
      while (!(await isWaiting(h))) await wait(5)
      await setActive(h, 'roll@x.example', true)
      await other.query('commit')
      assert.deepEqual((await late).changed, ['routing'])
      assert.equal((await inForce(h)).mode, 'live')
    } finally {
      await other.end()
    }
  })

  it('part of M40: names who is missing, and asks for nothing to be decided again when only the names changed', async () => {
    const h = await start()
    await setActive(h, 'roll@x.example', false)
    assert.deepEqual((await refreshReadiness(h.db)).changed, ['routing'])
    await h.settle()
    await setActive(h, 'over@x.example', false)
    assert.deepEqual((await refreshReadiness(h.db)).changed, [])
    const { problems } = await inForce(h)
    assert.deepEqual([...new Set(problems.map(({ email }) => email))].sort(), ['over@x.example', 'roll@x.example'])
    const { rows } = await sql`select 1 from redecide_queue`.execute(h.db)
    assert.equal(rows.length, 0)
  })

  it('part of M39: a process with older files does not put those in force again', async () => {
    const h = await start()
    const newer = versionOf(contactPolicy({ title: 'Newer' }))
    await publishPolicies(h.db, { loaded: [{ file: 'routing.yaml', source: '', version: newer }], refused: [] })
    assert.deepEqual((await refreshReadiness(h.db)).changed, [])
    assert.equal((await inForce(h)).hash, newer.hash)
  })

  it('keeps a workflow whose file has a slip running as it stands', async () => {
    const h = await start()
    await publishPolicies(h.db, {
      loaded: [],
      refused: [{ file: 'routing.yaml', workflow: 'routing', errors: ['typo'] }],
    })
    assert.deepEqual((await refreshReadiness(h.db)).changed, [])
    assert.equal((await inForce(h)).mode, 'live')
  })
})
