import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { Policy } from '../../src/model/policy/policy.ts'
import { type Day, startDay } from './day.ts'

const DAY_MS = 86_400_000
const AWAY = 'jonas.huber@brightwater.example'
const DELEGATE = 'anna.schneider@brightwater.example'
const OTHER = 'ben.walsh@brightwater.example'

/** The representative for smaller German businesses is away for forty days. */
function withAbsence(policies: readonly Policy[]): Policy[] {
  const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10)
  const away = [
    { email: AWAY, from: dayOf(Date.now() - DAY_MS), until: dayOf(Date.now() + 39 * DAY_MS), delegate: DELEGATE },
  ]
  return policies.map((policy) => ({ ...policy, calendar: { ...policy.calendar, away } }))
}

type Found = { readonly pattern: string; readonly class: string; readonly what: string }

/** What people reported, played to the workers on both sandboxes: rules write, or a case says why they do not. */
describe('inputs as people make them, on the whole service', { timeout: 300_000 }, () => {
  let day: Day
  let queue: string
  const users = new Map<string, string>()
  before(async () => {
    day = await startDay({ policies: withAbsence })
    const found = await day.people.query<{ Id: string }>("SELECT Id FROM Group WHERE DeveloperName = 'Inbound_leads'")
    queue = found[0]!.Id
    for (const { Id, Email } of await day.people.query<{ Id: string; Email: string }>('SELECT Id, Email FROM User'))
      users.set(Email, Id)
  })
  after(() => day?.stop())

  const lead = (name: string, Country: string, more: Record<string, string> = {}) =>
    day.people.create('Lead', {
      LastName: name,
      Company: `${name} Works`,
      Email: `${name.toLowerCase()}@${name.toLowerCase()}-works.de`,
      Country,
      Status: 'New',
      OwnerId: queue,
      ...more,
    })
  const contact = (name: string, email: string, owner: string | null) =>
    day.change({
      op: 'create',
      objectType: 'contacts',
      properties: {
        lastname: name,
        email,
        company: `${name} Plant`,
        country: 'Germany',
        lifecyclestage: 'lead',
        ...(owner && { hubspot_owner_id: owner }),
      },
    })
  const cases = (id: string) =>
    day.rows<Found>(
      sql`select pattern, class, what from exception where record_id = ${id} and status = 'open' order by pattern`,
    )
  const writes = async (id: string) =>
    (
      await day.rows<{ to: string }>(
        sql`select payload->>'toEmail' as to from intent where record_id = ${id} and kind = 'owner' and state = 'done'`,
      )
    ).map(({ to }) => to)
  const hubspotUser = async (email: string) =>
    (
      await day.rows<{ id: string }>(
        sql`select user_id as id from crm_user where connection_id = ${day.idOf('hubspot')} and email = ${email}`,
      )
    )[0]!.id

  it('case S2: the lead of a customer whom another rep owns gets a case, and no owner by a rule', async () => {
    const [account] = await day.rows<{ name: string; site: string; owner: string }>(sql`
      select values->>'Name' as name, values->>'Website' as site, u.email as owner from record r
      join crm_user u on u.connection_id = r.connection_id and u.user_id = r.owner_id and u.active
      where object_type = 'Account' and values->>'Type' = 'Customer' and values->>'Website' is not null
        and u.email not in (${AWAY}, ${DELEGATE}) limit 1`)
    const host = account!.site.replace(/^https?:\/\/(www\.)?/, '').replace(/\/.*$/, '')
    const id = await lead('Kaya', 'Germany', { Company: account!.name, Email: `kaya@${host}` })
    await day.untilQuiet()
    assert.deepEqual(await writes(id), [])
    const found = await cases(id)
    assert.deepEqual(
      found.map(({ pattern, class: of }) => [pattern, of]),
      [['duplicate-ownership', 'customer-facing']],
    )
    assert.match(found[0]!.what, /^Rule dach-commercial would give this lead to /)
  })

  it('case S3: a rule gives the lead to the delegate of who is away', async () => {
    const id = await lead('Nowak', 'Germany')
    await day.untilQuiet()
    assert.deepEqual(await writes(id), [DELEGATE])
    assert.deepEqual(await cases(id), [])
  })

  it('case S5: an invisible character tells no two people apart', async () => {
    const email = 'liv.berg@berg-plant.de'
    const first = await contact('Berg', email, await hubspotUser(OTHER))
    const second = await contact('Berg', `${email}\u200b`, await hubspotUser(DELEGATE))
    await day.untilQuiet()
    const patterns = [...(await cases(first)), ...(await cases(second))].map(({ pattern }) => pattern)
    assert.deepEqual(
      patterns.filter((pattern) => pattern === 'duplicate-ownership'),
      ['duplicate-ownership'],
      'one case for the pair',
    )
  })

  for (const [id, country, code] of [
    ['S7', 'Hong Kong', 'HK'],
    ['S8', 'Korea, Republic of', 'KR'],
  ] as const) {
    it(`case ${id}: a lead of ${country} is one of ${code}, never of a blank country`, async () => {
      const lonely = await lead(`Wong${code}`, country)
      await day.untilQuiet()
      const [decided] = await day.rows<{ body: string }>(sql`
        select body::text as body from ledger where body::text like ${`%${lonely}%`} order by seq desc limit 1`)
      assert.match(decided!.body, new RegExp(`"?fact\\.country\\\\?"?:\\{[^}]*${code}`))
      for (const { what } of await cases(lonely)) assert.doesNotMatch(what, /country blank/)
    })
  }

  it('case S9: a contact without an owner is not given away while its twin belongs to somebody else', async () => {
    const email = 'mira@mira-works.de'
    await lead('Mira', 'Germany', { Email: email, OwnerId: users.get(OTHER)! })
    await day.untilQuiet()
    const id = await contact('Mira', email, null)
    await day.untilQuiet()
    assert.deepEqual(await writes(id), [])
    const found = await cases(id)
    assert.deepEqual(
      found.map(({ pattern }) => pattern),
      ['duplicate-ownership'],
    )
    assert.match(found[0]!.what, /would give this contact to .* owns the Salesforce lead "Mira"/)
  })
})
