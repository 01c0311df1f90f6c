import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import '../../crm/profiles.ts'
import { configCopies, SHIPPED } from '../../../test/support/config-copy.ts'
import { misfits } from '../../model/policy/misfits.ts'
import type { FieldSchema } from '../../model/record/crm-facts.ts'
import { loadPolicies } from './policy-files.ts'
import { placeInPolicy } from './policy-place.ts'

const FILE = 'workflows/inbound-lead-routing.yaml'
const FIRST_RULE = '          - { field: fact.country, in: [US] }\n'
const RULE = 'the rule na-west-enterprise'
const LINE = readFileSync(join(SHIPPED, FILE), 'utf8').split(FIRST_RULE)[0]!.split('\n').length

/**
 * Each is one condition of the first rule of a shipped workflow, and what is said of it: `refused` by its document alone, so
 * that the last good version stays; `unknown` where a connection's schema contradicts it, so that records which reach the rule
 * wait; `alert` where it is said and decides all the same. The text names what to write instead.
 */
const WRONG: readonly (readonly [condition: string, is: 'refused' | 'unknown' | 'alert', says: RegExp])[] = [
  // Values that YAML changes.
  ['field: zip, in: [02139]', 'refused', /write it in quotes to keep it as it is: "02139"/],
  ['field: zip, prefix: [012]', 'refused', /"012"/],
  ['field: phone, prefix: [+49]', 'refused', /"\+49"/],
  ['field: version, in: [1.10]', 'refused', /"1\.10"/],
  ['field: version, equals: 0x1F', 'refused', /"0x1F"/],
  ['field: zip, range: { from: 01000, below: 02000 }', 'refused', /"01000"/],
  ['field: code, in: [1e5]', 'refused', /"1e5"/],
  // Countries and states.
  ['field: fact.country, in: [UK]', 'refused', /write "GB"/],
  ['field: fact.country, in: [DE, EL]', 'refused', /write "GR"/],
  ['field: fact.country, equals: Germany', 'refused', /write "DE"/],
  ['field: fact.country, in: [DEU]', 'refused', /write "DE"/],
  ['field: fact.country, not-in: [USA]', 'refused', /write "US"/],
  ['field: fact.country, in: [EMEA]', 'refused', /write the two letters of ISO 3166-1/],
  ['field: fact.country, in: [EU]', 'refused', /is no country/],
  ['field: fact.country, prefix: [D]', 'refused', /list whole values with in/],
  ['field: fact.country, contains: [DE]', 'refused', /list whole values with in/],
  ['field: fact.country, range: { from: 1 }', 'refused', /list its values with in/],
  ['field: fact.country, older-than-days: 3', 'refused', /is asked of days/],
  ['field: fact.state, in: [CA]', 'refused', /US-CA/],
  ['field: fact.state, in: [California]', 'refused', /US-CA/],
  // Derived facts and what they can never be.
  ['field: fact.customer, equals: yes', 'refused', /allowed are true, false/],
  ['field: fact.customer, in: [customer]', 'refused', /allowed are true, false/],
  ['field: fact.customer, blank: true', 'refused', /never blank/],
  ['field: fact.ownerState, equals: unowned', 'refused', /allowed are active/],
  ['field: fact.ownerState, equals: actve', 'refused', /the nearest is "active"/],
  ['field: fact.crm, equals: Hubspot CRM', 'refused', /the nearest is "hubspot"/],
  ['field: fact.object, in: [Leads]', 'refused', /the nearest is "Lead"/],
  ['field: fact.owner, in: [Anna Schneider]', 'refused', /write the e-mail of a CRM user/],
  ['field: fact.domain, in: [www.acme.com]', 'refused', /write "acme\.com"/],
  ['field: fact.domain, in: [gmail.com]', 'refused', /is never a company's domain/],
  ['field: fact.employees, equals: many', 'refused', /write a number/],
  ['field: fact.employees, range: { below: 0 }', 'refused', /never less than 0/],
  ['field: fact.openPipeline, blank: true', 'refused', /never blank/],
  ['field: fact.openPipeline, range: { from: 50k }', 'refused', /without unit/],
  ['field: fact.contry, in: [DE]', 'refused', /the nearest is fact\.country/],
  // Money.
  ['field: fact.openPipeline, range: { from: 5 }, currency: euro', 'refused', /write a code of ISO 4217/],
  ['field: fact.openPipeline, range: { from: 5 }, currency: usd', 'refused', /write USD/],
  ['field: fact.employees, range: { from: 5 }, currency: USD', 'refused', /no amount; leave it out/],
  ['field: budget, in: ["5"], currency: USD', 'refused', /only allowed beside range/],
  ['field: signed, range: { from: 2026-01-01 }, currency: USD', 'refused', /the range is of days; leave it out/],
  // Ranges.
  ['field: Company, range: { from: A, below: N }', 'refused', /listed with in or prefix/],
  ['field: x, range: { from: 500, below: 100 }', 'refused', /lies before from/],
  ['field: x, range: { from: 500, below: 500 }', 'refused', /the same as from/],
  ['field: x, range: { from: 2026-12-01, below: 2026-11-01 }', 'refused', /lies before from/],
  ['field: x, range: { from: 2026-02-30 }', 'refused', /neither a number nor a day/],
  ['field: x, range: { from: 2026-01-01, below: 500 }', 'refused', /give both ends as the same/],
  ['field: x, range: {}', 'refused', /needs from .included., below/],
  ['field: x, range: { from: "1,000" }', 'refused', /without unit or separator/],
  ['field: PostalCode, range: { from: "95000", below: "94000" }', 'refused', /lies before from/],
  ['field: PostalCode, range: { from: "SW1", below: "SW9" }', 'refused', /list such codes with prefix/],
  // Conditions as such.
  ['field: x', 'refused', /needs exactly one of/],
  ['field: x, equals: a, not: b', 'refused', /needs exactly one of/],
  ['field: x, in: []', 'refused', /must list at least one value/],
  ['field: x, in: [" "]', 'refused', /ask for a blank field with blank: true/],
  ['field: x, older-than-days: 0', 'refused', /./],
  // Names and paths that are never read.
  ['field: RecordType.DeveloperName, equals: Partner', 'refused', /write RecordTypeId/],
  ['field: Owner.Email, equals: a@b.example', 'refused', /write fact\.owner/],
  ['field: Account.Industry, equals: x', 'refused', /write account\.Industry/],
  ['field: account.Owner.Name, equals: x', 'refused', /path to another record/],
  ['field: Parent__r.Name, equals: x', 'refused', /path to another record/],
  ['field: salesforce.Leads.Status, equals: x', 'refused', /nearest is salesforce\.Lead\.Status/],
  ['field: salesforce.Lead.Status, equals: x', 'refused', /which the workflow does not watch/],
  ['field: Lead Source, equals: x', 'refused', /own spelling/],
  ['field: account., equals: x', 'refused', /names no field/],
  // What the connection's own schema contradicts.
  ['field: LifecycleStage, equals: lead', 'unknown', /no field LifecycleStage on the contact\. Write lifecyclestage/],
  ['field: leadtype, equals: Partner', 'unknown', /Write lead_type/],
  ['field: nowhere_at_all, blank: false', 'unknown', /Correct the name nowhere_at_all/],
  ['field: nowhere_at_all, not: x', 'unknown', /Correct the name nowhere_at_all/],
  ['field: lead_type, equals: Partnr', 'unknown', /no value "Partnr"\. Write "Partner"/],
  [
    'field: lead_type, in: [Direct, Distributor]',
    'unknown',
    /no value "Distributor"\. Write a value of the list\. Its values are/,
  ],
  ['field: channels, contains: [Fax]', 'unknown', /no value "Fax"/],
  ['field: is_vip, equals: yes', 'unknown', /no value "yes"\. Write a value of the list\. Its values are true, false/],
  ['field: score, equals: high', 'unknown', /Write numbers like 500/],
  ['field: score, range: { from: 2026-01-01 }', 'unknown', /lies in no range of days\. Write numbers/],
  ['field: signed, range: { from: 5 }', 'unknown', /lies in no range of numbers\. Write days/],
  ['field: signed, equals: yesterday', 'unknown', /Write days like/],
  ['field: company, older-than-days: 5', 'unknown', /has no age\. Name a field that holds a day/],
  ['field: is_vip, range: { from: 1 }', 'unknown', /lies in no range\. List its values with in/],
  ['field: lead_type, not: Partnr', 'alert', /Write "Partner"/],
  ['field: score, not-in: [high]', 'alert', /Write numbers like 500/],
]

/** Ordinary words and values of real companies, which say nothing wrong. */
const RIGHT = [
  'field: company, contains: ["Smart Home", "Better Mortgage"]',
  'field: company, in: ["Automation Anywhere", "Foo; Bar", "Best Buy"]',
  'field: zip, in: ["02139"]',
  'field: phone, prefix: ["+49"]',
  'field: lead_type, not-in: [Distributor]',
  'field: lead_type, in: [partner, " DIRECT"]',
  'field: channels, contains: [Web]',
  'field: fact.openPipeline, range: { from: 50000 }, currency: EUR',
  'field: account.annualrevenue, range: { from: 50000 }, currency: JPY',
  'field: fact.country, in: [GB, "no"]',
]

const field = (name: string, type: FieldSchema['type'] = 'text', options: string[] = []): FieldSchema => ({
  name,
  label: name,
  type,
  options,
  writable: true,
})
const CONTACTS = [
  ...['lifecyclestage', 'company', 'zip', 'phone', 'country'].map((name) => field(name)),
  field('hs_lead_status'),
  field('lead_type', 'picklist', ['Partner', 'Reseller', 'Direct']),
  field('channels', 'multi-picklist', ['Web', 'Phone']),
  field('score', 'number'),
  field('signed', 'day'),
  field('is_vip', 'boolean'),
]

const changed = configCopies()

function load(condition: string) {
  const dir = changed(FILE, (text) => {
    assert.ok(text.includes(FIRST_RULE))
    return text.replace(FIRST_RULE, `          - { ${condition} }\n`)
  })
  const { loaded, refused } = loadPolicies(dir)
  return { loaded: loaded.find(({ file }) => file.endsWith(FILE)), others: loaded.length, refused }
}

describe('a wrong policy', () => {
  it('there are at least 60 kinds of', () => assert.ok(WRONG.length >= 60, String(WRONG.length)))

  for (const [condition, is, says] of WRONG) {
    it(`is ${is}, with its place and what to write: ${condition}`, () => {
      const { loaded, others, refused } = load(condition)
      if (is === 'refused') {
        assert.equal(loaded, undefined)
        assert.equal(others, 2, 'no other workflow is refused with it')
        const found = refused.flatMap(({ errors }) => errors)
        const error = found.find(({ message }) => says.test(message))
        assert.ok(error !== undefined, found.map(({ message }) => message).join('\n'))
        assert.match(error.field, /^boundary\[\d\]\.rules\[0\]\.when\[0\]/)
        assert.equal(error.line, LINE)
        assert.ok(error.column >= 11)
        return
      }
      assert.deepEqual(refused, [])
      const { policy } = loaded!.version
      const [found, ...more] = misfits(policy, 'hubspot', 'contacts', CONTACTS).filter(({ part }) => part === RULE)
      assert.deepEqual(more, [])
      assert.match(`${found?.says}. ${found?.remedy}`, says)
      assert.equal(found?.stops, is === 'unknown')
      assert.equal(placeInPolicy(loaded!.source, found.path)?.line, LINE)
    })
  }

  it('is not what says ordinary things', () => {
    for (const condition of RIGHT) {
      const { loaded, refused } = load(condition)
      assert.deepEqual(refused, [], condition)
      const found = misfits(loaded!.version.policy, 'hubspot', 'contacts', CONTACTS)
      assert.deepEqual(
        found.filter(({ part }) => part === RULE),
        [],
        condition,
      )
    }
  })
})
