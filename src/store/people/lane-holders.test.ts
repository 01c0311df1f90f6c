import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts'
import { connectedCrm, crmUserIs, jobHeld, personWho } from '../../../test/support/jobs.ts'
import type { ConnectionId } from '../../model/record/change-event.ts'
import { lanesHeld, refreshLaneHolders, staleLaneHolders } from './lane-holders.ts'

describe('who holds a lane now', () => {
  let database: TestDatabase
  let hubspot: ConnectionId
  let salesforce: ConnectionId
  const db = () => database.db

  before(async () => {
    database = await testDatabase()
    hubspot = await connectedCrm(db(), 'hubspot')
    salesforce = await connectedCrm(db(), 'salesforce')
  })
  after(() => database.drop())
  beforeEach(async () => {
    for (const table of ['lane_holder', 'absence', 'job', 'identity', 'crm_user']) {
      await sql`delete from ${sql.table(table)}`.execute(db())
    }
  })

  /** "review/general ann holder" for each, of the workflow named routing unless another is. */
  async function held(workflow = 'routing') {
    await refreshLaneHolders(db(), null)
    const { rows } = await sql<{ id: string; name: string }>`select id, name from person`.execute(db())
    const names = new Map(rows.map(({ id, name }) => [id, name]))
    return (await lanesHeld(db(), [workflow]))
      .filter((one) => one.workflow === workflow)
      .map(({ lane, circle, personId, role }) => `${circle ?? lane} ${names.get(personId)} ${role}`)
  }
  const inHubspot = async (name: string) => {
    await crmUserIs(db(), hubspot, name)
    return personWho(db(), name, { users: [[hubspot, name]] })
  }
  const absent = (person: string, delegate: string | null, from = -1, until = 1) =>
    sql`
    insert into absence (person_id, from_day, until_day, delegate_id, made_by)
    values (${person}, current_date + ${from}::int, current_date + ${until}::int, ${delegate}, 'terminal')`.execute(
      db(),
    )

  it('are those who accepted, and their deputies; an offer holds nothing', async () => {
    const ann = await inHubspot('ann')
    const ben = await inHubspot('ben')
    await jobHeld(db(), ann, { lane: 'rollback' })
    await jobHeld(db(), ben, { lane: 'rollback', deputy: true })
    await jobHeld(db(), ben, { lane: 'review', circle: 'senior' })
    const offer = await jobHeld(db(), ben, { lane: 'data' })
    await sql`update job set accepted_at = null where id = ${offer}`.execute(db())
    assert.deepEqual(await held(), ['senior ben holder', 'rollback ann holder', 'rollback ben deputy'])
  })

  it('ends with the job, with the person and when it was not confirmed again in time', async () => {
    const [ann, ben, cy] = [await inHubspot('ann'), await inHubspot('ben'), await inHubspot('cy')]
    const job = await jobHeld(db(), ann, { lane: 'rollback' })
    await jobHeld(db(), ben, { lane: 'override' })
    const late = await jobHeld(db(), cy, { lane: 'data' })
    assert.equal((await held()).length, 3)
    await sql`update job set ended_at = now(), ended_by = 'terminal', end_reason = 'given-back' where id = ${job}`.execute(
      db(),
    )
    await sql`update person set ended_at = now(), ended_by = 'terminal' where id = ${ben}`.execute(db())
    await sql`update job set confirm_by = clock_timestamp() - interval '1 second' where id = ${late}`.execute(db())
    assert.deepEqual(await held(), [])
  })

  it('leave with their last active user of a CRM, whatever other sign-in they have', async () => {
    await crmUserIs(db(), hubspot, 'ann')
    await crmUserIs(db(), salesforce, 'ann-sf')
    const users = [[hubspot, 'ann'] as const, [salesforce, 'ann-sf'] as const]
    const ann = await personWho(db(), 'ann', { users, mail: 'ann@x.example' })
    await jobHeld(db(), ann, { lane: 'rollback' })
    await crmUserIs(db(), hubspot, 'ann', { active: false })
    assert.deepEqual(await held(), ['rollback ann holder'])
    await crmUserIs(db(), salesforce, 'ann-sf', { frozen: true })
    assert.deepEqual(await held(), [])
    await crmUserIs(db(), hubspot, 'ann')
    assert.deepEqual(await held(), ['rollback ann holder'])
  })

  it('are the same after somebody else got their address', async () => {
    const ann = await inHubspot('ann')
    await jobHeld(db(), ann, { lane: 'rollback' })
    await crmUserIs(db(), hubspot, 'ann', { email: 'ann.smith@x.example' })
    await crmUserIs(db(), hubspot, 'mallory', { email: 'ann@x.example' })
    await personWho(db(), 'mallory', { users: [[hubspot, 'mallory']] })
    assert.deepEqual(await held(), ['rollback ann holder'])
  })

  it('may be known by mail alone in every lane but review; an admin needs nothing', async () => {
    const mia = await personWho(db(), 'mia', { mail: 'mia@x.example' })
    const nobody = await personWho(db(), 'nobody')
    for (const lane of ['rollback', 'data'] as const) await jobHeld(db(), mia, { lane })
    await jobHeld(db(), mia, { lane: 'review', circle: 'general' })
    await jobHeld(db(), nobody, { lane: 'boundary' })
    await jobHeld(db(), nobody, { workflow: '', lane: 'admin' })
    assert.deepEqual(await held(), ['data mia holder', 'rollback mia holder'])
    assert.deepEqual(await held(''), ['admin nobody holder'])
  })

  describe('while somebody is away', () => {
    it('their delegate stands in where they are in the same circle or are its deputy, and nowhere else', async () => {
      const [ann, ben] = [await inHubspot('ann'), await inHubspot('ben')]
      for (const circle of ['general', 'senior'] as const) await jobHeld(db(), ann, { lane: 'review', circle })
      for (const lane of ['rollback', 'data'] as const) await jobHeld(db(), ann, { lane })
      await jobHeld(db(), ben, { lane: 'review', circle: 'general' })
      await jobHeld(db(), ben, { lane: 'rollback', deputy: true })
      await absent(ann, ben)
      const delegates = (await held()).filter((one) => one.endsWith('delegate'))
      assert.deepEqual(delegates, ['general ben delegate', 'rollback ben delegate'])
    })

    it('they keep their own lanes, and nobody stands in before, after, or once it was taken back', async () => {
      const [ann, ben] = [await inHubspot('ann'), await inHubspot('ben')]
      for (const one of [ann, ben]) await jobHeld(db(), one, { lane: 'review', circle: 'general' })
      const both = ['general ann holder', 'general ben holder']
      await absent(ann, ben, 2, 3)
      await absent(ann, ben, -3, -2)
      assert.deepEqual((await held()).sort(), both)
      await absent(ann, ben)
      assert.deepEqual((await held()).sort(), [...both, 'general ben delegate'].sort())
      await sql`update absence set ended_at = now(), ended_by = 'terminal'`.execute(db())
      assert.deepEqual((await held()).sort(), both)
    })

    it('the last day is that of their own zone, also where the server does not know the zone', async () => {
      const ann = await inHubspot('ann')
      const ben = await inHubspot('ben')
      for (const one of [ann, ben]) await jobHeld(db(), one, { lane: 'review', circle: 'general' })
      await absent(ann, ben)
      const until = async (zone: string) => {
        await crmUserIs(db(), hubspot, 'ann', { timeZone: zone })
        await sql`update crm_user set time_zone = ${zone} where user_id = 'ann'`.execute(db())
        await refreshLaneHolders(db(), 'routing')
        return (await lanesHeld(db(), ['routing'])).find(({ role }) => role === 'delegate')!.untilMs!
      }
      const HOUR_MS = 3_600_000
      assert.equal((await until('UTC')) - (await until('Etc/GMT-6')), 6 * HOUR_MS)
      assert.equal(await until('Mars/Olympus'), await until('UTC'))
    })
  })

  it('names the workflows that are behind, without a lock', async () => {
    const ann = await inHubspot('ann')
    await jobHeld(db(), ann, { lane: 'rollback' })
    await jobHeld(db(), ann, { workflow: '', lane: 'admin' })
    assert.deepEqual(await staleLaneHolders(db()), ['', 'routing'])
    assert.equal(await refreshLaneHolders(db(), 'routing'), true)
    assert.equal(await refreshLaneHolders(db(), 'routing'), false)
    assert.deepEqual(await staleLaneHolders(db()), [''])
  })
})
