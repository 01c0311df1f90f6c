import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { sql } from 'kysely'
import { contactPolicy, type Harness, pipelineHarness, staff } from '../../test/pipeline/harness.ts'
import type { Policy } from '../model/policy/policy.ts'
import type { DepartureList } from '../model/surface/departure-list.ts'
import { readDeparture } from '../pipeline/decide/read-departure.ts'
import { syncTerritories } from '../pipeline/read/sync-territories.ts'
import { runDeparture } from './departure.ts'

const CREATED = '2026-11-20T08:00:00.000Z'
const LEO = 'leo@x.example'

/** Leo works France by a rule, is in a territory and a circle, and stands in for Rep; Germany is Rep's. */
function policy(): Policy {
  const plain = contactPolicy()
  const [branch] = plain.boundary
  return contactPolicy({
    owners: { ...plain.owners, reviewers: { ...plain.owners.reviewers, general: ['gen@x.example', LEO] }, data: LEO },
    patterns: [{ pattern: 'orphaned-owner', blankCounts: false }, { pattern: 'no-rule' }],
    boundary: [
      {
        ...branch!,
        rules: [
          ...branch!.rules,
          { id: 'fr', when: [{ field: 'country', op: 'in', values: ['FR'] }], owner: LEO, because: 'France is Leo.' },
        ],
        settles: ['orphaned-owner'],
      },
    ],
    territories: [
      { territory: 'fr', title: 'France', when: [{ field: 'country', op: 'in', values: ['FR'] }], members: [LEO] },
    ],
    calendar: {
      ...plain.calendar,
      away: [{ email: 'rep@x.example', from: '2099-01-01', until: '2099-01-05', delegate: LEO }],
    },
    people: { persons: [[LEO, 'leonard@y.example']], integrations: [] },
  })
}

