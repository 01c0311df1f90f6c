import '../../src/crm/profiles.ts'
import { matchKeys } from '../../src/model/matching/keys.ts'
import type { PatternInput } from '../../src/model/patterns/contract/pattern.ts'
import { compilePolicy } from '../../src/model/policy/compile.ts'
import type { Policy, PolicyVersion } from '../../src/model/policy/policy.ts'
import type { ConnectionId, Crm, FieldText } from '../../src/model/record/change-event.ts'
import type { CrmRecord } from '../../src/model/record/crm-record.ts'
import type { CrmUser, Directory } from '../../src/model/record/crm-user.ts'
import { type MissingInput, Unknown } from '../../src/model/record/knowledge.ts'
import type { Match, Neighbours } from '../../src/model/record/neighbours.ts'
import { objectShape } from '../../src/model/record/object-shape.ts'
import { recordShape } from '../../src/model/record/person-form.ts'
import { caseFacts } from '../../src/model/rules/facts.ts'
import { marksFor } from './marked.ts'

/** Builders for tests: a small company, with defaults that are all in order. */

export const NOW_MS = Date.parse('2026-11-18T10:00:00Z') // a Wednesday
export const HUBSPOT = 'hs' as ConnectionId
export const SALESFORCE = 'sf' as ConnectionId

export const at = (name: string): string => `${name}@brightwater.example`
export const daysAgo = (days: number): string => new Date(NOW_MS - days * 86_400_000).toISOString()
export const hoursAgoMs = (hours: number): number => NOW_MS - hours * 3_600_000

export function user(connectionId: ConnectionId, name: string, over: Partial<CrmUser> = {}): CrmUser {
  return {
    connectionId,
    userId: `${connectionId}-${name}`,
    kind: 'person',
    email: at(name),
    name: name.charAt(0).toUpperCase() + name.slice(1),
    active: true,
    activeMembers: 0,
    timeZone: null,
    ...over,
  }
}

const NAMES = ['rita', 'ralf', 'sena', 'appa', 'olga', 'paul', 'bert', 'dora', 'wim', 'dach', 'big', 'france']

export const PEOPLE: readonly CrmUser[] = [HUBSPOT, SALESFORCE].flatMap((connection) => [
  ...NAMES.map((name) => user(connection, name)),
  user(connection, 'gone', { active: false }),
  user(connection, 'queue', { kind: 'queue', email: null, activeMembers: 2 }),
  user(connection, 'deserted', { kind: 'queue', email: null, activeMembers: 0 }),
])

/** The CRM itself answered that it has no user of this id. */
export const GONE_ID = 'nobody'

export function directoryOf(people: readonly CrmUser[] = PEOPLE, openTasks: Record<string, number> = {}): Directory {
  return {
    user: (connectionId, userId) => people.find((p) => p.connectionId === connectionId && p.userId === userId),
    isGone: (_, userId) => userId === GONE_ID,
    personByEmail: (connectionId, email) =>
      people.find((p) => p.connectionId === connectionId && p.kind === 'person' && p.active && p.email === email),
    peopleByEmail: (connectionId, email) =>
      people.filter((p) => p.connectionId === connectionId && p.kind === 'person' && p.active && p.email === email),
    queuesByName: (connectionId, name) =>
      people.filter(
        (p) => p.connectionId === connectionId && p.kind === 'queue' && p.name.toLowerCase() === name.toLowerCase(),
      ),
    isFrozen: (connectionId, email) =>
      people.some((p) => p.connectionId === connectionId && p.frozen === true && p.email === email),
    openTasks: (email) => openTasks[email] ?? 0,
    emailsOf: (email) => [email],
  }
}

