import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { sql } from 'kysely'
import { CrmUnknownError } from '../../../src/crm/crm-client.ts'
import { checkPeople } from '../../../src/pipeline/read/check-people.ts'
import { syncPeople } from '../../../src/pipeline/read/sync-people.ts'
import { listUsers } from '../../../src/store/decisions/people.ts'
import { copyConnection } from '../../support/copy-connection.ts'
import { contactPolicy, type Harness, pipelineHarness, staff } from '../harness.ts'

const NAMES = [0, 1, 2, 3, 4].map((n) => `rep${n}@x.example`)

describe('people whom the list of users leaves out', () => {
  const started: Harness[] = []
  after(() => Promise.all(started.map((harness) => harness.stop())))

  /** Nine people in jobs and five representatives who own ten contacts each; the rules settle orphans, as shipped. */
  async function company() {
    const policy = contactPolicy({ boundary: [{ ...contactPolicy().boundary[0]!, settles: ['orphaned-owner'] }] })
    const h = await pipelineHarness((crm) => {
      staff(crm)
      for (const name of NAMES) crm.person(name)
      return [policy]
    })
    started.push(h)
    const reps = NAMES.map((name) => h.crm.users.find(({ email }) => email === name)!.userId)
    for (let n = 0; n < 50; n += 1) await h.receive(contactOf(h, n, reps[n % 5]!))
    await h.settle()
    return { h, reps, left: (...ids: string[]) => leaveOut(h, ids) }
  }

  const contactOf = (h: Harness, n: number, owner: string) =>
    h.crm.change('contacts', String(n), {
      hubspot_owner_id: owner,
      country: 'DE',
      email: `a${n}@b.example`,
      createdate: '2026-01-01T00:00:00.000Z',
    })

  /** The next list lacks these; by themselves they can be read. */
  async function leaveOut(h: Harness, ids: readonly string[]) {
    h.crm.listed = h.crm.users.filter(({ userId }) => !ids.includes(userId))
    const listed = await h.people()
    await h.republish()
    return listed
  }

  /** Deletes them in the CRM: neither the list nor their own id has them. */
  function remove(h: Harness, ...ids: string[]) {
    h.crm.users.splice(0, h.crm.users.length, ...h.crm.users.filter(({ userId }) => !ids.includes(userId)))
  }

  const owners = (h: Harness) => {
    const counts: Record<string, number> = {}
    for (const { hubspot_owner_id: owner } of h.crm.records.values()) counts[owner!] = (counts[owner!] ?? 0) + 1
    return counts
  }
  const tenEach = (reps: readonly string[]) => Object.fromEntries(reps.map((id) => [id, 10]))
  const modes = async (h: Harness) =>
    (await sql<{ mode: string }>`select effective_mode as mode from workflow`.execute(h.db)).rows.map(
      ({ mode }) => mode,
    )
  const standing = async (h: Harness, id: string) =>
    (await listUsers(h.db)).find((u) => u.connectionId === h.connection.id && u.userId === id)?.standing
  const check = (h: Harness) => checkPeople(h.db, h.crm.client(), h.connection.id)
  const dueAgain = (h: Harness) =>
    sql`update user_check set ask_after = now() where ask_after <> 'infinity'`.execute(h.db)

  it('keep their records while 5 of 14 are missing, before and after they were asked for', async () => {
    const { h, reps, left } = await company()
    const { missing, departures } = await left(...reps)
    assert.deepEqual([missing, departures], [{ kind: 'person', count: 5, of: 14 }, []])
    await h.decide()
    await h.act()
    assert.deepEqual(owners(h), tenEach(reps))
    await h.settle()
    assert.deepEqual(owners(h), tenEach(reps))
    assert.deepEqual(await h.openExceptions(), [])
    // The list is as short as before, and nothing is said or asked again.
    assert.deepEqual((await h.people()).missing, null)
    assert.equal((await check(h)).taken, 0)
  })

  it('keep their records where one alone is missing: not listed is not gone', async () => {
    const { h, reps, left } = await company()
    assert.equal((await left(reps[0]!)).missing, null)
    assert.equal(await standing(h, reps[0]!), 'unlisted')
    await h.settle()
    assert.equal(await standing(h, reps[0]!), undefined)
    assert.deepEqual(owners(h), tenEach(reps))
  })

  it('count as gone once the CRM says so of their own id, and then the rule gives their records on', async () => {
    const { h, reps } = await company()
    remove(h, reps[0]!)
    assert.deepEqual((await h.people()).departures, [])
    const { departures } = await check(h)
    assert.deepEqual(departures, [{ userId: reps[0], name: NAMES[0], how: 'deleted' }])
    await h.settle()
    assert.equal(owners(h)[reps[0]!], undefined)
    assert.equal(await standing(h, reps[0]!), 'gone')
  })

  it('do not count as gone one by one where many are missing: a layoff passes when all are answered for', async () => {
    const { h, reps } = await company()
    remove(h, ...reps)
    h.crm.unreadable.add(reps[4]!)
    assert.deepEqual((await h.people()).missing, { kind: 'person', count: 5, of: 14 })
    await h.settle()
    assert.deepEqual(owners(h), tenEach(reps))
    h.crm.unreadable.clear()
    await dueAgain(h)
    assert.equal((await check(h)).departures.length, 5)
    await h.settle()
    assert.deepEqual(Object.keys(owners(h)).length, 1)
    assert.deepEqual((await h.people()).missing, null)
  })

  it('do not hold up the rest of a layoff for ever: one that stays unreadable stays unknown by itself', async () => {
    const { h, reps } = await company()
    remove(h, ...reps)
    h.crm.unreadable.add(reps[4]!)
    await h.people()
    for (let attempt = 0; attempt < 6; attempt += 1) {
      await dueAgain(h)
      await check(h)
    }
    await h.settle()
    assert.deepEqual(await standing(h, reps[3]!), 'gone')
    assert.deepEqual(await standing(h, reps[4]!), 'unlisted')
    assert.equal(owners(h)[reps[4]!], 10)
  })

  it('do not count as gone one by one after an outage either: each is asked for once more when the CRM answers again', async () => {
    const { h, reps } = await company()
    remove(h, ...reps)
    for (const id of reps) h.crm.unreadable.add(id)
    await h.people()
    for (let attempt = 0; attempt < 7; attempt += 1) {
      await dueAgain(h)
      await check(h)
    }
    // The CRM answers again, and this call reaches one of them only.
    h.crm.unreadable.clear()
    await sql`update user_check set ask_after = now() where user_id = ${reps[0]!}`.execute(h.db)
    assert.deepEqual((await check(h)).departures, [])
    assert.equal(await standing(h, reps[0]!), 'unlisted')
    await dueAgain(h)
    assert.equal((await check(h)).departures.length, 5)
  })

  it('are asked for again with growing waits while their answer proves nothing, and hold up no other', async () => {
    const { h, reps } = await company()
    remove(h, reps[0]!, reps[1]!)
    h.crm.unreadable.add(reps[0]!)
    await h.people()
    await check(h)
    assert.deepEqual([await standing(h, reps[0]!), await standing(h, reps[1]!)], ['unlisted', 'gone'])
    const wait = async () =>
      (
        await sql<{
          s: number
        }>`select extract(epoch from ask_after - clock_timestamp())::float8 as s from user_check`.execute(h.db)
      ).rows[0]!.s
    const waits = [await wait()]
    await dueAgain(h)
    await check(h)
    waits.push(await wait())
    assert.ok(waits[0]! > 20 && waits[0]! <= 30 && waits[1]! > 50 && waits[1]! <= 60, String(waits))
    await h.settle()
    assert.equal(owners(h)[reps[0]!], 10)
  })

  it('have one call that fails as a whole behind them and are asked for again: nobody is gone by a failure', async () => {
    const { h, reps } = await company()
    remove(h, reps[0]!)
    await h.people()
    const failing = { ...h.crm.client(), usersById: () => Promise.reject(new CrmUnknownError('HTTP 500')) }
    await assert.rejects(checkPeople(h.db, failing, h.connection.id), CrmUnknownError)
    assert.equal(await standing(h, reps[0]!), 'unlisted')
    await dueAgain(h)
    await check(h)
    assert.equal(await standing(h, reps[0]!), 'gone')
  })

  it('are back when a list holds them, also one who was proven gone: the same id returns', async () => {
    const { h, reps, left } = await company()
    await left(reps[0]!)
    h.crm.listed = null
    assert.deepEqual((await h.people()).changed, [reps[0]])
    assert.equal((await check(h)).taken, 0)
    const user = h.crm.users.find(({ userId }) => userId === reps[1])!
    remove(h, reps[1]!)
    await h.people()
    await check(h)
    assert.equal(await standing(h, reps[1]!), 'gone')
    h.crm.users.push(user)
    await h.people()
    assert.equal(await standing(h, reps[1]!), undefined)
  })

  it('are gone under the old id where somebody moved to another id with the same e-mail', async () => {
    const { h, reps } = await company()
    const old = h.crm.users.find(({ userId }) => userId === reps[0])!
    remove(h, reps[0]!)
    h.crm.users.push({ ...old, userId: 'moved' })
    await h.people()
    await h.settle()
    assert.equal(await standing(h, reps[0]!), 'gone')
    assert.equal(owners(h)[reps[0]!], undefined)
  })

  it('count as left where the list itself says that they are inactive', async () => {
    const { h, reps } = await company()
    Object.assign(h.crm.users.find(({ userId }) => userId === reps[0])!, { active: false })
    assert.deepEqual((await h.people()).departures, [{ userId: reps[0], name: NAMES[0], how: 'deactivated' }])
    await h.settle()
    assert.equal(owners(h)[reps[0]!], undefined)
  })

  it('are inactive where their own answer says so: an archived owner of a short list', async () => {
    const { h, reps, left } = await company()
    await left(reps[0]!)
    Object.assign(h.crm.users.find(({ userId }) => userId === reps[0])!, { active: false })
    assert.deepEqual((await check(h)).departures, [{ userId: reps[0], name: NAMES[0], how: 'deactivated' }])
    await h.settle()
    assert.equal(owners(h)[reps[0]!], undefined)
  })

  it('do not stop a workflow in which they hold a job, until the CRM says that they left', async () => {
    const { h, left } = await company()
    const boss = h.crm.users.find(({ email }) => email === 'roll@x.example')!
    await left(boss.userId)
    assert.deepEqual(await modes(h), ['live'])
    const { rows } = await sql<{ problems: { problem: string }[] }>`select problems from workflow`.execute(h.db)
    assert.match(rows[0]!.problems[0]!.problem, /not listed by HubSpot at the last look and is being checked/)
    remove(h, boss.userId)
    await check(h)
    await h.republish()
    assert.deepEqual(await modes(h), ['observe'])
  })

  it('get no record by a rule while they are in doubt, and the records that wait for them when they are not', async () => {
    const { h, left } = await company()
    const rep = h.crm.users.find(({ email }) => email === 'rep@x.example')!
    await left(rep.userId)
    await h.receive(contactOf(h, 99, ''))
    await h.apply()
    await h.decide()
    await h.act()
    assert.equal(h.crm.records.get('contacts/99')!.hubspot_owner_id, '')
    await h.settle()
    assert.equal(h.crm.records.get('contacts/99')!.hubspot_owner_id, rep.userId)
  })

  it('of a list that was asked for before their own answer came do not change that answer', async () => {
    const { h, reps } = await company()
    const slow = h.crm.users.filter(({ userId }) => userId !== reps[1])
    remove(h, reps[0]!)
    await h.people()
    const late = {
      ...h.crm.client(),
      async users() {
        await check(h)
        return slow
      },
    }
    await syncPeople(h.db, late, h.connection.id)
    assert.equal(await standing(h, reps[0]!), 'gone')
  })

  it('of one connection say nothing about the same id in another', async () => {
    const { h, reps } = await company()
    const other = 'other' as typeof h.connection.id
    await copyConnection(h.db, other)
    await syncPeople(h.db, h.crm.client(), other)
    const inOther = async () =>
      (await listUsers(h.db)).find((u) => u.connectionId === other && u.userId === reps[0])?.standing
    remove(h, reps[0]!)
    await h.people()
    assert.equal((await checkPeople(h.db, h.crm.client(), other)).taken, 0)
    await check(h)
    assert.deepEqual([await standing(h, reps[0]!), await inOther()], ['gone', undefined])
  })
})

