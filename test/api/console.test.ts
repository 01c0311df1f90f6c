import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { CaseReply, ListReply } from '../../src/api/cases/case-types.ts'
import { CRM_PAGES } from '../../src/api/cases/crm-pages.ts'
import type { ConnectionsReply } from '../../src/api/connections/connection-types.ts'
import type { DepartureReply } from '../../src/api/departures/departure-types.ts'
import type { Overview } from '../../src/api/overview/overview-types.ts'
import type { MatrixReply } from '../../src/api/workflows/matrix-types.ts'
import type { RulesReply } from '../../src/api/workflows/rules-types.ts'
import type { WorkflowsReply } from '../../src/api/workflows/workflow-types.ts'
import type { Policy } from '../../src/model/policy/policy.ts'
import { seedConsole } from '../browser/console-rows.ts'
import { type AppUnderTest, appUnderTest } from './app-under-test.ts'

const NOW = new Date('2026-11-19T14:30:00Z')
let t: AppUnderTest
let cookie: string

async function get<Reply>(path: string): Promise<Reply> {
  const reply = await t.call({ url: `/api/console/${path}`, headers: { cookie } })
  assert.equal(reply.statusCode, 200, `${path}: ${reply.body}`)
  return reply.json<Reply>()
}

before(async () => {
  t = await appUnderTest({
    now: () => NOW,
    links: { ...CRM_PAGES, taskUrl: () => 'javascript:alert(1)' },
    explain: ({ policy }) => `Gives owners: ${policy.title}`,
  })
  await seedConsole(t.db, NOW)
  cookie = await t.signIn()
})
after(() => t.close())

