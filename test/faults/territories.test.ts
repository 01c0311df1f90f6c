import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { type SalesforceUser, salesforceUser } from '../../sandbox/tuesday/crm-user.ts'
import type { Policy } from '../../src/model/policy/policy.ts'
import { ASSIGNMENTS_EVERY_MS } from '../../src/pipeline/read/sync-territory-assignments.ts'
import { type Day, startDay } from './day.ts'

const HOUR_MS = 3_600_000
const ASSIGNMENT = 'ObjectTerritory2Association'

/** The shipped policies, and accounts by what Salesforce assigns instead of by a field of theirs. */
function byAssignment(policies: readonly Policy[]): Policy[] {
  return policies.map((policy) => ({
    ...policy,
    patterns: policy.patterns.map((setting) =>
      setting.pattern === 'stale-territory' && setting.only?.object === 'Account'
        ? { ...setting, field: '@territories' }
        : setting,
    ),
  }))
}

describe('an account that Salesforce assigns to a territory', () => {
  let day: Day
  let person: SalesforceUser
  let accountId: string
  const territory = new Map<string, string>()
  before(async () => {
    day = await startDay({ policies: byAssignment })
    await logIn()
    const found = await person.query<{ Id: string; DeveloperName: string }>('SELECT Id, DeveloperName FROM Territory2')
    for (const { Id, DeveloperName } of found) territory.set(DeveloperName, Id)
    const [account] = await day.rows<{ record_id: string }>(sql`
      select record_id from record r where object_type = 'Account' and values->>'@territories' = 'dach'
        and not exists (select 1 from exception e where e.record_id = r.record_id and e.status = 'open') limit 1`)
    accountId = account!.record_id
  })
  after(() => day.stop())

  const assign = (to: string, id = accountId) =>
    person.create(ASSIGNMENT, {
      ObjectId: id,
      Territory2Id: territory.get(to),
      AssociationCause: 'Territory2Manual',
    })
  const release = async (from: string) => {
    const [one] = await person.query<{ Id: string }>(
      `SELECT Id FROM ${ASSIGNMENT} WHERE ObjectId = '${accountId}' AND Territory2Id = '${territory.get(from)}'`,
    )
    await person.remove(ASSIGNMENT, one!.Id)
  }
  /** Time passes, in which nothing tells us anything, and the next polls come. */
  const pass = async (ms = ASSIGNMENTS_EVERY_MS) => {
    await day.control.salesforce.post('actions', { action: 'advance-clock', ms })
    day.advance(ms)
    day.context.queues.wake('poll', day.idOf('salesforce'))
    await day.untilNothingWaits()
  }
  const cases = () =>
    day.rows<{ status: string; what: string; resolution: string | null }>(sql`
      select status, what, resolution from exception
      where pattern = 'stale-territory' and record_id = ${accountId} order by id`)
  const told = async (id = accountId) =>
    (
      await day.rows<{ value: string | null }>(sql`
        select fields->>'@territories' as value from change_event
        where record_id = ${id} and fields ? '@territories' order by id`)
    ).map(({ value }) => value)
  /** As the reviewer sees it in Salesforce. Null: there never was one. */
  const isTaskOpen = async () => {
    const [task] = await day.rows<{ id: string }>(sql`
      select t.crm_task_id as id from task t join exception e on e.task_id = t.id
      where e.pattern = 'stale-territory' and e.record_id = ${accountId} order by e.id desc limit 1`)
    return (await day.control.salesforce.tasks()).find(({ id }) => id === task?.id)?.open ?? null
  }
  const logIn = async () => {
    const { url, credentials } = day.salesforce
    person = await salesforceUser({ loginUrl: url, instanceUrl: url, ...credentials } as Parameters<
      typeof salesforceUser
    >[0])
  }

  it('is told once of every account, and of none again while nothing changes', async () => {
    const counts = () =>
      day.rows<{ accounts: number; untold: number; events: number }>(sql`
        select count(*)::int as accounts, (count(*) filter (where not values ? '@territories'))::int as untold,
          (select count(*)::int from change_event where fields ? '@territories') as events
        from record where object_type = 'Account' and not deleted and merged_into is null`)
    const [first] = await counts()
    assert.ok(first!.accounts > 0)
    assert.deepEqual([first!.untold, first!.events], [0, first!.accounts])
    await pass()
    assert.deepEqual((await counts())[0], first)
    assert.deepEqual(await told(), ['dach'])
  })

  it('is a case when it is moved to another, which ends when it is moved back', async () => {
    assert.equal(await isTaskOpen(), null)
    await release('dach')
    await assign('france')
    await pass()
    const [opened] = await cases()
    assert.equal(opened?.status, 'open')
    assert.match(
      opened?.what ?? '',
      /^This account is assigned to France, but the country \S+ belongs to dach \(Germany, Austria, Switzerland\)\.$/,
    )
    assert.equal(await isTaskOpen(), true)

    await release('france')
    await assign('dach')
    await pass()
    assert.deepEqual(
      (await cases()).map(({ status }) => status),
      ['resolved'],
    )
    assert.equal(await isTaskOpen(), false)
    assert.deepEqual(await told(), ['dach', 'france', 'dach'])
  })

  it('may be in several, and is a case only when the right one is taken away', async () => {
    await assign('france')
    await pass()
    assert.equal((await cases()).filter(({ status }) => status === 'open').length, 0)
    await release('dach')
    await pass()
    assert.equal((await cases()).filter(({ status }) => status === 'open').length, 1)
    await assign('dach')
    await release('france')
    await pass()
    assert.equal((await cases()).filter(({ status }) => status === 'open').length, 0)
    assert.deepEqual((await told()).slice(3), ['dach;france', 'france', 'dach'])
  })

  it('is found out of a territory after a gap in which the list of deletions ran out', async () => {
    await release('dach')
    await pass(13 * HOUR_MS)
    // Nobody's session lasts that long.
    await logIn()
    assert.equal((await told()).at(-1), null)
    await assign('dach')
    await pass()
    assert.equal((await told()).at(-1), 'dach')
  })

  it('is in none when it is new and nobody assigned it', async () => {
    const id = await person.create('Account', { Name: 'Kvarn AB', BillingCountry: 'Sweden' })
    await pass()
    await pass()
    assert.deepEqual(await told(id), [null])
    await assign('nordics', id)
    await pass()
    assert.deepEqual(await told(id), [null, 'nordics'])
  })

  it('meets no failure on the way', () => {
    assert.deepEqual(day.failures, [])
  })
})
