import type { HubSpotBook, HubSpotDraft } from '../books/hubspot-book.ts'
import { hubspotBook } from '../books/hubspot-book.ts'
import type { SalesforceBook, SalesforceDraft } from '../books/salesforce-book.ts'
import { salesforceBook } from '../books/salesforce-book.ts'
import { COUNTRIES, type Country, UNCOVERED } from '../geography/countries.ts'
import { type Organisation, type OrganisationMaker, organisationMaker } from '../market/organisation.ts'
import { type Person, type PersonMaker, personMaker } from '../market/person.ts'
import { type PhoneBook, phoneBook } from '../market/phone-book.ts'
import type { Random } from '../market/random.ts'
import type { Label } from '../records/world.ts'

export const MINUTE_MS = 60_000
export const HOUR_MS = 3_600_000
export const DAY_MS = 86_400_000

/** An organisation as the two CRMs know it. */
export type Site = {
  readonly organisation: Organisation
  readonly company: HubSpotDraft | null
  readonly account: SalesforceDraft | null
  /** Nobody here is in the scope of a routing workflow, so its owner can change without touching a person. */
  readonly quiet: boolean
  /** Part of an injected defect or trap already. */
  taken: boolean
}

/** Everything that is needed to write more of the world: handed from the clean population to the defects. */
export type Draft = {
  readonly random: Random
  readonly nowMs: number
  readonly phones: PhoneBook
  readonly organisations: OrganisationMaker
  readonly people: PersonMaker
  readonly hubspot: HubSpotBook
  readonly salesforce: SalesforceBook
  readonly sites: Site[]
  readonly labels: Label[]
  /** `x` at scale 1; never less than `least`. */
  count(x: number, least?: number): number
}

export const IN_SCOPE_STAGES = ['lead', 'marketingqualifiedlead', 'salesqualifiedlead'] as const
export const OPEN_LEAD_STATUSES = ['Open', 'Working', 'Nurturing'] as const
const CONTACT_STATUSES = ['NEW', 'OPEN', 'IN_PROGRESS', 'ATTEMPTED_TO_CONTACT', 'CONNECTED'] as const
/** Ten business days: well inside the window of twenty, whatever holidays a calendar has. */
const FRESH_MS = 14 * DAY_MS

/** The world without a single defect, apart from people who wait for a person to decide: those are labelled here. */
export function populate(random: Random, nowMs: number, scale: number): Draft {
  const phones = phoneBook(random)
  const draft: Draft = {
    random,
    nowMs,
    phones,
    organisations: organisationMaker(random, phones),
    people: personMaker(random, phones),
    hubspot: hubspotBook(random, nowMs),
    salesforce: salesforceBook(random, nowMs),
    sites: [],
    labels: [],
    count: (x, least = 1) => Math.max(least, Math.ceil(x * scale)),
  }
  const { count } = draft
  for (let i = count(290); i > 0; i--) addSite(draft, { hubspot: true, salesforce: true })
  for (let i = count(570); i > 0; i--) addSite(draft, { hubspot: true, salesforce: false })
  for (let i = count(570); i > 0; i--) addSite(draft, { hubspot: false, salesforce: true })
  for (let i = count(60); i > 0; i--) addSubsidiary(draft)
  for (const site of [...draft.sites]) addPeople(draft, site)
  for (let i = count(950); i > 0; i--) addProspect(draft)
  for (let i = count(2300); i > 0; i--) addStranger(draft)
  for (let i = count(60, 6); i > 0; i--) addUndecided(draft)
  addMoney(draft)
  return draft
}

export function addSite(
  draft: Draft,
  where: { hubspot: boolean; salesforce: boolean },
  about: { organisation?: Organisation; quiet?: boolean; parent?: Site } = {},
): Site {
  const organisation = about.organisation ?? draft.organisations.business()
  const parent = about.parent ?? null
  const site: Site = {
    organisation,
    company: where.hubspot
      ? draft.hubspot.company(organisation, {
          createdAtMs: longAgo(draft),
          owner: organisation.owner,
          parent: parent?.company ?? null,
        })
      : null,
    account: where.salesforce
      ? draft.salesforce.account(organisation, {
          createdAtMs: longAgo(draft),
          owner: organisation.owner,
          parent: parent?.account ?? null,
        })
      : null,
    quiet: about.quiet ?? draft.random.chance(0.35),
    taken: false,
  }
  draft.sites.push(site)
  return site
}