async function count(where: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*) as n from exception where ${sql.raw(where)}`.execute(t.db)
  return rows[0]!.n
}

describe('the overview', () => {
  it('counts what is open the same way in every breakdown', async () => {
    const overview = await get<Overview>('overview')
    const open = await count("status = 'open'")
    assert.ok(open > 20)
    assert.equal(overview.open.total, open)
    for (const counts of [overview.byClass, overview.byPattern, overview.byWorkflow, overview.byOwner]) {
      assert.equal(
        counts.reduce((sum, one) => sum + one.n, 0),
        open,
      )
      assert.equal(
        counts.reduce((sum, one) => sum + one.overdue, 0),
        overview.open.overdue,
      )
    }
    assert.equal(overview.open.overdue, await count(`status = 'open' and due_at < '${NOW.toISOString()}'`))
    assert.equal(overview.open.unknown, await count("status = 'open' and class = 'unknown'"))
    assert.equal(overview.open.stopped, await count("status = 'open' and posture = 'stop'"))
  })

  it('part of M5: shows exactly the five classes, in one order, also those with nothing open', async () => {
    const { byClass } = await get<Overview>('overview')
    assert.deepEqual(
      byClass.map((one) => one.key),
      ['expected', 'risky', 'customer-facing', 'revenue-impacting', 'unknown'],
    )
  })

  it('has 48 hours and 30 days without a gap, whose cases add up to what was opened', async () => {
    const { hours, days } = await get<Overview>('overview')
    for (const [points, stepMs] of [
      [hours, 3_600_000],
      [days, 86_400_000],
    ] as const) {
      assert.equal(points.length, stepMs === 3_600_000 ? 48 : 30)
      for (const [i, point] of points.entries()) {
        assert.equal(Date.parse(point.at), Date.parse(points[0]!.at) + i * stepMs)
      }
      const sumOf = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0)
      const total = points.reduce((sum, point) => sum + sumOf(point.opened), 0)
      assert.equal(total, await count(`opened_at >= '${points[0]!.at}'`))
      assert.equal(
        points.reduce((sum, point) => sum + sumOf(point.ended), 0),
        await count(`status <> 'open' and resolved_at >= '${points[0]!.at}'`),
      )
    }
  })

  it('counts events of the last day with what became of them, and the lag of the oldest that waits', async () => {
    const { events } = await get<Overview>('overview')
    const skipped = events.skipped.reduce((sum, reason) => sum + reason.n, 0)
    assert.equal(events.received, events.applied + events.waiting + skipped)
    assert.equal(events.waiting, 4)
    assert.equal(events.lagMs, 45_000)
    assert.equal(events.duplicate, 131)
    assert.deepEqual(events.skipped.map((reason) => reason.reason).sort(), ['object-not-watched', 'our-own-write'])
  })

  it('says what needs a person: a refused policy with its place, an absent owner, an unknown portal', async () => {
    await sql`update connection set status = 'reconnect-needed', status_reason = 'Create a new token in HubSpot.'
      where id = 'hubspot-1'`.execute(t.db)
    const { alerts } = await get<Overview>('overview')
    await sql`update connection set status = 'connected', status_reason = null`.execute(t.db)
    const find = (part: string) => {
      const alert = alerts.find((one) => one.title.includes(part))
      assert.ok(alert, `no alert with "${part}" in ${JSON.stringify(alerts)}`)
      return alert
    }
    assert.equal(find('Reconnect ').remedy, 'Create a new token in HubSpot.')
    assert.match(find('renewal-handover has errors').detail, /renewal-handover\.yaml, line 14, owners\.rollback: /)
    assert.match(find('Account ownership is not ready to go live').detail, /rollback: greg\.dalton@/)
    assert.match(find('990017').detail, /^12 /)
    assert.deepEqual(
      alerts.map((alert) => alert.level),
      alerts.map((alert) => alert.level).sort((a, b) => (a === b ? 0 : a === 'stop' ? -1 : 1)),
    )
  })

  it('names who left with the records that need an owner, and counts the records that differ', async () => {
    const owner = '710'
    await sql`insert into record (connection_id, object_type, record_id, values, stamps, owner_id)
      values ('hubspot-1', 'contacts', '1', '{}', '{}', ${owner}), ('hubspot-1', 'contacts', '2', '{}', '{}', ${owner})`.execute(
      t.db,
    )
    await sql`insert into difference (connection_id, object_type, record_id, day, why, run, is_pending, differs_since)
      values ('hubspot-1', 'contacts', '1', '2026-11-20', 'different', 0, false, now())`.execute(t.db)
    await sql`insert into notice (connection_id, code, subject, level, message) values
      ('hubspot-1', 'owner-gone', ${owner}, 'warn', 'Tom Becker was deactivated.'),
      ('hubspot-1', 'out-of-sync', '', 'warn', 'A record differs.')`.execute(t.db)
    const { alerts } = await get<Overview>('overview')
    const titles = alerts.map(({ title }) => title)
    const tom = alerts.find(({ title }) => title.startsWith('Tom Becker'))!
    const list = await get<DepartureReply>(`departure?email=${tom.departed}`)
    await sql`delete from notice where connection_id = 'hubspot-1'`.execute(t.db)
    await sql`delete from difference`.execute(t.db)
    await sql`delete from record`.execute(t.db)
    assert.ok(titles.includes('Tom Becker left: 2 Brightwater HubSpot records need an owner'), titles.join('; '))
    assert.ok(titles.includes('1 record differs from Brightwater HubSpot'), titles.join('; '))
    assert.match(tom.detail, /Still named in 2 jobs and \d+ open tasks\.$/)
    assert.deepEqual([tom.needsAction, list.places.length], [true, 2])
    assert.deepEqual(
      list.records.map(({ objectType, records, decided }) => [objectType, records, decided]),
      [['contacts', 2, 2]],
    )
    assert.match(list.sections[1]!.title, /^Records owned: 2, and what /)
  })

  it('answers about an e-mail that nobody has with the one that was probably meant', async () => {
    const reply = await t.call({
      url: '/api/console/departure?email=tom.beker@brightwater.example',
      headers: { cookie },
    })
    assert.equal(reply.statusCode, 404)
    assert.match(reply.body, /Nobody has the e-mail tom\.beker@.* Did you mean tom\.becker@brightwater\.example\?/)
    assert.equal((await t.call({ url: '/api/console/departure?email=tom.beker@brightwater.example' })).statusCode, 401)
  })
})

describe('the list of exceptions', () => {
  async function all(query: string): Promise<ListReply['exceptions']> {
    const found: ListReply['exceptions'] = []
    for (let cursor: string | null = null, page = 0; page < 100; page++) {
      const reply: ListReply = await get<ListReply>(
        `exceptions?limit=17&${query}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`,
      )
      found.push(...reply.exceptions)
      cursor = reply.nextCursor
      if (cursor === null) return found
    }
    throw new Error('the list does not end')
  }

  it('gives every row exactly once over its pages, newest first', async () => {
    const rows = await all('status=all')
    assert.equal(rows.length, await count('true'))
    assert.equal(new Set(rows.map((row) => row.id)).size, rows.length)
    const times = rows.map((row) => Date.parse(row.openedAt))
    assert.deepEqual(
      times,
      times.toSorted((a, b) => b - a),
    )
  })

  it('neither repeats nor hides a row when all were opened in the same moment', async () => {
    const before = await all('status=open')
    await sql`update exception set opened_at = '2026-11-19T10:00:00.123456Z' where status = 'open'`.execute(t.db)
    const rows = await all('status=open')
    assert.deepEqual(new Set(rows.map((row) => row.id)), new Set(before.map((row) => row.id)))
    assert.equal(rows.length, before.length)
  })

  const filters: readonly [string, string, string][] = [
    ['class', 'class=unknown', "status = 'open' and class = 'unknown'"],
    ['posture', 'posture=stop', "status = 'open' and posture = 'stop'"],
    ['pattern', 'pattern=no-rule', "status = 'open' and pattern = 'no-rule'"],
    ['owner', 'owner=Tom.Becker@brightwater.example', "status = 'open' and owner_email like 'tom.becker@%'"],
    ['workflow', 'workflow=account-ownership', "status = 'open' and workflow = 'account-ownership'"],
    ['connection', 'connection=hubspot-1&status=all', "connection_id = 'hubspot-1'"],
    ['status', 'status=settled-by-rule', "status = 'settled-by-rule'"],
    ['deadline', 'overdue=true', `status = 'open' and due_at < '${NOW.toISOString()}'`],
    [
      'words, in any order and case',
      'q=AUSTRIA%20wexford&status=all',
      "title = 'Wexford Dairy' and what like '%Austria%'",
    ],
    ['a percent sign, which is no wildcard', 'q=%25&status=all', 'false'],
  ]
  for (const [name, query, where] of filters) {
    it(`is narrowed by ${name}`, async () => {
      const rows = await all(query)
      assert.equal(rows.length, await count(where))
    })
  }

  it('part of M4: gives class, owner with name, and posture of each', async () => {
    const { exceptions } = await get<ListReply>('exceptions?class=revenue-impacting&limit=1')
    const { class: name, owner, posture } = exceptions[0]!
    assert.deepEqual(
      { name, owner, posture },
      {
        name: 'revenue-impacting',
        owner: { email: 'helen.armstrong@brightwater.example', name: 'Helen Armstrong', active: true },
        posture: 'stop',
      },
    )
  })
})

describe('one case', () => {
  async function idWhere(where: string): Promise<number> {
    const { rows } = await sql<{ id: number }>`
      select id from exception where ${sql.raw(where)} order by id limit 1`.execute(t.db)
    return rows[0]!.id
  }

  it('answers what happened, why, who and what now, with the receipt behind it', async () => {
    const found = await get<CaseReply>(`exceptions/${await idWhere("pattern = 'no-rule' and status = 'open'")}`)
    assert.match(found.what, /none of its rules covers Kenya/)
    assert.match(found.wouldHave, /no row of the table matches/)
    assert.equal(found.owner.name, 'Tom Becker')
    assert.match(found.todo, /by hand/)
    assert.deepEqual(found.receipt?.misses, [{ rule: 'dach', failed: 'country is one of DE, AT, CH', actual: 'KE' }])
    assert.match(found.receipt.wouldChange ?? '', /DE/)
    assert.match(found.receipt.hash, /^[0-9a-f]{64}$/)
    assert.deepEqual(
      found.history.map((entry) => entry.kind),
      ['exception-opened', 'task-write-done'],
    )
  })

  it('gives the age of each piece of evidence, and says where it is not known', async () => {
    const found = await get<CaseReply>(`exceptions/${await idWhere("pattern = 'stale-territory' and status = 'open'")}`)
    const ages = Object.fromEntries(found.evidence.map((fact) => [fact.name, fact.changedAt]))
    assert.ok(ages.Country && Date.parse(ages.Country) < Date.parse(found.openedAt))
    assert.equal(found.evidence.filter((fact) => fact.changedAt === null).length, 1)
  })

  it('links to the record in its CRM and never to anything but http', async () => {
    const found = await get<CaseReply>(
      `exceptions/${await idWhere("class = 'customer-facing' and status = 'open' and connection_id = 'salesforce-1'")}`,
    )
    assert.equal(found.recordUrl, `http://127.0.0.1:4020/lightning/r/Account/${found.recordId}/view`)
    assert.match(found.involves[0]!.url ?? '', /\/contacts\/4471001\/record\/0-2\/\d+$/)
    assert.equal(found.task?.written, true)
    assert.equal(found.task.url, null)
  })

  it('lists the other cases of a shared task', async () => {
    const found = await get<CaseReply>(`exceptions/${await idWhere("cause = 'greg-left' and status = 'open'")}`)
    assert.equal(found.causeTitle, 'Greg Dalton left and still owns records')
    assert.equal(
      found.sameTask.length + found.sameTaskMore,
      (await count("cause = 'greg-left' and status = 'open'")) - 1,
    )
    assert.ok(found.sameTask.every((other) => other.id !== found.id))
  })

  it('still stands, with its hash, after a privacy erasure of its receipt', async () => {
    const id = await idWhere("pattern = 'missing-field' and status = 'open'")
    await sql`update ledger set body = null where seq = (select receipt_seq from exception where id = ${id})`.execute(
      t.db,
    )
    const found = await get<CaseReply>(`exceptions/${id}`)
    assert.equal(found.receipt?.erased, true)
    assert.match(found.receipt.hash, /^[0-9a-f]{64}$/)
    assert.match(found.history[0]!.says ?? '', /erased/)
  })

  it('is 404 when there is none', async () => {
    const reply = await t.call({ url: '/api/console/exceptions/999999', headers: { cookie } })
    assert.equal(reply.statusCode, 404)
  })
})

