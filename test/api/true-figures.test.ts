import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { ListReply } from '../../src/api/cases/case-types.ts'
import type { ConnectionsReply } from '../../src/api/connections/connection-types.ts'
import type { Alert, Overview } from '../../src/api/overview/overview-types.ts'
import type { WorkflowsReply, WorkflowView } from '../../src/api/workflows/workflow-types.ts'
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
  t = await appUnderTest({ now: () => NOW })
  await seedConsole(t.db, NOW)
  cookie = await t.signIn()
})
after(() => t.close())

async function alertWith(part: string): Promise<Alert> {
  const { alerts } = await get<Overview>('overview')
  const alert = alerts.find(({ title }) => title.includes(part))
  assert.ok(alert, `no alert with "${part}" in ${JSON.stringify(alerts)}`)
  return alert
}

async function workflow(name: string): Promise<WorkflowView> {
  return (await get<WorkflowsReply>('workflows')).workflows.find((one) => one.workflow === name)!
}

describe('alerts', () => {
  it('count as needing attention only where the reader has something to do', async () => {
    await sql`insert into notice (connection_id, code, level, message, remedy) values
      ('hubspot-1', 'outage', 'warn', 'HubSpot does not answer.', null),
      ('hubspot-1', 'access', 'warn', 'Owners: the CRM does not let us.', 'Add the scope.')`.execute(t.db)
    assert.equal((await alertWith('The CRM is down')).needsAction, false)
    assert.match((await alertWith('The CRM is down')).remedy, /^No action needed; clears when the CRM answers again/)
    assert.equal((await alertWith('A permission is missing')).needsAction, true)
    assert.equal((await alertWith('Account ownership is not ready')).needsAction, true)
    const { rows } = await sql<{ problems: unknown }>`
      select problems from workflow where workflow = 'account-ownership'`.execute(t.db)
    const setTo = (mode: string, problems: unknown) =>
      sql`update workflow set effective_mode = ${mode}, problems = ${JSON.stringify(problems)}::jsonb
        where workflow = 'account-ownership'`.execute(t.db)
    await setTo('live', rows[0]!.problems)
    assert.equal((await alertWith('Account ownership is not live in every connection')).needsAction, true)
    await setTo('live', [
      { kind: 'in-doubt', job: 'rollback', email: 'greg.dalton@x.example', problem: 'is asked for' },
    ])
    assert.equal((await alertWith('a person is being checked')).needsAction, false)
    await setTo('observe', rows[0]!.problems)
    const { alerts } = await get<Overview>('overview')
    for (const { needsAction, remedy } of alerts) {
      assert.equal(/no action needed|nothing to do/i.test(remedy), !needsAction, remedy)
    }
    await sql`delete from notice where code in ('outage', 'access')`.execute(t.db)
  })

  it('name the step of a vacancy, as does the Workflows page', async () => {
    const step = 'Name another person for the job "rollback", or activate greg.dalton in HubSpot.'
    const before = (await workflow('account-ownership')).problems[0]!
    await sql`update workflow set problems = jsonb_set(problems, '{0,step}', ${JSON.stringify(step)}::jsonb)
      where workflow = 'account-ownership'`.execute(t.db)
    assert.deepEqual((await workflow('account-ownership')).problems[0], { ...before, step })
    assert.ok((await alertWith('Account ownership is not ready')).remedy.startsWith(step))
  })
})

