import { parsePhoneNumberFromString } from 'libphonenumber-js/max'
import type { AuditState } from '../world/audit/audit-record.ts'
import { COUNTRIES, UNCOVERED } from '../world/geography/countries.ts'
import type { Label } from '../world/records/world.ts'
import type { HubSpotUser, SalesforceUser } from './crm-user.ts'

type Version = { readonly value: string; readonly timestamp: string }

export type HubSpotRow = {
  readonly id: string
  readonly createdAt: string
  readonly properties: Readonly<Record<string, string | null>>
  readonly propertiesWithHistory?: Readonly<Record<string, readonly Version[]>>
}

export type SalesforceRow = { readonly Id: string; readonly [field: string]: unknown }

/** Both CRMs as their public APIs show them at this moment. */
export type Snapshot = {
  readonly contacts: readonly HubSpotRow[]
  readonly companies: readonly HubSpotRow[]
  readonly owners: readonly { id: string; email: string; archived: boolean }[]
  readonly leads: readonly SalesforceRow[]
  readonly accounts: readonly SalesforceRow[]
  readonly salesforceContacts: readonly SalesforceRow[]
  readonly users: readonly SalesforceRow[]
  readonly queues: readonly SalesforceRow[]
  readonly queueMembers: readonly SalesforceRow[]
  readonly labels: readonly Label[]
}

const CONTACT_PROPERTIES =
  'email,firstname,lastname,phone,mobilephone,company,country,territory,lifecyclestage,hs_lead_status,hubspot_owner_id,associatedcompanyid'
const COMPANY_PROPERTIES =
  'name,domain,phone,country,industry,type,territory,numberofemployees,hubspot_owner_id,hs_parent_company_id'
const PERSON_FIELDS = 'Id, FirstName, LastName, Email, Phone, MobilePhone, OwnerId, CreatedDate, LastModifiedDate'

const ISO = new Map(
  [...COUNTRIES, ...UNCOVERED].flatMap((c) => c.spellings.map((s) => [s.toLowerCase(), c.iso] as const)),
)

export function isoOf(country: unknown): string | null {
  return typeof country === 'string' ? (ISO.get(country.trim().toLowerCase()) ?? null) : null
}

export async function takeSnapshot(
  hubspot: HubSpotUser,
  salesforce: SalesforceUser,
  { history = false } = {},
): Promise<Snapshot> {
  async function list(object: string, properties: string, historyOf: string): Promise<HubSpotRow[]> {
    const rows: HubSpotRow[] = []
    // HubSpot returns at most 50 records per page with history, 100 without.
    const query = new URLSearchParams(
      history ? { limit: '50', properties, propertiesWithHistory: historyOf } : { limit: '100', properties },
    )
    for (let after: string | undefined = ''; after !== undefined; ) {
      if (after !== '') query.set('after', after)
      const page: { results: HubSpotRow[]; paging?: { next?: { after: string } } } = await hubspot.call(
        'GET',
        `/crm/v3/objects/${object}?${query}`,
      )
      rows.push(...page.results)
      after = page.paging?.next?.after
    }
    return rows
  }
  async function owners(archived: boolean) {
    const page = await hubspot.call<{ results: { id: string; email: string }[] }>(
      'GET',
      `/crm/v3/owners?limit=100&archived=${archived}`,
    )
    return page.results.map(({ id, email }) => ({ id, email: email.toLowerCase(), archived }))
  }
  // Person accounts are seeded in order and nobody changes them, so whatever is found in one is found wrongly.
  const hasPersons = (await salesforce.control<{ personAccounts: boolean }>('GET', '/settings')).personAccounts
  const ofBusinesses = hasPersons ? ' WHERE IsPersonAccount = false' : ''
  return {
    contacts: await list('contacts', CONTACT_PROPERTIES, 'hubspot_owner_id,hs_lead_status'),
    companies: await list('companies', COMPANY_PROPERTIES, 'hubspot_owner_id'),
    owners: [...(await owners(false)), ...(await owners(true))],
    leads: await salesforce.query(
      `SELECT ${PERSON_FIELDS}, Company, Website, Country, Status, IsConverted, Territory__c FROM Lead`,
    ),
    accounts: await salesforce.query(
      'SELECT Id, Name, Website, Phone, BillingCountry, Industry, Type, NumberOfEmployees, ParentId, OwnerId, Territory__c, CreatedDate, LastModifiedDate FROM Account' +
        ofBusinesses,
    ),
    salesforceContacts: await salesforce.query(
      `SELECT ${PERSON_FIELDS}, MailingCountry, AccountId FROM Contact${ofBusinesses}`,
    ),
    users: await salesforce.query('SELECT Id, Email, IsActive FROM User'),
    queues: await salesforce.query("SELECT Id, Name, DeveloperName FROM Group WHERE Type = 'Queue'"),
    queueMembers: await salesforce.query('SELECT Id, GroupId, UserOrGroupId FROM GroupMember'),
    labels: [
      ...(await hubspot.control<{ labels: Label[] }>('GET', '/labels')).labels,
      ...(await salesforce.control<{ labels: Label[] }>('GET', '/labels')).labels,
    ],
  }
}

