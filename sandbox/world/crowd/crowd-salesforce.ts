import { TERRITORIES } from '../brightwater/cast.ts'
import { salesforceId } from '../records/salesforce-id.ts'
import type { SalesforceRecord } from '../records/world.ts'
import {
  type CrowdSize,
  crowdOrganisation,
  crowdOwner,
  crowdPerson,
  crowdTimes,
  DAY_MS,
  drawFor,
  FLAWS,
  overlapOf,
  recently,
} from './crowd.ts'

const POD = '5g00000'
/** Above every serial number of the handwritten world. */
const FIRST = 10_000_000
const OPEN = ['Open', 'Working', 'Nurturing'] as const
const STAGES = ['Prospecting', 'Qualification', 'Negotiation/Review', 'Closed Won', 'Closed Lost'] as const

type Crowd = {
  readonly seed: number
  readonly nowMs: number
  readonly size: CrowdSize
  readonly accountsFrom: number
  readonly contactsFrom: number
  readonly userId: (email: string) => string
  /** Null: the organization has no account. */
  readonly accountId: (organisation: number) => string | null
}

/**
 * Salesforce's part of the crowd, one generator per object. HubSpot also has a tenth of its people and some of its
 * accounts.
 */
export function crowdOfSalesforce({
  seed,
  nowMs,
  size,
  users,
}: {
  readonly seed: number
  readonly nowMs: number
  readonly size: CrowdSize
  readonly users: readonly SalesforceRecord[]
}) {
  const idOf = new Map(users.map((user) => [user.Email as string, user.Id]))
  const { accountsFrom, contactsFrom } = overlapOf(size)
  const crowd: Crowd = {
    seed,
    nowMs,
    size,
    accountsFrom,
    contactsFrom,
    userId: (email) => idOf.get(email)!,
    accountId: (organisation) => {
      const at = organisation - accountsFrom
      return at >= 0 && at < size.Account ? salesforceId('001', POD, FIRST + at) : null
    },
  }
  const reader = (rows: (crowd: Crowd) => Generator<SalesforceRecord>) => () => rows(crowd)
  return {
    Account: reader(accounts),
    Contact: reader(contacts),
    Lead: reader(leads),
    Opportunity: reader(opportunities),
  }
}

function* accounts({ seed, nowMs, size, accountsFrom, userId }: Crowd): Generator<SalesforceRecord> {
  for (let k = 0; k < size.Account; k += 1) {
    const organisation = crowdOrganisation(seed, accountsFrom + k)
    const draw = drawFor(seed, 21, k)
    const { createdAtMs, modifiedAtMs } = crowdTimes(draw, nowMs)
    // Some accounts that HubSpot has too have another owner there.
    const isOther = accountsFrom + k < size.companies && draw.in1000(FLAWS.twinWithOtherOwner)
    const OwnerId = userId(crowdOwner(draw, isOther ? draw.pick(TERRITORIES).enterpriseRep : organisation.owner))
    yield {
      Id: salesforceId('001', POD, FIRST + k),
      Name: organisation.name,
      Website: `https://www.${organisation.domain}`,
      Phone: organisation.phone,
      BillingCountry: draw.in1000(FLAWS.blankCountry) ? null : organisation.country.iso,
      BillingCity: organisation.city,
      Industry: draw.in1000(FLAWS.blankIndustry) ? null : organisation.industry.salesforce,
      NumberOfEmployees: organisation.employees,
      Type: draw.in1000(250) ? 'Customer' : 'Prospect',
      OwnerId,
      Territory__c: draw.in1000(FLAWS.wrongTerritory) ? draw.pick(TERRITORIES).id : organisation.territory,
      ...stamps(createdAtMs, modifiedAtMs, OwnerId),
    }
  }
}

