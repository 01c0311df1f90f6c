import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { at, directoryOf, HUBSPOT, NOW_MS, PEOPLE, POLICY } from '../../../test/support/example.ts'
import type { CompanyPeople } from '../record/company-people.ts'
import { companyDirectory } from './company-directory.ts'
import { buildDirectory } from './directory.ts'
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
    calendar: POLICY.calendar,
    nowMs: NOW_MS,
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

  describe('with several e-mails that the company links', () => {
    const links = { persons: [[at('ralf'), 'r.koch@northgate.io']], integrations: [] }
    const directory = companyDirectory(directoryOf(), links)
    const { [at('ralf')]: day, ...accepted } = POLICY.owners.accepted

    it('accepted the job under any of them', () => {
      const underOther = { ...POLICY.owners, accepted: { ...accepted, 'r.koch@northgate.io': day! } }
      const out = inactive('rita')
      const of = (owners: OwnerQuestion['owners'], links: CompanyPeople | undefined) =>
        ask({ owners, directory: companyDirectory(directoryOf(out), links) }).email
      assert.equal(of(underOther, links), at('ralf'))
      assert.equal(of({ ...POLICY.owners, accepted }, links), at('wim'))
      assert.equal(of(underOther, undefined), at('wim'))
    })

    it('is the delegate under the e-mail that the circle names', () => {
      const reviewers = {
        ...POLICY.owners.reviewers,
        general: [at('rita'), at('dach'), at('ralf'), 'r.koch@northgate.io'],
      }
      const owners = { ...POLICY.owners, reviewers }
      const away = [{ email: at('rita'), from: '2026-11-16', until: '2026-11-20', delegate: 'r.koch@northgate.io' }]
      assert.equal(ask({ owners, directory, calendar: { ...POLICY.calendar, away } }).email, at('ralf'))
    })
  })

  it('is somebody whom the last list left out only before the other jobs, and never somebody proven gone', () => {
    const standing = (is: 'unlisted' | 'gone', ...names: string[]) =>
      buildDirectory(
        PEOPLE.map((p) => (names.some((n) => p.email === at(n)) ? { ...p, standing: is } : p)),
        new Map(),
      )
    const oneInDoubt = ask({ directory: standing('unlisted', 'rita') })
    assert.equal(oneInDoubt.email, at('ralf'))
    assert.match(oneInDoubt.passedOver[0]?.why ?? '', /was not listed by the CRM at the last look/)
    assert.equal(ask({ directory: standing('unlisted', 'rita', 'ralf') }).email, at('rita'))
    assert.equal(ask({ directory: standing('gone', 'rita') }).email, at('ralf'))
    assert.equal(ask({ directory: standing('gone', 'rita', 'ralf') }).email, at('wim'))
  })

  it('is nobody whose login is frozen, and says that it is', () => {
    const people = PEOPLE.map((p) => (p.email === at('rita') ? { ...p, active: false, frozen: true } : p))
    const answer = ask({ directory: directoryOf(people) })
    assert.deepEqual([answer.email, answer.passedOver[0]?.why], [at('ralf'), 'cannot log in to this CRM (frozen)'])
  })

  describe('when somebody is out of office', () => {
    const awayFor = (...away: { email: string; from: string; until: string; delegate: string | null }[]) => ({
      ...POLICY.calendar,
      away,
    })
    const thatDay = { email: at('rita'), from: '2026-11-18', until: '2026-11-18', delegate: null }

    it('is the next of the circle, and it says until when', () => {
      const answer = ask({ calendar: awayFor(thatDay) })
      assert.equal(answer.email, at('ralf'))
      assert.equal(answer.passedOver[0]?.why, 'is away until 2026-11-18')
    })

    it('counts days in their own zone', () => {
      const inAuckland = PEOPLE.map((p) => (p.email === at('rita') ? { ...p, timeZone: 'Pacific/Auckland' } : p))
      const question = { calendar: awayFor(thatDay), directory: directoryOf(inAuckland) }
      assert.equal(ask({ ...question, nowMs: Date.parse('2026-11-18T10:59:00Z') }).email, at('ralf')) // 23:59 there
      assert.equal(ask({ ...question, nowMs: Date.parse('2026-11-18T11:00:00Z') }).email, at('rita')) // next day there
    })

    it('is the delegate where the circle has them, and nobody outside of it', () => {
      const owners = {
        ...POLICY.owners,
        reviewers: { ...POLICY.owners.reviewers, general: ['rita', 'ralf', 'wim'].map(at) },
      }
      assert.equal(ask({ owners, calendar: awayFor({ ...thatDay, delegate: at('wim') }) }).email, at('wim'))
      assert.equal(ask({ owners, calendar: awayFor({ ...thatDay, delegate: at('sena') }) }).email, at('ralf'))
    })

    it('has the delegate of whichever absence names one, where two of them overlap', () => {
      const longer = { ...thatDay, from: '2026-11-10', until: '2026-11-30', delegate: null }
      const first = { ...POLICY.owners.reviewers, general: [at('rita'), at('dach'), at('ralf')] }
      const owners = { ...POLICY.owners, reviewers: first }
      const delegated = { ...thatDay, delegate: at('ralf') }
      for (const away of [
        [longer, delegated],
        [delegated, longer],
      ]) {
        assert.equal(ask({ owners, calendar: awayFor(...away) }).email, at('ralf'))
      }
      assert.equal(ask({ owners, calendar: awayFor(longer) }).email, at('dach'))
    })

    it('is one of the other jobs before anybody who is away, and one who is away before nobody', () => {
      const both = awayFor(thatDay, { ...thatDay, email: at('ralf') })
      assert.equal(ask({ calendar: both }).email, at('wim'))
      const directory = directoryOf(inactive('wim', 'olga', 'bert', 'paul', 'dora'))
      assert.equal(ask({ calendar: both, directory }).email, at('rita'))
    })
  })

  it('part of M20: is not the owner of the record while anybody else can be', () => {
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
