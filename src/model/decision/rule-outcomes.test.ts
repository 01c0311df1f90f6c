import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  ALONE,
  at,
  company,
  contact,
  daysAgo,
  directoryOf,
  HUBSPOT,
  lead,
  matching,
  NOW_MS,
  PEOPLE,
  POLICY,
  record,
  SALESFORCE,
  unknownOf,
  user,
  versionOf,
} from '../../../test/support/example.ts'
import type { Absence } from '../calendar/business-calendar.ts'
import { buildDirectory } from '../people/directory.ts'
import type { Policy } from '../policy/policy.ts'
import type { CrmRecord } from '../record/crm-record.ts'
import type { CrmUser } from '../record/crm-user.ts'
import type { Neighbours } from '../record/neighbours.ts'
import type { RuleOwner } from '../rules/condition.ts'
import { decide } from './decide.ts'
import type { DecideInput, Decision } from './decision.ts'
import { explainPolicy } from './explain-policy.ts'

type More = { readonly policy?: Partial<Policy>; readonly neighbours?: Partial<Neighbours> } & Partial<
  Pick<DecideInput, 'directory' | 'nowMs'>
>

const decided = (subject: CrmRecord, { policy, neighbours, ...more }: More = {}) =>
  decide({
    record: subject,
    neighbours: { ...ALONE, ...neighbours },
    directory: directoryOf(),
    version: versionOf(policy),
    nowMs: NOW_MS,
    ...more,
  })

const queued = (values = {}) => lead({ OwnerId: 'sf-queue', ...values })
const waiting = (values = {}) => contact({ hubspot_owner_id: null, territory: null, ...values })
const day = (days: number) => daysAgo(-days).slice(0, 10)
const away = (name: string, delegate: string | null, until = 20): Absence => ({
  email: at(name),
  from: day(-8),
  until: day(until),
  delegate: delegate && at(delegate),
})
const calendarOf = (...those: Absence[]): Partial<Policy> => ({ calendar: { ...POLICY.calendar, away: those } })
/** The rule for Germany names this owner. */
const giving = (owner: RuleOwner, more: Partial<Policy> = {}): Partial<Policy> => ({
  boundary: POLICY.boundary.map((branch) => ({
    ...branch,
    rules: branch.rules.map((rule) => (rule.id === 'dach' ? { ...rule, owner } : rule)),
  })),
  ...more,
})
const told = ({ write, exceptions }: Decision) => [write?.toEmail, exceptions.map((one) => one.finding.what)]
const noRule = (text: string) => [undefined, [`Rule dach assigns this ${text}.`]]

describe('a rule whose owner has the e-mail of two users', () => {
  const second = (over = {}) => user(HUBSPOT, 'dach2', { email: at('dach'), ...over })
  const among = (...more: CrmUser[]) => ({ directory: buildDirectory([...PEOPLE, ...more], new Map()) })

  it('case O05: gives the record to neither, and the case names both', () => {
    const both = 'whose e-mail several users have: Dach (hs-dach) and Dach2 (hs-dach2)'
    for (const people of [[second()], [second()].reverse()]) {
      const answer = decided(waiting(), among(...people))
      assert.deepEqual(told(answer), noRule(`contact to ${at('dach')}, ${both}`))
      assert.equal(answer.exceptions[0]?.pattern, 'no-rule')
      assert.match(answer.exceptions[0]?.finding.todo ?? '', /deactivate those who are not the person meant/)
    }
  })

  it('gives it to the one who may work: the other is deactivated, frozen, an integration user or gone', () => {
    const others: Partial<CrmUser>[] = [
      { active: false },
      { active: false, frozen: true },
      { integration: true },
      { standing: 'gone' },
    ]
    for (const over of others) {
      const { write, exceptions } = decided(waiting(), among(second(over)))
      assert.deepEqual([write?.to, exceptions], ['hs-dach', []])
    }
  })

  it('takes the user whom the account of the record names by id', () => {
    const account = company({ hubspot_owner_id: 'hs-dach2' })
    const answer = decided(waiting(), { ...among(second()), policy: giving('account.owner'), neighbours: { account } })
    assert.equal(answer.write?.to, 'hs-dach2')
  })
})

