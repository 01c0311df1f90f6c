import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  ALONE,
  at,
  contact,
  daysAgo,
  directoryOf,
  HUBSPOT,
  lead,
  NOW_MS,
  PEOPLE,
  POLICY,
  unknownOf,
  versionOf,
} from '../../../test/support/example.ts'
import type { Policy } from '../policy/policy.ts'
import type { CrmRecord } from '../record/crm-record.ts'
import { inputKey, Unknown } from '../record/knowledge.ts'
import { decide } from './decide.ts'
import type { DecideInput } from './decision.ts'

/** Several inputs may be missing at once: each is named, and each alone keeps the write back. */

type More = Partial<DecideInput> & { readonly policy?: Partial<Policy> }

function decided(subject: CrmRecord, { policy, ...more }: More = {}) {
  return decide({
    record: subject,
    neighbours: ALONE,
    directory: directoryOf(),
    version: versionOf(policy),
    nowMs: NOW_MS,
    ...more,
  })
}

const waiting = (values = {}) => contact({ hubspot_owner_id: null, territory: null, ...values })
const hiding = (record: CrmRecord, ...fields: string[]): CrmRecord => ({ ...record, unreadable: new Set(fields) })
const named = (unknown: Unknown | null | undefined) => (unknown ?? null)?.inputs.map(inputKey).toSorted() ?? null
const hidden = (...fields: string[]) => fields.map((field) => `hs/contacts/${field}/hidden`).toSorted()

/** The CRM has not said whether these users are still there. */
const askedFor = (...names: string[]) =>
  directoryOf(
    PEOPLE.map((one) =>
      one.connectionId === HUBSPOT && names.some((name) => one.email === at(name))
        ? { ...one, standing: 'unlisted' as const }
        : one,
    ),
  )

const toDach = { to: 'hs-dach', why: 'No access' }
const pilot = { when: [{ field: 'industry', op: 'in' as const, values: ['Retail'] }], dailyCap: 5 }
const inPilot = { mode: 'pilot' as const, pilot }

