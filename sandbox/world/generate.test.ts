import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isValidPhoneNumber } from 'libphonenumber-js/max'
import { generateWorld } from './generate.ts'
import { COUNTRIES, UNCOVERED } from './geography/countries.ts'

const nowMs = Date.parse('2026-11-22T15:00:00Z')
const world = generateWorld({ seed: 11, nowMs, scale: 1 })

describe('a generated world', () => {
  it('is the same for the same seed and moment, and different for another seed', () => {
    const small = { nowMs, scale: 0.1 }
    assert.deepEqual(generateWorld({ seed: 4, ...small }), generateWorld({ seed: 4, ...small }))
    assert.notDeepEqual(
      generateWorld({ seed: 4, ...small }).hubspot.contacts[0],
      generateWorld({ seed: 5, ...small }).hubspot.contacts[0],
    )
  })

  it('has the promised number of records at full size', () => {
    const { hubspot, salesforce } = world
    const least = [
      [hubspot.contacts, 5000],
      [hubspot.companies, 800],
      [hubspot.deals, 600],
      [salesforce.Lead, 5000],
      [salesforce.Account, 800],
      [salesforce.Contact, 2000],
      [salesforce.Opportunity, 600],
    ] as const
    for (const [records, count] of least) assert.ok(records.length >= count, `${records.length} of ${count}`)
    assert.equal(salesforce.User.length, 40)
    assert.equal(salesforce.Territory2.filter((t) => t.ParentTerritory2Id !== null).length, 12)
  })

  it("gives every record a unique id in its CRM's form", () => {
    const { hubspot, salesforce } = world
    for (const records of [hubspot.contacts, hubspot.companies, hubspot.deals]) {
      assert.equal(new Set(records.map((r) => r.id)).size, records.length)
      for (const { id } of records) assert.match(id, /^[1-9][0-9]+$/)
    }
    const prefixes = {
      User: '005',
      Group: '00G',
      Lead: '00Q',
      Account: '001',
      Contact: '003',
      Opportunity: '006',
      Territory2: '0MI',
    } as const
    for (const [table, prefix] of Object.entries(prefixes)) {
      const rows = salesforce[table as keyof typeof prefixes]
      assert.equal(new Set(rows.map((r) => r.Id)).size, rows.length)
      for (const { Id } of rows) assert.ok(Id.startsWith(prefix) && /^[0-9A-Za-z]{15}[A-Z0-5]{3}$/.test(Id), Id)
    }
    const userIds = new Set(hubspot.owners.map((o) => String(o.userId)))
    for (const owner of hubspot.owners) assert.ok(!userIds.has(owner.id), 'owner ids and user ids are different things')
  })

  it("writes telephone numbers that are valid in the record's country", () => {
    const iso = new Map([...COUNTRIES, ...UNCOVERED].flatMap((c) => c.spellings.map((s) => [s, c.iso] as const)))
    const bad: string[] = []
    const moved = new Set(world.labels.filter((l) => l.pattern === 'stale-territory').map((l) => l.recordId))
    const check = (id: string, phone: unknown, country: unknown) => {
      if (typeof phone !== 'string' || moved.has(id) || !iso.has(String(country))) return
      if (!isValidPhoneNumber(phone, iso.get(String(country)) as 'DE')) bad.push(`${country} ${phone}`)
    }
    for (const r of [...world.hubspot.contacts, ...world.hubspot.companies]) {
      check(r.id, r.properties.phone, r.properties.country)
      check(r.id, r.properties.mobilephone, r.properties.country)
    }
    for (const r of world.salesforce.Lead) check(r.Id, r.Phone, r.Country)
    for (const r of world.salesforce.Account) check(r.Id, r.Phone, r.BillingCountry)
    for (const r of world.salesforce.Contact) check(r.Id, r.MobilePhone, r.MailingCountry)
    assert.deepEqual(
      [...new Set(bad.map((b) => b.split(' ')[0]))].map((c) => bad.find((b) => b.startsWith(c!))),
      [],
    )
  })

  it('gives no e-mail address to two contacts, as HubSpot would refuse it', () => {
    const emails = world.hubspot.contacts.flatMap((c) =>
      c.properties.email === undefined ? [] : [c.properties.email.toLowerCase()],
    )
    assert.equal(new Set(emails).size, emails.length)
  })

  it('has about a third of the contacts in both CRMs, and no time in the future', () => {
    const { hubspot, salesforce } = world
    const there = new Set([...salesforce.Lead, ...salesforce.Contact].map((r) => String(r.Email).toLowerCase()))
    const both = hubspot.contacts.filter((c) => there.has(c.properties.email ?? ''))
    assert.ok(
      both.length > hubspot.contacts.length * 0.25 && both.length < hubspot.contacts.length * 0.45,
      `${both.length}`,
    )
    for (const r of [...hubspot.contacts, ...hubspot.companies, ...hubspot.deals]) {
      assert.ok(r.createdAtMs <= r.modifiedAtMs && r.modifiedAtMs <= nowMs, r.id)
      for (const versions of Object.values(r.history ?? {})) {
        versions.forEach((v, i) => {
          assert.ok(v.atMs >= (versions[i - 1]?.atMs ?? r.createdAtMs) && v.atMs <= r.modifiedAtMs, r.id)
        })
      }
      for (const [property, versions] of Object.entries(r.history ?? {})) {
        assert.equal(versions.at(-1)!.value, r.properties[property] ?? '', `${r.id} ${property}`)
      }
    }
    for (const r of [...salesforce.Lead, ...salesforce.Account, ...salesforce.Contact, ...salesforce.Opportunity]) {
      const [created, modified] = [Date.parse(String(r.CreatedDate)), Date.parse(String(r.LastModifiedDate))]
      assert.ok(created <= modified && modified <= nowMs, r.Id)
    }
  })

  it('has people who wait for routing in both CRMs', () => {
    const { hubspot, salesforce } = world
    const queue = salesforce.Group[0]!.Id
    assert.ok(hubspot.contacts.filter((c) => c.properties.hubspot_owner_id === undefined).length > 100)
    assert.ok(salesforce.Lead.filter((l) => l.OwnerId === queue).length > 100)
  })
})