function* contacts({
  seed,
  nowMs,
  size,
  accountsFrom,
  contactsFrom,
  userId,
  accountId,
}: Crowd): Generator<SalesforceRecord> {
  for (let k = 0; k < size.Contact; k += 1) {
    const i = contactsFrom + k
    const isTwin = i < size.contacts
    const j = isTwin ? i % Math.max(1, size.companies) : accountsFrom + (k % Math.max(1, size.Account))
    const person = crowdPerson(seed, i, crowdOrganisation(seed, j))
    const { organisation } = person
    const draw = drawFor(seed, 22, k)
    const { createdAtMs, modifiedAtMs } = crowdTimes(draw, nowMs)
    const isOther = isTwin && draw.in1000(FLAWS.twinWithOtherOwner)
    const OwnerId = userId(crowdOwner(draw, isOther ? draw.pick(TERRITORIES).enterpriseRep : organisation.owner))
    yield {
      Id: salesforceId('003', POD, FIRST + k),
      FirstName: person.first,
      LastName: person.last,
      Name: `${person.first} ${person.last}`,
      Email: person.email,
      Phone: draw.in1000(800) ? person.phone : null,
      Title: person.title,
      MailingCountry: draw.in1000(FLAWS.blankCountry) ? null : organisation.country.iso,
      MailingCity: organisation.city,
      AccountId: accountId(j),
      OwnerId,
      ...stamps(createdAtMs, modifiedAtMs, OwnerId),
    }
  }
}

function* leads({ seed, nowMs, size, accountsFrom, contactsFrom, userId }: Crowd): Generator<SalesforceRecord> {
  const first = contactsFrom + size.Contact
  for (let k = 0; k < size.Lead; k += 1) {
    // People of organisations beyond those that are accounts: a lead becomes one only when it is converted.
    const j = accountsFrom + size.Account + (k % Math.max(1, Math.ceil(size.Lead / 2)))
    const person = crowdPerson(seed, Math.max(first, size.contacts) + k, crowdOrganisation(seed, j))
    const { organisation } = person
    const draw = drawFor(seed, 23, k)
    const { createdAtMs, modifiedAtMs } = crowdTimes(draw, nowMs)
    const isOpen = draw.in1000(500)
    const isStale = draw.in1000(FLAWS.staleStatus)
    const OwnerId = userId(crowdOwner(draw, organisation.owner))
    yield {
      Id: salesforceId('00Q', POD, FIRST + k),
      FirstName: person.first,
      LastName: person.last,
      Name: `${person.first} ${person.last}`,
      Email: person.email,
      Phone: draw.in1000(800) ? person.phone : null,
      Company: organisation.name,
      Title: person.title,
      Country: draw.in1000(FLAWS.blankCountry) ? null : organisation.country.iso,
      City: organisation.city,
      NumberOfEmployees: organisation.employees,
      Status: isOpen ? draw.pick(OPEN) : 'Unqualified',
      LeadSource: 'Web',
      OwnerId,
      IsConverted: false,
      Territory__c: draw.in1000(FLAWS.wrongTerritory) ? draw.pick(TERRITORIES).id : organisation.territory,
      ...stamps(createdAtMs, isOpen && !isStale ? recently(draw, nowMs, createdAtMs) : modifiedAtMs, OwnerId),
    }
  }
}

function* opportunities({ seed, nowMs, size, accountsFrom, userId, accountId }: Crowd): Generator<SalesforceRecord> {
  for (let k = 0; k < size.Opportunity; k += 1) {
    const j = accountsFrom + ((k * 3) % Math.max(1, size.Account))
    const organisation = crowdOrganisation(seed, j)
    const draw = drawFor(seed, 24, k)
    const { createdAtMs, modifiedAtMs } = crowdTimes(draw, nowMs)
    const StageName = draw.pick(STAGES)
    const OwnerId = userId(organisation.owner)
    yield {
      Id: salesforceId('006', POD, FIRST + k),
      Name: `${organisation.name} - sensor pilot`,
      AccountId: accountId(j),
      StageName,
      Amount: 1_000 * (1 + draw.below(60)),
      Probability: StageName === 'Closed Won' ? 100 : StageName === 'Closed Lost' ? 0 : 50,
      CloseDate: new Date(nowMs + (draw.below(200) - 100) * DAY_MS).toISOString().slice(0, 10),
      IsClosed: StageName.startsWith('Closed'),
      IsWon: StageName === 'Closed Won',
      OwnerId,
      ...stamps(createdAtMs, modifiedAtMs, OwnerId),
    }
  }
}

function stamps(createdAtMs: number, modifiedAtMs: number, by: string) {
  return {
    CreatedDate: Math.floor(createdAtMs / 1_000) * 1_000,
    CreatedById: by,
    LastModifiedDate: Math.floor(modifiedAtMs / 1_000) * 1_000,
    LastModifiedById: by,
    SystemModstamp: Math.floor(modifiedAtMs / 1_000) * 1_000,
    IsDeleted: false,
  }
}