/** A daughter abroad. Where she shares her parent's domain, the family is in one CRM only: parents are not known across. */
function addSubsidiary(draft: Draft): void {
  const { random } = draft
  const parents = draft.sites.filter(
    (site) => !site.taken && site.organisation.parent === null && site.organisation.country.iso !== 'JP',
  )
  const parent = random.pick(parents)
  const home = parent.organisation.country.iso
  const abroad = random.pick(COUNTRIES.filter((c) => c.iso !== home && c.language !== 'ja' && c.language !== 'el'))
  const oneCrm = parent.company === null || parent.account === null
  const organisation = draft.organisations.subsidiary(parent.organisation, abroad, oneCrm && random.chance(0.5))
  parent.taken = true
  // Quiet where the domain is shared: her people write from the parent's domain, which is then no single account's.
  const shares = organisation.domain === parent.organisation.domain
  const site = addSite(
    draft,
    { hubspot: parent.company !== null, salesforce: parent.account !== null },
    { organisation, parent, ...(shares ? { quiet: true } : {}) },
  )
  site.taken = true
}

function addPeople(draft: Draft, site: Site): void {
  const { random } = draft
  const { organisation } = site
  if (site.company !== null) {
    for (let i = random.int(2, 5); i > 0; i--) {
      const person = draft.people.at(organisation)
      const leads = site.quiet ? 0 : 3
      const twin =
        site.account === null
          ? 'none'
          : random.weighted([
              ['contact', 5],
              ['lead', leads],
              ['none', 2],
            ] as const)
      addContact(draft, person, site, { twin: twin !== 'none' })
      if (twin === 'contact') addSalesforceContact(draft, person, site)
      if (twin === 'lead') addLead(draft, person, { waiting: false })
    }
  }
  if (site.account !== null) {
    const alone = site.company === null
    for (let i = alone ? random.int(1, 4) : random.int(0, 2); i > 0; i--) {
      addSalesforceContact(draft, draft.people.at(organisation), site)
    }
    if (site.quiet) return
    for (let i = random.int(alone ? 2 : 0, alone ? 4 : 2); i > 0; i--) {
      const person = draft.people.at(organisation)
      addLead(draft, person, { waiting: mayWait(person, true) && random.chance(0.1) })
    }
  }
}

/** An organisation that neither CRM holds as an account; its people came in by form, fair or list. */
function addProspect(draft: Draft): void {
  const organisation = draft.organisations.business({ customer: false })
  for (let i = draft.random.int(2, 4); i > 0; i--) addByPresence(draft, draft.people.at(organisation), [45, 28, 27])
}

function addStranger(draft: Draft): void {
  addByPresence(draft, draft.people.alone(), [45, 35, 20])
}

function addByPresence(
  draft: Draft,
  person: Person,
  [leadOnly, contactOnly, both]: readonly [number, number, number],
): void {
  const { random } = draft
  const presence = random.weighted([
    ['lead', leadOnly],
    ['contact', contactOnly],
    ['both', both],
  ] as const)
  if (presence === 'lead') {
    addLead(draft, person, { waiting: mayWait(person, true) && random.chance(0.1) })
    return
  }
  addContact(draft, person, null, { twin: presence === 'both' })
  if (presence === 'both') addLead(draft, person, { waiting: false })
}

/** People in Japan, and in countries that nobody covers, who wait for an owner. */
function addUndecided(draft: Draft): void {
  const { random } = draft
  const japan = COUNTRIES.find((c) => c.iso === 'JP')!
  const country: Country = random.chance(0.4) ? japan : random.pick(UNCOVERED)
  const person = random.chance(0.5)
    ? draft.people.alone(country)
    : draft.people.at(draft.organisations.business({ country, employees: random.int(10, 400), customer: false }))
  if (random.chance(0.5)) addContact(draft, person, null, { twin: false, waiting: true })
  else addLead(draft, person, { waiting: true })
}

/**
 * Routing must not make a defect: a waiting person has no twin, and where the rules cannot see the size (a HubSpot
 * contact without a company), it is one for which the owner by country alone is right.
 */
function mayWait(person: Person, sizeIsKnown: boolean): boolean {
  return (sizeIsKnown || person.employees < 500) && (person.organisation?.parent ?? null) === null
}

function addContact(
  draft: Draft,
  person: Person,
  site: Site | null,
  { twin, waiting: forced }: { twin: boolean; waiting?: boolean },
): void {
  const { random, nowMs } = draft
  const lifecycle = lifecycleOf(draft, person, site, forced ?? false)
  const inScope = (IN_SCOPE_STAGES as readonly string[]).includes(lifecycle)
  const waiting =
    forced ?? (inScope && !twin && mayWait(person, (site?.company ?? null) !== null) && random.chance(0.12))
  const createdAtMs = waiting ? recently(draft) : longAgo(draft)
  const contact = draft.hubspot.contact(person, {
    createdAtMs,
    lifecycle,
    owner: waiting ? '' : person.owner,
    company: site?.company ?? null,
    status:
      !waiting && random.chance(0.75)
        ? {
            value: random.pick(CONTACT_STATUSES),
            setAtMs: Math.max(createdAtMs, nowMs - Math.floor(random.next() * FRESH_MS) - 5 * MINUTE_MS),
          }
        : null,
  })
  if (waiting) labelWaiting(draft, person, { crm: 'hubspot', objectType: 'contacts', recordId: contact.id })
}

