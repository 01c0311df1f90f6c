import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { clockReads, findClockReaders } from './clock-rule.ts'

describe('the one clock', () => {
  it('is the only place of src and workers that reads the time of the machine', async () => {
    assert.deepEqual(await findClockReaders(), [])
  })

  it('is missed where a file reads the time itself', () => {
    for (const source of [
      'const at = Date.now()',
      'const deps = { nowMs: Date.now }',
      'const at = new Date()',
      'const at = new Date( )',
      'const at = new Date\n',
      'const text = Date()',
    ]) {
      assert.deepEqual(clockReads(`\n${source}`), [2], source)
    }
  })

  it('is not missed where a date is made of a moment, or spoken of', () => {
    for (const source of [
      'const at = new Date(row.ms)',
      '// never Date.now()',
      '/** not `new Date()` */',
      'function toDate(text: string): Date {',
      'type Clock = { updateDate(): void }',
    ]) {
      assert.deepEqual(clockReads(source), [], source)
    }
  })
})
