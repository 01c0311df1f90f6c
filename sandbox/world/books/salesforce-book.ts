import { territoryOf } from '../brightwater/territory.ts'
import type { Organisation } from '../market/organisation.ts'
import type { Person } from '../market/person.ts'
import { writePhone } from '../market/phone-book.ts'
import type { Random } from '../market/random.ts'
import { phoneStyle } from './phone-style.ts'
import { type SalesforceSetup, setUpSalesforce } from './salesforce-setup.ts'
import {
  addRow,
  emptyTables,
  ORG_ID,
  type SalesforceDraft,
  type SalesforceTables,
  salesforceTime,
  stamps,
} from './salesforce-tables.ts'

/** Salesforce's side of the world while it is being generated. Each call adds one record. */
export type SalesforceBook = Pick<
  SalesforceSetup,
  'integrationUserId' | 'inboundQueueId' | 'deadQueueId' | 'userId'
> & {
  readonly orgId: string
  readonly tables: SalesforceTables
  account(organisation: Organisation, details: AccountDetails): SalesforceDraft
  contact(person: Person, details: ContactDetails): SalesforceDraft
  lead(person: Person, details: LeadDetails): SalesforceDraft
  opportunity(account: SalesforceDraft, details: OpportunityDetails): SalesforceDraft
}

type AccountDetails = { readonly createdAtMs: number; readonly owner: string; readonly parent: SalesforceDraft | null }

type ContactDetails = { readonly createdAtMs: number; readonly owner: string; readonly account: SalesforceDraft | null }

type LeadDetails = {
  readonly createdAtMs: number
  readonly modifiedAtMs: number
  /** E-mail of a user, or the Id of a queue. */
  readonly owner: string
  readonly status: string
  readonly converted: { readonly account: SalesforceDraft; readonly contact: SalesforceDraft } | null
}

type OpportunityDetails = {
  readonly createdAtMs: number
  readonly closeAtMs: number
  readonly amount: number
  readonly stage: string
  readonly owner: string
}

export function salesforceBook(random: Random, nowMs: number): SalesforceBook {
  const tables = emptyTables()
  const setup = setUpSalesforce(tables, nowMs)
  const ledger: Ledger = { ...setup, tables, random, nowMs }
  return {
    orgId: ORG_ID,
    integrationUserId: setup.integrationUserId,
    inboundQueueId: setup.inboundQueueId,
    deadQueueId: setup.deadQueueId,
    tables,
    userId: setup.userId,
    account: (organisation, details) => addAccount(ledger, organisation, details),
    contact: (person, details) => addContact(ledger, person, details),
    lead: (person, details) => addLead(ledger, person, details),
    opportunity: (account, details) => addOpportunity(ledger, account, details),
  }
}

type Ledger = SalesforceSetup & {
  readonly tables: SalesforceTables
  readonly random: Random
  readonly nowMs: number
}

function addAccount(ledger: Ledger, organisation: Organisation, details: AccountDetails): SalesforceDraft {
  const { tables, random, userId, territoryIds } = ledger
  const { createdAtMs, owner, parent } = details
  const record = addRow(tables, 'Account', {
    Name: organisation.name,
    Website: website(random, organisation.domain),
    Phone: writePhone(organisation.switchboard, phoneStyle(random, PHONE_STYLES)),
    BillingCountry: random.pick(organisation.country.spellings),
    BillingCity: organisation.city,
    Industry: organisation.industry.salesforce,
    NumberOfEmployees: organisation.employees,
    AnnualRevenue: organisation.employees * random.int(80, 240) * 1000,
    Type: organisation.customer ? 'Customer' : 'Prospect',
    ParentId: parent?.Id ?? null,
    OwnerId: userId(owner),
    Territory__c: organisation.territory?.id ?? null,
    ...stamps(createdAtMs, laterThan(ledger, createdAtMs), userId(owner)),
  })
  if (organisation.territory !== null) {
    addRow(tables, 'ObjectTerritory2Association', {
      ObjectId: record.Id,
      SobjectType: 'Account',
      Territory2Id: territoryIds.get(organisation.territory.id)!,
      AssociationCause: 'Territory2Manual',
      LastModifiedDate: record.CreatedDate!,
      SystemModstamp: record.CreatedDate!,
    })
  }
  return record
}