export function record(
  crm: Crm,
  objectType: string,
  values: Record<string, FieldText>,
  over: Partial<CrmRecord> = {},
): CrmRecord {
  const shape = objectShape(crm, objectType)!
  const connectionId = crm === 'hubspot' ? HUBSPOT : SALESFORCE
  const all = { [shape.createdAt]: daysAgo(10), [shape.modifiedAt]: daysAgo(1), ...values }
  const stamps = Object.fromEntries(Object.keys(all).map((field) => [field, { atMs: NOW_MS - 86_400_000, order: 0 }]))
  return {
    connectionId,
    crm,
    objectType,
    recordId: '1',
    values: all,
    stamps,
    ownerHistory: [],
    deleted: false,
    mergedInto: null,
    unreadable: new Set(),
    ...over,
  }
}

/** A contact that is in order: Germany, owned by the representative who works Germany. */
export function contact(values: Record<string, FieldText> = {}, over: Partial<CrmRecord> = {}): CrmRecord {
  const inOrder = {
    firstname: 'Jane',
    lastname: 'Doe',
    email: 'jane@acme.de',
    company: 'Acme',
    country: 'Germany',
    lifecyclestage: 'lead',
    territory: 'dach',
    hubspot_owner_id: 'hs-dach',
  }
  return record('hubspot', 'contacts', { ...inOrder, ...values }, over)
}

export function lead(values: Record<string, FieldText> = {}, over: Partial<CrmRecord> = {}): CrmRecord {
  const inOrder = {
    FirstName: 'Jane',
    LastName: 'Doe',
    Email: 'jane@acme.de',
    Company: 'Acme',
    Country: 'Germany',
    OwnerId: 'sf-dach',
    IsConverted: 'false',
  }
  return record('salesforce', 'Lead', { ...inOrder, ...values }, over)
}

export function company(values: Record<string, FieldText> = {}, over: Partial<CrmRecord> = {}): CrmRecord {
  const inOrder = { name: 'Acme', domain: 'acme.de', country: 'Germany', hubspot_owner_id: 'hs-dach' }
  return record('hubspot', 'companies', { ...inOrder, ...values }, { recordId: '100', ...over })
}

export const ALONE: Neighbours = { account: null, deals: [], matches: [] }

/** Something of this object that is not known, as the look-ups say it. */
export function unknownOf(objectType: string, over: Partial<MissingInput> = {}): Unknown {
  const object = { connectionId: HUBSPOT, crm: 'hubspot', objectType, field: '*' }
  return new Unknown([{ ...object, why: 'not-read', name: objectType, ...over }])
}

/** The other record as the look-up by key would bring it. */
export function matching(a: CrmRecord, b: CrmRecord, holders = 2): Match {
  const keys = matchKeys(a).filter((key) => matchKeys(b).includes(key))
  return { record: b, keys: keys.map((key) => ({ key, holders })) }
}

