import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { at, HUBSPOT, POLICY, SALESFORCE } from '../../../test/support/example.ts'
import type { PolicyOwners } from '../policy/policy.ts'
import { type StaffJob, type StaffPerson, staffFromJobs, withStaff } from './staff.ts'

const FILE: PolicyOwners = {
  reviewers: { general: [at('file')], senior: [at('file')], approved: [at('file')] },
  override: at('file'),
  rollback: at('file'),
  boundary: at('file'),
  data: at('file'),
  workflow: at('file'),
  accepted: { [at('file')]: '2026-11-02' },
}
const held = (lane: StaffJob['lane'], personId: string, over: Partial<StaffJob> = {}): StaffJob => ({
  lane,
  circle: lane === 'review' ? 'general' : null,
  personId,
  acceptedOn: '2026-11-20',
  ...over,
})
const person = (id: string, over: Partial<StaffPerson> = {}): StaffPerson => ({
  id,
  name: id,
  users: [{ connectionId: HUBSPOT, userId: `hs-${id}`, email: at(id), active: true }],
  addresses: [],
  signsIn: false,
  ...over,
})
const staff = (jobs: readonly StaffJob[], people: readonly StaffPerson[], goesByFile = false) =>
  staffFromJobs({ jobs, people, persons: [], absences: [], file: FILE, goesByFile })

describe('who does what, made from jobs', () => {
  it('is whoever accepted, in the order of the circle, and nobody where nobody did', () => {
    const jobs = [held('review', 'rita'), held('review', 'ralf'), held('rollback', 'paul')]
    const { owners } = staff(
      jobs,
      ['rita', 'ralf', 'paul'].map((id) => person(id)),
    )
    assert.deepEqual(owners.reviewers, { general: [at('rita'), at('ralf')], senior: [], approved: [] })
    assert.deepEqual([owners.rollback, owners.override, owners.data], [at('paul'), null, null])
    assert.equal(owners.accepted[at('paul')], '2026-11-20')
    assert.deepEqual(owners.holders![at('paul')]!.users, { [HUBSPOT]: ['hs-paul'] })
  })

  it('goes by the file in what nobody accepted yet, and not in what the one of the file declined', () => {
    const declined = held('override', 'file', { acceptedOn: null })
    const { owners } = staff([held('rollback', 'paul'), declined], [person('paul'), person('file')], true)
    assert.deepEqual([owners.rollback, owners.override, owners.data], [at('paul'), null, at('file')])
    assert.deepEqual(owners.reviewers.general, [at('file')])
    assert.equal(staff([held('rollback', 'paul')], [person('paul')]).owners.data, null)
  })

  it('calls people by the e-mail of an active user, else of another sign-in, else by their own id', () => {
    const users = [
      { connectionId: HUBSPOT, userId: '1', email: at('old'), active: false },
      { connectionId: SALESFORCE, userId: '2', email: at('new'), active: true },
    ]
    const called = (one: Partial<StaffPerson>) => staff([held('rollback', 'p')], [person('p', one)]).owners.rollback
    assert.equal(called({ users }), at('new'))
    assert.equal(called({ users: [users[0]!] }), at('old'))
    assert.equal(called({ users: [], addresses: ['p@mail.example'], signsIn: true }), 'p@mail.example')
    assert.equal(called({ users: [] }), 'person:p')
  })

  it('calls nobody by an e-mail that another of them has as well', () => {
    const people = [person('a', { addresses: [at('b')] }), person('b')]
    const { owners } = staff([held('rollback', 'a'), held('override', 'b')], people)
    assert.deepEqual([owners.rollback, owners.override], [at('a'), 'person:b'])
  })

  it('leaves out whoever is not known any more', () => {
    assert.equal(staff([held('rollback', 'gone')], []).owners.rollback, null)
  })

  it('adds what people confirmed and entered to what the company agreed, and changes no version', () => {
    const { owners: _, ...content } = { ...POLICY, people: { persons: [[at('a'), at('b')]], integrations: [] } }
    const away = [{ email: at('a'), from: '2026-12-01', until: '2026-12-02', delegate: null }]
    const policy = withStaff(content, { owners: FILE, persons: [[at('b'), at('c')]], away })
    assert.deepEqual(policy.people!.persons, [[at('a'), at('b'), at('c')]])
    assert.deepEqual(policy.calendar.away, [...(POLICY.calendar.away ?? []), ...away])
    assert.deepEqual(withStaff(content, { owners: FILE, persons: [], away: [] }), { ...content, owners: FILE })
  })
})