describe('a person whose e-mails the company links', () => {
  const OTHER = 'd.ach@other.example'
  const renamed = PEOPLE.map((one) => (one.userId === 'hs-dach' ? { ...one, email: OTHER } : one))
  const directory = buildDirectory(renamed, new Map())
  const people = { persons: [[at('dach'), OTHER]], integrations: [] }

  it('gets what a rule gives to them by another of their e-mails, and nothing without the link', () => {
    assert.equal(decided(waiting(), { directory, policy: { people } }).write?.to, 'hs-dach')
    const [, [what]] = told(decided(waiting(), { directory })) as [undefined, string[]]
    assert.match(what ?? '', /who is not an active user of this CRM/)
  })

  it('is away under each of them', () => {
    const policy = { people, ...calendarOf({ ...away('dach', 'big'), email: OTHER }) }
    assert.equal(decided(waiting(), { directory, policy }).write?.to, 'hs-big')
  })

  it('is the owner for whom a condition asks by either of them', () => {
    const asks = (op: 'in' | 'not-in', email: string) => ({
      people,
      scope: [{ field: 'fact.owner', op, values: [email] }],
    })
    const owned = contact()
    for (const email of [at('dach'), OTHER]) {
      assert.equal(decided(owned, { directory, policy: asks('in', email) }).inScope, true)
      assert.equal(decided(owned, { directory, policy: asks('not-in', email) }).inScope, false)
    }
    assert.equal(decided(owned, { directory, policy: asks('in', at('big')) }).inScope, false)
  })

  it('works the territory whose table names them by another e-mail', () => {
    const { exceptions } = decided(contact(), { directory, policy: { people } })
    assert.deepEqual(exceptions, [])
    const [, unlinked] = told(decided(contact(), { directory }))
    assert.match(String(unlinked), /does not work its territory/)
  })

  it('judges no record of their own as a reviewer while somebody else can', () => {
    const owners = { ...POLICY.owners, reviewers: { ...POLICY.owners.reviewers, general: [at('dach'), at('rita')] } }
    const left = contact({ company: null, createdate: daysAgo(3) })
    const { exceptions } = decided(left, { directory, policy: { people, owners } })
    assert.deepEqual(
      exceptions.map(({ pattern, owner }) => [pattern, owner]),
      [['missing-field', at('rita')]],
    )
  })
})

describe('a rule whose owner is away', () => {
  it('case O08: gives the record to the delegate, and the receipt says who is away', () => {
    const { write, exceptions } = decided(waiting(), { policy: calendarOf(away('dach', 'big')) })
    assert.deepEqual([write?.toEmail, write?.to, exceptions], [at('big'), 'hs-big', []])
    assert.equal(write?.receipt.inputs[`${at('dach')} is away until`]?.value, day(20))
  })

  it('case O09: writes to nobody where there is no delegate, and is a case until its owner is back', () => {
    const policy = calendarOf(away('dach', null))
    const answer = decided(waiting(), { policy })
    assert.deepEqual(told(answer), noRule(`contact to ${at('dach')}, who is away until ${day(20)} and has no delegate`))
    assert.equal(answer.exceptions[0]?.pattern, 'no-rule')
    assert.ok(answer.wake !== null)
    const back = decided(waiting(), { policy, nowMs: answer.wake.atMs })
    assert.deepEqual([back.write?.toEmail, back.exceptions], [at('dach'), []])
    assert.equal(decided(waiting(), { policy, nowMs: answer.wake.atMs - 1 }).write, null)
  })

  it('asks the delegate of a delegate, and goes round in no circle', () => {
    const chain = calendarOf(away('dach', 'rita'), away('rita', 'big'))
    assert.equal(decided(queued(), { policy: chain }).write?.toEmail, at('big'))
    const circle = calendarOf(away('dach', 'big'), away('big', 'dach'))
    const [, [what]] = told(decided(queued(), { policy: circle })) as [undefined, string[]]
    assert.match(what ?? '', /and whose delegate big@.* cannot take it either\.$/)
  })

  it('says so where the delegate left', () => {
    const answer = decided(queued(), { policy: calendarOf(away('dach', 'gone')) })
    assert.equal(answer.write, null)
    assert.match(
      answer.exceptions[0]?.finding.what ?? '',
      /whose delegate gone@.* is not an active user of this CRM\.$/,
    )
  })

  it('passes nobody over who is in the office today', () => {
    for (const policy of [calendarOf(away('dach', 'big', -1)), calendarOf(away('france', null))]) {
      assert.equal(decided(queued(), { policy }).write?.toEmail, at('dach'))
    }
  })

  it('settles no case with somebody who is away, and says why', () => {
    const left = contact({ hubspot_owner_id: 'hs-gone' })
    const held = decided(left, { policy: calendarOf(away('dach', null)) })
    assert.equal(held.write, null)
    assert.match(held.exceptions[0]?.wouldHave ?? '', /, who is away until .* and has no delegate\.$/)
    assert.equal(held.wake?.reason, 'owner')
    assert.equal(decided(left, { policy: calendarOf(away('dach', 'big')) }).write?.toEmail, at('big'))
  })

  it('a delegate outside the territory works it, also when the one who was away is back', () => {
    const policy = calendarOf(away('dach', 'rita'))
    const answer = decided(waiting(), { policy })
    assert.equal(answer.write?.toEmail, at('rita'))
    const given = contact({ hubspot_owner_id: 'hs-rita' })
    assert.deepEqual(decided(given, { policy }).exceptions, [])
    assert.deepEqual(
      decided(given, { policy, nowMs: NOW_MS + 40 * 86_400_000 }).exceptions.filter(
        ({ pattern }) => pattern === 'stale-territory',
      ),
      [],
    )
    const other = decided(contact({ hubspot_owner_id: 'hs-wim' }), { policy })
    assert.equal(other.exceptions[0]?.pattern, 'stale-territory')
  })
})