const UNMARKED: Policy = {
  workflow: 'contact-routing',
  title: 'Route contacts',
  objects: [
    { crm: 'hubspot', object: 'contacts' },
    { crm: 'salesforce', object: 'Lead' },
  ],
  action: {
    kind: 'assign-owner',
    says: 'Sets the owner.',
    when: [{ field: 'fact.ownerState', op: 'in', values: ['none', 'queue'] }],
  },
  ifWrongForTwoWeeks: 'Leads wait.',
  mode: 'live',
  pilot: null,
  scope: [{ field: 'hubspot.contacts.lifecyclestage', op: 'not-in', values: ['other'] }],
  owners: {
    reviewers: { general: [at('rita'), at('ralf')], senior: [at('sena')], approved: [at('appa')] },
    override: at('olga'),
    rollback: at('paul'),
    boundary: at('bert'),
    data: at('dora'),
    workflow: at('wim'),
    accepted: Object.fromEntries(NAMES.map((name) => [at(name), '2026-11-02'])),
  },
  patterns: [
    { pattern: 'missing-field', fields: ['company'], only: { crm: 'hubspot', object: 'contacts' }, graceMinutes: 30 },
    { pattern: 'stale-field', fields: ['hs_lead_status'], businessDays: 20 },
    {
      pattern: 'duplicate-ownership',
      against: [
        { crm: 'hubspot', object: 'contacts' },
        { crm: 'salesforce', object: 'Lead' },
        { crm: 'salesforce', object: 'Contact', subject: 'ours' },
      ],
      againstAccountOwner: true,
    },
    { pattern: 'stale-territory', field: 'territory', only: { crm: 'hubspot', object: 'contacts' } },
    { pattern: 'orphaned-owner', blankCounts: false },
    { pattern: 'ownership-flapping', changes: 3, withinHours: 72 },
    { pattern: 'no-rule' },
    { pattern: 'branch-review' },
  ],
  classes: [
    { pattern: 'missing-field', when: [], class: 'expected', because: 'A known gap.' },
    { pattern: 'stale-field', when: [], class: 'expected', because: 'A known gap.' },
    { pattern: 'branch-review', when: [], class: 'expected', because: 'A known branch.' },
    { pattern: 'orphaned-owner', when: [], class: 'risky', because: 'Somebody else will work it.' },
    { pattern: 'stale-territory', when: [], class: 'risky', because: 'The wrong team.' },
    { pattern: 'duplicate-ownership', when: [], class: 'risky', because: 'Two people.' },
  ],
  boundary: [
    {
      branch: 'japan',
      when: [{ field: 'fact.country', op: 'in', values: ['JP'] }],
      mode: 'review',
      because: 'The partner decides.',
      rules: [],
      settles: [],
      settlesClasses: [],
    },
    {
      branch: 'everywhere-else',
      when: [],
      mode: 'rules',
      because: 'Country and size are visible.',
      rules: [
        {
          id: 'dach-enterprise',
          when: [
            { field: 'fact.country', op: 'in', values: ['DE', 'AT'] },
            { field: 'fact.employees', op: 'range', from: '500', below: null },
          ],
          owner: at('big'),
          because: 'Large.',
        },
        {
          id: 'dach',
          when: [{ field: 'fact.country', op: 'in', values: ['DE', 'AT'] }],
          owner: at('dach'),
          because: 'Rest.',
        },
        {
          id: 'france',
          when: [{ field: 'fact.country', op: 'in', values: ['FR'] }],
          owner: at('france'),
          because: 'France.',
        },
      ],
      settles: ['orphaned-owner'],
      settlesClasses: [],
    },
  ],
  guards: {
    deadlineMinutes: { expected: 960, risky: 480, 'customer-facing': 240, 'revenue-impacting': 240, unknown: 480 },
    capacity: 25,
    revenueThreshold: 50_000,
  },
  territories: [
    {
      territory: 'dach',
      title: 'Germany, Austria',
      when: [{ field: 'fact.country', op: 'in', values: ['DE', 'AT'] }],
      members: [at('dach'), at('big')],
    },
    {
      territory: 'france',
      title: 'France',
      when: [{ field: 'fact.country', op: 'in', values: ['FR'] }],
      members: [at('france')],
    },
  ],
  calendar: {
    timeZone: 'Europe/Berlin',
    workingDays: [1, 2, 3, 4, 5],
    opensAtMinute: 540,
    closesAtMinute: 1020,
    holidays: ['2026-12-25'],
  },
}

/** Its rules are marked for what is risky, as long as a test says nothing else. */
export const POLICY: Policy = { ...UNMARKED, marks: marksFor(UNMARKED) }

export function versionOf(over: Partial<Policy> = {}): PolicyVersion {
  return { hash: 'test-hash', policy: { ...POLICY, ...over } }
}

export function caseOf(
  subject: CrmRecord,
  {
    neighbours = {},
    directory = directoryOf(),
    nowMs = NOW_MS,
    policy = POLICY,
  }: { neighbours?: Partial<Neighbours>; directory?: Directory; nowMs?: number; policy?: Policy } = {},
): PatternInput {
  const shape = recordShape(subject)!
  const compiled = compilePolicy({ hash: 'test-hash', policy })
  return {
    facts: caseFacts(subject, shape, { ...ALONE, ...neighbours }, directory, nowMs, policy),
    compiled,
    routing: null,
    refused: null,
  }
}
