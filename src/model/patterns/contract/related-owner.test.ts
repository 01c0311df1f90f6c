import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { caseOf, company, contact, lead, matching, record, unknownOf } from '../../../../test/support/example.ts'
import type { CrmRecord } from '../../record/crm-record.ts'
import { Unknown } from '../../record/knowledge.ts'
import type { Neighbours } from '../../record/neighbours.ts'
import type { RelatedOwner } from '../../rules/condition.ts'
import { relatedOwner } from './related-owner.ts'

const hiding = (...fields: string[]) => ({ unreadable: new Set(fields) })
const AMBIGUOUS = unknownOf('companies', { why: 'ambiguous' })

/** The name of the owner, the inputs that are missing, or the words for nobody. */
function ownerBy(owner: RelatedOwner, neighbours: Partial<Neighbours>, subject = contact()): string | string[] {
  const { facts, compiled } = caseOf(subject, { neighbours })
  const related = relatedOwner(owner, compiled, facts)
  if (typeof related === 'string') return related
  return related instanceof Unknown ? related.inputs.map(({ name, why }) => `${name} ${why}`).toSorted() : related.name
}

describe('the owner of the account of a record', () => {
  const of = (...candidates: CrmRecord[]) =>
    ownerBy('account.owner', { account: AMBIGUOUS, accountCandidates: candidates })
  const owned = (name: string, recordId = name) => company({ hubspot_owner_id: `hs-${name}` }, { recordId })

  it('is not known where the account is not, unless it is one of several with one owner', () => {
    assert.deepEqual(ownerBy('account.owner', { account: AMBIGUOUS }), ['companies ambiguous'])
    assert.equal(of(owned('big'), owned('big', '2')), 'Big')
    assert.equal(of(owned('big')), 'Big')
    assert.deepEqual(of(owned('big'), owned('dach')), ['companies ambiguous'])
    assert.deepEqual(of(owned('big'), owned('gone')), ['companies ambiguous'])
    assert.deepEqual(of(owned('gone'), owned('big')), ['companies ambiguous'])
    assert.deepEqual(of(owned('big'), company({}, hiding('hubspot_owner_id'))), ['companies ambiguous'])
    assert.deepEqual(of(company({}, hiding('hubspot_owner_id'))), ['companies ambiguous'])
  })

  it('is not known where the owner field of the account is hidden, or its owner was not read', () => {
    assert.deepEqual(ownerBy('account.owner', { account: company({}, hiding('hubspot_owner_id')) }), [
      'hubspot_owner_id hidden',
    ])
    assert.deepEqual(ownerBy('account.owner', { account: owned('new') }), ['the owner not-read'])
    assert.equal(ownerBy('account.owner', { account: owned('gone') }), 'but its account has no active owner')
  })
})

