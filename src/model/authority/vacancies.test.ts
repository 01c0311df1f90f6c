import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { at, directoryOf, HUBSPOT, PEOPLE, POLICY, SALESFORCE, versionOf } from '../../../test/support/example.ts'
import type { PolicyOwners } from '../policy/policy.ts'
import { LANE_WORDS } from './lane-words.ts'
import { blocksWidening, type Readiness, readiness } from './readiness.ts'

const CONNECTIONS = ['hubspot', 'salesforce'].map((crm, i) => {
  return { id: [HUBSPOT, SALESFORCE][i]!, crm, title: crm, arePeopleRead: true }
})
/** A Wednesday, 11 in the morning in the company's zone. */
const WEDNESDAY_MS = Date.parse('2026-11-18T10:00:00Z')
const DAY_MS = 86_400_000
const owners = (change: Partial<PolicyOwners>) => ({ owners: { ...POLICY.owners, ...change } })

function ask(
  change: Parameters<typeof versionOf>[0],
  nowMs: number,
  before: Readiness | null,
  people: typeof PEOPLE = PEOPLE,
): Readiness {
  return readiness(versionOf(change), directoryOf(people), CONNECTIONS, { nowMs, before: before?.problems ?? null })
}

describe('a vacancy counts by what it endangers', () => {
  const READY = ask({}, 0, null)

  it('part of M40: stops automated writes at once without a rollback or override owner, or with an empty circle', () => {
    for (const change of [
      owners({ rollback: null }),
      owners({ override: null }),
      owners({ reviewers: { ...POLICY.owners.reviewers, senior: [] } }),
    ]) {
      assert.equal(ask(change, WEDNESDAY_MS, READY).effectiveMode, 'observe')
    }
  })

  it('part of M40: goes on for 3 business days without a data, boundary or workflow owner', () => {
    for (const job of ['data', 'boundary', 'workflow'] as const) {
      const first = ask(owners({ [job]: null }), WEDNESDAY_MS, READY)
      const [problem] = first.problems
      assert.deepEqual([first.effectiveMode, problem!.job, problem!.sinceMs], ['live', job, WEDNESDAY_MS], job)
      assert.equal(blocksWidening(first.problems), true)
      // Three working days after a Wednesday is the next Monday.
      const endsMs = problem!.writesEndAtMs!
      assert.equal(new Date(endsMs).toISOString().slice(0, 10), '2026-11-23')
      const later = ask(owners({ [job]: null }), endsMs - 1, first)
      assert.equal(later.effectiveMode, 'live')
      assert.equal(later.problems[0]!.sinceMs, WEDNESDAY_MS)
      assert.equal(ask(owners({ [job]: null }), endsMs, later).effectiveMode, 'observe')
    }
  })

  it('starts no new clock when somebody else is named who has not accepted, and a new one after it was filled', () => {
    const first = ask(owners({ data: null }), WEDNESDAY_MS, READY)
    const other = ask(owners({ data: at('gone') }), WEDNESDAY_MS + DAY_MS, first)
    assert.equal(other.problems[0]!.sinceMs, WEDNESDAY_MS)
    const filled = ask({}, WEDNESDAY_MS + DAY_MS, other)
    assert.deepEqual(filled.problems, [])
    const again = ask(owners({ data: null }), WEDNESDAY_MS + 2 * DAY_MS, filled)
    assert.equal(again.problems[0]!.sinceMs, WEDNESDAY_MS + 2 * DAY_MS)
  })

  it('stops at once where the job was never filled, where code of before had stopped it, and with 0 days', () => {
    assert.equal(ask(owners({ data: null }), WEDNESDAY_MS, null).effectiveMode, 'observe')
    const stored = [{ kind: 'vacant', job: 'data', problem: 'is gone', connectionId: null }] as const
    const history = { nowMs: WEDNESDAY_MS, before: stored }
    const version = versionOf(owners({ data: null }))
    assert.equal(readiness(version, directoryOf(), CONNECTIONS, history).effectiveMode, 'observe')
    const guards = { ...POLICY.guards, vacancyDays: 0 }
    assert.equal(ask({ ...owners({ data: null }), guards }, WEDNESDAY_MS, READY).effectiveMode, 'observe')
  })

  it('moves the cases of one reviewer of several who left, and stops nothing', () => {
    const { senior, approved } = POLICY.owners.reviewers
    const change = owners({ reviewers: { general: [at('rita'), at('ralf')], senior, approved } })
    const people = PEOPLE.map((one) => (one.email === at('rita') ? { ...one, active: false } : one))
    const { effectiveMode, problems } = ask(change, WEDNESDAY_MS, READY, people)
    assert.deepEqual(
      [effectiveMode, problems.map(({ kind, email }) => [kind, email])],
      ['live', [['left', at('rita')]]],
    )
    assert.equal(blocksWidening(problems), false)
    assert.match(problems[0]!.problem, /The other reviewers get their cases$/)
  })

  it('part of M21: says what usually breaks without the job', () => {
    for (const [job, lane] of [
      ['rollback', 'rollback'],
      ['override', 'override'],
      ['boundary', 'boundary'],
      ['data', 'data'],
      ['workflow', 'workflow'],
    ] as const) {
      assert.equal(ask(owners({ [job]: null }), WEDNESDAY_MS, READY).problems[0]!.without, LANE_WORDS[lane].without)
    }
    const empty = ask(owners({ reviewers: { general: [], senior: [], approved: [] } }), WEDNESDAY_MS, READY)
    assert.deepEqual([...new Set(empty.problems.map(({ without }) => without))], [LANE_WORDS.review.without])
  })

  it('does not miss somebody known by a sign-in alone, but a reviewer needs a user', () => {
    const holder = { personId: 'p', name: 'Pia', users: {}, signsIn: true }
    const pia = {
      holders: { 'pia@mail.example': holder },
      accepted: { ...POLICY.owners.accepted, 'pia@mail.example': '2026-11-20' },
    }
    assert.deepEqual(ask(owners({ ...pia, rollback: 'pia@mail.example' }), WEDNESDAY_MS, READY).problems, [])
    const reviewers = { ...POLICY.owners.reviewers, senior: ['pia@mail.example'] }
    assert.equal(ask(owners({ ...pia, reviewers }), WEDNESDAY_MS, READY).effectiveMode, 'observe')
    const weak = { ...pia, holders: { 'pia@mail.example': { ...holder, signsIn: false } } }
    assert.equal(ask(owners({ ...weak, rollback: 'pia@mail.example' }), WEDNESDAY_MS, READY).effectiveMode, 'observe')
  })

  it('takes the user whom the person confirmed for the holder, whoever has the e-mail', () => {
    const users = { [HUBSPOT]: ['hs-paul'], [SALESFORCE]: ['sf-paul'] }
    const holders = { [at('paul')]: { personId: 'p', name: 'Paul', users, signsIn: false } }
    const taken = PEOPLE.map((one) => (one.userId === 'sf-paul' ? { ...one, active: false } : one))
    const mallory = { ...PEOPLE.find((one) => one.userId === 'sf-paul')!, userId: 'sf-mallory', active: true }
    const { byConnection } = ask(owners({ holders }), WEDNESDAY_MS, READY, [...taken, mallory])
    assert.deepEqual([...byConnection.values()], ['live', 'observe'])
  })
})

