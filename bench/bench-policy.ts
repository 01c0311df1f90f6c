import type { Policy } from '../src/model/policy/policy.ts'
import type { Rule } from '../src/model/rules/condition.ts'

export const COUNTRIES = [
  'DE',
  'AT',
  'CH',
  'FR',
  'NL',
  'BE',
  'SE',
  'NO',
  'DK',
  'FI',
  'PL',
  'CZ',
  'ES',
  'PT',
  'IT',
  'US',
  'CA',
  'BR',
  'MX',
  'JP',
]

const PEOPLE = ['general', 'senior', 'approved', 'override', 'rollback', 'boundary', 'data', 'workflow'].map(
  (job) => `${job}@x.example`,
)

/** A routing policy as large as real ones: 50 rules over country, size and stage, with every pattern on. */
export function benchPolicy(rules: number): Policy {
  const [
    general = '',
    senior = '',
    approved = '',
    override = '',
    rollback = '',
    boundary = '',
    data = '',
    workflow = '',
  ] = PEOPLE
  return {
    workflow: 'bench-routing',
    title: 'Routing, for measuring',
    objects: [{ crm: 'hubspot', object: 'contacts' }],
    action: {
      kind: 'assign-owner',
      says: 'Gives a contact to its owner',
      when: [{ field: 'fact.ownerState', op: 'in', values: ['none'] }],
    },
    ifWrongForTwoWeeks: 'Leads wait.',
    mode: 'live',
    pilot: null,
    scope: [{ field: 'lifecyclestage', op: 'in', values: ['lead', 'marketingqualifiedlead'] }],
    owners: {
      reviewers: { general: [general], senior: [senior], approved: [approved] },
      override,
      rollback,
      boundary,
      data,
      workflow,
      accepted: Object.fromEntries(PEOPLE.map((email) => [email, '2026-11-01'])),
    },
    patterns: [
      { pattern: 'missing-field', fields: ['country', 'company'], graceMinutes: 30 },
      { pattern: 'stale-field', fields: ['hs_lead_status'], businessDays: 20 },
      { pattern: 'duplicate-ownership', against: [{ crm: 'hubspot', object: 'contacts' }], againstAccountOwner: true },
      { pattern: 'orphaned-owner', blankCounts: false },
      { pattern: 'ownership-flapping', changes: 3, withinHours: 72 },
      { pattern: 'no-rule' },
      { pattern: 'branch-review' },
    ],
    classes: [
      { pattern: 'missing-field', when: [], class: 'expected', because: 'A blank is filled in.' },
      { when: [], class: 'risky', because: 'Somebody looks first.' },
    ],
    boundary: [
      {
        branch: 'all',
        when: [],
        mode: 'rules',
        because: 'Ownership by country and size.',
        rules: table(rules),
        settles: [],
        settlesClasses: [],
      },
    ],
    guards: {
      deadlineMinutes: { expected: 960, risky: 480, 'customer-facing': 240, 'revenue-impacting': 240, unknown: 480 },
      capacity: 1_000_000,
      revenueThreshold: 50_000,
    },
    territories: [],
    calendar: {
      timeZone: 'Europe/Berlin',
      workingDays: [1, 2, 3, 4, 5],
      opensAtMinute: 540,
      closesAtMinute: 1_080,
      holidays: [],
    },
  }
}

function table(size: number): Rule[] {
  return Array.from({ length: size }, (_, n): Rule => {
    const country = COUNTRIES[n % COUNTRIES.length]!
    const last = n >= size - COUNTRIES.length
    return {
      id: `rule-${n}`,
      when: last
        ? [{ field: 'country', op: 'in', values: [country] }]
        : [
            { field: 'country', op: 'in', values: [country, COUNTRIES[(n + 7) % COUNTRIES.length]!] },
            { field: 'numemployees', op: 'range', from: String((n % 5) * 1_000), below: String((n % 5) * 1_000 + 400) },
            { field: 'lifecyclestage', op: 'in', values: ['lead'] },
            { field: 'email', op: 'not-blank' },
            { field: 'createdate', op: 'older-than', days: n % 30 },
          ],
      owner: `user-${n % 12}@x.example`,
      because: 'It is their country and size.',
    }
  })
}
