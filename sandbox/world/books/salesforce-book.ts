import { allPeople, INTEGRATION_USERS, LEFT, OFFICE, TERRITORIES } from '../brightwater/cast.ts'
import { type Organisation, territoryOf } from '../market/organisation.ts'
import type { Person } from '../market/person.ts'
import { writePhone } from '../market/phone-book.ts'
import type { Random } from '../market/random.ts'
import { salesforceId } from '../records/salesforce-id.ts'

export type SalesforceDraft = { Id: string; [field: string]: string | number | boolean | null }

/** Key prefixes as every org has them. */
const PREFIX = {
  Organization: '00D',
  User: '005',
  Group: '00G',
  GroupMember: '011',
  Lead: '00Q',
  Account: '001',
  Contact: '003',
  Opportunity: '006',
  Territory2Model: '0MA',
  Territory2: '0MI',
  UserTerritory2Association: '0UT',
  ObjectTerritory2Association: '0OT',
} as const
const POD = '5g00000'
const DAY_MS = 86_400_000

export type LeadDetails = {
  readonly createdAtMs: number
  readonly modifiedAtMs: number
  /** E-mail of a person, or the Id of a queue. */
  readonly owner: string
  readonly status: string
  readonly converted: { readonly account: SalesforceDraft; readonly contact: SalesforceDraft } | null
}

export type OpportunityDetails = {
  readonly createdAtMs: number
  readonly closeAtMs: number
  readonly amount: number
  readonly stage: string
  readonly owner: string
}

export type SalesforceBook = {
  readonly orgId: string
  readonly integrationUserId: string
  /** Works: new leads stand here. */
  readonly inboundQueueId: string
  /** Nobody works this one any more. */
  readonly deadQueueId: string
  readonly tables: Record<
    | 'User'
    | 'Group'
    | 'GroupMember'
    | 'Territory2Model'
    | 'Territory2'
    | 'UserTerritory2Association'
    | 'ObjectTerritory2Association'
    | 'Lead'
    | 'Account'
    | 'Contact'
    | 'Opportunity',
    SalesforceDraft[]
  >
  userId(email: string): string
  account(
    organisation: Organisation,
    details: { createdAtMs: number; owner: string; parent: SalesforceDraft | null },
  ): SalesforceDraft
  contact(
    person: Person,
    details: { createdAtMs: number; owner: string; account: SalesforceDraft | null },
  ): SalesforceDraft
  lead(person: Person, details: LeadDetails): SalesforceDraft
  opportunity(account: SalesforceDraft, details: OpportunityDetails): SalesforceDraft
}

/** Salesforce's own spelling of an instant on the wire. */
export function salesforceTime(atMs: number): string {
  return new Date(atMs).toISOString().replace('Z', '+0000')
}

