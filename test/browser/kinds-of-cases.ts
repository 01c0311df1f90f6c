import type { ExceptionClass, Posture } from '../../src/model/classes/class.ts'

/** What the seeded month is made of: one entry per kind of case, with how often it comes. */
type KindOfCase = {
  pattern: string
  class: ExceptionClass
  posture: Posture
  workflow: string
  connection: string
  object: string
  owners: readonly string[]
  weight: number
  title: (who: string) => string
  what: (who: string) => string
  because: string
  wouldHave: string
  todo: string
  evidence: Record<string, string | null>
}

export const KINDS: readonly KindOfCase[] = [
  {
    pattern: 'missing-field',
    class: 'expected',
    posture: 'confirm',
    workflow: 'inbound-lead-routing',
    connection: 'hubspot-1',
    object: 'contacts',
    owners: ['tom.becker', 'grace.kim'],
    weight: 9,
    title: (who) => who,
    what: (who) => `${who} has no country 30 minutes after creation.`,
    because: 'A blank field on a new record is routine.',
    wouldHave: 'Would have given the contact to a territory, but the country that decides it is blank.',
    todo: 'Find the country in the request or on the web site. Enter it on the contact. The rules then route it.',
    evidence: { country: null, email: 'ada@tidewell.example' },
  },
  {
    pattern: 'stale-territory',
    class: 'risky',
    posture: 'hold',
    workflow: 'inbound-lead-routing',
    connection: 'salesforce-1',
    object: 'Lead',
    owners: ['grace.kim', 'tom.becker'],
    weight: 6,
    title: (who) => who,
    what: (who) => `${who} moved to Austria; its territory is still Nordics.`,
    because: 'A wrong territory changes who is routed this week.',
    wouldHave: 'Would have kept the owner, but the address now belongs to another territory.',
    todo: 'Check the new address with the lead. If it is right, change the territory.',
    evidence: { Country: 'Austria', Territory__c: 'nordics', 'fact.country': 'AT' },
  },
  {
    pattern: 'duplicate-ownership',
    class: 'customer-facing',
    posture: 'stop',
    workflow: 'account-ownership',
    connection: 'salesforce-1',
    object: 'Account',
    owners: ['erik.sandberg', 'dana.brooks'],
    weight: 5,
    title: (who) => who,
    what: (who) => `${who} is owned by Anna Schneider here and by Jonas Huber in HubSpot.`,
    because: 'The account is an existing customer, so two people may already be writing to it.',
    wouldHave: 'Would have kept both owners; it stopped because a customer is involved.',
    todo: 'Agree with both owners who keeps the account. Set the same owner in both CRMs.',
    evidence: { Website: 'tidewell.example', OwnerId: 'Anna Schneider', 'match.owner': 'Jonas Huber' },
  },
  {
    pattern: 'duplicate-ownership',
    class: 'revenue-impacting',
    posture: 'stop',
    workflow: 'account-ownership',
    connection: 'hubspot-1',
    object: 'companies',
    owners: ['helen.armstrong'],
    weight: 2,
    title: (who) => who,
    what: (who) => `${who} has two owners and 84,000 of open pipeline.`,
    because: 'Open pipeline of 84,000 is above the agreed 25,000.',
    wouldHave: 'Would have kept both owners; it stopped because the forecast counts the deals twice.',
    todo: 'Decide who owns the account. Move the open deals to that person.',
    evidence: { domain: 'kelpline.example', 'fact.openPipeline': '84000' },
  },
  {
    pattern: 'no-rule',
    class: 'unknown',
    posture: 'stop',
    workflow: 'inbound-lead-routing',
    connection: 'hubspot-1',
    object: 'contacts',
    owners: ['tom.becker'],
    weight: 3,
    title: (who) => who,
    what: (who) => `${who} falls into "commercial by country", and none of its rules covers Kenya.`,
    because: 'No class rule speaks of this case.',
    wouldHave: 'Would have routed the contact by rule, but no row of the table matches.',
    todo: 'Route the contact by hand today. Then add a rule for Kenya or narrow the scope.',
    evidence: { country: 'Kenya', 'fact.country': 'KE' },
  },
  {
    pattern: 'orphaned-owner',
    class: 'risky',
    posture: 'hold',
    workflow: 'account-ownership',
    connection: 'hubspot-1',
    object: 'companies',
    owners: ['grace.kim'],
    weight: 4,
    title: (who) => who,
    what: (who) => `${who} belongs to Greg Dalton, who left on 3 November.`,
    because: 'The record has no active owner.',
    wouldHave: 'Would have left the owner, but he is no longer active.',
    todo: 'Choose a new owner for all records on the list.',
    evidence: { hubspot_owner_id: 'Greg Dalton', 'fact.ownerState': 'inactive' },
  },
]

export const NAMES = [
  'Tidewell Instruments',
  'Kelpline GmbH',
  'Ада Новикова',
  'Lucía Ferreira',
  'Nordvann AS',
  'Wexford Dairy',
  '株式会社みずほ計測',
  'Marta Kowalczyk',
  'Bluecrest Utilities',
  'Amadou Diallo',
  'Søren Kjær',
  'Hallstatt Energie',
  'Priory Water Board',
  'Giulia Conti-Bianchi',
] as const