describe('the owner of the duplicate of a record', () => {
  const me = contact({ hubspot_owner_id: null })
  const twin = (values: Record<string, string>, ...hidden: string[]) =>
    lead(values, { recordId: '9', ...hiding(...hidden) })
  const of = (...twins: CrmRecord[]) => ownerBy('match.owner', { matches: twins.map((one) => matching(me, one)) }, me)

  it('is not known where it may be converted already, and names everything that is hidden of it', () => {
    assert.equal(of(twin({ OwnerId: 'sf-big' })), 'Big')
    assert.deepEqual(of(twin({ OwnerId: 'sf-big' }, 'IsConverted')), ['IsConverted hidden'])
    assert.deepEqual(of(twin({}, 'OwnerId')), ['OwnerId hidden'])
    assert.deepEqual(of(twin({}, 'OwnerId', 'IsConverted')), ['IsConverted hidden', 'OwnerId hidden'])
  })

  it('is known where what is hidden belongs to a record that is surely no duplicate', () => {
    const none = 'but it has no duplicate with an active owner'
    assert.equal(of(twin({ OwnerId: 'sf-big', IsConverted: 'true' }, 'OwnerId')), none)
    assert.equal(of(twin({ OwnerId: 'sf-gone' }, 'IsConverted')), none)
    assert.equal(of({ ...twin({ OwnerId: 'sf-big' }, 'IsConverted'), deleted: true }), none)
    assert.equal(of(), none)
  })

  it('is not known where a record may or may not be a duplicate, whoever owns it', () => {
    const called = contact({ email: 'jane@home.example', phone: '+49 30 1234567', hubspot_owner_id: null })
    const of = (...twins: CrmRecord[]) =>
      ownerBy('match.owner', { matches: twins.map((one) => matching(called, one)) }, called)
    const caller = (values: Record<string, string>, ...hidden: string[]) =>
      twin({ Email: 'x@y.example', Phone: '+49 30 1234567', OwnerId: 'sf-big', ...values }, ...hidden)
    assert.equal(of(caller({})), 'Big')
    assert.equal(of(caller({ LastName: 'Roe' })), 'but it has no duplicate with an active owner')
    assert.deepEqual(of(caller({}, 'LastName')), ['LastName hidden'])
    assert.deepEqual(of(caller({ OwnerId: 'sf-gone' }, 'LastName')), ['LastName hidden'])
    assert.deepEqual(of(caller({}), { ...caller({}, 'FirstName'), recordId: '8' }), ['FirstName hidden'])
  })

  it('is not known while another duplicate may be hidden, whoever owns the one that is seen', () => {
    const unseenKeys = unknownOf('Lead', { crm: 'salesforce', field: 'Email', name: 'Lead.Email' }).inputs
    const matches = [matching(me, twin({ OwnerId: 'sf-big' }))]
    assert.deepEqual(ownerBy('match.owner', { matches, unseenKeys }, me), ['Lead.Email not-read'])
    assert.deepEqual(ownerBy('match.owner', { matches: [], unseenKeys }, me), ['Lead.Email not-read'])
  })
})

describe('the owner of the open deals of a record', () => {
  const deal = (owner: string, values: Record<string, string> = {}, ...hidden: string[]) =>
    record(
      'hubspot',
      'deals',
      { hubspot_owner_id: `hs-${owner}`, amount: '100', hs_is_closed: 'false', ...values },
      { recordId: owner, ...hiding(...hidden) },
    )
  const of = (deals: readonly CrmRecord[], more: Partial<Neighbours> = {}) =>
    ownerBy('deal.owner', { account: company(), deals, ...more })

  it('is not known where a deal is hidden, or may be open and worth money', () => {
    assert.equal(of([deal('big'), deal('big')]), 'Big')
    assert.deepEqual(of([deal('big'), deal('dach', {}, 'amount')]), ['amount hidden'])
    assert.deepEqual(of([deal('big'), deal('dach', {}, 'hs_is_closed')]), ['hs_is_closed hidden'])
    assert.deepEqual(of([deal('big'), deal('dach', {}, 'hubspot_owner_id')]), ['hubspot_owner_id hidden'])
    assert.deepEqual(of([deal('a', {}, 'amount'), deal('b', {}, 'hubspot_owner_id')]), [
      'amount hidden',
      'hubspot_owner_id hidden',
    ])
    assert.deepEqual(of([deal('big')], { dealsUnknown: unknownOf('deals') }), ['deals not-read'])
    assert.equal(of([deal('big'), deal('dach', { hs_is_closed: 'true' }, 'amount')]), 'Big')
  })

  it('is not known where the account is not, unless no account that it may be has an open deal', () => {
    const several = { account: AMBIGUOUS, accountCandidates: [company(), company({}, { recordId: '2' })] }
    assert.deepEqual(of([], { account: AMBIGUOUS }), ['companies ambiguous'])
    assert.deepEqual(of([deal('big')], several), ['companies ambiguous'])
    assert.equal(of([], several), 'but it has no open deal with an active owner')
    assert.equal(of([deal('big'), deal('dach')]), 'but its open deals belong to Big and Dach')
  })
})
