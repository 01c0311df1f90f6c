import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { caseOf, contact, daysAgo } from '../../../test/support/example.ts'
import type { CrmRecord } from '../record/crm-record.ts'
import { inputKey } from '../record/knowledge.ts'
import { staleField } from './stale-field.ts'

const setting = { pattern: 'stale-field', fields: ['hs_lead_status'], businessDays: 3 } as const
const status = (changed: string | null, value: string | null = 'NEW') => {
  const subject = contact({ hs_lead_status: value })
  const { hs_lead_status: _, ...stamps } = subject.stamps
  return {
    ...subject,
    stamps: changed === null ? stamps : { ...stamps, hs_lead_status: { atMs: Date.parse(changed), order: 0 } },
  }
}
// Now is Wednesday the 18th, 11:00 in Berlin.
const isStale = (subject: ReturnType<typeof contact>) =>
  staleField.detect(setting, caseOf(subject)).findings.length === 1

describe('stale-field', () => {
  it('part of M15: says nothing of a field that is hidden, and asks for the age that a hidden time would tell', () => {
    const fields = ['hs_lead_status']
    const old = { hs_lead_status: 'NEW', lastmodifieddate: daysAgo(90) }
    const detect = (over: Partial<CrmRecord>) => {
      const { findings, unknown } = staleField.detect(setting, caseOf(contact(old, { stamps: {}, ...over })))
      return { found: findings.length, missing: unknown?.inputs.map(inputKey) ?? [] }
    }
    assert.deepEqual(detect({}), { found: 1, missing: [] })
    assert.deepEqual(detect({ unreadable: new Set(fields) }), { found: 0, missing: [] })
    assert.deepEqual(staleField.inputs(setting, caseOf(contact()).facts.shape), fields)
    assert.deepEqual(detect({ unreadable: new Set(['lastmodifieddate']) }), {
      found: 0,
      missing: ['hs/contacts/lastmodifieddate/hidden'],
    })
  })

  it('counts whole working days between the change and now, not the days of either', () => {
    // Thursday, then Friday, Monday and Tuesday in between.
    assert.equal(isStale(status('2026-11-12T22:00:00Z')), true)
    assert.equal(isStale(status('2026-11-13T00:00:00Z')), false)
  })

  it('counts days on the calendar of the policy, where midnight in Berlin is 23:00 in UTC', () => {
    assert.equal(isStale(status('2026-11-12T22:59:00Z')), true)
    assert.equal(isStale(status('2026-11-12T23:01:00Z')), false)
  })

  it('leaves a blank field to missing-field', () => {
    assert.equal(isStale(status('2026-01-01T00:00:00Z', null)), false)
  })

  it('falls back to the last modification of the record where the field has no time', () => {
    assert.equal(isStale(status(null)), false)
    const old = status(null)
    assert.equal(isStale({ ...old, values: { ...old.values, lastmodifieddate: '2026-10-01T00:00:00Z' } }), true)
  })

  it('says when the value will become stale', () => {
    const { nextRecheckAtMs } = staleField.detect(setting, caseOf(status('2026-11-17T10:00:00Z')))
    // Wednesday, Thursday, Friday are whole; stale from Saturday midnight in Berlin.
    assert.equal(new Date(nextRecheckAtMs!).toISOString(), '2026-11-20T23:00:00.000Z')
  })
})
