import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import '../../crm/profiles.ts'
import { configCopies } from '../../../test/support/config-copy.ts'
import { loadPolicies } from './policy-files.ts'

const POLICY = 'workflows/inbound-lead-routing.yaml'
const CONDITIONS = `          - { field: fact.country, in: [US] }
          - { field: fact.employees, range: { from: 500 } }
`
const changed = configCopies()

type Edit = readonly [text: string, by: string]

/** Each error as `line:column field message`. */
function errorsOf(file: string, ...edits: readonly Edit[]): string[] {
  const dir = changed(file, (text) =>
    edits.reduce((before, [from, by]) => {
      assert.ok(before.includes(from), from)
      return before.replace(from, by)
    }, text),
  )
  const { refused } = loadPolicies(dir)
  return refused
    .filter((one) => one.file.endsWith(file))
    .flatMap(({ errors }) => errors)
    .map(({ line, column, field, message }) => `${line}:${column} ${field} ${message}`)
}

function errorsOfRule(...conditions: readonly string[]): string[] {
  return errorsOf(POLICY, [CONDITIONS, conditions.map((one) => `          - { ${one} }\n`).join('')])
}

function assertSaid(errors: readonly string[], says: RegExp, about = ''): void {
  assert.ok(
    errors.some((one) => says.test(one)),
    `${about}\n${errors.join('\n') || 'it was accepted'}`,
  )
}

/** [conditions of one rule, what is said of them]. */
const APART: readonly (readonly [readonly string[], RegExp])[] = [
  [
    ['field: fact.employees, range: { from: 500 }', 'field: fact.employees, range: { below: 500 }'],
    /^98:\d+ boundary\[1\]\.rules\[0\]\.when\[1\] can never hold/,
  ],
  [['field: fact.employees, range: { from: 500 }', 'field: fact.employees, equals: 20'], /can never hold/],
  [['field: numemployees, range: { from: 500 }', 'field: numemployees, range: { below: 100 }'], /can never hold/],
  [['field: signed, range: { from: 2026-06-01 }', 'field: signed, range: { below: 2026-05-01 }'], /can never hold/],
  [['field: signed, range: { from: 2026-06-01 }', 'field: signed, range: { below: 500 }'], /can never hold/],
  [['field: company, in: [Acme]', 'field: company, not-in: [acme, Foo]'], /can never hold/],
  [['field: fact.domain, in: [acme.com]', 'field: fact.domain, prefix: [foo]'], /can never hold/],
  [['field: fact.domain, prefix: [ac]', 'field: fact.domain, prefix: [fo]'], /can never hold/],
  [['field: fact.country, in: [DE]', 'field: fact.state, in: [US-CA]'], /can never hold/],
  [['field: fact.ownerState, in: [none, queue]', 'field: fact.owner, blank: false'], /can never hold/],
  [
    [
      'field: fact.openPipeline, range: { from: 9 }, currency: EUR',
      'field: fact.openPipeline, range: { below: 9 }, currency: EUR',
    ],
    /can never hold/,
  ],
  [['field: fact.crm, equals: salesforce'], /watches hubspot\.contacts/],
  [['field: fact.object, not: contacts'], /watches hubspot\.contacts/],
  [['field: fact.object, equals: Lead'], /watches hubspot\.contacts/],
  [['field: hubspot.contacts.company, blank: true', 'field: company, equals: Acme'], /can never hold/],
  [['field: fact.country, in: [JP]'], /boundary\[1\]\.rules\[0\]\.rule is never reached.*branch "japan"/],
]

const TOGETHER: readonly (readonly string[])[] = [
  ['field: fact.employees, range: { from: 500 }', 'field: fact.employees, range: { below: 501 }'],
  ['field: signed, range: { from: 2026-06-01 }', 'field: signed, range: { below: 2026-06-02 }'],
  // A multi-select may hold both.
  ['field: channels, in: [Web]', 'field: channels, in: [Phone]'],
  ['field: channels, contains: [Web]', 'field: channels, contains: [Phone]'],
  ['field: fact.country, in: [US, CA]', 'field: fact.state, in: [US-CA]'],
  [
    'field: fact.openPipeline, range: { from: 9 }, currency: EUR',
    'field: fact.openPipeline, range: { below: 9 }, currency: JPY',
  ],
  ['field: fact.crm, equals: HubSpot', 'field: fact.object, equals: contacts'],
  [
    'field: PostalCode, range: { from: "10000", below: "20000" }',
    'field: PostalCode, range: { from: "1", below: "3" }',
  ],
]