describe('notices with a count', () => {
  const said = async (code: string) => {
    const { connections } = await get<ConnectionsReply>('connections')
    return connections.flatMap(({ notices }) => notices.open).find((notice) => notice.code === code)?.message
  }
  const contacts = (ids: readonly string[], owner: string) =>
    sql`insert into record (connection_id, object_type, record_id, values, stamps, owner_id)
      select 'hubspot-1', 'contacts', id, '{}', '{}', ${owner} from unnest(${ids}::text[]) id`.execute(t.db)

  it('say how many records need an owner whenever they are read', async () => {
    await contacts(['1', '2', '3'], '710')
    await sql`insert into notice (connection_id, code, subject, level, message)
      values ('hubspot-1', 'owner-gone', '710', 'warn', 'Tom Becker left (deactivated in HubSpot).')`.execute(t.db)
    assert.match((await said('owner-gone'))!, /3 records need an owner now\.$/)
    assert.match((await alertWith('Tom Becker left')).detail, /3 records need an owner now\. Still named in /)
    await sql`update record set owner_id = '711' where record_id = '1'`.execute(t.db)
    await sql`update record set merged_into = '9' where record_id = '2'`.execute(t.db)
    assert.match((await said('owner-gone'))!, /1 record needs an owner now\.$/)
    assert.equal(
      (await alertWith('Tom Becker left')).title,
      'Tom Becker left: 1 Brightwater HubSpot record needs an owner',
    )
    await sql`update record set deleted = true where record_id = '3'`.execute(t.db)
    assert.match((await said('owner-gone'))!, /No record needs an owner any more/)
    assert.match((await alertWith('Tom Becker left')).title, /no Brightwater HubSpot record needs an owner any more/)
    await sql`delete from record`.execute(t.db)
    await sql`delete from notice where code = 'owner-gone'`.execute(t.db)
  })

  it('say how many records differ, how many writes are unconfirmed, and how many events came twice today', async () => {
    await sql`insert into notice (connection_id, code, level, message) values
      ('hubspot-1', 'out-of-sync', 'warn', '425 records are out of sync with Brightwater HubSpot: 425 contacts.'),
      ('hubspot-1', 'lost-answer', 'info', '7 writes at 10:02 may have failed.'),
      ('hubspot-1', 'repeated-events', 'info', 'HubSpot delivers some events more than once.')`.execute(t.db)
    await sql`insert into difference (connection_id, object_type, record_id, day, why, run, is_pending, differs_since)
      values ('hubspot-1', 'contacts', '1', '2026-11-20', 'different', 0, false, now())`.execute(t.db)
    await sql`delete from counter where name = 'events-duplicate'`.execute(t.db)
    await sql`insert into counter (name, connection_id, detail, day, n) values ('events-duplicate', 'hubspot-1', '', current_date, 4)`.execute(
      t.db,
    )
    assert.equal(await said('out-of-sync'), '1 record is out of sync with Brightwater HubSpot: 1 contact.')
    assert.match(
      (await said('lost-answer'))!,
      / (All are confirmed; this closes by itself|\d+ writes? (is|are) unconfirmed now)\.$/,
    )
    assert.match((await said('repeated-events'))!, / 4 events today\.$/)
    await sql`delete from difference`.execute(t.db)
    await sql`delete from notice where code in ('out-of-sync', 'lost-answer', 'repeated-events')`.execute(t.db)
  })
})

describe('figures while records wait to be decided', () => {
  it('say how many wait, on the overview and each workflow', async () => {
    await sql`insert into record (connection_id, object_type, record_id, values, stamps, dirty_since)
      select 'hubspot-1', case when n <= 30 then 'contacts' else 'deals' end, n::text, '{}', '{}',
        case when n <= 25 then now() end from generate_series(1, 40) n`.execute(t.db)
    const waiting = async () => [
      (await get<Overview>('overview')).events.recordsToDecide,
      (await workflow('inbound-lead-routing')).recordsToDecide,
    ]
    assert.deepEqual(await waiting(), [25, 25])
    // A new version of a policy has everything decided again, and marks the records bit by bit.
    await sql`insert into redecide_queue (connection_id, object_type, record_id) values ('hubspot-1', 'contacts', '30')`.execute(
      t.db,
    )
    // Text order: after 30 come 4 to 9, which are marked already, and all deals.
    assert.deepEqual(await waiting(), [35, 25])
    await sql`delete from redecide_queue`.execute(t.db)
    await sql`delete from record`.execute(t.db)
  })

  it('are not counted with the list of cases, which is read page by page with every change', async () => {
    assert.deepEqual(Object.keys(await get<ListReply>('exceptions')).sort(), ['exceptions', 'nextCursor'])
  })
})

