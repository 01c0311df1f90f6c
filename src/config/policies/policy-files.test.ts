import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { configCopies, SHIPPED } from '../../../test/support/config-copy.ts'
import { readFieldName } from '../../model/rules/field-name.ts'
import { watchedObjectNames } from '../conditions/object-name.ts'
import { loadPolicies, policyHash, reloadPolicy } from './policy-files.ts'
import { editorSchemas } from './write-schemas.ts'

const changed = configCopies()

const LEADS = 'workflows/lead-routing.yaml'

/** The only error of the lead workflow after this change. */
function errorAfter(find: string | RegExp, replacement: string, field?: RegExp) {
  const { loaded, refused } = loadPolicies(changed(LEADS, (text) => text.replace(find, replacement)))
  assert.equal(loaded.length, 2, 'the other workflows run')
  assert.equal(refused.length, 1)
  assert.match(refused[0]!.file, /lead-routing\.yaml$/)
  const errors = refused[0]!.errors.filter((error) => field === undefined || field.test(error.field ?? ''))
  assert.equal(errors.length, 1, JSON.stringify(refused[0]!.errors))
  return errors[0]!
}

describe('the shipped policies', () => {
  const { loaded, refused } = loadPolicies(SHIPPED)

  it('load, all three, with a hash of their content', () => {
    assert.deepEqual(refused, [])
    assert.deepEqual(
      loaded.map(({ version }) => version.policy.workflow),
      ['account-ownership', 'inbound-lead-routing', 'lead-routing'],
    )
    for (const { version } of loaded) assert.equal(version.hash, policyHash(version.policy))
  })

  it('name fields and facts that exist', () => {
    for (const { version } of loaded) {
      for (const { when } of version.policy.classes) for (const { field } of when) assert.ok(readFieldName(field))
    }
  })

  it('have an editor schema that is up to date (npm run generate)', () => {
    for (const [name, text] of editorSchemas()) {
      assert.deepEqual(JSON.parse(readFileSync(join(SHIPPED, '../schema', name), 'utf8')), JSON.parse(text), name)
    }
  })

  it('may watch every object of both CRMs but their tasks', () => {
    assert.equal(watchedObjectNames().length, 7)
  })
})