describe('conditions that exclude each other', () => {
  for (const [conditions, says] of APART) {
    it(`are refused where the second stands: ${conditions.join(' and ')}`, () =>
      assertSaid(errorsOfRule(...conditions), says))
  }

  it('are not those that one record may meet', () => {
    for (const conditions of TOGETHER) {
      const said = errorsOfRule(...conditions).filter((one) => /never/.test(one))
      assert.deepEqual(said, [], conditions.join(' and '))
    }
  })

  it('are found against the scope, the action and the branch, too', () => {
    const scope: Edit = ['scope:\n', 'scope:\n  - { field: fact.country, not-in: [JP, US] }\n']
    assertSaid(errorsOf(POLICY, scope), /boundary\[0\]\.when\[0\] can never hold.*of the scope/)
    assertSaid(errorsOf(POLICY, scope), /boundary\[1\]\.rules\[0\]\.when\[0\] can never hold.*of the scope/)
    const action: Edit = ['scope:\n', 'scope:\n  - { field: fact.ownerState, equals: active }\n']
    assertSaid(errorsOf(POLICY, action), /action\.when\[0\] can never hold.*of the scope/)
    const pilot: Edit = ['mode: live', 'mode: pilot\npilot: { when: [{ field: fact.country, in: [DE] }], dailyCap: 5 }']
    const only: Edit = ['scope:\n', 'scope:\n  - { field: fact.country, in: [JP, US] }\n']
    assertSaid(errorsOf(POLICY, pilot, only), /pilot\.when\[0\] can never hold.*of the scope/)
  })
})

const rule = (id: string, ...conditions: readonly string[]) =>
  `      - rule: ${id}\n        when:\n${conditions.map((one) => `          - { ${one} }\n`).join('')}        owner: maya.torres@brightwater.example\n        because: For the test.\n`
const before = (id: string, ...conditions: readonly string[]): Edit => [
  '      - rule: canada-enterprise\n',
  `${rule(id, ...conditions)}      - rule: canada-enterprise\n`,
]

describe('a row that those above it leave nothing to', () => {
  it('is refused as a rule, with those that take its records', () => {
    for (const conditions of [
      ['field: fact.country, in: [US]', 'field: fact.employees, range: { from: 5000 }'],
      ['field: fact.employees, range: { below: 100 }', 'field: fact.country, equals: us'],
      ['field: fact.country, in: [US]', 'field: company, blank: false'],
      ['field: fact.country, in: [JP, US]'],
    ]) {
      const errors = errorsOf(POLICY, before('late', ...conditions))
      assertSaid(errors, /^\d+:\d+ boundary\[1\]\.rules\[2\]\.rule is never reached/, conditions.join(' and '))
    }
    const first: Edit = [CONDITIONS, '          - { field: fact.country, not-in: [GB] }\n']
    assertSaid(errorsOf(POLICY, first), /taken by rule "na-west-enterprise" above/)
    const all: Edit = [`        when:\n${CONDITIONS}`, '        when: []\n']
    assert.equal(errorsOf(POLICY, all).filter((one) => /never reached/.test(one)).length, 21)
  })

  it('is not one that keeps some records, or whose field the rows above do not ask about', () => {
    for (const conditions of [
      ['field: fact.country, in: [US, PE]'],
      ['field: fact.country, blank: true'],
      ['field: fact.employees, range: { from: 5000 }'],
      ['field: company, prefix: [US]'],
    ]) {
      assert.deepEqual(errorsOf(POLICY, before('late', ...conditions)), [], conditions.join(' and '))
    }
  })

  it('is refused as a branch, a class and a territory', () => {
    const japan = '  - branch: japan\n    when: [{ field: fact.country, equals: JP }]'
    const twice: Edit = [
      japan,
      `${japan.replace('equals: JP', 'in: [JP, KR]')}\n    mode: review\n    because: First.\n${japan.replace('branch: japan', 'branch: again')}`,
    ]
    assertSaid(errorsOf(POLICY, twice), /boundary\[1\]\.branch is never reached.*branch "japan" above/)
    assertSaid(errorsOf(POLICY, [japan, '  - branch: japan']), /boundary\[1\]\.branch is never reached/)
    const all: Edit = ['classes:\n', 'classes:\n  - class: risky\n    because: All of them.\n']
    assertSaid(errorsOf(POLICY, all), /classes\[1\]\.class is never reached.*the class in row 1 above/)
    const canada: Edit = ['in: [CA] }]', 'in: [US] }]']
    assertSaid(
      errorsOf('territories.yaml', canada),
      /territories\[1\]\.territory is never reached.*territory "na-west"/,
    )
  })
})

