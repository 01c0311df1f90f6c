import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ALONE, at, contact, directoryOf, NOW_MS, POLICY } from '../../../test/support/example.ts'
import type { Branch, ClassRule, Policy, PolicyVersion, Territory } from '../policy/policy.ts'
import type { CrmRecord } from '../record/crm-record.ts'
import type { Condition } from '../rules/condition.ts'
import { decide } from './decide.ts'
import type { Decision } from './decision.ts'
import { wakeText } from './wake-up.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const older = (field: string, days: number): Condition => ({ field, op: 'older-than', days })
const ago = (days: number) => new Date(NOW_MS - days * DAY_MS).toISOString()

const decideAt = (record: CrmRecord, version: PolicyVersion, nowMs: number) =>
  decide({ record, neighbours: ALONE, directory: directoryOf(), version, nowMs })
const versionOf = (over: Partial<Policy>): PolicyVersion => ({ hash: 'h', policy: { ...POLICY, ...over } })

const rules = (when: readonly Condition[], more: Partial<Branch> = {}): Branch => ({
  branch: 'aged',
  mode: 'rules',
  when: [],
  because: 'x',
  rules: [
    { id: 'aged', when, owner: at('big'), because: 'x' },
    { id: 'rest', when: [], owner: at('dach'), because: 'x' },
  ],
  settles: [],
  settlesClasses: [],
  ...more,
})

/** What may not depend on when a record was decided last. Texts may: they count days. */
function answerOf({ inScope, exceptions, write, unknown, undecided }: Decision) {
  return {
    inScope,
    exceptions: exceptions.map(({ pattern, subject, class: found, status, settledByRule, receipt }) => {
      // Where the rules would send a case is told on its receipt, as of when it was opened, and decides only these two.
      const branch = pattern === 'no-rule' || pattern === 'branch-review' ? receipt.branch : null
      return { pattern, subject, found, status, settledByRule, branch }
    }),
    write: write && [write.to, write.rule, write.branch],
    unknown: unknown !== null,
    undecided,
  }
}