describe('a policy with a mistake is refused with line, field and what is allowed', () => {
  const lineOf = (needle: string) =>
    readFileSync(join(SHIPPED, LEADS), 'utf8')
      .split('\n')
      .findIndex((line) => line.includes(needle)) + 1

  it('broken YAML', () => {
    const error = errorAfter('mode: live', 'mode: [live')
    assert.match(error.message, /not valid YAML/)
  })

  it('an unknown key', () => {
    const error = errorAfter('mode: live', 'mode: live\nmodus: live')
    assert.deepEqual([error.line, error.column, error.field], [lineOf('mode: live') + 1, 1, 'modus'])
  })

  it('a value outside the allowed ones', () => {
    const error = errorAfter('mode: live', 'mode: turbo')
    assert.equal(error.line, lineOf('mode: live'))
    assert.match(error.message, /draft, observe, pilot, live/)
  })

  it('a pattern that does not exist, with the name that was probably meant', () => {
    const listed = errorAfter('{ pattern: stale-territory, field', '{ pattern: stale-teritory, field')
    assert.equal(listed.message, 'Unknown pattern "stale-teritory"; did you mean stale-territory?')
    assert.equal(listed.line, lineOf('pattern: stale-territory, field'))
    const settled = errorAfter('settles: [orphaned-owner]', 'settles: [orphan-owner]')
    assert.equal(settled.message, 'Unknown pattern "orphan-owner"; did you mean orphaned-owner?')
    const classed = errorAfter(/(pattern: )orphaned-owner(\n {4}class)/, '$1write-refuse$2')
    assert.equal(classed.message, 'Unknown pattern "write-refuse"; did you mean write-refused?')
  })

  it('a pattern that every workflow watches for anyway', () => {
    const { message } = errorAfter('- { pattern: stale-territory, field', '- { pattern: write-refused, field')
    assert.match(message, /^Every workflow watches for write-refused; remove it here\./)
  })

  it('a missing key, at the place where it belongs', () => {
    const error = errorAfter(/ {2}override: .*\n/, '')
    assert.equal(error.field, 'owners.override')
    assert.equal(error.line, lineOf('owners:'))
  })

  it('an unknown fact, deep inside a rule', () => {
    const error = errorAfter('{ field: fact.employees, range', '{ field: fact.size, range')
    assert.equal(error.field, 'boundary[1].rules[0].when[1].field')
    assert.equal(error.line, lineOf('fact.employees'))
    assert.match(error.message, /fact\.country/)
  })

  it('a condition with two operators, or none', () => {
    assert.match(errorAfter('equals: JP', 'equals: JP, prefix: J').message, /exactly one of .* 2 of them/)
    const state = (value: string) => `{ field: fact.state, in: [${value}] }`
    const stateError = (value: string) => errorAfter('{ field: fact.country, equals: JP }', state(value)).message
    assert.match(stateError('CA'), /"CA" is no state; .* like US-CA/)
    assert.match(stateError('Bavaria'), /like DE-BY/)
    assert.match(errorAfter('{ field: fact.country, equals: JP }', '{ field: fact.country }').message, /exactly one of/)
  })

  it('conditions that are possible one by one and never together', () => {
    const error = errorAfter(
      /when: \[\{ field: fact\.country, equals: JP \}\]/,
      'when: [{ field: fact.country, equals: JP }, { field: fact.country, not: JP }]',
    )
    assert.match(error.message, /can never hold.*leave one of them out/)
    assert.equal(error.field, 'boundary[0].when[1]')
  })

  it('a field of an object that the workflow does not watch', () => {
    const error = errorAfter(
      /when: \[\{ field: fact\.country, equals: JP \}\]/,
      'when: [{ field: hubspot.companies.industry, equals: x }]',
    )
    assert.match(error.message, /does not watch, so that it is always blank/)
  })

  it('part of M29: a vague name, with a good one', () => {
    for (const title of ['AI for lead routing', 'Smarter triage', 'Leads']) {
      const error = errorAfter(/title: .*/, `title: ${title}`)
      assert.equal(error.field, 'title')
      assert.match(error.message, /for example "Assign inbound HubSpot leads/)
    }
  })

  it('part of M18: "human in the loop" as a job or as a person', () => {
    assert.match(errorAfter('  override:', '  humanInTheLoop: a@b.example\n  override:').message, /four separate jobs/)
    assert.match(errorAfter(/ {2}override: .*/, '  override: human in the loop').message, /name the person/)
  })

  it('M25: a rule without a reason, or with one nobody can take in', () => {
    const because = / {8}because: Businesses of 500 and more employees in North America West.*\n/
    assert.equal(errorAfter(because, '').field, 'boundary[1].rules[0].because')
    const error = errorAfter(because, '        because: One. Two! Three? Four.\n')
    assert.match(error.message, /4 sentences; a reason has at most three/)
  })

  it('a rule id that is there twice', () => {
    assert.match(errorAfter('rule: na-west-commercial', 'rule: na-west-enterprise').message, /there twice/)
  })

  it('a pattern to settle that no new owner ends', () => {
    for (const pattern of ['missing-field', 'stale-field']) {
      const { message } = errorAfter('settles: [orphaned-owner]', `settles: [${pattern}]`)
      assert.match(message, new RegExp(`${pattern} does not end with a new owner`))
    }
  })

  it('a pattern on one object only, which the workflow does not watch', () => {
    const { message } = errorAfter(
      '{ pattern: stale-territory, field',
      '{ pattern: stale-territory, only: hubspot.companies, field',
    )
    assert.match(message, /^is hubspot\.companies, which the workflow does not watch; it watches /)
  })

  it('part of M15: unknown among the classes that rules may settle', () => {
    const error = errorAfter('settles: [orphaned-owner]', 'settles: [orphaned-owner]\n    settlesClasses: [unknown]')
    assert.match(error.message, /no rule ever settles an unknown/)
  })

  it('a class below its floor', () => {
    const risky = errorAfter(/(pattern: orphaned-owner\n {4}class:) risky/, '$1 expected')
    assert.match(risky.message, /at least risky/)
    const customer = errorAfter(
      /(pattern: missing-field\n)( {4}class: expected)/,
      '$1    when: [{ field: fact.customer, equals: true }]\n$2',
    )
    assert.match(customer.message, /at least customer-facing/)
  })

  it('a posture set by hand', () => {
    const error = errorAfter(/(pattern: orphaned-owner\n {4}class: risky)/, '$1\n    posture: confirm')
    assert.match(error.message, /follows from the class/)
  })

  it('a pilot without its narrow slice', () => {
    assert.equal(errorAfter('mode: live', 'mode: pilot').field, 'mode')
  })

  it('the assignment to territories, where the CRM has none or the name is not known', () => {
    const set = (text: string) => errorAfter('{ pattern: stale-territory, field: Territory__c }', text, /\.fields?\b/)
    const contacts = set("{ pattern: stale-territory, only: salesforce.Contact, field: '@territories' }")
    assert.equal(contacts.line, lineOf('pattern: stale-territory'))
    assert.match(contacts.message, /only salesforce\.Account and salesforce\.Lead have, not salesforce\.Contact/)
    const hubspot = set("{ pattern: missing-field, only: hubspot.contacts, fields: ['@territories'] }")
    assert.match(hubspot.message, /not hubspot\.contacts: name a field of the record/)
    assert.match(set("{ pattern: stale-territory, field: '@teritories' }").message, /there is only @territories/)
    assert.match(set("{ pattern: stale-field, fields: ['@territories'], businessDays: 3 }").message, /has no age/)
    const asked = errorAfter('{ field: fact.country, equals: JP }', "{ field: '@territory-names', equals: Japan }")
    assert.equal(asked.field, 'boundary[0].when[0].field')
  })

  it('an e-mail that is none', () => {
    assert.equal(errorAfter(/ {2}rollback: .*/, '  rollback: sam').field, 'owners.rollback')
  })
})

describe('rules that contradict the territory table', () => {
  it('case W03: are said when the policy loads, with their place and a record', () => {
    const dir = changed('territories.yaml', (text) => text.replace(', jonas.huber@brightwater.example', ''))
    const { loaded, doubtful } = loadPolicies(dir)
    assert.equal(loaded.length, 3)
    const leads = doubtful.find(({ workflow }) => workflow === 'lead-routing')
    assert.equal(leads?.errors.length, 1)
    const [{ line, field, message }] = leads.errors as [(typeof leads.errors)[0]]
    assert.match(field, /^boundary\[1\]\.rules\[9\]\.owner$/)
    assert.match(loaded.find(({ file }) => file === leads.file)!.source.split('\n')[line - 1]!, /owner: jonas\.huber@/)
    assert.match(message, /^rule dach-commercial gives a lead with the country DE to jonas\.huber@/)
  })

  it('are none in the shipped policies', () => {
    assert.deepEqual(loadPolicies(SHIPPED).doubtful, [])
  })
})

describe('the owner that a rule gives', () => {
  const jonas = 'owner: jonas.huber@brightwater.example'
  const ownersAfter = (owner: string) => {
    const dir = changed(LEADS, (text) => text.replace(jonas, `owner: ${owner}`))
    const { loaded, refused } = loadPolicies(dir)
    assert.deepEqual(refused, [])
    const leads = loaded.find(({ version }) => version.policy.workflow === 'lead-routing')
    return leads?.version.policy.boundary.flatMap(({ rules }) => rules.map((rule) => rule.owner)) ?? []
  }

  it('may be whose account, duplicate or open deal it is, a queue, or nobody by choice', () => {
    for (const owner of ['account.owner', 'match.owner', 'deal.owner', 'leave-alone']) {
      assert.ok(ownersAfter(owner).includes(owner))
    }
    assert.deepEqual(
      ownersAfter('{ queue: DACH inbound }').filter((owner) => typeof owner !== 'string'),
      [{ queue: 'DACH inbound' }],
    )
  })

  it('is refused where no record could ever have it', () => {
    const none = errorAfter(jonas, 'owner: contact.owner')
    assert.match(none.message, /must be the e-mail of a person, account\.owner, match\.owner, deal\.owner, leave-alone/)
    const contacts = (owner: string) => {
      const dir = changed('workflows/inbound-lead-routing.yaml', (text) =>
        text.replace(/( {8}owner:) \S+@\S+/, `$1 ${owner}`),
      )
      return loadPolicies(dir).refused.flatMap(({ errors }) => errors.map(({ message }) => message))
    }
    assert.match(
      contacts('{ queue: Inbound }').join(),
      /is a queue, but no queue can own hubspot\.contacts: name a person/,
    )
  })
})

describe('a policy on the territories that Salesforce assigns', () => {
  it('loads, on leads and on the accounts behind them', () => {
    const dir = changed(LEADS, (text) =>
      text
        .replace('field: Territory__c }', "field: '@territories' }")
        .replace('{ field: fact.country, equals: JP }', '{ field: account.@territories, contains: japan }'),
    )
    assert.deepEqual(loadPolicies(dir).refused, [])
  })
})

describe('a mistake in what all workflows share', () => {
  it('stops every workflow and says where it is', () => {
    const dir = changed('calendar.yaml', (text) => text.replace('Europe/Berlin', 'Europe/Atlantis'))
    const { loaded, refused } = loadPolicies(dir)
    assert.deepEqual(loaded, [])
    assert.deepEqual(
      refused.map(({ workflow }) => workflow),
      [null, 'account-ownership', 'inbound-lead-routing', 'lead-routing'],
    )
    assert.match(refused[0]!.errors[0]!.message, /IANA name/)
  })

  it('refuses a territory table that asks for what it is compared with', () => {
    const dir = changed('territories.yaml', (text) => text.replace('field: fact.country', "field: '@territories'"))
    const [first] = loadPolicies(dir).refused
    assert.equal(first!.errors[0]!.field, 'territories[0].when[0].field')
    assert.match(first!.errors[0]!.message, /^"@territories" is not a value of the record/)
  })

  it('refuses the second file of one workflow', () => {
    const dir = changed(LEADS, (text) => text.replace('workflow: lead-routing', 'workflow: account-ownership'))
    const { loaded, refused } = loadPolicies(dir)
    assert.equal(loaded.length, 2)
    assert.match(refused[0]!.errors[0]!.message, /already the workflow of/)
  })
})

describe('hostile YAML', () => {
  it('with aliases of aliases is refused, not expanded', () => {
    const bomb = Array.from(
      { length: 12 },
      (_, i) =>
        `a${i + 1}: &a${i + 1} [${Array(9)
          .fill(i === 0 ? 'x' : `*a${i}`)
          .join(', ')}]`,
    )
    const { refused } = loadPolicies(changed(LEADS, () => bomb.join('\n')))
    assert.match(refused[0]!.errors[0]!.message, /not valid YAML/)
  })
})

describe('a version that was in force', () => {
  const { loaded } = loadPolicies(SHIPPED)

  it('is read again with the territories and the calendar of its time, and is the same version', () => {
    for (const one of loaded) assert.equal(reloadPolicy(one)?.hash, one.version.hash)
    const [first] = loaded
    const { policy } = first!.version
    const of = { ...first!, version: { ...first!.version, policy: { ...policy, territories: [] } } }
    assert.deepEqual(reloadPolicy(of)?.policy.territories, [])
  })

  it('is null where its text is refused today', () => {
    const [first] = loaded
    assert.equal(reloadPolicy({ ...first!, source: first!.source.replace('mode: live', 'mode: lively') }), null)
    assert.equal(reloadPolicy({ ...first!, source: '' }), null)
  })
})
