import { COUNTRIES, UNCOVERED } from '../geography/countries.ts'
import type { Country } from '../geography/country.ts'
import type { Person } from '../market/person.ts'
import type { Label } from '../records/world.ts'
import {
  DAY_MS,
  type Draft,
  IN_SCOPE_STAGES,
  longAgo,
  MINUTE_MS,
  OPEN_LEAD_STATUSES,
  recently,
  type Site,
} from './draft.ts'

const CONTACT_STATUSES = ['NEW', 'OPEN', 'IN_PROGRESS', 'ATTEMPTED_TO_CONTACT', 'CONNECTED'] as const
/** Ten business days at most: well below the 20 after which a status is stale, whatever holidays a calendar has. */
const FRESH_MS = 14 * DAY_MS

export function addPeople(draft: Draft, site: Site): void {
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

/** An organization without an account in either CRM; its people came in by form, trade fair or list. */
export function addProspect(draft: Draft): void {
  const organisation = draft.organisations.business({ customer: false })
  for (let i = draft.random.int(2, 4); i > 0; i--) addByPresence(draft, draft.people.at(organisation), [45, 28, 27])
}

export function addStranger(draft: Draft): void {
  addByPresence(draft, draft.people.alone(), [45, 35, 20])
}

/** A person without an owner whom no rule can assign: in Japan, or in a country without a territory. */
export function addUndecided(draft: Draft): void {
  const { random } = draft
  const japan = COUNTRIES.find((c) => c.iso === 'JP')!
  const country: Country = random.chance(0.4) ? japan : random.pick(UNCOVERED)
  const person = random.chance(0.5)
    ? draft.people.alone(country)
    : draft.people.at(draft.organisations.business({ country, employees: random.int(10, 400), customer: false }))
  if (random.chance(0.5)) addContact(draft, person, null, { twin: false, waiting: true })
  else addLead(draft, person, { waiting: true })
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

/**
 * Whether this person can wait for routing without becoming a defect once routed. Where the rules cannot read the size
 * (a HubSpot contact without a company), they assign by country alone, which is right below 500 employees only.
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
