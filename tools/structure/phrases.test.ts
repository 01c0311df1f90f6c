import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { measure } from './measurements.ts'
import { findPhrases, TESTED_PHRASES } from './phrases.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

describe('texts that people read', () => {
  it('hold none of the phrases that stand for an industry word', async () => {
    const { phrases } = await measure(ROOT)
    const found = phrases.map(({ path, line, phrase }) => `${path}:${line}: "${phrase}": ${insteadOf(phrase)}`)
    assert.deepEqual(found, [])
  })

  it('would be caught with one: each phrase is found in a sentence, and not in a longer word', () => {
    for (const { phrase } of TESTED_PHRASES) {
      assert.equal(findPhrases(`Records are ${phrase.toUpperCase()} today.`).length, 1, phrase)
      assert.equal(findPhrases(`Records are x${phrase}x today.`).length, 0, phrase)
    }
  })
})

function insteadOf(phrase: string): string {
  return `say ${TESTED_PHRASES.find((one) => one.phrase === phrase)?.instead ?? 'something else'}`
}
