import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generateWorld } from '../generate.ts'
import type { Label } from '../records/world.ts'
import { audit } from './audit.ts'
import { auditState } from './audit-state.ts'
import { labelKey } from './label-key.ts'

const nowMs = Date.parse('2026-11-22T15:00:00Z')

function counts(labels: readonly Label[]): Record<string, number> {
  const out: Record<string, number> = {}
  for (const label of labels) {
    const kind = `${label.pattern} ${label.objectType}`
    out[kind] = (out[kind] ?? 0) + 1
  }
  return out
}

describe('the labels of a generated world', () => {
  const worlds = [
    { seed: 1, scale: 0.2, nowMs },
    { seed: 20_261_122, scale: 0.2, nowMs: Date.parse('2026-12-28T09:30:00Z') },
    { seed: 99, scale: 0.2, nowMs: Date.parse('2027-03-31T22:00:00Z') },
    { seed: 42, scale: 1, nowMs },
    { seed: 5, scale: 0.1, nowMs },
  ]
  for (const world of worlds) {
    it(`are exactly what a reader of docs/patterns.md finds (seed ${world.seed}, scale ${world.scale})`, () => {
      const made = generateWorld(world)
      const found = audit(auditState(made), made.nowMs)
      const labelled = new Map(made.labels.map((label) => [labelKey(label), label.why]))
      const seen = new Set(found.map(labelKey))
      assert.equal(labelled.size, made.labels.length, 'a label stands twice')
      assert.deepEqual(
        {
          unlabelled: [...seen].filter((key) => !labelled.has(key)),
          notThere: [...labelled].filter(([key]) => !seen.has(key)).map(([key, why]) => `${key} (${why})`),
        },
        { unlabelled: [], notThere: [] },
      )
    })
  }

  it('differ from the audit by a defect without a label and by a label without a defect', () => {
    const made = generateWorld({ seed: 8, nowMs, scale: 0.1 })
    const labelled = new Set(made.labels.map((label) => label.recordId))
    const clean = made.salesforce.Account.find((account) => !labelled.has(account.Id) && account.Type === 'Customer')!
    const mended = made.labels.find((label) => label.pattern === 'orphaned-owner' && label.objectType === 'Account')!
    const ownerOf = (id: string) => made.salesforce.Account.find((account) => account.Id === id)!.OwnerId!
    const Account = made.salesforce.Account.map((account) => {
      if (account.Id === clean.Id) return { ...account, OwnerId: ownerOf(mended.recordId) }
      return account.Id === mended.recordId ? { ...account, Type: 'Partner' } : account
    })
    const found = audit(auditState({ ...made, salesforce: { ...made.salesforce, Account } }), nowMs).map(labelKey)
    const before = made.labels.map(labelKey)
    assert.deepEqual(
      found.filter((key) => !before.includes(key)),
      [`orphaned-owner salesforce Account ${clean.Id} `],
    )
    assert.deepEqual(
      before.filter((key) => !found.includes(key)),
      [labelKey(mended)],
    )
  })

  it('name every pattern on every object that can have it, at least ten times at full size', () => {
    const made = counts(generateWorld({ seed: 3, nowMs, scale: 1 }).labels)
    const kinds = [
      'missing-field contacts',
      'missing-field Lead',
      'missing-field companies',
      'missing-field Account',
      'stale-field contacts',
      'stale-field Lead',
      'duplicate-ownership contacts',
      'duplicate-ownership Lead',
      'duplicate-ownership companies',
      'duplicate-ownership Account',
      'stale-territory contacts',
      'stale-territory Lead',
      'stale-territory companies',
      'stale-territory Account',
      'orphaned-owner contacts',
      'orphaned-owner Lead',
      'orphaned-owner companies',
      'orphaned-owner Account',
      'ownership-flapping contacts',
      'ownership-flapping companies',
      'no-rule contacts',
      'no-rule Lead',
      'branch-review contacts',
      'branch-review Lead',
    ]
    for (const kind of kinds) assert.ok((made[kind] ?? 0) >= 10, `${kind}: ${made[kind]} of at least 10`)
    assert.equal(Object.keys(made).length, kinds.length)
  })
})