describe('when a decision changes by the clock alone', () => {
  const waiting = contact({ hubspot_owner_id: null, closedate: ago(9) })
  const wakeOf = (over: Partial<Policy>, record = waiting) => {
    const { wake } = decideAt(record, versionOf({ patterns: [], ...over }), NOW_MS)
    return wake && [wake.reason, wake.atMs - NOW_MS]
  }
  const soon = DAY_MS + 1
  const aged = [older('closedate', 10)]

  it('is said with its reason for the scope, the action, a rule, a branch, a class and the slice of a pilot', () => {
    assert.deepEqual(wakeOf({ scope: aged }), ['scope', soon])
    assert.deepEqual(wakeOf({ action: { ...POLICY.action, when: aged } }), ['action', soon])
    assert.deepEqual(wakeOf({ boundary: [rules(aged)] }), ['branch', soon])
    const branches = [rules([], { branch: 'first', when: aged }), rules([])]
    assert.deepEqual(wakeOf({ boundary: branches }), ['branch', soon])
    const classes: ClassRule[] = [
      { when: aged, class: 'customer-facing', because: 'x' },
      { when: [], class: 'risky', because: 'x' },
    ]
    assert.deepEqual(wakeOf({ boundary: [], patterns: [{ pattern: 'no-rule' }], classes }), ['class', soon])
    assert.deepEqual(wakeOf({ mode: 'pilot', pilot: { when: aged, dailyCap: 5 } }), ['pilot', soon])
  })

  it('is said for a row of the territory table before the one that wins', () => {
    const row = (territory: string, when: readonly Condition[]): Territory => ({
      territory,
      title: territory,
      when,
      members: [at('dach')],
    })
    const patterns = [{ pattern: 'stale-territory', field: 'territory' }]
    const found = wakeOf({ patterns, territories: [row('old', aged), row('dach', [])], action: NEVER })
    assert.deepEqual(found, ['pattern/stale-territory', soon])
    assert.equal(wakeOf({ patterns, territories: [row('dach', []), row('old', aged)], action: NEVER }), null)
  })

  it('is not said where the age can change nothing', () => {
    const owned = contact({ closedate: ago(9) })
    assert.equal(wakeOf({ boundary: [rules(aged)] }, owned), null, 'it does not wait for an owner')
    assert.equal(
      wakeOf({ boundary: [{ ...rules([]), rules: rules(aged).rules.toReversed() }] }),
      null,
      'an earlier rule wins',
    )
    assert.equal(wakeOf({ scope: [...aged, { field: 'fact.country', op: 'in', values: ['FR'] }] }), null)
    assert.equal(wakeOf({ scope: aged }, contact({ closedate: ago(11) })), null, 'it is old enough')
    const hidden = contact({ closedate: ago(9) }, { unreadable: new Set(['closedate']) })
    assert.equal(wakeOf({ scope: aged }, hidden), null, 'knowledge wakes it')
    assert.equal(wakeOf({ scope: aged }, contact({ closedate: ago(9) }, { deleted: true })), null)
    assert.equal(wakeOf({ scope: [older('closedate', 1e9)] }), null, 'after the end of dates')
  })

  it('is the earlier end of a window where an owner came back, not the last one possible', () => {
    // Once it is too long ago that it left its present owner, it has not come back.
    const turns: [number, string][] = [
      [100, 'hs-dach'],
      [70, 'hs-big'],
      [20, 'hs-france'],
      [10, 'hs-gone'],
      [5, 'hs-dach'],
    ]
    const ownerHistory = turns.map(([hours, owner]) => ({ owner, atMs: NOW_MS - hours * HOUR_MS, order: 0 }))
    const record = contact({ hubspot_owner_id: 'hs-dach' }, { ownerHistory })
    const version = versionOf({
      patterns: [{ pattern: 'ownership-flapping', changes: 3, withinHours: 72 }],
      action: NEVER,
    })
    const { wake, exceptions } = decideAt(record, version, NOW_MS)
    assert.equal(exceptions.length, 1)
    assert.equal(wake!.atMs, NOW_MS + 2 * HOUR_MS + 1)
    const [before, after] = [wake!.atMs - 1, wake!.atMs].map(
      (nowMs) => decideAt(record, version, nowMs).exceptions.length,
    )
    assert.deepEqual([before, after], [1, 0])
  })

  it('has words for every reason', () => {
    for (const reason of [
      'scope',
      'action',
      'branch',
      'class',
      'pilot',
      'pilot-cap',
      'refused',
      'pattern/stale-field',
    ]) {
      assert.match(wakeText(reason), /then/)
    }
    assert.equal(wakeText('pattern/stale-field'), 'a grace period or window ends then (stale field)')
    assert.equal(
      wakeText('pattern/stale-territory'),
      'by its age it may belong to another territory then (stale territory)',
    )
    assert.equal(wakeText('pattern/of-a-former-version'), 'something about it changes with time')
  })

  it('deciding only then gives the same answers as deciding all the time', () => {
    fc.assert(
      fc.property(policies, records, fc.integer({ min: 1, max: 60 }), (version, record, stepHours) => {
        let last = decideAt(record, version, NOW_MS)
        for (let nowMs = NOW_MS; nowMs < NOW_MS + 50 * DAY_MS; nowMs += stepHours * HOUR_MS) {
          if (last.wake !== null && last.wake.atMs <= nowMs) last = decideAt(record, version, nowMs)
          assert.deepEqual(answerOf(last), answerOf(decideAt(record, version, nowMs)), new Date(nowMs).toISOString())
        }
      }),
      { numRuns: 150 },
    )
  })

  it('never names a time that is past, so that no record is decided without end', () => {
    fc.assert(
      fc.property(policies, records, (version, record) => {
        let nowMs = NOW_MS
        for (let turns = 0; turns < 60; turns += 1) {
          const { wake } = decideAt(record, version, nowMs)
          if (wake === null) return
          assert.ok(wake.atMs > nowMs)
          nowMs = wake.atMs
        }
        assert.fail('it wakes again and again')
      }),
      { numRuns: 100 },
    )
  })
})

const NEVER: Policy['action'] = { ...POLICY.action, when: 'never' }

const date = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .integer({ min: -45 * 24, max: 5 * 24 })
      .map((hours) => new Date(NOW_MS + hours * HOUR_MS).toISOString()),
  },
  {
    weight: 2,
    arbitrary: fc
      .integer({ min: -45, max: 5 })
      .map((days) => new Date(NOW_MS + days * DAY_MS).toISOString().slice(0, 10)),
  },
  { weight: 1, arbitrary: fc.constantFrom(null, 'no date') },
)

const condition: fc.Arbitrary<Condition> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom('d1', 'd2', 'account.d3'), fc.integer({ min: 0, max: 40 }))
      .map(([field, days]) => older(field, days)),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Condition>(
      { field: 'fact.country', op: 'in', values: ['DE'] },
      { field: 'd1', op: 'not-blank' },
      { field: 'd2', op: 'blank' },
    ),
  },
)
const conditions = fc.array(condition, { maxLength: 2 })

