import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  ALONE,
  at,
  company,
  contact,
  daysAgo,
  directoryOf,
  hoursAgoMs,
  lead,
  matching,
  NOW_MS,
  PEOPLE,
  POLICY,
  record,
  unknownOf,
  versionOf,
} from '../../../test/support/example.ts'
import type { Policy, PolicyVersion } from '../policy/policy.ts'
import type { CrmRecord } from '../record/crm-record.ts'
import type { Neighbours } from '../record/neighbours.ts'
import { decide } from './decide.ts'
import type { DecideInput, Decision } from './decision.ts'

type More = Partial<Omit<DecideInput, 'neighbours'>> & {
  readonly policy?: Partial<Policy>
  readonly neighbours?: Partial<Neighbours>
}

const inputOf = (subject: CrmRecord, { policy, neighbours, ...more }: More = {}): DecideInput => ({
  record: subject,
  neighbours: { ...ALONE, ...neighbours },
  directory: directoryOf(),
  version: versionOf(policy),
  nowMs: NOW_MS,
  ...more,
})
const decided = (subject: CrmRecord, more: More = {}) => decide(inputOf(subject, more))
const kinds = ({ exceptions }: Decision) => exceptions.map((one) => [one.pattern, one.class, one.status])

const queued = (values = {}, over: Partial<CrmRecord> = {}) => lead({ OwnerId: 'sf-queue', ...values }, over)
const waiting = (values = {}, over: Partial<CrmRecord> = {}) =>
  contact({ hubspot_owner_id: null, territory: null, ...values }, over)
const customerOf = (owner: string | null, values = {}) =>
  record(
    'salesforce',
    'Account',
    { Name: 'Acme', Website: 'acme.de', Type: 'Customer', OwnerId: owner, ...values },
    { recordId: '001' },
  )
/** What the CRM holds after the write that was decided. */
const written = (subject: CrmRecord, { write }: Decision): CrmRecord => {
  const change = { atMs: NOW_MS, order: 0 }
  return {
    ...subject,
    values: { ...subject.values, [write!.field]: write!.to },
    stamps: { ...subject.stamps, [write!.field]: change },
    ownerHistory: [...subject.ownerHistory, { ...change, owner: write!.to }],
  }
}

