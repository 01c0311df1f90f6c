import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ALONE, at, caseOf, directoryOf, NOW_MS, record, versionOf } from '../../../test/support/example.ts'
import { relatedOwner } from '../patterns/contract/related-owner.ts'
import type { CrmRecord } from '../record/crm-record.ts'
import type { CrmUser } from '../record/crm-user.ts'
import { decide } from './decide.ts'

const account = (values: Record<string, string | null>, over: Partial<CrmRecord> = {}) =>
  record('salesforce', 'Account', { Name: 'Jane Doe', OwnerId: 'sf-gone', ...values }, { recordId: 'a', ...over })
const contact = record('salesforce', 'Contact', { LastName: 'Doe', OwnerId: 'sf-gone', AccountId: 'a' })

function decided(subject: CrmRecord, of: CrmRecord | null) {
  const objects = [
    { crm: 'salesforce' as const, object: 'Contact' },
    { crm: 'salesforce' as const, object: 'Account' },
  ]
  const patterns = [{ pattern: 'orphaned-owner' as const, blankCounts: false }]
  return decide({
    record: subject,
    neighbours: { ...ALONE, account: of },
    directory: directoryOf(),
    version: versionOf({ objects, patterns, scope: [] }),
    nowMs: NOW_MS,
  })
}

describe('the contact that Salesforce keeps for a person account', () => {
  it('has no case of its own: its account has it', () => {
    const person = account({ IsPersonAccount: 'true' })
    assert.equal(decided(contact, person).inScope, false)
    assert.deepEqual(
      decided(person, person).exceptions.map(({ pattern }) => pattern),
      ['orphaned-owner'],
    )
  })

  it('is any contact where the account is a business, is not known as a person, or is none', () => {
    const hidden = account({ IsPersonAccount: null }, { unreadable: new Set(['IsPersonAccount']) })
    for (const parent of [account({ IsPersonAccount: 'false' }), account({ IsPersonAccount: null }), hidden, null]) {
      assert.deepEqual(
        decided(contact, parent).exceptions.map(({ pattern }) => pattern),
        ['orphaned-owner'],
      )
    }
  })
})

describe('a rule that gives records to the owner of their account', () => {
  it('gives no account away, whether a business, a person or one that may be either', () => {
    const related = (subject: CrmRecord, of: CrmRecord) => {
      const { facts, compiled } = caseOf(subject, { neighbours: { account: of } })
      return relatedOwner('account.owner', compiled, facts)
    }
    const owner = { OwnerId: 'sf-big' }
    const unsure = account(owner, { unreadable: new Set(['IsPersonAccount']) })
    for (const one of [account({ ...owner, IsPersonAccount: 'true' }), account(owner), unsure]) {
      assert.equal(related(one, one), 'but it has no account')
    }
    assert.equal((related(contact, account(owner)) as CrmUser).email, at('big'))
  })
})
