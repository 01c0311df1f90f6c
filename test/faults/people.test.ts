import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import { BOTH, DAYS_AT_ONCE, type Day, startDay } from './day.ts'
import { ordinaryHour, sameAsWithoutFault } from './ordinary-hour.ts'

/** A representative who owns records in both CRMs and is in no job of a workflow. */
const REP = 'jonas.huber@brightwater.example'

/** Of both inbound workflows. */
const ROLLBACK_OWNER = 'sam.rivera@brightwater.example'

describe('a bad day of people', { timeout: 600_000, concurrency: DAYS_AT_ONCE }, () => {
  it('owner deactivated: it is said with how many records, their cases come, and go again when the owner is back', () =>
    sameAsWithoutFault(
      async (day) => {
        await day.change({ op: 'archive-owner', email: REP })
        const userId = await salesforceUserId(day)
        await day.people.update('User', userId, { IsActive: false })
        await day.untilQuiet()
        for (const crm of BOTH) {
          const { message, endedAt } = await day.notice(crm, 'owner-gone')
          assert.match(message, /^Jonas Huber left \(deactivated in \w+\)\. Rules reassign what they can/)
          assert.equal(endedAt, null)
        }
        assert.ok((await orphans(day)) > 0, 'nobody noticed that the owner left')
        await day.change({ op: 'restore-owner', email: REP })
        await day.people.update('User', userId, { IsActive: true })
        await day.untilQuiet()
        await ordinaryHour(day)
        for (const crm of BOTH) assert.notEqual((await day.notice(crm, 'owner-gone')).endedAt, null)
      },
      { closedTasks: false },
    ))

  it('owner deleted: it is said, and no case or task is left with somebody who is not there', async () => {
    await sameAsWithoutFault(
      async (day) => {
        await day.change({ op: 'delete-owner', email: REP })
        await day.untilQuiet()
        const { message } = await day.notice('hubspot', 'owner-gone')
        assert.match(message, /^Jonas Huber left \(deleted in HubSpot\)\. Rules reassign/)
        assert.ok((await orphans(day)) > 0)
        const held = await day.rows(sql`select 1 from exception e join connection c on c.id = e.connection_id
        where c.crm = 'hubspot' and e.status = 'open' and e.owner_email = ${REP}`)
        assert.deepEqual(held, [])
      },
      { same: false },
    )
  })

  it('a list of users without a third of them: it is said with their number, and no record or task of theirs moves', () =>
    sameAsWithoutFault(async (day) => {
      const { rows: people } = await sql<{ email: string }>`select u.email from crm_user u
        join connection c on c.id = u.connection_id where c.crm = 'hubspot' and u.active order by u.user_id`.execute(
        day.db,
      )
      const left = people.filter((_, i) => i % 3 === 0)
      for (const { email } of left) await day.change({ op: 'hide-owner', email })
      await day.untilQuiet()
      const { message, endedAt } = await day.notice('hubspot', 'people-missing')
      assert.match(message, /left out \d+ of \d+ active users\. We ask HubSpot about each/)
      assert.notEqual(endedAt, null)
      const gone = await day.rows(sql`select 1 from crm_user where gone_at is not null and name <> user_id`)
      assert.deepEqual(gone, [])
      for (const { email } of left) await day.change({ op: 'show-owner', email })
      await day.untilQuiet()
      await ordinaryHour(day)
    }))

  it('part of M40: a job that fell vacant while nobody could work out what that means stops the workflow with the next poll', async () => {
    const day = await startDay()
    try {
      const modes = async () =>
        (
          await day.rows<{ mode: string }>(
            sql`select distinct effective_mode as mode from workflow where workflow like 'inbound%'`,
          )
        ).map(({ mode }) => mode)
      const { refreshReadiness } = day.context
      let looks = 0
      Object.assign(day.context, {
        async refreshReadiness() {
          looks += 1
          if (looks === 1) throw new Error('the database went away for a moment')
          return refreshReadiness()
        },
      })
      assert.deepEqual(await modes(), ['live'])
      await day.change({ op: 'archive-owner', email: ROLLBACK_OWNER })
      await day.run('poll', 'hubspot')
      assert.deepEqual([looks, await modes()], [1, ['live']])
      await day.run('poll', 'hubspot')
      assert.deepEqual(await modes(), ['observe'])
    } finally {
      await day.stop()
    }
  })
})

async function salesforceUserId(day: Day): Promise<string> {
  const [user] = await day.people.query<{ Id: string }>(`SELECT Id FROM User WHERE Email = '${REP}'`)
  return user!.Id
}

async function orphans(day: Day): Promise<number> {
  const rows = await day.rows(
    sql`select 1 from exception where pattern = 'orphaned-owner' and evidence::text like '%Huber%' or
      (pattern = 'orphaned-owner' and what like '%Huber%') or (pattern = 'orphaned-owner' and opened_at > now() - interval '1 minute')`,
  )
  return rows.length
}