describe('a write is looked at before it is made', () => {
  it('case W01: a lead whose account belongs to somebody else is a case, and the rule does not write it', () => {
    const answer = decided(queued(), { neighbours: { account: customerOf('sf-big') } })
    assert.equal(answer.write, null)
    assert.deepEqual(kinds(answer), [['duplicate-ownership', 'customer-facing', 'open']])
    const [one] = answer.exceptions
    assert.equal(one?.finding.what, 'Rule dach would give this lead to Dach, but Big owns its account Acme.')
    assert.match(one.wouldHave, /^Rule dach would have assigned this lead to .*, but that would make this case/)
    assert.equal(one.receipt.wouldChange, `Fastest fix: assign it to ${at('big')}.`)
  })

  it('case W02: an unowned contact whose twin in the other CRM belongs to somebody else waits for a person', () => {
    const twins = [
      lead({ OwnerId: 'sf-big', CreatedDate: daysAgo(90) }, { recordId: '9' }),
      lead({ OwnerId: 'sf-big', CreatedDate: daysAgo(1) }, { recordId: '9' }),
    ]
    for (const twin of twins) {
      const answer = decided(waiting(), { neighbours: { matches: [matching(waiting(), twin)] } })
      assert.equal(answer.write, null)
      assert.deepEqual(kinds(answer), [['duplicate-ownership', 'risky', 'open']])
      assert.equal(
        answer.exceptions[0]?.finding.what,
        'Rule dach would give this contact to Dach, but Big owns the Salesforce lead "Jane Doe", the same person (same e-mail).',
      )
    }
  })

  it('case W03: a rule whose owner does not work the territory of the table does not write', () => {
    const boundary = POLICY.boundary.map((branch) => ({
      ...branch,
      rules: branch.rules.map((rule) => (rule.id === 'dach' ? { ...rule, owner: at('france') } : rule)),
    }))
    const answer = decided(waiting(), { policy: { boundary } })
    assert.equal(answer.write, null)
    assert.deepEqual(kinds(answer), [['stale-territory', 'risky', 'open']])
    const [one] = answer.exceptions
    assert.equal(
      one?.finding.what,
      'Rule dach would give this contact to France, who does not work its territory dach (Germany, Austria) by the territory table.',
    )
    assert.equal(one.receipt.wouldChange, `Fastest fix: assign it to ${at('dach')}.`)
  })

  it('the same owner everywhere is no case, and neither is an account without an active owner', () => {
    for (const owner of ['sf-dach', 'sf-gone', 'sf-queue', null]) {
      const answer = decided(queued(), { neighbours: { account: customerOf(owner) } })
      assert.deepEqual([answer.write?.toEmail, kinds(answer)], [at('dach'), []], String(owner))
    }
  })

  it('a twin that waits as well, or that belongs to the owner whom the rule gives, keeps nothing back', () => {
    for (const owner of ['sf-queue', 'sf-dach', 'sf-gone']) {
      const twin = lead({ OwnerId: owner }, { recordId: '9' })
      const answer = decided(waiting(), { neighbours: { matches: [matching(waiting(), twin)] } })
      assert.equal(answer.write?.toEmail, at('dach'), owner)
    }
  })

  it('an account that was not read keeps the write back like any input that is not known', () => {
    const answer = decided(queued(), { neighbours: { account: unknownOf('Account') } })
    assert.deepEqual([answer.write, answer.exceptions], [null, []])
    assert.notEqual(answer.unknown, null)
    assert.ok(answer.undecided !== 'all' && answer.undecided.has('duplicate-ownership'))
  })

  it('a case found ahead stays open while it is not known whom the rule would give the record', () => {
    const directory = directoryOf(
      PEOPLE.map((one) => (one.userId === 'sf-dach' ? { ...one, standing: 'unlisted' as const } : one)),
    )
    const answer = decided(queued(), { neighbours: { account: customerOf('sf-big') }, directory })
    assert.equal(answer.write, null)
    assert.ok(answer.undecided !== 'all' && answer.undecided.has('duplicate-ownership'))
  })

  it('a rule settles nothing with a write that would make another case', () => {
    const left = lead({ OwnerId: 'sf-gone' })
    const answer = decided(left, { neighbours: { account: customerOf('sf-big', { Type: 'Prospect' }) } })
    assert.equal(answer.write, null)
    assert.deepEqual(kinds(answer), [
      ['orphaned-owner', 'risky', 'open'],
      ['duplicate-ownership', 'risky', 'open'],
    ])
  })

  it('a rule settles no case that would be there again after its write', () => {
    const boundary = POLICY.boundary.map((branch) => ({
      ...branch,
      settles: branch.mode === 'rules' ? ['stale-territory', 'orphaned-owner'] : [],
    }))
    const answer = decided(contact({ hubspot_owner_id: 'hs-france', territory: 'france' }), { policy: { boundary } })
    assert.equal(answer.write, null)
    assert.deepEqual(kinds(answer), [['stale-territory', 'risky', 'open']])
    const ends = decided(contact({ hubspot_owner_id: 'hs-france' }), { policy: { boundary } })
    assert.equal(ends.write?.toEmail, at('dach'))
  })

  it('the change of owner that would make it go back and forth is not made, and says the same at any time', () => {
    const owners = ['hs-dach', 'hs-big', null]
    const ownerHistory = owners.map((owner, i) => ({ owner, atMs: hoursAgoMs(20 - i), order: 0 }))
    const subject = waiting({}, { ownerHistory })
    const policy = {
      patterns: POLICY.patterns.map((one) => (one.pattern === 'ownership-flapping' ? { ...one, changes: 4 } : one)),
    }
    const answer = decided(subject, { policy })
    assert.equal(answer.write, null)
    assert.deepEqual(kinds(answer), [['ownership-flapping', 'unknown', 'open']])
    assert.equal(
      answer.exceptions[0]?.finding.what,
      'Rule dach would change the owner of this contact for the 4th time within 72 hours, back to an earlier one.',
    )
    const later = decided(subject, { policy, nowMs: NOW_MS + 60_000 })
    assert.deepEqual(later.exceptions[0]?.finding, answer.exceptions[0].finding)
    assert.ok(answer.wake !== null && answer.wake.atMs > NOW_MS)
  })

  it('a pair whose case the other record has already holds nothing back', () => {
    const policy = { action: { ...POLICY.action, when: [] } }
    const twin = lead({ OwnerId: 'sf-big', CreatedDate: daysAgo(1) }, { recordId: '9' })
    const subject = contact({ hubspot_owner_id: 'hs-rita', territory: null })
    const neighbours = { matches: [matching(subject, twin)] }
    const patterns = POLICY.patterns.filter(({ pattern }) => pattern !== 'stale-territory')
    assert.equal(decided(subject, { policy: { ...policy, patterns }, neighbours }).write?.toEmail, at('dach'))
  })

  it('a twin is another disagreement than the account that the rule would put in order', () => {
    const boundary = POLICY.boundary.map((branch) => ({
      ...branch,
      settles: branch.mode === 'rules' ? ['duplicate-ownership'] : [],
    }))
    const subject = contact({ hubspot_owner_id: 'hs-rita', country: 'France', territory: null })
    const account = company({ hubspot_owner_id: 'hs-france' })
    const patterns = POLICY.patterns.filter(({ pattern }) => pattern === 'duplicate-ownership')
    const alone = decided(subject, { policy: { boundary, patterns }, neighbours: { account } })
    assert.equal(alone.write?.toEmail, at('france'))
    const twin = lead({ OwnerId: 'sf-rita', CreatedDate: daysAgo(1) }, { recordId: '9' })
    const matches = [matching(subject, twin)]
    const answer = decided(subject, { policy: { boundary, patterns }, neighbours: { account, matches } })
    assert.equal(answer.write, null)
  })

  it('ends with the disagreement: when the account goes to the owner of the rule, or the record to the owner of the account', () => {
    const before = decided(queued(), { neighbours: { account: customerOf('sf-big') } })
    assert.equal(before.exceptions[0]?.subject, 'sf/Lead/1')
    assert.equal(decided(queued(), { neighbours: { account: customerOf('sf-dach') } }).write?.toEmail, at('dach'))
    const given = decided(lead({ OwnerId: 'sf-big' }), { neighbours: { account: customerOf('sf-big') } })
    assert.deepEqual([given.exceptions, given.write], [[], null])
    // Against the account's owner it stays the same case.
    const taken = decided(lead(), { neighbours: { account: customerOf('sf-big') } })
    assert.deepEqual([taken.exceptions[0]?.pattern, taken.exceptions[0]?.subject], ['duplicate-ownership', 'sf/Lead/1'])
  })

  it('a loop that is a case already says so alone', () => {
    const subject = waiting(
      {},
      { ownerHistory: ['hs-dach', 'hs-big', null].map((owner, i) => ({ owner, atMs: hoursAgoMs(9 - i), order: 0 })) },
    )
    const side = { kind: 'rule', workflow: 'contact-routing', rule: 'dach' } as const
    const found = {
      sides: [side, { kind: 'person', id: '7' } as const],
      alternations: 3,
      setting: { alternations: 3, withinHours: 72 },
    }
    const answer = decided(subject, { loop: { found, reports: true } })
    assert.deepEqual(kinds(answer), [['ownership-flapping', 'unknown', 'open']])
    assert.match(answer.exceptions[0]?.finding.what ?? '', /goes back and forth/)
  })
})

