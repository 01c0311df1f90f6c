import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  ALONE,
  at,
  company,
  contact,
  directoryOf,
  NOW_MS,
  unknownOf,
  versionOf,
} from '../../../test/support/example.ts'
import { decide } from '../decision/decide.ts'
import type { Policy } from '../policy/policy.ts'
import type { CrmRecord } from '../record/crm-record.ts'
import type { Neighbours } from '../record/neighbours.ts'
import { departureOutcome } from './departure.ts'

const outcomeOf = (record: CrmRecord, neighbours: Partial<Neighbours> = {}, policy: Partial<Policy> = {}) => {
  const version = versionOf(policy)
  const decision = decide({
    record,
    neighbours: { ...ALONE, account: company(), ...neighbours },
    directory: directoryOf(),
    version,
    nowMs: NOW_MS,
  })
  return departureOutcome(version.policy.workflow, decision)
}
const left = (values = {}, over: Partial<CrmRecord> = {}) => contact({ hubspot_owner_id: 'hs-gone', ...values }, over)

describe('what becomes of a record of somebody who left', () => {
  it('goes to whom a rule gives it, or to a person as a case', () => {
    assert.deepEqual(outcomeOf(left()), { kind: 'rule', workflow: 'contact-routing', rule: 'dach', to: at('dach') })
    const { kind, ...more } = outcomeOf(left({ country: 'Brazil', territory: null }))
    assert.deepEqual([kind, 'branch' in more && more.branch], ['case', 'everywhere-else'])
  })

  it('stays where nothing is found', () => {
    assert.deepEqual(outcomeOf(contact()), { kind: 'stays', workflow: 'contact-routing' })
    assert.equal(outcomeOf(left({ lifecyclestage: 'other' })).kind, 'stays')
  })

  it('is not known while an input is, and says which, although there is a case already', () => {
    const hidden = outcomeOf(left({}, { unreadable: new Set(['country']) }))
    assert.equal(hidden.kind, 'unknown')
    assert.match(hidden.kind === 'unknown' ? hidden.why : '', /country/)
    assert.equal(outcomeOf(left(), { account: unknownOf('companies') }).kind, 'unknown')
  })
})
