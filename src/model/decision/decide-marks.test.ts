import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ALONE, at, company, contact, directoryOf, NOW_MS, POLICY } from '../../../test/support/example.ts'
import { marksFor } from '../../../test/support/marked.ts'
import type { MarkedClass } from '../policy/mark.ts'
import type { Policy } from '../policy/policy.ts'
import type { CrmRecord } from '../record/crm-record.ts'
import type { Neighbours } from '../record/neighbours.ts'
import { decide } from './decide.ts'

function decided(
  record: CrmRecord,
  { policy = {}, neighbours = {} }: { policy?: Partial<Policy>; neighbours?: Partial<Neighbours> } = {},
) {
  return decide({
    record,
    neighbours: { ...ALONE, ...neighbours },
    directory: directoryOf(),
    version: { hash: 'x', policy: { ...POLICY, ...policy } },
    nowMs: NOW_MS,
  })
}

describe('deciding by a rule that is marked', () => {
  it('leaves a customer-facing orphan to a senior person, unless the rule is marked for the class', () => {
    const neighbours = { account: company({ lifecyclestage: 'customer' }) }
    const open = decided(contact({ hubspot_owner_id: 'hs-gone' }), { neighbours })
    assert.equal(open.write, null)
    assert.equal(open.exceptions[0]?.owner, at('sena'))
    const marks = marksFor(POLICY, ['customer-facing'])
    const marked = decided(contact({ hubspot_owner_id: 'hs-gone' }), { neighbours, policy: { marks } })
    assert.equal(marked.exceptions[0]?.status, 'settled-by-rule')
    assert.deepEqual(marked.exceptions[0]?.mark, marks[1])
    assert.deepEqual(marked.write?.marks, [marks[1]!.id])
  })

  it('leaves a risky case to a person where the rule that wins is not marked, marked for another class, or another rule is', () => {
    const risky = marksFor(POLICY)
    for (const marks of [[], marksFor(POLICY, ['customer-facing']), risky.filter(({ rule }) => rule !== 'dach')]) {
      const { write, exceptions } = decided(contact({ hubspot_owner_id: 'hs-gone' }), { policy: { marks } })
      assert.deepEqual([write, exceptions[0]?.status, exceptions[0]?.mark], [null, 'open', null])
    }
  })

  it('settles until the mark ends to the millisecond, and asks to be decided again then', () => {
    const endingAt = (endsAtMs: number) =>
      decided(contact({ hubspot_owner_id: 'hs-gone' }), { policy: { marks: marksFor(POLICY, ['risky'], endsAtMs) } })
    assert.equal(endingAt(NOW_MS).write, null)
    assert.equal(endingAt(NOW_MS - 1).write, null)
    const last = endingAt(NOW_MS + 1)
    assert.equal(last.write?.to, 'hs-dach')
    assert.deepEqual(last.wake, { atMs: NOW_MS + 1, reason: 'mark' })
  })

  it('settles by the mark that ends last where several stand', () => {
    const [sooner, later] = [NOW_MS + 10, NOW_MS + 20].map((endsAtMs, i) => ({
      id: i,
      rule: 'dach',
      class: 'risky' as const,
      endsAtMs,
    }))
    for (const marks of [
      [sooner!, later!],
      [later!, sooner!],
    ]) {
      assert.deepEqual(decided(contact({ hubspot_owner_id: 'hs-gone' }), { policy: { marks } }).write?.marks, [1])
    }
  })

  it('part of M15: never lets a rule settle an unknown, even one that is marked for it', () => {
    const marks = marksFor(POLICY, ['unknown' as MarkedClass])
    const { write, exceptions } = decided(contact({ hubspot_owner_id: 'hs-gone' }), {
      policy: { marks, classes: [] },
    })
    assert.equal(exceptions[0]?.class, 'unknown')
    assert.equal(exceptions[0]?.posture, 'stop')
    assert.equal(exceptions[0]?.status, 'open')
    assert.equal(write, null)
  })
})
