import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ALONE, contact, directoryOf, NOW_MS, POLICY, versionOf } from '../../../test/support/example.ts'
import type { Policy } from '../policy/policy.ts'
import { inputKey } from '../record/knowledge.ts'
import type { Condition } from '../rules/condition.ts'
import { decide } from './decide.ts'

const decided = (values: Record<string, string | null>, policy: Partial<Policy> = {}) =>
  decide({
    record: contact({ territory: null, ...values }),
    neighbours: ALONE,
    directory: directoryOf(),
    version: versionOf(policy),
    nowMs: NOW_MS,
  })
const waiting = (country: string | null, policy?: Partial<Policy>) =>
  decided({ hubspot_owner_id: null, country }, policy)

/** One branch with one rule, which asks this. */
const oneRule = (condition: Condition): Partial<Policy> => {
  const branch = POLICY.boundary[1]!
  const boundary = [{ ...branch, rules: [{ ...branch.rules[1]!, when: [condition] }] }]
  return { boundary, territories: [], patterns: [{ pattern: 'no-rule' }] }
}
const NOT_GERMANY = oneRule({ field: 'fact.country', op: 'not-in', values: ['DE'] })
const UNREAD = ['Holand', 'EMEA', 'USA/Canada', 'no', '94105']

describe('a record whose number is written as people write it', () => {
  const LARGE = oneRule({ field: 'company_size', op: 'range', from: '100', below: null })
  const sized = (size: string) => decided({ hubspot_owner_id: null, company_size: size }, LARGE)

  it('goes to the owner of its rule where all that it may mean lies in the range', () => {
    for (const size of ['1,500.00', '1.500,00', '201-500', '200+', '~300', '1k']) {
      assert.equal(sized(size).write?.to, 'hs-dach', size)
    }
  })

  it('is one unknown case that quotes the text where it may lie on either side, and given to nobody', () => {
    for (const size of ['51-200', '50+', '~ 100', 'two hundred', '1.101']) {
      const { exceptions, unknown, write } = sized(size)
      assert.deepEqual(
        exceptions.map((one) => [one.pattern, one.class, one.classBecause]),
        [['no-rule', 'unknown', 'The text in company_size of the contact leaves open which number it means']],
        size,
      )
      const { what, todo } = exceptions[0]!.finding
      assert.ok(what.includes(`The text "${size}" in company_size leaves open which number it means.`), what)
      assert.equal(todo, 'Write one number into company_size, in digits without a separator.')
      assert.deepEqual([unknown, write], [null, null])
    }
  })

  it('is covered by no rule where all that it may mean lies outside, and where it is a placeholder', () => {
    for (const size of ['51-99', '<10', '1.5', 'n/a', '-']) {
      assert.match(sized(size).exceptions[0]!.finding.what, /^No rule of the branch/, size)
    }
  })
})

describe('a record whose country names none', () => {
  it('is given to nobody by a rule for all countries but one', () => {
    for (const country of UNREAD) assert.equal(waiting(country, NOT_GERMANY).write, null, country)
    assert.equal(waiting('Germany', NOT_GERMANY).write, null)
    for (const country of ['France', 'NO', 'n/a', null]) {
      assert.equal(waiting(country, NOT_GERMANY).write?.to, 'hs-dach', String(country))
    }
  })

  it('is one unknown case that quotes the text, whatever class the policy gives to such cases', () => {
    const classes = [{ pattern: 'no-rule', when: [], class: 'expected', because: 'We know them.' }] as const
    for (const country of UNREAD) {
      const { exceptions, unknown, write } = waiting(country, { ...NOT_GERMANY, classes })
      assert.deepEqual(
        exceptions.map((one) => [one.pattern, one.class, one.classBecause]),
        [['no-rule', 'unknown', 'The text in country of the contact names no country that we know']],
        country,
      )
      assert.match(exceptions[0]!.finding.what, new RegExp(`The text "${country}" names no country`))
      assert.deepEqual([unknown, write], [null, null], 'it needs no case of the input besides')
    }
  })

  it('is in no doubt where the rules do not ask for the country, or ask whether it is filled in', () => {
    const filledIn = oneRule({ field: 'fact.country', op: 'not-blank' })
    const anybody = oneRule({ field: 'industry', op: 'blank' })
    for (const country of UNREAD) {
      assert.equal(waiting(country, filledIn).write?.to, 'hs-dach', country)
      assert.equal(waiting(country, anybody).write?.to, 'hs-dach', country)
    }
    assert.equal(waiting('n/a', filledIn).write, null)
  })

  it('is reported as an input where it waits for nothing, and only the territory table asks', () => {
    const { exceptions, unknown } = decided({ country: 'Holand', territory: 'dach' })
    assert.deepEqual(exceptions, [])
    assert.deepEqual(unknown?.inputs.map(inputKey), ['hs/contacts/country/not-understood'])
    assert.equal(decided({ country: 'Netherlands', territory: 'dach' }).unknown, null)
  })

  it('is reported once where the policy watches the field itself', () => {
    const patterns = [{ pattern: 'missing-field', fields: ['country'], graceMinutes: 30 }, ...POLICY.patterns.slice(3)]
    const { exceptions, unknown } = decided({ country: 'Holand', territory: 'dach' }, { patterns } as Partial<Policy>)
    assert.deepEqual([exceptions.map(({ pattern }) => pattern), unknown], [['missing-field'], null])
  })
})