describe('what rests on one person', () => {
  const jobs = (over: Partial<PolicyOwners>) => owners(over)
  const four = jobs({ override: at('rita'), rollback: at('rita'), workflow: at('rita') })
  const pilot = { when: [], dailyCap: 5 }
  const kinds = (change: Parameters<typeof versionOf>[0]) => ask(change, 0, null).problems.map(({ kind }) => kind)

  it('part of M32: is fragile with four of the five jobs, or with review, override and boundary together', () => {
    assert.deepEqual(kinds(four), ['fragile'])
    assert.deepEqual(kinds(jobs({ override: at('rita'), rollback: at('rita') })), [])
    assert.deepEqual(kinds(jobs({ override: at('rita'), boundary: at('rita') })), ['fragile'])
    assert.deepEqual(kinds(jobs({ boundary: at('rita'), data: at('rita') })), [])
  })

  it('part of M32: may be a pilot for 30 days, says so a week before, and only observes then', () => {
    const change = { ...four, mode: 'live' as const, pilot }
    const first = ask(change, WEDNESDAY_MS, null)
    assert.equal(first.effectiveMode, 'pilot')
    assert.match(first.problems[0]!.problem, /narrow pilot until 2026-12-18/)
    const soon = ask(change, WEDNESDAY_MS + 23 * DAY_MS, first)
    assert.match(soon.problems[0]!.problem, /ends on 2026-12-18, in less than a week/)
    assert.equal(soon.effectiveMode, 'pilot')
    const over = ask(change, WEDNESDAY_MS + 30 * DAY_MS, soon)
    assert.equal(over.effectiveMode, 'observe')
    assert.match(over.problems[0]!.problem, /ended on 2026-12-18/)
  })
})
