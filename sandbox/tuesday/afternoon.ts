import { TERRITORIES } from '../world/brightwater/cast.ts'
import { ownerFor } from '../world/brightwater/territory.ts'
import { JOB_TITLES } from '../world/market/names.ts'
import type { Label } from '../world/records/world.ts'
import { type HubSpotRow, isoOf, type SalesforceRow } from './snapshot.ts'
import { untouched } from './untouched.ts'
import { updateInHubSpot, updateInSalesforce, type Workplace } from './workplace.ts'

/** Clears required fields of old records, as a careless import or cleanup does. */
export async function blankFields(work: Workplace): Promise<void> {
  const admit = (crm: Label['crm'], objectType: string, recordId: string, detail: string) =>
    work.admit({ pattern: 'missing-field', crm, objectType, recordId, detail, why: `${detail} was cleared today` })
  for (const [object, fields, count] of [
    ['contacts', ['country', 'company'], 5],
    ['companies', ['country', 'industry'], 3],
  ] as const) {
    for (const field of fields) {
      const rows = untouched(work, object, count)
      await updateInHubSpot(
        work,
        object,
        rows.map((row) => ({ id: row.id, properties: { [field]: '' } })),
      )
      for (const row of rows) await admit('hubspot', object, row.id, field)
    }
  }
  for (const [object, fields, count] of [
    ['Lead', ['Country', 'Email'], 5],
    ['Account', ['BillingCountry', 'Industry'], 3],
  ] as const) {
    for (const field of fields) {
      for (const row of untouched(work, object, count)) {
        await updateInSalesforce(work, object, row.id, { [field]: null })
        await admit('salesforce', object, row.id, field)
      }
    }
  }
}

/** Edits that no workflow watches. */
export async function noise(work: Workplace): Promise<void> {
  const { random } = work.paper
  for (let round = 0; round < 3; round++) {
    const contacts = untouched(work, 'contacts', 18)
    await updateInHubSpot(
      work,
      'contacts',
      contacts.map((row) => ({ id: row.id, properties: { jobtitle: random.pick(JOB_TITLES) } })),
    )
  }
  const companies = untouched(work, 'companies', 14)
  await updateInHubSpot(
    work,
    'companies',
    companies.map((row) => ({ id: row.id, properties: { description: 'Met at the fair.' } })),
  )
  for (const row of untouched(work, 'Lead', 40)) {
    await updateInSalesforce(work, 'Lead', row.id, { Title: random.pick(JOB_TITLES) })
  }
  for (const row of untouched(work, 'Account', 16)) {
    await updateInSalesforce(work, 'Account', row.id, { Description: 'Visited in autumn.' })
  }
}