export function salesforceBook(random: Random, nowMs: number): SalesforceBook {
  const tables: SalesforceBook['tables'] = {
    User: [],
    Group: [],
    GroupMember: [],
    Territory2Model: [],
    Territory2: [],
    UserTerritory2Association: [],
    ObjectTerritory2Association: [],
    Lead: [],
    Account: [],
    Contact: [],
    Opportunity: [],
  }
  const began = nowMs - 1200 * DAY_MS

  function add(table: keyof SalesforceBook['tables'], fields: Omit<SalesforceDraft, 'Id'>): SalesforceDraft {
    const record = { Id: salesforceId(PREFIX[table], POD, tables[table].length + 1), ...fields }
    tables[table].push(record)
    return record
  }
  function stamps(createdAtMs: number, modifiedAtMs: number, by: string) {
    return {
      CreatedDate: salesforceTime(createdAtMs),
      CreatedById: by,
      LastModifiedDate: salesforceTime(modifiedAtMs),
      LastModifiedById: by,
      SystemModstamp: salesforceTime(modifiedAtMs),
      IsDeleted: false,
    }
  }
  const laterThan = (createdAtMs: number) => createdAtMs + Math.floor(random.next() * (nowMs - 60_000 - createdAtMs))
  const style = () =>
    random.weighted([
      ['spaced', 5],
      ['e164', 2],
      ['national', 3],
    ] as const)
  const website = (domain: string) =>
    random.pick([
      `https://www.${domain}`,
      `www.${domain}`,
      domain,
      `http://${domain}/`,
      `https://www.${domain}/contact`,
    ])

  const zone = new Map(
    TERRITORIES.flatMap((t) => [t.enterpriseRep, t.commercialRep].map((email) => [email, ZONES[t.id]!] as const)),
  )
  for (const person of allPeople()) {
    const integration = person.email.includes('.integration@')
    add('User', {
      Username: person.email,
      Email: person.email,
      FirstName: person.first,
      LastName: person.last,
      Name: `${person.first} ${person.last}`,
      Alias: `${person.first.charAt(0)}${person.last}`.slice(0, 8).toLowerCase(),
      IsActive: person.active,
      UserType: 'Standard',
      Title: integration ? 'Integration' : zone.has(person.email) ? 'Account Executive' : 'Revenue team',
      TimeZoneSidKey: zone.get(person.email) ?? 'Europe/London',
      ...stamps(began, person.active ? began : nowMs - 90 * DAY_MS, salesforceId(PREFIX.User, POD, 1)),
    })
  }
  const users = new Map(tables.User.map((user) => [user.Email as string, user.Id]))
  function userId(email: string): string {
    const id = users.get(email)
    if (id === undefined) throw new Error(`No Salesforce user for ${email}`)
    return id
  }
  const integrationUserId = userId(INTEGRATION_USERS.lanekeeper)
  const admin = userId(OFFICE.revopsAdmin)

  function queue(name: string, members: readonly string[]): string {
    const group = add('Group', {
      Name: name,
      DeveloperName: name.replaceAll(' ', '_'),
      Type: 'Queue',
      Email: null,
      ...stamps(began, began, admin),
    })
    for (const member of members) {
      add('GroupMember', { GroupId: group.Id, UserOrGroupId: userId(member), SystemModstamp: salesforceTime(began) })
    }
    return group.Id
  }
  const inboundQueueId = queue('Inbound leads', [OFFICE.revopsAnalyst, OFFICE.salesOpsEast])
  const deadQueueId = queue('Trade fair leads', [LEFT[1]!])

  const model = add('Territory2Model', {
    Name: 'Brightwater sales',
    DeveloperName: 'Brightwater_sales',
    State: 'Active',
    ActivatedDate: salesforceTime(began),
    ...stamps(began, began, admin),
  })
  function territory2(name: string, developerName: string, parentId: string | null): SalesforceDraft {
    return add('Territory2', {
      Name: name,
      DeveloperName: developerName,
      Territory2ModelId: model.Id,
      ParentTerritory2Id: parentId,
      ...stamps(began, began, admin),
    })
  }
  const regions = new Map([
    ['americas', territory2('Americas', 'americas', null).Id],
    ['emea', territory2('EMEA', 'emea', null).Id],
    ['apac', territory2('Asia Pacific', 'apac', null).Id],
  ])
  const territoryIds = new Map<string, string>()
  for (const t of TERRITORIES) {
    const row = territory2(t.title, t.id.replaceAll('-', '_'), regions.get(t.parent)!)
    territoryIds.set(t.id, row.Id)
    for (const member of [t.enterpriseRep, t.commercialRep]) {
      add('UserTerritory2Association', {
        UserId: userId(member),
        Territory2Id: row.Id,
        RoleInTerritory2: member === t.enterpriseRep ? 'Enterprise' : 'Commercial',
        IsActive: true,
        LastModifiedDate: salesforceTime(began),
        SystemModstamp: salesforceTime(began),
      })
    }
  }

  return {
    orgId: salesforceId(PREFIX.Organization, '5g0000', 7_301),
    integrationUserId,
    inboundQueueId,
    deadQueueId,
    tables,
    userId,
    account(organisation, { createdAtMs, owner, parent }) {
      const record = add('Account', {
        Name: organisation.name,
        Website: website(organisation.domain),
        Phone: writePhone(organisation.switchboard, style()),
        BillingCountry: random.pick(organisation.country.spellings),
        BillingCity: organisation.city,
        Industry: organisation.industry.salesforce,
        NumberOfEmployees: organisation.employees,
        AnnualRevenue: organisation.employees * random.int(80, 240) * 1000,
        Type: organisation.customer ? 'Customer' : 'Prospect',
        ParentId: parent?.Id ?? null,
        OwnerId: userId(owner),
        Territory__c: organisation.territory?.id ?? null,
        ...stamps(createdAtMs, laterThan(createdAtMs), userId(owner)),
      })
      if (organisation.territory !== null) {
        add('ObjectTerritory2Association', {
          ObjectId: record.Id,
          SobjectType: 'Account',
          Territory2Id: territoryIds.get(organisation.territory.id)!,
          AssociationCause: 'Territory2Manual',
          LastModifiedDate: record.CreatedDate!,
          SystemModstamp: record.CreatedDate!,
        })
      }
      return record
    },
    contact(person, { createdAtMs, owner, account }) {
      return add('Contact', {
        FirstName: person.first,
        LastName: person.last,
        Name: `${person.first} ${person.last}`,
        Email: person.email,
        Phone: writePhone(person.phone, style()),
        MobilePhone: person.mobile === null ? null : writePhone(person.mobile, 'e164'),
        Title: person.title,
        MailingCountry: random.pick(person.country.spellings),
        MailingCity: person.city,
        AccountId: account?.Id ?? null,
        OwnerId: userId(owner),
        ...stamps(createdAtMs, laterThan(createdAtMs), userId(owner)),
      })
    },
    lead(person, { createdAtMs, modifiedAtMs, owner, status, converted }) {
      const waits = !owner.includes('@')
      const ownerId = waits ? owner : userId(owner)
      return add('Lead', {
        FirstName: person.first,
        LastName: person.last,
        Name: `${person.first} ${person.last}`,
        Email: person.email,
        Phone: writePhone(person.phone, style()),
        MobilePhone: person.mobile === null ? null : writePhone(person.mobile, 'e164'),
        Company: person.companyName,
        Title: person.title,
        Website: person.organisation !== null && random.chance(0.4) ? website(person.organisation.domain) : null,
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
        Territory__c: waits ? null : (territoryOf(person.country)?.id ?? null),
        ...stamps(createdAtMs, modifiedAtMs, waits ? integrationUserId : ownerId),
      })
    },
    opportunity(account, { createdAtMs, closeAtMs, amount, stage, owner }) {
      return add('Opportunity', {
        Name: `${account.Name} - ${random.pick(['sensor pilot', 'plant roll-out', 'renewal', 'lab kit', 'monitoring'])}`,
        AccountId: account.Id,
        StageName: stage,
        Amount: amount,
        Probability: PROBABILITY[stage] ?? 50,
        CloseDate: new Date(closeAtMs).toISOString().slice(0, 10),
        IsClosed: stage.startsWith('Closed'),
        IsWon: stage === 'Closed Won',
        OwnerId: userId(owner),
        ...stamps(createdAtMs, laterThan(createdAtMs), userId(owner)),
      })
    },
  }
}

const PROBABILITY: Readonly<Record<string, number>> = {
  Prospecting: 10,
  Qualification: 10,
  'Proposal/Price Quote': 75,
  'Negotiation/Review': 90,
  'Closed Won': 100,
  'Closed Lost': 0,
}

const ZONES: Readonly<Record<string, string>> = {
  'na-west': 'America/Denver',
  canada: 'America/Toronto',
  latam: 'America/Sao_Paulo',
  uki: 'Europe/London',
  dach: 'Europe/Berlin',
  france: 'Europe/Paris',
  benelux: 'Europe/Amsterdam',
  nordics: 'Europe/Stockholm',
  'iberia-italy': 'Europe/Rome',
  cee: 'Europe/Warsaw',
  japan: 'Asia/Tokyo',
  anz: 'Australia/Sydney',
}
