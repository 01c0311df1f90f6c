import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import '../../crm/profiles.ts'
import { configCopies } from '../../../test/support/config-copy.ts'
import { loadPolicies, reloadPolicy } from '../policies/policy-files.ts'

const AGREED = 'agreedBy: nina@brightwater.example, agreedOn: 2026-11-30'

const changed = configCopies()
const withReadings = (text: string) => loadPolicies(changed('readings.yaml', () => text))

const refusal = (text: string) => {
  const { loaded, refused } = withReadings(text)
  assert.deepEqual(loaded, [])
  return refused[0]!.errors.map(({ line, message }) => `${line}: ${message}`).join('; ')
}

describe('readings.yaml', () => {
  it('belongs to every version, which is read again with the readings of its time', () => {
    const { loaded, refused } = withReadings(
      `countries: [{ text: "  HOLAND ", country: NL, ${AGREED} }]\nstates: [{ text: Socal, state: US-CA, ${AGREED} }]`,
    )
    assert.deepEqual(refused, [])
    for (const one of loaded) {
      assert.deepEqual(one.version.policy.readings, { countries: { holand: 'NL' }, states: { socal: 'US-CA' } })
      assert.equal(reloadPolicy(one)?.hash, one.version.hash)
    }
  })

  it('changes no version while it is empty', () => {
    const [empty] = withReadings('countries: []').loaded
    assert.equal(empty!.version.policy.readings, undefined)
  })

  it('is refused with its place where a line cannot be meant', () => {
    assert.match(
      refusal(`countries: [{ text: Holand, country: UK, ${AGREED} }]`),
      /^1: "UK" is no country code; write GB/,
    )
    assert.match(
      refusal(`countries: [{ text: Holand, country: Xland, ${AGREED} }]`),
      /write a code of ISO 3166-1 like NL/,
    )
    assert.match(refusal(`countries: [{ text: Germany, country: AT, ${AGREED} }]`), /"Germany" names DE already/)
    assert.match(refusal(`states: [{ text: Socal, state: CA, ${AGREED} }]`), /write a code of ISO 3166-2 like US-CA/)
    assert.match(
      refusal(`countries: [{ text: Foo, country: NL, ${AGREED} }, { text: foo, country: BE, ${AGREED} }]`),
      /there twice/,
    )
    assert.match(refusal('countries: [{ text: Foo, country: NL }]'), /e-mail of a CRM user/)
  })
})
