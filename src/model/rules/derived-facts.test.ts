import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { caseOf, company, contact, record, unknownOf } from '../../../test/support/example.ts'
import type { CrmRecord } from '../record/crm-record.ts'
import { type Known, Unknown } from '../record/knowledge.ts'
import type { Neighbours } from '../record/neighbours.ts'
import { fieldReader } from './facts.ts'

const deal = (amount: string | null, over: Partial<CrmRecord> = {}) =>
  record('hubspot', 'deals', { amount, hs_is_closed: 'false' }, over)
const hiding = (...fields: string[]) => ({ unreadable: new Set(fields) })
const AMBIGUOUS = unknownOf('companies', { why: 'ambiguous' })
/** The account is one of these, and nobody knows which. */
const oneOf = (...accountCandidates: CrmRecord[]): Partial<Neighbours> => ({ account: AMBIGUOUS, accountCandidates })

const read = (field: string, neighbours: Partial<Neighbours> = {}, subject = contact()) =>
  fieldReader(field)(caseOf(subject, { neighbours }).facts)
const missing = (known: Known) =>
  known instanceof Unknown ? known.inputs.map(({ name, why }) => `${name} ${why}`).toSorted() : known

describe('the sum of open deals', () => {
  it('is not known where one deal is open of an account that may be one of several', () => {
    const { account, accountCandidates } = oneOf(company(), company({}, { recordId: '101' }))
    const pipeline = (...deals: CrmRecord[]) =>
      missing(read('fact.openPipeline', { account: account!, accountCandidates: accountCandidates!, deals }))
    assert.deepEqual(pipeline(deal('100')), ['companies ambiguous'])
    assert.deepEqual(pipeline(deal('100'), deal(null)), ['companies ambiguous'])
    assert.deepEqual(pipeline(deal('100', hiding('amount'))), ['amount hidden', 'companies ambiguous'])
    // Nothing is open of any of them.
    assert.equal(pipeline(), '0')
    assert.equal(pipeline(deal('0'), deal(null), deal('n/a')), '0')
    assert.deepEqual(pipeline(deal('many')), ['amount not-understood', 'companies ambiguous'])
    assert.equal(pipeline(deal('100', { deleted: true })), '0')
  })

  it('names what is hidden of a deal that may be open and worth money, and asks nothing of any other', () => {
    const pipeline = (...deals: CrmRecord[]) => missing(read('fact.openPipeline', { account: company(), deals }))
    assert.deepEqual(pipeline(deal('1', hiding('hs_is_closed'))), ['hs_is_closed hidden'])
    assert.deepEqual(pipeline(deal('1', hiding('amount'))), ['amount hidden'])
    assert.deepEqual(pipeline(deal('1', hiding('amount', 'hs_is_closed'))), ['amount hidden', 'hs_is_closed hidden'])
    assert.equal(pipeline(deal('0', hiding('hs_is_closed'))), '0')
    assert.equal(pipeline(record('hubspot', 'deals', { hs_is_closed: 'true' }, hiding('amount'))), '0')
  })
})

describe('what an account answers that may be one of several', () => {
  const industry = (...candidates: CrmRecord[]) => missing(read('account.industry', oneOf(...candidates)))
  const retail = company({ industry: 'Retail' })
  const food = company({ industry: 'Food' }, { recordId: '101' })
  const hidden = company({}, { recordId: '102', ...hiding('industry') })

  it('is known where all of them answer alike', () => {
    assert.equal(industry(retail), 'Retail')
    assert.equal(industry(retail, { ...retail, recordId: '103' }), 'Retail')
    assert.equal(industry(company(), company({}, { recordId: '103' })), null)
    assert.deepEqual(industry(retail, food), ['companies ambiguous'])
    assert.deepEqual(industry(), ['companies ambiguous'])
  })

  it('misses the same inputs in whatever order they stand', () => {
    const both = ['account.industry hidden', 'companies ambiguous']
    assert.deepEqual(industry(hidden), both)
    assert.deepEqual(industry(hidden, retail), both)
    assert.deepEqual(industry(retail, hidden), both)
    assert.deepEqual(industry(retail, hidden, food), both)
  })
})

describe('who owns a record', () => {
  it('is not known where its owner field is hidden, or names a user that was not read', () => {
    for (const field of ['fact.owner', 'fact.ownerState']) {
      assert.deepEqual(missing(read(field, {}, contact({}, hiding('hubspot_owner_id')))), ['hubspot_owner_id hidden'])
      assert.deepEqual(missing(read(field, {}, contact({ hubspot_owner_id: 'hs-new' }))), ['the owner not-read'])
    }
    assert.equal(read('fact.ownerState', {}, contact({ hubspot_owner_id: null })), 'none')
    assert.equal(read('fact.ownerState', {}, contact({ hubspot_owner_id: 'hs-gone' })), 'inactive')
    assert.equal(read('fact.owner', {}, contact({ hubspot_owner_id: null })), null)
  })
})