function lifecycleOf(draft: Draft, person: Person, site: Site | null, waiting: boolean): string {
  const { random } = draft
  if (waiting) return random.pick(IN_SCOPE_STAGES)
  const customer = person.organisation?.customer ?? false
  if (site?.quiet) return customer ? 'customer' : random.pick(['subscriber', 'opportunity', 'other'])
  if (customer && random.chance(0.5)) return 'customer'
  return random.chance(0.72) ? random.pick(IN_SCOPE_STAGES) : random.pick(['subscriber', 'opportunity', 'other'])
}

function addLead(draft: Draft, person: Person, { waiting }: { waiting: boolean }): void {
  const { random, nowMs } = draft
  const createdAtMs = waiting ? recently(draft) : longAgo(draft)
  const open = waiting || random.chance(0.75)
  const since = open ? Math.max(createdAtMs, nowMs - FRESH_MS) : createdAtMs
  const lead = draft.salesforce.lead(person, {
    createdAtMs,
    modifiedAtMs: since + Math.floor(random.next() * (nowMs - 5 * MINUTE_MS - since)),
    owner: waiting ? draft.salesforce.inboundQueueId : person.owner,
    status: waiting ? 'Open' : open ? random.pick(OPEN_LEAD_STATUSES) : random.pick(['Closed', 'Unqualified']),
    converted: null,
  })
  if (waiting) labelWaiting(draft, person, { crm: 'salesforce', objectType: 'Lead', recordId: lead.Id })
}

function addSalesforceContact(draft: Draft, person: Person, site: Site): void {
  const { random, nowMs } = draft
  const contact = draft.salesforce.contact(person, {
    createdAtMs: longAgo(draft),
    owner: person.owner,
    account: site.account,
  })
  if (site.account !== null && random.chance(0.15)) {
    const createdAtMs = longAgo(draft)
    draft.salesforce.lead(person, {
      createdAtMs,
      modifiedAtMs: createdAtMs + Math.floor(random.next() * (nowMs - createdAtMs)),
      owner: person.owner,
      status: 'Closed',
      converted: { account: site.account, contact },
    })
  }
}

function labelWaiting(draft: Draft, person: Person, record: Pick<Label, 'crm' | 'objectType' | 'recordId'>): void {
  const { iso } = person.country
  if (person.owner === '') {
    draft.labels.push({ ...record, pattern: 'no-rule', detail: '', why: `waits, and nobody covers ${iso}` })
  } else if (iso === 'JP') {
    draft.labels.push({
      ...record,
      pattern: 'branch-review',
      detail: '',
      why: 'waits, and Japan is decided by a person',
    })
  }
}

function addMoney(draft: Draft): void {
  const { random, nowMs } = draft
  const open = (crm: 'hubspot' | 'salesforce') =>
    crm === 'hubspot'
      ? random.pick([
          'appointmentscheduled',
          'qualifiedtobuy',
          'presentationscheduled',
          'decisionmakerboughtin',
          'contractsent',
        ])
      : random.pick(['Prospecting', 'Qualification', 'Proposal/Price Quote', 'Negotiation/Review'])
  const closed = (crm: 'hubspot' | 'salesforce', won: boolean) =>
    crm === 'hubspot' ? (won ? 'closedwon' : 'closedlost') : won ? 'Closed Won' : 'Closed Lost'
  for (const site of draft.sites) {
    for (const crm of ['hubspot', 'salesforce'] as const) {
      if ((crm === 'hubspot' ? site.company : site.account) === null) continue
      for (
        let i = random.weighted([
          [0, 4],
          [1, 4],
          [2, 1.5],
          [3, 0.5],
        ] as const);
        i > 0;
        i--
      ) {
        const isOpen = random.chance(0.5)
        const createdAtMs = nowMs - random.int(isOpen ? 5 : 90, isOpen ? 200 : 900) * DAY_MS
        const details = {
          createdAtMs,
          closeAtMs: isOpen ? nowMs + random.int(5, 150) * DAY_MS : createdAtMs + random.int(20, 85) * DAY_MS,
          amount: Math.round(3000 * Math.exp(random.next() * 4.2)),
          stage: isOpen ? open(crm) : closed(crm, site.organisation.customer || random.chance(0.3)),
          owner: site.organisation.owner,
        }
        if (crm === 'hubspot') draft.hubspot.deal(site.company!, details)
        else draft.salesforce.opportunity(site.account!, details)
      }
    }
  }
}

/** Between a month and three years ago, more often lately. */
export function longAgo({ random, nowMs }: Draft): number {
  return nowMs - 30 * DAY_MS - Math.floor(random.next() ** 1.5 * 1060 * DAY_MS)
}

/** In the last ten days, but past every grace. */
export function recently({ random, nowMs }: Draft): number {
  return nowMs - 2 * HOUR_MS - Math.floor(random.next() * 10 * DAY_MS)
}