describe('the owner that a rule gives', () => {
  const account = (owner: string | null) =>
    record(
      'salesforce',
      'Account',
      { Name: 'Acme', Website: 'acme.de', Type: 'Customer', OwnerId: owner },
      { recordId: '001' },
    )

  it('is the owner of the account', () => {
    const policy = giving('account.owner')
    const { write, exceptions } = decided(queued(), { policy, neighbours: { account: account('sf-big') } })
    assert.deepEqual([write?.to, write?.toEmail, exceptions], ['sf-big', at('big'), []])
    assert.equal(write?.receipt.inputs['account.owner']?.value, at('big'))
  })

  it('is nobody where there is no account, or its owner left', () => {
    const policy = giving('account.owner')
    assert.deepEqual(
      told(decided(queued(), { policy })),
      noRule('lead to the owner of its account, but it has no account'),
    )
    for (const owner of ['sf-gone', 'sf-queue', null]) {
      const answer = decided(queued(), { policy, neighbours: { account: account(owner) } })
      const [write, [what]] = told(answer) as [undefined, string[]]
      assert.deepEqual(
        [write, what],
        noRule('lead to the owner of its account, but its account has no active owner').flat(),
      )
    }
    const unread = decided(queued(), { policy, neighbours: { account: unknownOf('Account') } })
    assert.deepEqual([unread.write, unread.exceptions, unread.unknown === null], [null, [], false])
  })

  it('is the delegate of an owner of the account who is away, unless that makes two owners', () => {
    const policy = { ...giving('account.owner'), ...calendarOf(away('big', 'dach')) }
    const answer = decided(queued(), { policy, neighbours: { account: account('sf-big') } })
    assert.equal(answer.write, null)
    assert.match(
      answer.exceptions[0]?.finding.what ?? '',
      /^Rule dach would give this lead to Dach, but Big owns its account/,
    )
    const alone = decided(queued(), {
      policy: { ...policy, ...calendarOf(away('big', null)) },
      neighbours: { account: account('sf-big') },
    })
    assert.match(
      alone.exceptions[0]?.finding.what ?? '',
      /to the owner of its account, big@.*, who is away until .* and has no delegate\.$/,
    )
  })

  it('is the owner of the duplicate, by e-mail where that is in the other CRM', () => {
    const policy = giving('match.owner')
    const twin = (owner: string, id = '9') => lead({ OwnerId: owner }, { recordId: id })
    const matches = (...twins: CrmRecord[]) => ({ matches: twins.map((one) => matching(waiting(), one)) })
    const { write, exceptions } = decided(waiting(), {
      policy,
      neighbours: matches(twin('sf-big'), twin('sf-gone', '8')),
    })
    assert.deepEqual([write?.to, exceptions], ['hs-big', []])
    assert.deepEqual(
      told(decided(waiting(), { policy })),
      noRule('contact to the owner of its duplicate, but it has no duplicate with an active owner'),
    )
    const two = decided(waiting(), { policy, neighbours: matches(twin('sf-big'), twin('sf-dach', '8')) })
    assert.deepEqual(
      told(two),
      noRule('contact to the owner of its duplicate, but its duplicates belong to Big and Dach'),
    )
    const people = PEOPLE.filter(({ userId }) => userId !== 'hs-big')
    const elsewhere = decided(waiting(), {
      policy,
      neighbours: matches(twin('sf-big')),
      directory: directoryOf(people),
    })
    assert.deepEqual(
      told(elsewhere),
      noRule(`contact to the owner of its duplicate, ${at('big')}, who is not an active user of this CRM`),
    )
  })

  it('is the owner of the open deal', () => {
    const policy = giving('deal.owner')
    const deal = (owner: string, over: Record<string, string> = {}, id = '5') =>
      record(
        'salesforce',
        'Opportunity',
        { Name: 'Deal', Amount: '900', IsClosed: 'false', OwnerId: owner, ...over },
        { recordId: id },
      )
    const of = (...deals: CrmRecord[]) => ({ account: account('sf-big'), deals })
    assert.equal(
      decided(queued(), { policy, neighbours: of(deal('sf-big'), deal('sf-dach', { IsClosed: 'true' }, '6')) }).write
        ?.toEmail,
      at('big'),
    )
    assert.match(
      String(told(decided(queued(), { policy, neighbours: of(deal('sf-big'), deal('sf-dach', {}, '6')) }))[1]),
      /its open deals belong to Big and Dach/,
    )
    assert.match(
      String(told(decided(queued(), { policy, neighbours: of() }))[1]),
      /but it has no open deal with an active owner/,
    )
    const unread = decided(queued(), { policy, neighbours: { ...of(), dealsUnknown: unknownOf('Opportunity') } })
    assert.deepEqual([unread.write, unread.unknown === null], [null, false])
  })

  it('case O14: is a queue where the object allows it', () => {
    const routed = user(SALESFORCE, 'inbound', { kind: 'queue', email: null, name: 'Inbound DACH', activeMembers: 2 })
    const empty = user(SALESFORCE, 'old', { kind: 'queue', email: null, name: 'Old', activeMembers: 0 })
    const directory = directoryOf([...PEOPLE, routed, empty])
    const when = [{ field: 'fact.ownerState', op: 'in' as const, values: ['none'] }]
    const policy = giving({ queue: 'inbound dach' }, { action: { ...POLICY.action, when } })
    const { write } = decided(lead({ OwnerId: null }), { policy, directory })
    assert.deepEqual([write?.to, write?.toEmail], ['sf-inbound', 'the queue Inbound DACH'])
    assert.deepEqual(
      told(decided(waiting(), { policy, directory })),
      noRule('contact to the queue inbound dach, but a contact of HubSpot cannot belong to a queue'),
    )
    const old = giving({ queue: 'Old' })
    assert.deepEqual(
      told(decided(queued(), { policy: old, directory })),
      noRule('lead to the queue Old, in which nobody active works'),
    )
    const none = giving({ queue: 'None' })
    assert.deepEqual(
      told(decided(queued(), { policy: none, directory })),
      noRule('lead to the queue None, which Salesforce does not have'),
    )
  })

  it('is nobody by choice where the rule leaves the record alone: no write and no case', () => {
    const answer = decided(queued(), { policy: giving('leave-alone') })
    assert.deepEqual([answer.write, answer.exceptions], [null, []])
    const left = decided(lead({ OwnerId: 'sf-gone' }), { policy: giving('leave-alone') })
    assert.deepEqual([left.write, left.exceptions[0]?.wouldHave], [null, 'Nothing: rule dach leaves this lead alone.'])
  })

  it('is read aloud with the policy', () => {
    const aloud = (owner: RuleOwner) => explainPolicy(versionOf(giving(owner)))
    assert.match(aloud('account.owner'), /it goes to the owner of its account\. Rest\./)
    assert.match(aloud({ queue: 'Inbound' }), /it goes to the queue Inbound\. Rest\./)
    assert.match(aloud('leave-alone'), /it is left alone\. Rest\./)
  })

  it('is the account of a company in the other kind of CRM as well', () => {
    const neighbours = { account: company({ hubspot_owner_id: 'hs-big' }) }
    assert.equal(decided(waiting(), { policy: giving('account.owner'), neighbours }).write?.toEmail, at('big'))
  })
})
