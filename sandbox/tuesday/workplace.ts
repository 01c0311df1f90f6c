import { hubspotBook } from '../world/books/hubspot-book.ts'
import type { HubSpotDraft } from '../world/books/hubspot-draft.ts'
import { salesforceBook } from '../world/books/salesforce-book.ts'
import type { SalesforceDraft } from '../world/books/salesforce-tables.ts'
import { organisationMaker } from '../world/market/organisation-maker.ts'
import { personMaker } from '../world/market/person-maker.ts'
import { phoneBook } from '../world/market/phone-book.ts'
import { seededRandom } from '../world/market/random.ts'
import type { Draft } from '../world/population/draft.ts'
import type { Label } from '../world/records/world.ts'
import { type HubSpotUser, hubspotUser, register, type SalesforceUser, salesforceUser } from './crm-user.ts'
import type { SandboxAddresses } from './sandbox-addresses.ts'
import { type Snapshot, takenBy, takeSnapshot } from './snapshot.ts'

/** What every step of the day needs: access to both CRMs, their records so far, and a draft for new ones. */
export type Workplace = {
  readonly hubspot: HubSpotUser
  readonly salesforce: SalesforceUser
  readonly before: Snapshot
  /** Generates people, organizations and their records, which exist only once they are sent to a CRM. */
  readonly paper: Draft
  /** The queue of new leads. */
  readonly inboundQueueId: string
  /** Counts one change in a CRM. */
  changed(count?: number): void
  changes(): number
  /** Adds labels of defects just made. */
  admit(...labels: readonly Label[]): Promise<void>
  readonly labels: readonly Label[]
}

export async function enterWorkplace(addresses: SandboxAddresses, seed: number): Promise<Workplace> {
  const hubspot = hubspotUser(addresses.hubspot)
  const salesforce = await salesforceUser(addresses.salesforce)
  const before = await takeSnapshot(hubspot, salesforce)
  const taken = takenBy(before)
  const random = seededRandom(seed)
  const phones = phoneBook(random, taken.phones)
  const nowMs = Date.now()
  const labels: Label[] = []
  let changes = 0
  return {
    hubspot,
    salesforce,
    before,
    paper: {
      random,
      nowMs,
      phones,
      organisations: organisationMaker(random, phones, taken.domains),
      people: personMaker(random, phones, taken.emails),
      hubspot: hubspotBook(random, nowMs),
      salesforce: salesforceBook(random, nowMs),
      sites: [],
      labels: [],
      count: (x) => x,
    },
    inboundQueueId: before.queues.find((queue) => queue.DeveloperName === 'Inbound_leads')!.Id,
    changed: (count = 1) => {
      changes += count
    },
    changes: () => changes,
    async admit(...made) {
      labels.push(...made)
      await register(made, hubspot, salesforce)
    },
    labels,
  }
}

/** HubSpot computes these. */
const COMPUTED_BY_HUBSPOT = new Set([
  'associatedcompanyid',
  'hs_is_closed',
  'hs_is_closed_won',
  'hs_primary_associated_company',
])
/** `contact to company, primary` in HubSpot's own list of association types. */
const PRIMARY_COMPANY = [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId: 1 }]

function creation(draft: HubSpotDraft, companyId: string | null) {
  const properties = Object.fromEntries(
    Object.entries(draft.properties).filter(([name]) => !COMPUTED_BY_HUBSPOT.has(name)),
  )
  return {
    properties,
    ...(companyId === null ? {} : { associations: [{ to: { id: companyId }, types: PRIMARY_COMPANY }] }),
  }
}

export async function createInHubSpot(
  work: Workplace,
  object: 'contacts' | 'companies',
  draft: HubSpotDraft,
  companyId: string | null = null,
): Promise<string> {
  const made = await work.hubspot.call<{ id: string }>('POST', `/crm/v3/objects/${object}`, creation(draft, companyId))
  work.changed()
  return made.id
}

/** Imports up to 100 contacts in one call. Returns ids by e-mail, because HubSpot guarantees no order. */
export async function importContacts(work: Workplace, drafts: readonly HubSpotDraft[]): Promise<Map<string, string>> {
  const answer = await work.hubspot.call<{ results: { id: string; properties: { email: string } }[] }>(
    'POST',
    '/crm/v3/objects/contacts/batch/create',
    { inputs: drafts.map((draft) => creation(draft, null)) },
  )
  work.changed(drafts.length)
  return new Map(answer.results.map((row) => [row.properties.email.toLowerCase(), row.id]))
}

export async function updateInHubSpot(
  work: Workplace,
  object: 'contacts' | 'companies',
  changes: readonly { readonly id: string; readonly properties: Readonly<Record<string, string>> }[],
): Promise<void> {
  // HubSpot accepts up to 100 inputs in one batch.
  for (let i = 0; i < changes.length; i += 100) {
    await work.hubspot.call('POST', `/crm/v3/objects/${object}/batch/update`, { inputs: changes.slice(i, i + 100) })
  }
  work.changed(changes.length)
}

const WRITTEN_BY_SALESFORCE = new Set(
  'Id Name IsConverted ConvertedAccountId ConvertedContactId ConvertedOpportunityId ConvertedDate CreatedDate CreatedById LastModifiedDate LastModifiedById SystemModstamp IsDeleted'.split(
    ' ',
  ),
)

export async function createInSalesforce(
  work: Workplace,
  object: 'Lead' | 'Account' | 'Contact',
  draft: SalesforceDraft,
): Promise<string> {
  const named = object === 'Account' ? { Name: draft.Name } : {}
  const fields = Object.fromEntries(
    Object.entries(draft).filter(([name, value]) => !WRITTEN_BY_SALESFORCE.has(name) && value !== null),
  )
  const id = await work.salesforce.create(object, { ...fields, ...named })
  work.changed()
  return id
}

export async function updateInSalesforce(
  work: Workplace,
  object: 'Lead' | 'Account' | 'User',
  id: string,
  fields: Readonly<Record<string, unknown>>,
): Promise<void> {
  await work.salesforce.update(object, id, fields)
  work.changed()
}