const OWNERS = [at('dach'), at('big'), at('france')]
const branch: fc.Arbitrary<Branch> = fc
  .record({
    when: conditions,
    mode: fc.constantFrom('rules' as const, 'rules' as const, 'review' as const),
    rows: fc.array(fc.tuple(conditions, fc.constantFrom(...OWNERS)), { maxLength: 3 }),
    settles: fc.subarray(['orphaned-owner', 'stale-territory', 'ownership-flapping']),
  })
  .map(({ when, mode, rows, settles }) => ({
    branch: 'b',
    when,
    mode,
    because: 'x',
    rules: mode === 'rules' ? rows.map(([of, owner], n) => ({ id: `r${n}`, when: of, owner, because: 'x' })) : [],
    settles: mode === 'rules' ? settles : [],
    settlesClasses: [],
  }))

const PATTERNS = [
  { pattern: 'missing-field', fields: ['company', 'd1'], graceMinutes: 30_000 },
  { pattern: 'stale-field', fields: ['hs_lead_status', 'd2'], businessDays: 12 },
  { pattern: 'stale-territory', field: 'territory' },
  { pattern: 'orphaned-owner', blankCounts: false },
  { pattern: 'ownership-flapping', changes: 3, withinHours: 200 },
  { pattern: 'no-rule' },
  { pattern: 'branch-review' },
]

/** Policies with an age anywhere. The calendars cross the end of summer time, and holidays. */
const policies: fc.Arbitrary<PolicyVersion> = fc
  .record({
    scope: conditions,
    waits: fc.oneof(conditions, fc.constant('never' as const), fc.constant(POLICY.action.when)),
    mode: fc.constantFrom('live' as const, 'pilot' as const),
    slice: conditions,
    classes: fc.array(fc.tuple(conditions, fc.constantFrom('expected', 'risky', 'customer-facing', 'unknown')), {
      maxLength: 3,
    }),
    boundary: fc.array(branch, { maxLength: 3 }),
    territories: fc.array(conditions, { maxLength: 3 }),
    patterns: fc.subarray(PATTERNS),
    timeZone: fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata'),
  })
  .map(({ scope, waits, mode, slice, classes, boundary, territories, patterns, timeZone }) =>
    versionOf({
      scope,
      action: { ...POLICY.action, when: waits },
      mode,
      pilot: mode === 'pilot' ? { when: slice, dailyCap: 5 } : null,
      classes: classes.map(([when, name]) => ({ when, class: name, because: 'x' }) as ClassRule),
      boundary: boundary.map((one, n) => ({ ...one, branch: `b${n}` })),
      territories: territories.map((when, n) => ({ territory: `t${n}`, title: `T${n}`, when, members: [OWNERS[n]!] })),
      patterns,
      calendar: { ...POLICY.calendar, timeZone },
    }),
  )

const records: fc.Arbitrary<CrmRecord> = fc
  .record({
    d1: date,
    d2: date,
    owner: fc.constantFrom(null, 'hs-dach', 'hs-gone', 'hs-queue'),
    territory: fc.constantFrom(null, 't0', 't1'),
    company: fc.constantFrom(null, 'Acme'),
    status: fc.constantFrom(null, 'NEW'),
    createdHours: fc.integer({ min: -30 * 24, max: 24 }),
    changedHours: fc.integer({ min: -40 * 24, max: 24 }),
    history: fc.array(fc.tuple(fc.integer({ min: -300, max: 40 }), fc.constantFrom('hs-dach', 'hs-big', 'hs-gone')), {
      maxLength: 6,
    }),
    hidden: fc.subarray(['d1', 'hs_lead_status', 'company'], { maxLength: 1 }),
    isHidden: fc.constantFrom(true, false, false, false),
  })
  .map((r) => {
    const made = contact(
      {
        d1: r.d1,
        d2: r.d2,
        hubspot_owner_id: r.owner,
        territory: r.territory,
        company: r.company,
        hs_lead_status: r.status,
        createdate: new Date(NOW_MS + r.createdHours * HOUR_MS).toISOString(),
      },
      {
        ownerHistory: r.history
          .map(([hours, owner]) => ({ owner, atMs: NOW_MS + hours * HOUR_MS, order: 0 }))
          .sort((a, b) => a.atMs - b.atMs),
        ...(r.isHidden ? { unreadable: new Set(r.hidden) } : {}),
      },
    )
    const changed = { atMs: NOW_MS + r.changedHours * HOUR_MS, order: 0 }
    return { ...made, stamps: { ...made.stamps, hs_lead_status: changed, d2: changed } }
  })