/** Addresses, domains and numbers in use, so that new records get their own. */
export function takenBy(snapshot: Snapshot): { emails: Set<string>; domains: Set<string>; phones: Set<string> } {
  const emails = new Set<string>()
  const domains = new Set<string>()
  const phones = new Set<string>()
  const phone = (text: unknown, country: unknown) => {
    if (typeof text !== 'string') return
    const number = parsePhoneNumberFromString(text, (isoOf(country) ?? undefined) as 'DE' | undefined)
    if (number) phones.add(number.number.slice(1))
  }
  const email = (text: unknown) => {
    if (typeof text !== 'string') return
    const address = text.toLowerCase()
    domains.add(address.split('@')[1] ?? '')
    const [local = '', domain = ''] = address.split('@')
    emails.add(
      domain === 'gmail.com' ? `${local.split('+')[0]!.replaceAll('.', '')}@${domain}`.replaceAll('.', '') : address,
    )
  }
  const domain = (text: unknown) => {
    if (typeof text !== 'string') return
    domains.add(
      text
        .replace(/^https?:\/\//, '')
        .replace(/^www\./, '')
        .split('/')[0]!,
    )
  }
  for (const { properties: p } of snapshot.contacts) {
    email(p.email)
    phone(p.phone, p.country)
    phone(p.mobilephone, p.country)
  }
  for (const { properties: p } of snapshot.companies) {
    domain(p.domain)
    phone(p.phone, p.country)
  }
  for (const row of [...snapshot.leads, ...snapshot.salesforceContacts]) {
    email(row.Email)
    domain(row.Website)
    phone(row.Phone, row.Country ?? row.MailingCountry)
    phone(row.MobilePhone, row.Country ?? row.MailingCountry)
  }
  for (const row of snapshot.accounts) {
    domain(row.Website)
    phone(row.Phone, row.BillingCountry)
  }
  return { emails, domains, phones }
}

/** The snapshot as input of the audit. Needs a snapshot with history. */
export function auditStateOf(snapshot: Snapshot): AuditState {
  const oldestFirst = (versions: readonly Version[] | undefined) =>
    (versions ?? []).map((v) => ({ owner: v.value, atMs: Date.parse(v.timestamp) })).sort((a, b) => a.atMs - b.atMs)
  const text = (row: SalesforceRow) =>
    Object.fromEntries(Object.entries(row).map(([k, v]) => [k, v === null || v === undefined ? null : String(v)]))
  const active = new Set(snapshot.users.filter((user) => user.IsActive === true).map((user) => user.Id))
  return {
    records: [
      ...(['contacts', 'companies'] as const).flatMap((object) =>
        snapshot[object].map((row) => {
          const status = oldestFirst(row.propertiesWithHistory?.hs_lead_status).at(-1)
          return {
            crm: 'hubspot' as const,
            object,
            id: row.id,
            createdAtMs: Date.parse(row.createdAt),
            values: row.properties,
            ownerChangesAtMs: oldestFirst(row.propertiesWithHistory?.hubspot_owner_id),
            changedAtMs: { hs_lead_status: status?.atMs ?? Date.parse(row.createdAt) },
          }
        }),
      ),
      ...(
        [
          ['Lead', 'leads'],
          ['Account', 'accounts'],
          ['Contact', 'salesforceContacts'],
        ] as const
      ).flatMap(([object, table]) =>
        snapshot[table].map((row) => ({
          crm: 'salesforce' as const,
          object,
          id: row.Id,
          createdAtMs: Date.parse(String(row.CreatedDate)),
          values: text(row),
          ownerChangesAtMs: [],
          changedAtMs: { Status: Date.parse(String(row.LastModifiedDate)) },
        })),
      ),
    ],
    people: {
      hubspot: new Map(snapshot.owners.map((o) => [o.id, { email: o.email, active: !o.archived }])),
      salesforce: new Map<string, { email: string; active: boolean } | { queue: number }>([
        ...snapshot.users.map((u): [string, { email: string; active: boolean }] => [
          u.Id,
          { email: String(u.Email).toLowerCase(), active: u.IsActive === true },
        ]),
        ...snapshot.queues.map((queue): [string, { queue: number }] => [
          queue.Id,
          {
            queue: snapshot.queueMembers.filter((m) => m.GroupId === queue.Id && active.has(String(m.UserOrGroupId)))
              .length,
          },
        ]),
      ]),
    },
  }
}