describe('the workflows', () => {
  const matrix = (workflow: string) => get<MatrixReply>(`workflows/${workflow}/matrix`)
  const namesIn = (lanes: MatrixReply['lanes'], lane: string) =>
    lanes.filter((one) => one.lane === lane).flatMap(({ people }) => people.map(({ name }) => name))

  it('M1: each answers who reviews, overrides, pauses, escalates and decides that rules win', async () => {
    const { lanes } = await matrix('inbound-lead-routing')
    assert.deepEqual(namesIn(lanes, 'review'), [
      'Tom Becker',
      'Grace Kim',
      'Erik Sandberg',
      'Dana Brooks',
      'Helen Armstrong',
    ])
    assert.deepEqual(
      ['override', 'rollback', 'workflow', 'boundary'].map((lane) => namesIn(lanes, lane)),
      [['Nina Petrova'], ['Sam Rivera'], ['Yuki Tanabe'], ['Priya Nair']],
    )
    const { workflows } = await get<WorkflowsReply>('workflows')
    const inbound = workflows.find((one) => one.workflow === 'inbound-lead-routing')!
    assert.equal(inbound.explained, 'Gives owners: Inbound lead routing')
  })

  it('M60: one picture has the five classes by review, override, pause, boundary and posture, with names', async () => {
    const { rows, lanes } = await matrix('inbound-lead-routing')
    const nameOf = (lane: string, circle: string | null = null) =>
      lanes.find((one) => one.lane === lane && one.circle === circle)!.people[0]!.name
    assert.deepEqual(
      rows.map((row) => [row.class, row.posture, nameOf('review', row.circle)]),
      [
        ['expected', 'confirm', 'Tom Becker'],
        ['risky', 'hold', 'Tom Becker'],
        ['customer-facing', 'stop', 'Erik Sandberg'],
        ['revenue-impacting', 'stop', 'Helen Armstrong'],
        ['unknown', 'stop', 'Tom Becker'],
      ],
    )
    assert.deepEqual(
      ['override', 'rollback', 'boundary'].map((lane) => nameOf(lane)),
      ['Nina Petrova', 'Sam Rivera', 'Priya Nair'],
    )
    assert.equal(rows.at(-1)!.rules.says, 'Never')
  })

  it('count what is open of each class as the list does', async () => {
    for (const { class: name, open } of (await matrix('account-ownership')).rows) {
      const { exceptions } = await get<ListReply>(`exceptions?workflow=account-ownership&class=${name}&limit=100`)
      assert.equal(open.cases, exceptions.length, name)
      assert.ok(open.causes <= open.cases, name)
      assert.equal(open.firstDueAt === null, open.cases === 0, name)
    }
  })

  it('part of M2: someone inactive or who has not accepted is shown as such, with the job that is vacant', async () => {
    const { lanes } = await matrix('account-ownership')
    const pauses = lanes.find(({ lane }) => lane === 'rollback')!
    assert.deepEqual([pauses.people[0]!.state, pauses.isVacant], ['left', true])
    assert.equal(pauses.without, 'Without a rollback owner, the workflow runs past the point of trust.')
    const { workflows } = await get<WorkflowsReply>('workflows')
    const accounts = workflows.find((one) => one.workflow === 'account-ownership')!
    assert.equal(accounts.problems[0]!.job, 'rollback')
    assert.equal(accounts.effectiveMode, 'observe')
  })

  it('part of M21: a lane that nobody holds says what usually breaks without it', async () => {
    const { rows } = await sql<{ id: string }>`
      insert into person (id, name, made_by) values ('00000000000000ff', 'Only Data', 'terminal') returning id`.execute(
      t.db,
    )
    // One job is enough: from then on jobs count and not the file.
    await sql`insert into job (workflow, lane, person_id, offered_by) values
      ('account-ownership', 'data', ${rows[0]!.id}, 'terminal')`.execute(t.db)
    const { lanes } = await matrix('account-ownership')
    assert.ok(lanes.every(({ isVacant }) => isVacant))
    const without = (lane: string) => lanes.find((one) => one.lane === lane)!.without
    assert.deepEqual(['review', 'override', 'rollback', 'boundary'].map(without), [
      'Without a reviewer, cases pile up or are rubber-stamped.',
      'Without an override owner, people work around the workflow privately.',
      'Without a rollback owner, the workflow runs past the point of trust.',
      'Without a boundary owner, the rules grow more complicated than the decision needs.',
    ])
    await sql`delete from job where person_id = ${rows[0]!.id}`.execute(t.db)
  })

  it('somebody whom their CRM deactivated has left the job, whatever other sign-in they have, as at the gate', async () => {
    const id = '00000000000000fe'
    await sql`insert into person (id, name, made_by) values (${id}, 'Gone Early', 'terminal')`.execute(t.db)
    await sql`insert into crm_user (connection_id, user_id, kind, email, name, active)
      values ('hubspot-1', 'early', 'person', 'early@brightwater.example', 'Gone Early', false)`.execute(t.db)
    await sql`insert into identity (person_id, kind, issuer, subject, state, confirmed_at)
      select ${id}, 'crm', identity_issuer, 'early', 'confirmed', now() from connection where id = 'hubspot-1'
      union all select ${id}, 'mail', '', 'early@brightwater.example', 'confirmed', now()`.execute(t.db)
    await sql`insert into job (workflow, lane, person_id, offered_by, accepted_at) values
      ('account-ownership', 'override', ${id}, 'terminal', now())`.execute(t.db)
    const { lanes } = await matrix('account-ownership')
    const override = lanes.find(({ lane }) => lane === 'override')!
    const { rows: held } = await sql`
      select 1 from lane_holders_now('account-ownership') where person_id = ${id}`.execute(t.db)
    assert.deepEqual([override.people[0]!.state, override.isVacant, held.length], ['left', true, 0])
    await sql`delete from job where person_id = ${id}`.execute(t.db)
  })

  it('someone who accepted under another e-mail that the company links is shown as accepted, and by their own user', async () => {
    const owner = async () => {
      const { lanes } = await matrix('inbound-lead-routing')
      const { name, state } = lanes.find(({ lane }) => lane === 'workflow')!.people[0]!
      return { name, state }
    }
    assert.deepEqual(await owner(), { name: 'Yuki Tanabe', state: 'accepted' })
    const { rows } = await sql<{ hash: string; document: Policy }>`
      select p.hash, p.document from workflow w join policy_version p on p.hash = w.hash
      where w.workflow = 'inbound-lead-routing'`.execute(t.db)
    const { hash, document } = rows[0]!
    const put = (policy: Policy) =>
      sql`update policy_version set document = ${JSON.stringify(policy)}::jsonb where hash = ${hash}`.execute(t.db)
    const other = 'y.tanabe@northgate.io'
    const own = document.owners.workflow!
    const owners = { ...document.owners, workflow: other, accepted: { [own]: '2026-11-02' } }
    try {
      await put({ ...document, owners })
      assert.deepEqual(await owner(), { name: other, state: 'left' })
      await put({ ...document, owners, people: { persons: [[own, other]], integrations: [] } })
      assert.deepEqual(await owner(), { name: 'Yuki Tanabe', state: 'accepted' })
    } finally {
      await put(document)
    }
  })

  it('show every rule as a row, and whom it names who left', async () => {
    const { branches } = await get<RulesReply>('workflows/inbound-lead-routing/rules')
    const rules = branches.flatMap((branch) => branch.rules)
    assert.ok(rules.length > 0)
    assert.deepEqual(
      rules.filter(({ when, because, owner }) => when === '' || because === '' || owner.name === ''),
      [],
    )
    assert.equal((await t.call({ url: '/api/console/workflows/none/rules', headers: { cookie } })).statusCode, 404)
  })

  it('a refused one names file, line and field', async () => {
    const { workflows } = await get<WorkflowsReply>('workflows')
    const refused = workflows.find((one) => one.workflow === 'renewal-handover')!
    assert.equal(refused.loadError?.file, 'config/workflows/renewal-handover.yaml')
    assert.equal(refused.loadError.errors[0]!.line, 14)
    assert.equal(refused.loadError.errors[0]!.field, 'owners.rollback')
  })
})

describe('the connections', () => {
  it('show how far the baseline is, also for objects that have not begun', async () => {
    const { connections } = await get<ConnectionsReply>('connections')
    const salesforce = connections.find((one) => one.crm === 'salesforce')!
    assert.deepEqual(
      salesforce.baseline.objects.map((one) => [one.object, one.done, one.count, one.total]),
      [
        ['Account', true, 804, 804],
        ['Contact', true, 2011, 2011],
        ['Lead', false, 3150, 5022],
        ['Opportunity', false, 0, null],
      ],
    )
    assert.deepEqual(salesforce.unreadable, [{ object: 'Lead', fields: ['AnnualRevenue'] }])
    assert.equal(salesforce.budget?.pausedWhy, 'Daily share used up')
    assert.equal(salesforce.eventsWaiting, 1)
  })

  it('never show credentials', async () => {
    await sql`update connection set credentials = 'top-secret'::bytea`.execute(t.db)
    const reply = await t.call({ url: '/api/console/connections', headers: { cookie } })
    assert.doesNotMatch(reply.body, /"credentials"|top-secret/)
    assert.ok(!reply.body.includes(Buffer.from('top-secret').toString('hex')))
  })
})