describe('after a write of ours', () => {
  const owner = fc.constantFrom('dach', 'big', 'france', 'rita', 'gone', 'queue')
  const arbitrary = fc.record({
    isLead: fc.boolean(),
    present: fc.option(owner),
    country: fc.constantFrom('Germany', 'France', 'Japan', null),
    territory: fc.constantFrom('dach', 'france', null),
    account: fc.option(owner),
    customer: fc.boolean(),
    twin: fc.option(owner),
    twinAge: fc.constantFrom(1, 90),
    history: fc.array(fc.option(owner), { maxLength: 5 }),
    always: fc.boolean(),
    settles: fc.subarray(['orphaned-owner', 'stale-territory', 'duplicate-ownership']),
    ruleOwner: fc.constantFrom('dach', 'france', 'big'),
  })

  type Setting = { readonly ruleOwner: string; readonly always: boolean; readonly settles: readonly string[] }
  const versions = new Map<string, PolicyVersion>()
  /** The same object for the same settings, because each one is compiled. */
  const versionFor = ({ ruleOwner, always, settles }: Setting, mode: Policy['mode'] = POLICY.mode): PolicyVersion => {
    const key = JSON.stringify([ruleOwner, always, settles, mode])
    const known = versions.get(key)
    if (known !== undefined) return known
    const boundary = POLICY.boundary.map((branch) => ({
      ...branch,
      settles: branch.mode === 'rules' ? settles : [],
      rules: branch.rules.map((rule) => (rule.id === 'dach' ? { ...rule, owner: at(ruleOwner) } : rule)),
    }))
    const version = versionOf({ boundary, mode, ...(always && { action: { ...POLICY.action, when: [] } }) })
    versions.set(key, version)
    return version
  }

  it('the record shows no case that it did not show before, nor does its twin', () => {
    let writes = 0
    fc.assert(
      fc.property(arbitrary, (given) => {
        const prefix = given.isLead ? 'sf' : 'hs'
        const id = (name: string | null) => (name === null ? null : `${prefix}-${name}`)
        const ownerHistory = given.history.map((name, i) => ({ owner: id(name), atMs: hoursAgoMs(20 - i), order: 0 }))
        const subject = given.isLead
          ? lead({ OwnerId: id(given.present), Country: given.country }, { ownerHistory })
          : contact(
              { hubspot_owner_id: id(given.present), country: given.country, territory: given.territory },
              { ownerHistory },
            )
        const other = given.isLead
          ? contact(
              { hubspot_owner_id: given.twin && `hs-${given.twin}`, createdate: daysAgo(given.twinAge) },
              { recordId: '9' },
            )
          : lead({ OwnerId: given.twin && `sf-${given.twin}`, CreatedDate: daysAgo(given.twinAge) }, { recordId: '9' })
        const account = given.isLead
          ? customerOf(id(given.account), { Type: given.customer ? 'Customer' : 'Prospect' })
          : company({ hubspot_owner_id: id(given.account) })
        const more = { version: versionFor(given), neighbours: { account, matches: [matching(subject, other)] } }
        const answer = decided(subject, more)
        if (answer.write === null) return
        writes += 1
        const after = written(subject, answer)
        const open = new Set(
          answer.exceptions.filter(({ status }) => status === 'open').map((one) => `${one.pattern} ${one.subject}`),
        )
        const made = decided(after, more).exceptions.map((one) => `${one.pattern} ${one.subject}`)
        assert.deepEqual(
          made.filter((one) => !open.has(one)),
          [],
        )
        const ofOther = (one: CrmRecord) =>
          decided(other, {
            version: versionFor(given, 'observe'),
            neighbours: { matches: [matching(other, one)] },
          }).exceptions.map(({ pattern }) => pattern)
        if (!ofOther(subject).includes('duplicate-ownership'))
          assert.equal(ofOther(after).includes('duplicate-ownership'), false)
      }),
      { numRuns: 1500 },
    )
    assert.ok(writes > 50, `${writes} writes`)
  })
})
