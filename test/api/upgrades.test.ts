import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { CaseReply } from '../../src/api/cases/case-types.ts'
import type { Overview } from '../../src/api/overview/overview-types.ts'
import type { UpgradesReply } from '../../src/api/upgrades/upgrade-types.ts'
import { upgradeLines, upgradeNews } from '../../src/cli/terminal/upgrade-lines.ts'
import { listUpgrades } from '../../src/store/upgrades/read-upgrades.ts'
import { seedConsole } from '../browser/console-rows.ts'
import { seedUpgrades } from '../browser/upgrade-rows.ts'
import { type AppUnderTest, appUnderTest } from './app-under-test.ts'

describe('what an upgrade changed, in the API', () => {
  let t: AppUnderTest
  let cookie: string
  let opened: number
  before(async () => {
    t = await appUnderTest()
    cookie = await t.signIn()
    await seedConsole(t.db, new Date())
    opened = await seedUpgrades(t.db)
  })
  after(() => t.close())

  const get = async <Reply>(path: string) => {
    const reply = await t.call({ url: `/api/console${path}`, headers: { cookie } })
    assert.equal(reply.statusCode, 200, reply.body)
    return reply.json<Reply>()
  }
  const alerts = async () => (await get<Overview>('/overview')).alerts.filter(({ about }) => about === 'upgrade')

  it('is listed by connection, workflow and pattern with cases by name, and nobody reads it without a session', async () => {
    const { upgrades } = await get<UpgradesReply>('/upgrades')
    assert.equal(upgrades.length, 2)
    const { report, edited } = upgrades[0]!
    assert.equal(report?.groups.length, 4)
    const { examples, ...group } = report!.groups[0]!
    assert.deepEqual([group.opened, group.closed, group.changed, group.askedAgain], [1200, 8, 3, 1])
    assert.ok(examples.length > 0 && examples.every(({ title }) => title !== ''))
    assert.ok(group.connectionTitle !== '' && group.patternTitle !== group.pattern)
    assert.deepEqual([report?.undecided, report?.isWithoutEffect], [2, false])
    assert.equal(edited.length, 1)
    assert.equal(upgrades[1]?.report?.isWithoutEffect, true)
    assert.equal((await t.call({ url: '/api/console/upgrades' })).statusCode, 401)
  })

  it('shows an erased record by no name', async () => {
    await sql`update exception set title = 'Erased record' where id = ${opened}`.execute(t.db)
    const { upgrades } = await get<UpgradesReply>('/upgrades')
    const named = upgrades[0]!.report!.groups.flatMap(({ examples }) => examples)
    assert.equal(named.find(({ id }) => id === String(opened))?.title, 'Erased record')
  })

  it('is one alert for seven days, and none where nothing changed', async () => {
    const [alert, ...others] = await alerts()
    assert.equal(others.length, 0)
    assert.match(alert!.title, /^Upgrade: 4,800 cases opened, 32 closed, 12 changed class/)
    assert.match(alert!.detail, /14 tasks to write: 10 new, 1 with another text, 3 to close\./)
    assert.match(alert!.detail, /not complete: 2 records/)
    assert.equal(alert!.needsAction, false)
    await sql`update upgrade set finished_at = finished_at - interval '8 days', started_at = started_at - interval '8 days'`.execute(
      t.db,
    )
    assert.deepEqual(await alerts(), [])
  })

  it('is said on the case', async () => {
    const { upgrade } = await get<CaseReply>(`/exceptions/${opened}`)
    assert.deepEqual([upgrade?.change, upgrade?.isUnderWay], ['opened', false])
    const { rows } = await sql<{ id: number }>`select id from exception where id not in (
      select exception_id from upgrade_case) limit 1`.execute(t.db)
    assert.equal((await get<CaseReply>(`/exceptions/${rows[0]!.id}`)).upgrade, null)
  })

  it('is printed by the terminal in a few lines', async () => {
    const [newest, oldest] = await listUpgrades(t.db, { limit: 2 })
    const [first, ...rest] = upgradeLines(newest!, 'http://console/upgrades')
    assert.match(
      first!,
      /^Upgrade: this version reads values differently: 4,800 cases opened, .* http:\/\/console\/upgrades$/,
    )
    assert.equal(rest.length, 6)
    assert.match(rest[0]!, /^ {2}\S+, \S+, \S+: 1,200 cases opened, 8 closed/)
    assert.match(rest[4]!, /Not complete: 2 records/)
    assert.deepEqual(upgradeLines(oldest!, ''), ['Upgrade: this version decides every record as before.'])
    assert.match(upgradeLines({ ...newest!, report: null }, '')[0]!, /being decided again/)
  })

  it('is printed once, the oldest first, and not where it was made before the start', async () => {
    const news = upgradeNews(t.db, new Date(0), 'http://console/upgrades')
    const [first, second] = await news()
    assert.match(first!, /as before/)
    assert.match(second!, /4,800 cases opened/)
    assert.deepEqual(await news(), [])
    assert.deepEqual(await upgradeNews(t.db, new Date(), '')(), [])
    await sql`insert into upgrade (from_reading, to_reading, limit_at) values ('a', 'b', now() + interval '1 hour')`.execute(
      t.db,
    )
    assert.equal((await news()).length, 1)
    assert.deepEqual(await news(), [])
  })
})