function addContact(ledger: Ledger, person: Person, details: ContactDetails): SalesforceDraft {
  const { tables, random, userId } = ledger
  const { createdAtMs, owner, account } = details
  return addRow(tables, 'Contact', {
    FirstName: person.first,
    LastName: person.last,
    Name: `${person.first} ${person.last}`,
    Email: person.email,
    Phone: writePhone(person.phone, phoneStyle(random, PHONE_STYLES)),
    MobilePhone: person.mobile === null ? null : writePhone(person.mobile, 'e164'),
    Title: person.title,
    MailingCountry: random.pick(person.country.spellings),
    MailingCity: person.city,
    AccountId: account?.Id ?? null,
    OwnerId: userId(owner),
    ...stamps(createdAtMs, laterThan(ledger, createdAtMs), userId(owner)),
  })
}

function addLead(ledger: Ledger, person: Person, details: LeadDetails): SalesforceDraft {
  const { tables, random, userId, integrationUserId } = ledger
  const { createdAtMs, modifiedAtMs, owner, status, converted } = details
  const inQueue = !owner.includes('@')
  const ownerId = inQueue ? owner : userId(owner)
  return addRow(tables, 'Lead', {
    FirstName: person.first,
    LastName: person.last,
    Name: `${person.first} ${person.last}`,
    Email: person.email,
    Phone: writePhone(person.phone, phoneStyle(random, PHONE_STYLES)),
    MobilePhone: person.mobile === null ? null : writePhone(person.mobile, 'e164'),
    Company: person.companyName,
    Title: person.title,
    Website: person.organisation !== null && random.chance(0.4) ? website(random, person.organisation.domain) : null,
    Country: random.pick(person.country.spellings),
    City: person.city,
    Industry: person.organisation?.industry.salesforce ?? null,
    NumberOfEmployees: person.employees,
    Status: status,
    LeadSource: random.pick(['Web', 'Trade Show', 'Partner Referral', 'Phone Inquiry', 'Purchased List']),
    Rating: random.pick(['Hot', 'Warm', 'Cold']),
    OwnerId: ownerId,
    IsConverted: converted !== null,
    ConvertedAccountId: converted?.account.Id ?? null,
    ConvertedContactId: converted?.contact.Id ?? null,
    ConvertedOpportunityId: null,
    ConvertedDate: converted === null ? null : salesforceTime(modifiedAtMs).slice(0, 10),
    Territory__c: inQueue ? null : (territoryOf(person.country)?.id ?? null),
    ...stamps(createdAtMs, modifiedAtMs, inQueue ? integrationUserId : ownerId),
  })
}

function addOpportunity(ledger: Ledger, account: SalesforceDraft, details: OpportunityDetails): SalesforceDraft {
  const { tables, random, userId } = ledger
  const { createdAtMs, closeAtMs, amount, stage, owner } = details
  return addRow(tables, 'Opportunity', {
    Name: `${account.Name} - ${random.pick(['sensor pilot', 'plant roll-out', 'renewal', 'lab kit', 'monitoring'])}`,
    AccountId: account.Id,
    StageName: stage,
    Amount: amount,
    Probability: PROBABILITY[stage] ?? 50,
    CloseDate: new Date(closeAtMs).toISOString().slice(0, 10),
    IsClosed: stage.startsWith('Closed'),
    IsWon: stage === 'Closed Won',
    OwnerId: userId(owner),
    ...stamps(createdAtMs, laterThan(ledger, createdAtMs), userId(owner)),
  })
}

const PHONE_STYLES = { spaced: 5, e164: 2, national: 3 } as const

function laterThan({ random, nowMs }: Ledger, createdAtMs: number): number {
  return createdAtMs + Math.floor(random.next() * (nowMs - 60_000 - createdAtMs))
}

/** A web address as people paste it. */
function website(random: Random, domain: string): string {
  return random.pick([
    `https://www.${domain}`,
    `www.${domain}`,
    domain,
    `http://${domain}/`,
    `https://www.${domain}/contact`,
  ])
}

const PROBABILITY: Readonly<Record<string, number>> = {
  Prospecting: 10,
  Qualification: 10,
  'Proposal/Price Quote': 75,
  'Negotiation/Review': 90,
  'Closed Won': 100,
  'Closed Lost': 0,
}
