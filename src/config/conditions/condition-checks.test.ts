import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { z } from 'zod'
import { parseYaml } from '../yaml/positioned-yaml.ts'
import { ConditionsDocument } from './condition-document.ts'

function mistakes(condition: string): string[] {
  const parsed = parseYaml(`when:\n  - { ${condition} }\n`, z.strictObject({ when: ConditionsDocument }))
  return parsed.ok
    ? []
    : parsed.errors.map(({ line, column, field, message }) => {
        assert.equal(line, 2)
        assert.ok(column >= 5)
        return `${field} ${message}`
      })
}

/** [condition, what the message says]. */
const REFUSED: readonly (readonly [string, RegExp])[] = [
  // case L01 and L02: countries
  ['field: fact.country, in: [UK]', /in\[0\] "UK" is no code of ISO 3166-1; write "GB"/],
  ['field: fact.country, equals: UK', /equals "UK".*write "GB"/],
  ['field: fact.country, not: UK', /write "GB"/],
  ['field: fact.country, not-in: [DE, EL]', /not-in\[1\].*write "GR"/],
  ['field: fact.country, in: [Germany]', /write "DE"/],
  ['field: fact.country, in: [Deutschland]', /write "DE"/],
  ['field: fact.country, in: [DEU]', /write "DE"/],
  ['field: fact.country, in: [USA]', /write "US"/],
  ['field: fact.country, in: [XX]', /"XX" is no country/],
  ['field: fact.country, in: [EU]', /"EU" is no country/],
  ['field: fact.country, in: [Europe]', /is no country/],
  ['field: fact.country, prefix: [D]', /list whole values with in/],
  ['field: fact.country, range: { from: A, below: N }', /neither a number nor a day/],
  ['field: fact.country, older-than-days: 3', /is asked of days/],
  ['field: fact.state, in: [CA]', /US-CA/],
  // case L03: derived facts
  ['field: fact.customer, equals: yes', /"yes" is never its value; allowed are true, false/],
  ['field: fact.customer, equals: 1', /allowed are true, false/],
  ['field: fact.customer, blank: true', /never blank/],
  ['field: fact.ownerState, equals: unowned', /allowed are active, inactive/],
  ['field: fact.ownerState, in: [unknown]', /allowed are active/],
  ['field: fact.crm, equals: Hubspot CRM', /allowed are hubspot, salesforce; the nearest is "hubspot"/],
  ['field: fact.object, in: [Leads]', /the nearest is "Lead"/],
  ['field: fact.owner, in: [Anna Schneider]', /is no e-mail/],
  ['field: fact.domain, in: [www.acme.com]', /write "acme.com"/],
  ['field: fact.domain, in: ["https://acme.com/de"]', /write "acme.com"/],
  ['field: fact.domain, in: [gmail.com]', /is never a company's domain/],
  ['field: fact.employees, equals: many', /write a number/],
  ['field: fact.employees, prefix: ["5"]', /list whole values/],
  ['field: fact.openPipeline, blank: true', /never blank/],
  ['field: fact.openPipeline, range: { below: 0 }', /never less than 0/],
  ['field: fact.contry, in: [DE]', /is no fact.*nearest is fact.country/],
  // ranges
  ['field: Company, range: { from: A, below: N }', /texts are listed with in or prefix/],
  ['field: x, range: { from: 500, below: 100 }', /range\.below lies before from/],
  ['field: x, range: { from: 500, below: 500 }', /is the same as from/],
  ['field: x, range: { from: 2026-12-01, below: 2026-11-01 }', /lies before from/],
  ['field: x, range: { from: 2026-02-30 }', /neither a number nor a day/],
  ['field: x, range: { from: 2026-01-01, below: 500 }', /is a number and from is a date/],
  ['field: x, range: { from: 500k }', /without unit/],
  ['field: x, range: { from: "1,000" }', /without unit or separator/],
  ['field: x, range: { from: Infinity }', /neither/],
  ['field: PostalCode, range: { from: "95000", below: "94000" }', /lies before from/],
  ['field: PostalCode, range: { from: "SW1", below: "SW9" }', /list such codes with prefix/],
  // values
  ['field: x, in: [""]', /ask for a blank field with blank: true/],
  ['field: x, contains: [" "]', /is blank/],
  ['field: x, in: [02139]', /write it in quotes/],
  // case L15: names and paths
  ['field: RecordType.DeveloperName, equals: Partner', /path to another record.*write RecordTypeId/],
  ['field: Owner.Email, equals: a@b.example', /write fact\.owner/],
  ['field: Account.Industry, equals: x', /write account\.Industry/],
  ['field: account.Owner.Name, equals: x', /path to another record/],
  ['field: Parent__r.Name, equals: x', /path to another record/],
  ['field: Fact.country, equals: DE', /write fact\.country/],
  ['field: salesforce.Leads.Status, equals: x', /no object that is read.*nearest is salesforce\.Lead\.Status/],
  ['field: HubSpot.contacts.country, equals: x', /write hubspot\.contacts\.country/],
  ['field: Lead Source, equals: x', /own spelling/],
  ['field: " country", equals: x', /write "country"/],
  ['field: account., equals: x', /names no field/],
]

const ACCEPTED = [
  'field: fact.country, in: [DE, AT, NO, GB, "us"]',
  'field: fact.country, blank: true',
  'field: fact.state, in: [US-CA]',
  'field: fact.customer, equals: true',
  'field: fact.customer, equals: "True"',
  'field: fact.ownerState, in: [queue, empty-queue, none]',
  'field: fact.crm, equals: hubspot',
  'field: fact.object, in: [contacts, Lead]',
  'field: fact.owner, in: [Anna.Schneider@brightwater.example]',
  'field: fact.owner, contains: ["@brightwater.example"]',
  'field: fact.domain, in: [acme.com, ACME.DE]',
  'field: fact.domain, contains: [acme]',
  'field: fact.employees, range: { from: 500, below: 1000 }',
  'field: fact.openPipeline, range: { from: 0.5 }',
  'field: x, range: { from: -5, below: 5 }',
  'field: x, range: { from: 2026-01-01, below: "2026-02-01T00:00:00Z" }',
  'field: PostalCode, range: { from: "01000", below: "02000" }',
  'field: PostalCode, prefix: ["SW1"]',
  'field: x, in: [Partner]',
  'field: RecordTypeId, equals: 012000000000001AAA',
  'field: account.industry, equals: x',
  'field: salesforce.Lead.Status, equals: x',
  'field: Custom__c, blank: false',
  'field: "@territories", in: [x]',
]

describe('a condition that could never hold', () => {
  for (const [condition, says] of REFUSED) {
    it(`is refused with its place and what to write: ${condition}`, () => {
      const found = mistakes(condition)
      assert.ok(
        found.some((one) => says.test(one)),
        found.join('\n') || 'it was accepted',
      )
    })
  }

  it('is not taken for one that can', () => {
    for (const condition of ACCEPTED) assert.deepEqual(mistakes(condition), [], condition)
  })
})