describe('a workflow', () => {
  it('says what limits it: a CRM that is read-only or refuses us, and inputs that are hidden', async () => {
    assert.deepEqual((await workflow('inbound-lead-routing')).limits, [])
    await sql`update connection set writes_since = null where id = 'hubspot-1'`.execute(t.db)
    assert.deepEqual((await workflow('inbound-lead-routing')).limits, [
      'Brightwater HubSpot is read-only: no task and no owner is written there.',
    ])
    await sql`update connection set writes_since = now(), status = 'reconnect-needed' where id = 'hubspot-1'`.execute(
      t.db,
    )
    assert.match((await workflow('inbound-lead-routing')).limits.join(), /Brightwater HubSpot revoked our access/)
    await sql`update connection set status = 'connected' where id = 'hubspot-1'`.execute(t.db)
    await sql`with input as (insert into unknown_input (connection_id, crm, object_type, field, why, held)
        values ('hubspot-1', 'hubspot', 'contacts', 'country', 'hidden', 1200) returning id)
      insert into held_record (connection_id, object_type, record_id, input_id, workflows)
      select 'hubspot-1', 'contacts', '1', id, '{inbound-lead-routing}' from input`.execute(t.db)
    assert.deepEqual((await workflow('inbound-lead-routing')).limits, [
      '1,200 records wait, because our credentials may not read country of contacts.',
    ])
    assert.deepEqual((await workflow('renewal-handover')).limits, [])
    await sql`delete from unknown_input`.execute(t.db)
  })

  it('says of a field that it uses and that a CRM lost, before the first record waits for it', async () => {
    const limits = async () => (await workflow('inbound-lead-routing')).limits
    const set = (objectType: string, unreadable: string[], drift: unknown[] = []) =>
      sql`insert into object_schema (connection_id, object_type, fields, unreadable, drift)
        values ('hubspot-1', ${objectType}, '[]', ${unreadable}::text[], ${JSON.stringify(drift)}::jsonb)
        on conflict (connection_id, object_type) do update
          set unreadable = excluded.unreadable, drift = excluded.drift`.execute(t.db)
    await set('contacts', ['country', 'no_policy_uses_it'])
    assert.deepEqual(await limits(), ['Brightwater HubSpot: our credentials may not read country of contacts.'])
    const was = { name: 'country', label: 'Country', type: 'text', options: [] }
    await set('contacts', ['country'], [{ field: 'country', kind: 'removed', was, policies: [], maybe: [] }])
    assert.deepEqual(await limits(), [
      'Brightwater HubSpot: country of contacts was removed from the CRM or hidden from us.',
    ])
    await set('contacts', [], [{ field: 'country', kind: 'option-removed', was, policies: [], gone: [], doubtful: [] }])
    assert.deepEqual(await limits(), [])
    await set('contacts', ['country', 'email'])
    await sql`with input as (insert into unknown_input (connection_id, crm, object_type, field, why, held)
        values ('hubspot-1', 'hubspot', 'contacts', 'country', 'hidden', 1) returning id)
      insert into held_record (connection_id, object_type, record_id, input_id, workflows)
      select 'hubspot-1', 'contacts', '1', id, '{inbound-lead-routing}' from input`.execute(t.db)
    assert.deepEqual(await limits(), [
      '1 record waits, because our credentials may not read country of contacts.',
      'Brightwater HubSpot: our credentials may not read email of contacts.',
    ])
    await sql`delete from unknown_input`.execute(t.db)
    // Accounts and deals are part of every decision; contacts are none of the workflow on companies.
    await set('deals', ['amount'])
    assert.match((await limits()).join(), /email of contacts and amount of deals/)
    assert.deepEqual(
      (await workflow('account-ownership')).limits.filter((limit) => limit.includes('contacts')),
      [],
    )
    await set('contacts', [])
    await set('deals', [])
  })

  it('says an import once, and nothing of what is not written meanwhile', async () => {
    await sql`update connection set baseline = jsonb_set(baseline, '{done}', 'false'), joined_at = null, writes_since = null
      where id = 'hubspot-1'`.execute(t.db)
    const { limits, standing } = await workflow('inbound-lead-routing')
    assert.deepEqual(limits, [])
    assert.deepEqual(
      standing.map(({ says }) => says),
      ['Waits in Brightwater HubSpot: its first import is not done.'],
    )
    await sql`update connection set baseline = jsonb_set(baseline, '{done}', 'true'), writes_since = now()
      where id = 'hubspot-1'`.execute(t.db)
  })

  it('whose file has errors says which version keeps running, and one that was never good that it does not run', async () => {
    const refused = { file: 'a.yaml', errors: [{ line: 3, column: 1, field: 'mode', message: 'is not allowed here' }] }
    await sql`update workflow set load_error = ${JSON.stringify(refused)}::jsonb where workflow = 'inbound-lead-routing'`.execute(
      t.db,
    )
    await sql`insert into policy_version (hash, workflow, document, source, stored_at)
      select 'older', workflow, document, source, '2026-11-20T12:00Z' from policy_version
      where workflow = 'inbound-lead-routing'`.execute(t.db)
    await sql`update policy_version set stored_at = '2026-11-24T12:00Z' where workflow = 'inbound-lead-routing' and hash <> 'older'`.execute(
      t.db,
    )
    const { version, loadError } = await workflow('inbound-lead-routing')
    assert.deepEqual(version, { number: 2, storedAt: '2026-11-24T12:00:00.000Z' })
    assert.equal(loadError?.errors[0]?.line, 3)
    const alert = await alertWith('The file of Inbound lead routing has errors')
    assert.match(alert.title, /version 2 of Nov 24, 2026 keeps running$/)
    assert.equal(alert.level, 'warn')
    assert.equal((await workflow('renewal-handover')).version, null)
    assert.equal((await alertWith('renewal-handover has errors and does not run')).level, 'stop')
    await sql`update workflow set load_error = null where workflow = 'inbound-lead-routing'`.execute(t.db)
    await sql`delete from policy_version where hash = 'older'`.execute(t.db)
  })
})
