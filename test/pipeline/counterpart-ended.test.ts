import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import type { Policy } from '../../src/model/policy/policy.ts'
import { decisionStage } from './decision-stage.ts'

const DUPLICATES: Policy['patterns'] = [
  { pattern: 'duplicate-ownership', against: [{ crm: 'hubspot', object: 'contacts' }], againstAccountOwner: false },
]

describe('a duplicate across two connections', () => {
  const { start } = decisionStage()

  it('ends with the true reason when the other connection is ended, and does not count as fixed', async () => {
    const h = await start({
      patterns: DUPLICATES,
      classes: [{ pattern: 'duplicate-ownership', when: [], class: 'risky', because: 'Two.' }],
    })
    const [one, two] = h.crm.users.map(({ userId }) => userId)
    const contact = (id: string, owner: string, createdate: string) =>
      h.receive(
        h.crm.change('contacts', id, {
          email: 'ann@acme.com',
          lastname: 'Ann',
          country: 'DE',
          createdate,
          hubspot_owner_id: owner,
        }),
      )
    await contact('1', one!, '2026-01-02T00:00:00.000Z')
    await contact('2', two!, '2026-01-01T00:00:00.000Z')
    await h.apply()
    await h.refresh()
    // The other contact is one of another portal.
    await sql`insert into connection (id, crm, title, account_id, base_url, credentials, status, baseline, feed)
      select 'other', crm, 'Other', 'other', base_url, credentials, status, baseline, feed from connection`.execute(
      h.db,
    )
    await sql`update record set connection_id = 'other' where record_id = '2'`.execute(h.db)
    await sql`update match_key set connection_id = 'other' where record_id = '2'`.execute(h.db)
    await sql`insert into crm_user (connection_id, user_id, kind, email, name, active, active_members, time_zone)
      select 'other', user_id, kind, email, name, active, active_members, time_zone from crm_user`.execute(h.db)
    await h.decide()
    const cases = async () =>
      (
        await sql<{
          is: string
        }>`select pattern || ' ' || status || ' ' || coalesce(resolution, '') as is from exception
        where connection_id = ${h.connection.id}`.execute(h.db)
      ).rows.map(({ is }) => is)
    assert.deepEqual(await cases(), ['duplicate-ownership open '])

    await sql`update connection set status = 'disconnected' where id = 'other'`.execute(h.db)
    await sql`delete from match_key where connection_id = 'other'`.execute(h.db)
    await sql`update record set dirty_since = now() where record_id = '1'`.execute(h.db)
    await h.decide()
    assert.deepEqual(await cases(), ['duplicate-ownership resolved counterpart-disconnected'])
  })
})
