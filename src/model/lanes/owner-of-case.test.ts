import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { at, directoryOf, HUBSPOT, PEOPLE, POLICY } from '../testing/example.ts'
import { type OwnerQuestion, ownerOfCase } from './owner-of-case.ts'

const inactive = (...names: string[]) =>
  PEOPLE.map((p) => (names.some((n) => p.email === at(n)) ? { ...p, active: false } : p))
const ask = (over: Partial<OwnerQuestion> = {}) =>
  ownerOfCase({
    owners: POLICY.owners,
    class: 'risky',
    connectionId: HUBSPOT,
    directory: directoryOf(),
    capacity: 25,
    recordOwner: null,
    ...over,
  })

describe('the owner of a case', () => {
  it('is the first of the circle that the class asks for', () => {
    const owners = (['expected', 'risky', 'unknown', 'customer-facing', 'revenue-impacting'] as const).map(
      (name) => ask({ class: name }).email,
    )
    assert.deepEqual(owners, [at('rita'), at('rita'), at('rita'), at('sena'), at('appa')])
  })

  it('passes over who is inactive, did not accept, or is full, and says why', () => {
    const accepted = { ...POLICY.owners.accepted }
    delete accepted[at('rita')]
    const cases = [
      ask({ directory: directoryOf(inactive('rita')) }),
      ask({ owners: { ...POLICY.owners, accepted } }),
      ask({ directory: directoryOf(PEOPLE, { [at('rita')]: 25 }) }),
    ]
    assert.deepEqual(
      cases.map(({ email }) => email),
      [at('ralf'), at('ralf'), at('ralf')],
    )
    assert.deepEqual(
      cases.map(({ passedOver }) => passedOver[0]?.why),
      ['is not an active user of this CRM', 'has not accepted the job', 'has 25 open tasks, the most is 25'],
    )
  })

  it('M20: is not the owner of the record while anybody else can be', () => {
    assert.equal(ask({ recordOwner: at('rita') }).email, at('ralf'))
    const alone = ask({
      recordOwner: at('rita'),
      directory: directoryOf(inactive('ralf', 'wim', 'olga', 'bert', 'paul', 'dora')),
    })
    assert.equal(alone.email, at('rita'))
  })

  it('is the first who could when everyone is full, with a note', () => {
    const full = { [at('rita')]: 30, [at('ralf')]: 30 }
    const answer = ask({ directory: directoryOf(PEOPLE, full) })
    assert.equal(answer.email, at('rita'))
    assert.match(answer.passedOver.at(-1)?.why ?? '', /everyone in the circle is full/)
  })

  it('falls back to the workflow owner, then to the override owner, and is never nobody', () => {
    assert.equal(ask({ directory: directoryOf(inactive('rita', 'ralf')) }).email, at('wim'))
    assert.equal(ask({ directory: directoryOf(inactive('rita', 'ralf', 'wim')) }).email, at('olga'))
    const nobody = ask({ directory: directoryOf([]) })
    assert.equal(nobody.email, at('wim'))
    assert.equal(nobody.user, undefined)
  })
})
