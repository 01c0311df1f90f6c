import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { personEmail } from './person-email.ts'

describe('the e-mail of a CRM user', () => {
  it('is one in any case, with outer or invisible characters, and with either spelling of its domain', () => {
    const one = 'anna.lang@xn--mller-kva.de'
    for (const text of [
      'anna.lang@müller.de',
      ' Anna.Lang@MÜLLER.DE ',
      'ANNA.LANG@XN--MLLER-KVA.DE',
      'anna.lang@mu\u0308ller.de',
      'anna.lang@m\u200büller.de',
      '\ufeffanna.lang@müller.de',
    ]) {
      assert.equal(personEmail(text), one, text)
    }
  })

  it('is that of another person with another tag, dot, letter or domain', () => {
    const texts = [
      'a.b@gmail.com',
      'ab@gmail.com',
      'ab+crm@gmail.com',
      'ab@googlemail.com',
      'ab@muller.de',
      'ab@müller.de',
    ]
    assert.equal(new Set(texts.map(personEmail)).size, texts.length)
    assert.equal(personEmail('jörg@acme.de'), 'jörg@acme.de')
    assert.equal(personEmail('no address'), 'no address')
  })
})