describe('the inputs that a decision names as missing', () => {
  it('are those of the record itself and of the scope, where neither is known', () => {
    const scope = [{ field: 'hubspot.contacts.industry', op: 'in' as const, values: ['Retail'] }]
    const ofLead = { scope: [{ field: 'salesforce.Lead.Industry', op: 'in' as const, values: ['Retail'] }] }
    const converted = hiding(lead({ Industry: 'Retail' }), 'IsConverted')
    assert.deepEqual(named(decided(converted, { policy: ofLead }).unknown), ['sf/Lead/IsConverted/hidden'])
    assert.equal(decided(converted, { policy: ofLead }).undecided, 'all')
    const both = hiding(lead({ Industry: 'Retail' }), 'IsConverted', 'Industry')
    assert.deepEqual(named(decided(both, { policy: ofLead }).unknown), [
      'sf/Lead/Industry/hidden',
      'sf/Lead/IsConverted/hidden',
    ])
    const unseen = { ...waiting({ industry: 'Retail' }), isUnseen: true as const }
    assert.deepEqual(named(decided(unseen, { policy: { scope } }).unknown), ['hs/contacts/*/not-visible'])
    assert.deepEqual([decided(unseen).write, decided(unseen).exceptions, decided(unseen).undecided], [null, [], 'all'])
  })

  it('are those of the patterns and of what the record waits for', () => {
    const when = [{ field: 'industry', op: 'in' as const, values: ['Retail'] }]
    const subject = hiding(waiting({ industry: 'Retail' }), 'industry', 'company')
    const { unknown } = decided(subject, { policy: { action: { ...POLICY.action, when } } })
    assert.deepEqual(named(unknown), hidden('company', 'industry'))
  })

  it('are those of the class of a case, of the branch and of the pattern', () => {
    const [rest] = POLICY.boundary.slice(1)
    const boundary = [
      { ...rest!, branch: 'large', when: [{ field: 'annualrevenue', op: 'not-blank' as const }] },
      rest!,
    ]
    const subject = hiding(contact({ hubspot_owner_id: 'hs-gone', annualrevenue: '1' }), 'annualrevenue', 'company')
    const { unknown, exceptions } = decided(subject, {
      policy: { boundary },
      neighbours: { ...ALONE, account: unknownOf('companies') },
    })
    const all = ['hs/companies/*/not-read', ...hidden('annualrevenue', 'company')].toSorted()
    assert.deepEqual(named(unknown), all)
    const [orphaned] = exceptions
    assert.equal(orphaned?.class, 'unknown')
    assert.deepEqual(orphaned.classRestsOn, ['hs/companies/*/not-read'])
    assert.deepEqual(orphaned.restsOn.toSorted(), all)
  })

  it('are those of the class alone, where no rule is asked', () => {
    const when = [{ field: 'industry', op: 'in' as const, values: ['Retail'] }]
    const ofRetail = { pattern: 'missing-field' as const, when, class: 'risky' as const, because: 'Retail.' }
    const subject = hiding(contact({ company: null, industry: 'Retail', createdate: daysAgo(10) }), 'industry')
    const { unknown, exceptions } = decided(subject, { policy: { classes: [ofRetail, ...POLICY.classes] } })
    assert.deepEqual(
      exceptions.map(({ pattern, class: is }) => [pattern, is]),
      [['missing-field', 'unknown']],
    )
    assert.deepEqual(named(unknown), hidden('industry'))
  })

  it('are the branch where nothing else is missing, and the case then says so', () => {
    const [rest] = POLICY.boundary.slice(1)
    const boundary = [
      { ...rest!, branch: 'large', when: [{ field: 'annualrevenue', op: 'not-blank' as const }] },
      rest!,
    ]
    const subject = hiding(contact({ hubspot_owner_id: 'hs-gone', annualrevenue: '1' }), 'annualrevenue')
    const { write, unknown, exceptions } = decided(subject, { policy: { boundary } })
    assert.equal(write, null)
    assert.deepEqual(named(unknown), hidden('annualrevenue'))
    assert.match(exceptions[0]?.wouldHave ?? '', /^Nothing: we cannot tell which rule decides this contact, because /)
  })

  it('are the present owner, the next one and the slice of a pilot', () => {
    const gone = contact({ hubspot_owner_id: 'hs-france', industry: 'Retail' })
    const policy = { action: { ...POLICY.action, when: [] }, patterns: [], ...inPilot }
    const both = decided(hiding(gone, 'industry'), { policy, directory: askedFor('france', 'dach') })
    assert.equal(both.write, null)
    const inputs = both.unknown?.inputs.map(({ field, name }) => `${field}: ${name}`) ?? []
    assert.ok(
      inputs.some((input) => input.startsWith('industry: ')),
      inputs.join(),
    )
    // One cause, because it is one list of users that has not answered.
    assert.ok(
      inputs.some((input) => input.startsWith('hubspot_owner_id: ')),
      inputs.join(),
    )
    const next = decided(gone, { policy, directory: askedFor('dach') })
    assert.equal(next.write, null)
    assert.deepEqual(
      next.unknown?.inputs.map(({ name }) => name),
      [`the user ${at('dach')}`],
    )
    assert.ok(decided(gone, { policy }).write)
  })

  it('are said by a case that a rule might have settled', () => {
    const subject = hiding(contact({ hubspot_owner_id: 'hs-gone', industry: 'Retail' }), 'industry')
    const { exceptions } = decided(subject, { policy: inPilot })
    assert.match(exceptions[0]?.wouldHave ?? '', /would have assigned .*, but .*industry.*, so no rule writes\.$/)
    assert.deepEqual(exceptions[0]?.classRestsOn, [])
    assert.deepEqual(exceptions[0]?.restsOn, hidden('industry'))
  })

  it('stand in the receipt with the reason, and in no evidence as a value', () => {
    const subject = hiding(contact({ hubspot_owner_id: 'hs-gone', industry: 'Retail' }), 'industry')
    const when = [{ field: 'industry', op: 'in' as const, values: ['Retail'] }]
    const [japan, rest] = POLICY.boundary
    const retail = { id: 'retail', when, owner: at('big'), because: 'Retail.' }
    const boundary = [japan!, { ...rest!, rules: [retail, ...rest!.rules] }]
    const noRule = { pattern: 'no-rule' as const, when, class: 'expected' as const, because: 'Retail.' }
    const { exceptions } = decided(subject, { policy: { boundary, classes: [noRule, ...POLICY.classes] } })
    const { receipt, finding } = exceptions[0]!
    const input = receipt.inputs.industry
    assert.equal(input?.value, null)
    assert.match(input?.unknown ?? '', /industry/)
    assert.ok(Object.values(receipt.inputs).every(({ value }) => !((value as unknown) instanceof Unknown)))
    assert.ok(Object.values(finding.evidence).every((value) => !((value as unknown) instanceof Unknown)))
  })
})

describe('what the CRM refused, while an input is missing', () => {
  it('is neither found again nor over', () => {
    const known = decided(waiting({ industry: 'Retail' }), { policy: inPilot, refused: toDach })
    assert.deepEqual(
      known.exceptions.map(({ pattern }) => pattern),
      ['write-refused'],
    )
    const pilotUnknown = decided(hiding(waiting({ industry: 'Retail' }), 'industry'), {
      policy: inPilot,
      refused: toDach,
    })
    assert.deepEqual(pilotUnknown.exceptions, [])
    assert.ok(pilotUnknown.undecided !== 'all' && pilotUnknown.undecided.has('write-refused'))
    const policy = { action: { ...POLICY.action, when: [] } }
    const ownerAsked = decided(contact({ hubspot_owner_id: 'hs-france' }), {
      policy,
      refused: toDach,
      directory: askedFor('france'),
    })
    assert.deepEqual(
      ownerAsked.exceptions.filter(({ pattern }) => pattern === 'write-refused'),
      [],
    )
    assert.ok(ownerAsked.undecided !== 'all' && ownerAsked.undecided.has('write-refused'))
    assert.equal(decided(waiting(), { refused: toDach }).undecided === 'all', false)
  })
})