describe('the departure of a person', () => {
  let h: Harness
  let dir: string

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'lanekeeper-departure-'))
    h = await pipelineHarness((crm) => {
      staff(crm)
      crm.person('leonard@y.example')
      return [policy()]
    })
    const leo = h.crm.users.find(({ email }) => email === 'leonard@y.example')!
    h.crm.users.push({ ...leo, userId: 'q1', kind: 'queue', email: null, name: 'Inbound', members: [leo.userId] })
    h.crm.users.push({ ...leo, userId: 'q2', kind: 'queue', email: null, name: 'Silent', activeMembers: 1 })
    await h.people()
    const inCrm = [{ territoryId: '1', name: 'FR South', developerName: null, parentId: null, memberIds: [leo.userId] }]
    await syncTerritories({ db: h.db, connection: h.connection, territories: async () => inCrm, table: [] })
    const owned = (id: string, country: string | null) =>
      h.receive(h.crm.change('contacts', id, { createdate: CREATED, hubspot_owner_id: leo.userId, country }))
    for (const id of ['1', '2', '3']) await owned(id, 'DE')
    await owned('4', 'FR')
    await owned('5', 'JP')
    await h.receive(h.crm.change('companies', 'c', { createdate: CREATED, hubspot_owner_id: leo.userId }))
    await h.receive(h.crm.change('deals', 'd', { createdate: CREATED, hubspot_owner_id: leo.userId }))
    await h.receive(h.crm.change('contacts', '6', { createdate: CREATED, hubspot_owner_id: null, country: 'JP' }))
    await h.settle()
    const csm = { name: 'csm', label: 'Success manager', type: 'reference' }
    await sql`insert into object_schema (connection_id, object_type, fields, unreadable, asked)
      values ('hubspot-1', 'contacts', ${JSON.stringify([csm])}::jsonb, '{}', '{csm}')
      on conflict (connection_id, object_type) do update set fields = excluded.fields, asked = excluded.asked`.execute(
      h.db,
    )
    await sql`update record set values = values || ${JSON.stringify({ csm: leo.userId })}::jsonb
      where record_id in ('1', '6')`.execute(h.db)
  })
  after(async () => {
    await h.stop()
    await rm(dir, { recursive: true })
  })

  const run = async (...args: string[]) => {
    let out = ''
    let err = ''
    const streams = {
      stdout: { write: (text: string) => (out += text) },
      stderr: { write: (text: string) => (err += text) },
    }
    const code = await runDeparture(args, { DATA_DIR: dir, DATABASE_URL: h.url }, streams)
    return { code, out, err }
  }
  const list = async () => JSON.parse((await run(LEO, '--json')).out) as DepartureList

  it('runs as a command of its own, in which nothing else has made the CRMs known', async () => {
    const command = fileURLToPath(new URL('departure.ts', import.meta.url))
    const env = { ...process.env, DATA_DIR: dir, DATABASE_URL: h.url }
    const { stdout } = await promisify(execFile)(process.execPath, [command, LEO, '--json'], { env })
    assert.deepEqual((JSON.parse(stdout) as DepartureList).records, (await list()).records)
  })

  it('part of M69: counts what they own by object, with what rules would do once they are gone', async () => {
    const { records } = await list()
    const found = records.map(({ objectType, records: all, outcomes }) => [
      objectType,
      all,
      outcomes.map(({ outcome, records: some }) => [some, outcome.kind, 'to' in outcome ? outcome.to : null]),
    ])
    assert.deepEqual(found, [
      ['companies', 1, [[1, 'stays', null]]],
      [
        'contacts',
        5,
        [
          [3, 'rule', 'rep@x.example'],
          [2, 'case', 'gen@x.example'],
        ],
      ],
      ['deals', 1, [[1, 'stays', null]]],
    ])
  })

  it('part of M69: names every place of the policies, the queues and the open tasks, by any of their e-mails', async () => {
    const { places, queues, queuesUnknownIn, tasks, users, emails, territories } = await list()
    assert.deepEqual(territories, [{ connectionId: 'hubspot-1', name: 'FR South', others: 0 }])
    assert.deepEqual(emails, [LEO, 'leonard@y.example'])
    assert.deepEqual(
      users.map(({ email, state }) => [email, state]),
      [['leonard@y.example', 'active']],
    )
    const kinds = places.map((place) => [
      place.kind,
      'job' in place ? place.job : null,
      'alone' in place && place.alone,
    ])
    assert.deepEqual(kinds, [
      ['rule', null, false],
      ['job', 'reviewer', false],
      ['job', 'data', true],
      ['territory', null, true],
      ['delegate', null, false],
    ])
    assert.deepEqual(
      [queues.map(({ name, others }) => [name, others]), queuesUnknownIn],
      [[['Inbound', 0]], ['hubspot-1']],
    )
    assert.deepEqual(tasks, [])
    const { userFields } = await list()
    assert.deepEqual(
      userFields.map(({ field, records }) => [field, records]),
      [['csm', 2]],
    )
  })

  it('says the same in words, and changes nothing', async () => {
    const before = await sql`select count(*) from ledger`.execute(h.db)
    const { out, code, err } = await run(LEO)
    assert.equal(code, 0)
    assert.equal(err, '')
    assert.match(out, /^What still names leo@x\.example, also leonard@y\.example by people\.yaml$/m)
    assert.match(out, /^Records owned: 7, and what would become of them if this person left now$/m)
    assert.match(out, /^- HubSpot Fake: 5 contacts$/m)
    assert.match(out, /^ {4}3 to rep@x\.example, by rule de of routing$/m)
    assert.match(out, /^ {4}2 as a case for gen@x\.example, branch all of routing$/m)
    assert.match(out, /^- routing: they hold the job "data", and nobody else does$/m)
    assert.match(out, /^- calendar\.yaml: they stand in for rep@x\.example from 2099-01-01 to 2099-01-05$/m)
    assert.match(out, /^- HubSpot Fake: Inbound, and nobody else active works it$/m)
    assert.deepEqual((await sql`select count(*) from ledger`.execute(h.db)).rows, before.rows)
  })

  it('finds a person by each of their e-mails and in any spelling of capitals', async () => {
    const [one, other] = [await run('LEO@x.example', '--json'), await run('leonard@y.example', '--json')]
    assert.deepEqual(JSON.parse(one.out).records, JSON.parse(other.out).records)
  })

  it('asks whether a mistyped e-mail was meant, and says plainly of somebody unknown that nobody knows them', async () => {
    const typo = await run('leo@x.exmaple')
    assert.equal(typo.code, 1)
    assert.match(typo.err, /^Nobody has the e-mail leo@x\.exmaple: .* Did you mean leo@x\.example\?$/m)
    assert.equal((await run('no-email')).code, 64)
    assert.equal((await run()).code, 64)
    assert.match((await run('--help')).out, /^departure EMAIL/)
  })

  it('says of how many records it tells where it stops at a limit', async () => {
    const found = (await readDeparture(h.db, { email: LEO, nowMs: Date.now(), recordsMax: 2 })) as DepartureList
    const contacts = found.records.find(({ objectType }) => objectType === 'contacts')
    assert.deepEqual([contacts?.records, contacts?.decided], [5, 2])
    assert.equal(
      contacts?.outcomes.reduce((sum, { records }) => sum + records, 0),
      2,
    )
  })
})
