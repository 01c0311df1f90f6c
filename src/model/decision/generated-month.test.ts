import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { versionOf } from '../../../test/support/example.ts'
import { liveThroughMonth } from '../../../test/support/generated-month.ts'

describe('a generated month of both CRMs', () => {
  for (const seed of [7, 2026, 2]) {
    it(`has no write that is followed by a case of its own making (seed ${seed})`, () => {
      const { writes, held, caused, disagreed } = liveThroughMonth(seed, versionOf({}))
      assert.deepEqual(caused, [])
      assert.ok(writes > 100 && held > 100, `${writes} writes, ${held} held`)
      assert.ok(disagreed.length < writes / 50, disagreed.join('\n'))
    })
  }
})