describe('a policy whose parts do not go together', () => {
  const REFUSED: readonly (readonly [string, Edit, RegExp])[] = [
    ['objects twice', ['[hubspot.contacts]', '[hubspot.contacts, hubspot.contacts]'], /objects\[1\].*there twice/],
    ['a pilot of everything', ['mode: live', 'mode: pilot\npilot: { when: [], dailyCap: 5 }'], /pilot\.when is empty/],
    [
      'a job accepted by a slip',
      ['    tom.becker@brightwater.example: 2026', '    tom.beker@brightwater.example: 2026'],
      /did you mean tom\.becker@/,
    ],
    [
      'a reviewer twice',
      ['general: [tom.becker@brightwater.example, grace.kim', 'general: [grace.kim@brightwater.example, grace.kim'],
      /general\[1\].*there twice/,
    ],
    [
      'a settled pattern that is not listed',
      ['  - { pattern: orphaned-owner, blankCounts: false }\n', ''],
      /settles\[0\] orphaned-owner is not listed/,
    ],
    [
      'a pattern twice',
      ['  - { pattern: no-rule }\n', '  - { pattern: no-rule }\n  - { pattern: no-rule }\n'],
      /no-rule is there twice/,
    ],
    [
      'a field of two entries',
      ['  - { pattern: no-rule }\n', '  - { pattern: missing-field, fields: [company] }\n'],
      /missing-field is there twice/,
    ],
    [
      'a field twice',
      ['fields: [country, company]', 'fields: [country, country]'],
      /fields\[1\] "country" is there twice/,
    ],
    ['a fact as a field', ['fields: [country, company]', 'fields: [fact.country]'], /fields\[0\].*worked out/],
    [
      "an account's field",
      ['fields: [country, company]', 'fields: [account.industry]'],
      /fields\[0\].*field of the account/,
    ],
    [
      'a field with its object',
      ['fields: [country, company]', 'fields: [hubspot.contacts.country]'],
      /write field country/,
    ],
    ['a label', ['fields: [country, company]', 'fields: [Company name]'], /own spelling/],
    ['no deadline', ['expected: 2 business days', 'expected: 0 business days'], /business time/],
    ['a deadline of ages', ['expected: 2 business days', 'expected: 99999 business days'], /business time/],
    ['a deadline of years', ['expected: 2 business days', 'expected: 3000 business days'], /at most 250 business days/],
    [
      'one of years in hours',
      ['expected: 2 business days', 'expected: 9999 business hours'],
      /at most 2,000 business hours/,
    ],
    ['a negative deadline', ['expected: 2 business days', 'expected: -1 business days'], /business time/],
    ['grace of years', ['graceMinutes: 30', 'graceMinutes: 5256000'], /525600|525,600/],
    ['negative grace', ['graceMinutes: 30', 'graceMinutes: -1'], /0/],
    [
      'an amount with a separator',
      ['revenueThreshold: 50000', 'revenueThreshold: 50.000'],
      /write 50 if that is meant, or 50000/,
    ],
    [
      'customers by deals',
      ['patterns:', 'customers: [{ field: hubspot.deals.dealstage, in: [won] }]\npatterns:'],
      /is of deals/,
    ],
    ['an owner by mailto', ['owner: maya', 'owner: mailto:maya'], /write "maya\.torres@/],
    [
      'an owner with a name',
      ['owner: maya.torres@brightwater.example', 'owner: "Maya <maya.torres@brightwater.example>"'],
      /write "maya\.torres@/,
    ],
  ]
  for (const [what, edit, says] of REFUSED) {
    it(`is refused: ${what}`, () => {
      assertSaid(errorsOf(POLICY, edit), says)
    })
  }
})
