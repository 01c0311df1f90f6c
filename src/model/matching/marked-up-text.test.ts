import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { companyDomain } from './domain.ts'
import { readEmails } from './email.ts'

const emails = (text: string) => readEmails(text).map(({ address }) => address)

describe('an address in HTML or Markdown', () => {
  it('of a site is what it leads to, whatever name it shows', () => {
    for (const text of [
      '<a href="https://acme.de">Acme</a>',
      '<a href="https://acme.de"><b>Acme</b> Inc. Germany</a>',
      "<a class='x' href='https://www.acme.de/' target=\"_blank\">www.acme.de</a>",
      '<a href=https://acme.de>acme.de</a>',
      '[acme.de](https://acme.de)',
      '[Acme](https://acme.de)',
      '[acme.de](<https://acme.de> "Acme")',
      '[shop.acme.de](https://acme.de)',
      '<p>acme.de</p>',
      '<a href="">acme.de</a>',
      '&lt;https://acme.de&gt;',
      '&lt;a href=&quot;https://acme.de&quot;&gt;Acme&lt;/a&gt;',
    ]) {
      assert.equal(companyDomain(text), 'acme.de', text)
    }
  })

  it('of an e-mail is the one that it shows, or leads to', () => {
    for (const text of [
      '&lt;jane@acme.de&gt;',
      '&amp;lt;jane@acme.de&amp;gt;',
      'jane&#64;acme.de',
      'jane&commat;acme&period;de&nbsp;',
      '<a href="mailto:jane@acme.de">Jane</a>',
      '<a href="mailto:Jane@acme.de?subject=x">jane@acme.de</a>',
      'Jane &lt;<a href="mailto:jane@acme.de">jane@acme.de</a>&gt;',
      '[jane@acme.de](mailto:jane@acme.de)',
      '[jane@acme.de](https://acme.de)',
      '<div>jane@acme.de</div>',
      'Jane <jane@acme.de>',
    ]) {
      assert.deepEqual(emails(text), ['jane@acme.de'], text)
    }
    assert.deepEqual(emails('jane@acme.de<br>bob@acme.de'), ['jane@acme.de', 'bob@acme.de'])
    assert.deepEqual(emails('<a@acme.de>, <b@acme.de>'), ['a@acme.de', 'b@acme.de'])
  })

  it('is none where it shows one and leads to another', () => {
    for (const text of ['<a href="https://acme.de">other.de</a>', '[acme.de](https://tracker.com/?to=acme.de)']) {
      assert.equal(companyDomain(text), null, text)
    }
    for (const text of [
      '<a href="mailto:jane@acme.de">bob@acme.de</a>',
      '[mary.jane@acme.de](mailto:jane@acme.de)',
      '[jane@acme.de](mailto:mary.jane@acme.de)',
    ]) {
      assert.deepEqual(emails(text), [], text)
    }
  })

  it('takes no half of a pair into a key', () => {
    assert.deepEqual(emails('jane&#xd800;doe@acme.de'), [])
    assert.equal(companyDomain('&#xdc00;acme.de'), 'acme.de')
  })
})
