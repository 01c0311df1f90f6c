import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { countSentences } from './sentences.ts'

describe('sentences', () => {
  it('case L18: are not ended by shortened words', () => {
    for (const one of [
      'Accounts of Acme Inc. and Foo Ltd. in St. Gallen belong to Maya.',
      'Mr. Smith and Dr. J. R. Weber work the U.S. and the U.K. accounts, e.g. Acme Corp. and Foo Co. Ltd.',
      'Accounts near St. Louis, Ft. Worth, Mt. Hope etc. belong to Ben',
      'Version 1.10 of acme.com opens at 9 a.m. on Mondays.',
      'Firmen wie z.B. Meyer GmbH, Abs. 3 Nr. 4 bzw. ca. 20 weitere, gehören Jonas.',
      'Really?!',
    ]) {
      assert.equal(countSentences(one), 1, one)
    }
  })

  it('are ended by a dot, a question or a call before the next one', () => {
    assert.equal(countSentences('One. Two. Three.'), 3)
    assert.equal(countSentences('One. Two. Three. Four.'), 4)
    assert.equal(countSentences('It belongs to Acme Inc. The rest belongs to Maya.'), 2)
    assert.equal(countSentences('Is it theirs? Yes! They asked for it.'), 3)
    assert.equal(countSentences('They said "no." We went on.'), 2)
    assert.equal(countSentences('彼らの担当です。次はマヤです。'), 2)
    assert.equal(countSentences('Since 2019. 500 employees and more.'), 2)
    assert.equal(countSentences(''), 0)
  })
})
