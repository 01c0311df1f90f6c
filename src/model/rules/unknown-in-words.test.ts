import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import '../../crm/profiles.ts'
import { inputTitle } from '../decision/input-case.ts'
import type { ConnectionId } from '../record/change-event.ts'
import { type MissingInput, Unknown, WHOLE_RECORD } from '../record/knowledge.ts'
import { howToMend, unknownInWords } from './unknown-in-words.ts'

function shared(crm: MissingInput['crm'], objectType: string, field: string, name = 'account'): MissingInput {
  return { connectionId: 'c-1' as ConnectionId, crm, objectType, field, why: 'ambiguous', name }
}

describe('an input that several records share the key of', () => {
  it('is said in the words of the object, whatever the object and the key', () => {
    const said = (input: MissingInput) => [unknownInWords(new Unknown([input])), inputTitle(input)]
    assert.deepEqual(said(shared('salesforce', 'Account', 'Website')), [
      'more than one account has the same Website',
      'accounts with the same Website',
    ])
    assert.deepEqual(said(shared('hubspot', 'companies', 'domain')), [
      'more than one company has the same domain',
      'companies with the same domain',
    ])
    assert.deepEqual(said(shared('salesforce', 'Opportunity', 'Name')), [
      'more than one opportunity has the same Name',
      'opportunities with the same Name',
    ])
    assert.deepEqual(said(shared('hubspot', 'parking_boxes', 'plate')), [
      'more than one parking_boxes record has the same plate',
      'parking_boxes records with the same plate',
    ])
    assert.deepEqual(said(shared('salesforce', 'Account', WHOLE_RECORD)), [
      'more than one account may be the right one',
      'accounts that cannot be told apart',
    ])
  })

  it('is said once for all the fields that rest on it, and once for each object', () => {
    const fields = ['account', 'account.Type', 'account.Industry'].map((name) =>
      shared('salesforce', 'Account', 'Website', name),
    ) as [MissingInput, ...MissingInput[]]
    assert.equal(
      unknownInWords(new Unknown([...fields, shared('hubspot', 'companies', 'domain')])),
      'more than one account has the same Website; more than one company has the same domain',
    )
  })

  it('ends when the records are merged, corrected or linked', () => {
    assert.equal(
      howToMend(shared('hubspot', 'companies', 'domain')),
      'Merge the companies that have the same domain, or correct domain on all but one of them, or, where the CRM allows it, link the waiting records to the right company.',
    )
  })
})