describe('an owner whom no list has held', () => {
  const started: Harness[] = []
  after(() => Promise.all(started.map((harness) => harness.stop())))

  async function company() {
    const policy = contactPolicy({ boundary: [{ ...contactPolicy().boundary[0]!, settles: ['orphaned-owner'] }] })
    const h = await pipelineHarness((crm) => {
      staff(crm)
      return [policy]
    })
    started.push(h)
    return h
  }
  const owned = (h: Harness, n: number, owner: string) =>
    h.crm.change('contacts', String(n), {
      hubspot_owner_id: owner,
      country: 'DE',
      email: `a${n}@b.example`,
      createdate: '2026-01-01T00:00:00.000Z',
    })
  const asks = (h: Harness) => h.crm.calls.filter((call) => call.startsWith('usersById'))

  it('is asked for by id once for all records, and a new hire keeps them', async () => {
    const h = await company()
    const hired = h.crm.person('new.hire@x.example')
    await h.receive(...[1, 2, 3].map((n) => owned(h, n, hired)))
    await h.settle()
    assert.deepEqual(asks(h), ['usersById 1'])
    for (const record of h.crm.records.values()) assert.equal(record.hubspot_owner_id, hired)
    assert.deepEqual(await h.openExceptions(), [])
  })

  it('keeps the records before the answer is there, and loses them when the CRM has no such user', async () => {
    const h = await company()
    await h.receive(owned(h, 1, 'deleted-long-ago'))
    await h.apply()
    await h.decide()
    await h.act()
    assert.equal(h.crm.records.get('contacts/1')!.hubspot_owner_id, 'deleted-long-ago')
    assert.deepEqual(await h.openExceptions(), [])
    await h.settle()
    assert.notEqual(h.crm.records.get('contacts/1')!.hubspot_owner_id, 'deleted-long-ago')
    // Nobody is asked about an id that is proven gone.
    await h.receive(owned(h, 2, 'deleted-long-ago'))
    await h.settle()
    assert.deepEqual(asks(h), ['usersById 1'])
  })
})