/** People fix some of this morning's defects. Returns the labels of the fixed ones. */
export async function mendThings(work: Workplace): Promise<Label[]> {
  const { before, paper } = work
  const companies = new Map(before.companies.map((row) => [row.id, row]))
  const contacts = new Map(before.contacts.map((row) => [row.id, row]))
  const leads = new Map(before.leads.map((row) => [row.Id, row]))
  const accounts = new Map(before.accounts.map((row) => [row.Id, row]))
  const several = before.labels.filter(
    (label, i, all) => all.filter((l) => l.recordId === label.recordId).length === 1 || i < 0,
  )
  const some = (pattern: string, objectType: string, count: number, fits: (label: Label) => boolean = () => true) =>
    paper.random
      .shuffled(several.filter((l) => l.pattern === pattern && l.objectType === objectType && fits(l)))
      .slice(0, count)
  const mended: Label[] = []

  for (const label of some('missing-field', 'contacts', 5)) {
    const row = contacts.get(label.recordId)!
    const value = label.detail === 'country' ? countryOf(row.properties.territory) : 'Harbour Trading Ltd'
    await updateInHubSpot(work, 'contacts', [{ id: row.id, properties: { [label.detail]: value } }])
    mended.push(label)
  }
  for (const label of some('stale-field', 'contacts', 4)) {
    await updateInHubSpot(work, 'contacts', [{ id: label.recordId, properties: { hs_lead_status: 'CONNECTED' } }])
    mended.push(label)
  }
  for (const label of some('missing-field', 'companies', 3)) {
    const value =
      label.detail === 'country' ? countryOf(companies.get(label.recordId)!.properties.territory) : 'MACHINERY'
    await updateInHubSpot(work, 'companies', [{ id: label.recordId, properties: { [label.detail]: value } }])
    mended.push(label)
  }
  for (const label of some('orphaned-owner', 'companies', 3)) {
    const owner = rightOwner(companies.get(label.recordId)!.properties, 'country', 'numberofemployees')
    await updateInHubSpot(work, 'companies', [
      { id: label.recordId, properties: { hubspot_owner_id: paper.hubspot.ownerId(owner) } },
    ])
    mended.push(label)
  }
  for (const label of some('missing-field', 'Lead', 5)) {
    const row = leads.get(label.recordId)!
    const value = label.detail === 'Country' ? countryOf(row.Territory__c) : paper.people.alone().email
    await updateInSalesforce(work, 'Lead', row.Id, { [label.detail]: value })
    mended.push(label)
  }
  for (const label of some('stale-field', 'Lead', 4)) {
    const present = leads.get(label.recordId)!.Status
    await updateInSalesforce(work, 'Lead', label.recordId, { Status: present === 'Working' ? 'Nurturing' : 'Working' })
    mended.push(label)
  }
  for (const label of some('missing-field', 'Account', 3)) {
    const value = label.detail === 'Industry' ? 'Machinery' : countryOf(accounts.get(label.recordId)!.Territory__c)
    await updateInSalesforce(work, 'Account', label.recordId, { [label.detail]: value })
    mended.push(label)
  }
  for (const label of some('orphaned-owner', 'Account', 4)) {
    const owner = rightOwner(accounts.get(label.recordId)!, 'BillingCountry', 'NumberOfEmployees')
    await updateInSalesforce(work, 'Account', label.recordId, { OwnerId: paper.salesforce.userId(owner) })
    mended.push(label)
  }
  for (const label of some('stale-territory', 'Account', 4, (l) => l.why.startsWith('the territory field'))) {
    const territory = territoryOfCountry(accounts.get(label.recordId)!.BillingCountry)
    await updateInSalesforce(work, 'Account', label.recordId, { Territory__c: territory.id })
    mended.push(label)
  }
  return mended
}

/** People merge or delete some duplicates. Returns the labels of the fixed ones. */
export async function mergeAndDelete(work: Workplace): Promise<Label[]> {
  const { before, paper } = work
  const doubled = before.labels.filter((label) => label.pattern === 'duplicate-ownership')
  const contacts = new Map(before.contacts.map((row) => [row.id, row]))
  const mended: Label[] = []
  for (const label of paper.random.shuffled(doubled.filter((l) => l.objectType === 'contacts'))) {
    if (mended.length === 3) break
    const younger = contacts.get(label.recordId)!
    const older = before.contacts.find((row) => row.id !== younger.id && sameTelephoneAndCompany(row, younger))
    if (older === undefined) continue
    await work.hubspot.call('POST', '/crm/v3/objects/contacts/merge', {
      primaryObjectId: older.id,
      objectIdToMerge: younger.id,
    })
    work.changed()
    mended.push(label)
  }
  const byMailbox = doubled.filter(
    (l) => l.objectType === 'contacts' && l.why.startsWith('same Gmail') && !mended.includes(l),
  )
  for (const label of byMailbox.slice(0, 2)) {
    await work.hubspot.call('DELETE', `/crm/v3/objects/contacts/${label.recordId}`)
    work.changed()
    mended.push(label)
  }
  for (const label of doubled.filter((l) => l.objectType === 'Lead' && l.why.startsWith('same e-mail')).slice(0, 4)) {
    await work.salesforce.remove('Lead', label.recordId)
    work.changed()
    mended.push(label)
  }
  return mended
}

function sameTelephoneAndCompany(a: HubSpotRow, b: HubSpotRow): boolean {
  const digits = (row: HubSpotRow) => (row.properties.phone ?? '').replace(/\D/g, '').slice(-8)
  return digits(a).length === 8 && digits(a) === digits(b) && a.properties.company === b.properties.company
}

function countryOf(territory: unknown): string {
  return TERRITORIES.find((each) => each.id === territory)!.countries[0]!
}

function territoryOfCountry(country: unknown) {
  return TERRITORIES.find((each) => each.countries.includes(isoOf(country) ?? ''))!
}

function rightOwner(row: HubSpotRow['properties'] | SalesforceRow, country: string, size: string): string {
  const values = row as Readonly<Record<string, unknown>>
  return ownerFor(territoryOfCountry(values[country]), Number(values[size] ?? 0))
}
