import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import '../../crm/profiles.ts'
import { configCopies } from '../../../test/support/config-copy.ts'
import { loadPolicies, reloadPolicy } from '../policies/policy-files.ts'

const AGREED = 'agreedBy: nina@brightwater.example, agreedOn: 2026-11-30'

const changed = configCopies()
const withPeople = (text: string) => loadPolicies(changed('people.yaml', () => text))

const refusal = (text: string) => {
  const { loaded, refused } = withPeople(text)
  assert.deepEqual(loaded, [])
  return refused[0]!.errors.map(({ line, column, message }) => `${line}:${column}: ${message}`).join('; ')
}

const person = (...emails: string[]) => `  - { emails: [${emails.join(', ')}], ${AGREED} }\n`

describe('people.yaml', () => {
  it('belongs to every version, in lower case, and a version is read again with the people of its time', () => {
    const text = `people:\n${person('Ann@acme.com', 'ann.smith@acme.io')}integrations:\n  - { email: SYNC@acme.com, ${AGREED} }`
    const { loaded, refused } = withPeople(text)
    assert.deepEqual(refused, [])
    assert.ok(loaded.length > 0)
    for (const one of loaded) {
      assert.deepEqual(one.version.policy.people, {
        persons: [['ann@acme.com', 'ann.smith@acme.io']],
        integrations: ['sync@acme.com'],
      })
      assert.equal(reloadPolicy(one)?.hash, one.version.hash)
    }
  })

  it('makes another version of each policy when a line is added, so that what rests on it is decided again', () => {
    const hashes = (text: string) => withPeople(text).loaded.map(({ version }) => version.hash)
    const [empty, one] = [hashes('people: []'), hashes(`people:\n${person('ann@acme.com', 'ann.smith@acme.io')}`)]
    assert.equal(empty.filter((hash) => one.includes(hash)).length, 0)
    assert.equal(withPeople('people: []').loaded[0]!.version.policy.people, undefined)
  })

  it('is refused whole, with the place and what to write, where a line cannot be meant', () => {
    const ann = person('ann@acme.com', 'ann.smith@acme.io')
    assert.match(refusal(`people:\n${person('ann@acme.com')}`), /^2:.* must name at least two e-mails; who has one/)
    assert.match(refusal(`people:\n${person('ann@acme.com', 'ANN@acme.com')}`), /^2:\d+: "ann@acme.com" is there twice/)
    assert.match(
      refusal(`people:\n${ann}${person('ann@acme.com', 'a@acme.de')}`),
      /^3:\d+: "ann@acme.com" is also an e-mail of the person with "ann@acme.com"; .* write all e-mails into one line/,
    )
    assert.match(refusal(`people:\n${person('ann', 'ann@acme.com')}`), /"ann" is no e-mail/)
    assert.match(
      refusal(`people:\n${ann}integrations:\n  - { email: ann@acme.com, ${AGREED} }`),
      /^4:\d+: "ann@acme.com" is that of a person in this file/,
    )
    assert.match(refusal('people:\n  - { emails: [a@x.de, b@x.de] }'), /e-mail of a CRM user/)
    assert.match(refusal('peple: []'), /is not known in this file; check the spelling/)
  })

  it('stops every workflow that needs it, by name', () => {
    const { refused } = withPeople('people: 7')
    assert.ok(
      refused.slice(1).every(({ errors }) => /^needs people\.yaml, which has a mistake/.test(errors[0]!.message)),
    )
    assert.ok(refused.length > 1)
  })
})
