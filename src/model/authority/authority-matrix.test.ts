import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { EXCEPTION_CLASSES, type ExceptionClass, type ReviewCircle } from '../classes/class.ts'
import { ACTS, type Act, type Actor, type Circumstances, type LaneHeld, type Subject, type Verdict } from './acts.ts'
import { mayAct } from './may-act.ts'

/**
 * The table of the design (authority.md, sections 1 and 2) transcribed in words, and asked of `mayAct` for every act, class,
 * person and way of signing in. Nothing here is read from the implementation.
 *
 * who:     titles of CAST below. "circle" is the circle of the class. A deputy is named where the design names one.
 * classes: what the act is for; other classes are refused for everybody.
 * weak:    whether a link that somebody made is good for it. server: whether a link of the terminal is.
 * strong:  whether it wants a sign-in within 15 minutes where an issuer is set, and then the CRM's word (crm).
 */
type Row = {
  readonly who: string
  readonly classes?: 'not unknown' | 'only unknown'
  readonly weak?: 'yes' | 'expected and risky'
  readonly server?: 'yes'
  readonly strong?: 'recent' | 'recent and crm'
}
const NAMED =
  'general reviewer, senior reviewer, approved reviewer, author, delegate, override owner, override deputy, rollback owner, rollback deputy, boundary owner, boundary deputy, data owner, data deputy, workflow owner, workflow deputy'
const LESS = 'rollback owner, rollback deputy, boundary owner, boundary deputy, workflow owner, workflow deputy'
const CASES = { who: 'circle', weak: 'expected and risky' } as const
const BY_ADMIN = { who: 'admin', server: 'yes' } as const

const TABLE: Readonly<Record<Act, Row>> = {
  read: { who: 'anybody', weak: 'yes' },
  answer: { ...CASES, classes: 'not unknown' },
  block: { ...CASES, classes: 'not unknown' },
  'send-back': CASES,
  snooze: { ...CASES, classes: 'not unknown' },
  'hand-over': CASES,
  override: { who: 'override owner, override deputy', classes: 'not unknown', strong: 'recent' },
  'open-door': { who: 'circle, workflow owner', classes: 'only unknown' },
  'complete-door': { who: 'boundary owner', classes: 'only unknown' },
  'act-by-hand': { who: 'override owner', classes: 'only unknown', strong: 'recent' },
  pause: { who: 'rollback owner, rollback deputy', weak: 'yes' },
  'ask-for-pause': { who: `${NAMED}, admin`, weak: 'yes' },
  resume: { who: 'rollback owner, rollback deputy', strong: 'recent and crm' },
  undo: { who: 'rollback owner, rollback deputy', strong: 'recent and crm' },
  'edit-draft': { who: `${NAMED}, admin`, server: 'yes' },
  'approve-publish': { who: NAMED.replace('author, ', ''), strong: 'recent and crm' },
  narrow: { who: 'boundary owner, rollback owner', strong: 'recent and crm' },
  mark: { who: NAMED.replace('author, ', ''), strong: 'recent' },
  raise: { who: 'workflow owner' },
  lower: { who: LESS, weak: 'yes' },
  'apply-to-backlog': { who: 'workflow owner, workflow deputy' },
  'stop-backlog': { who: LESS, weak: 'yes' },
  appoint: { who: 'workflow owner', server: 'yes' },
  accept: { who: 'stranger' },
  decline: { who: 'stranger' },
  'give-back': { who: 'stranger' },
  'set-absence': { who: 'stranger, workflow owner, admin', server: 'yes' },
  'announce-change': { who: 'workflow owner, boundary owner' },
  connect: BY_ADMIN,
  'change-keys': BY_ADMIN,
  erase: BY_ADMIN,
  'replay-quarantine': BY_ADMIN,
  invite: BY_ADMIN,
  'confirm-join': { who: 'stranger, admin', server: 'yes' },
  'make-link': BY_ADMIN,
  'make-token': BY_ADMIN,
  scan: BY_ADMIN,
  'allow-writing': { who: 'admin, workflow owner', server: 'yes' },
  'stop-writing': { who: 'admin, rollback owner, rollback deputy', weak: 'yes' },
  disconnect: BY_ADMIN,
}

const NOW = Date.UTC(2026, 10, 2, 12)
const WORKFLOW = 'leads'

type Lane = readonly [lane: LaneHeld['lane'], role?: LaneHeld['role'], circle?: ReviewCircle]
/** Titles, which are the ids. Everybody else has a job elsewhere, one that ended, or none. */
const CAST: Readonly<Record<string, readonly Lane[]>> = {
  'general reviewer': [['review', 'holder', 'general']],
  'senior reviewer': [['review', 'holder', 'senior']],
  'approved reviewer': [['review', 'holder', 'approved']],
  author: [
    ['review', 'holder', 'general'],
    ['review', 'holder', 'senior'],
    ['review', 'holder', 'approved'],
  ],
  delegate: [['review', 'delegate', 'general']],
  'override owner': [['override']],
  'override deputy': [['override', 'deputy']],
  'rollback owner': [['rollback']],
  'rollback deputy': [['rollback', 'deputy']],
  'boundary owner': [['boundary']],
  'boundary deputy': [['boundary', 'deputy']],
  'data owner': [['data']],
  'data deputy': [['data', 'deputy']],
  'workflow owner': [['workflow']],
  'workflow deputy': [['workflow', 'deputy']],
  admin: [['admin']],
  stranger: [],
  elsewhere: [],
  'until a moment ago': [],
}
const ALL_LANES: readonly Lane[] = Object.values(CAST).flat()

function lanesOf(): LaneHeld[] {
  const held = (personId: string, [lane, role = 'holder', circle]: Lane, more: Partial<LaneHeld> = {}): LaneHeld => ({
    workflow: lane === 'admin' ? '' : WORKFLOW,
    lane,
    circle: circle ?? null,
    personId,
    role,
    untilMs: null,
    ...more,
  })
  return [
    ...Object.entries(CAST).flatMap(([id, lanes]) => lanes.map((lane) => held(id, lane))),
    ...ALL_LANES.filter(([lane]) => lane !== 'admin').flatMap((lane) => [
      held('elsewhere', lane, { workflow: 'other' }),
      held('until a moment ago', lane, { untilMs: NOW }),
    ]),
  ]
}

const CIRCLE_OF: Readonly<Record<ExceptionClass, string>> = {
  expected: 'general reviewer, delegate',
  risky: 'general reviewer, delegate',
  'customer-facing': 'senior reviewer',
  'revenue-impacting': 'approved reviewer',
  unknown: 'general reviewer, delegate',
}

/** The author of what caused the case is in every circle, is left out of it, and wrote the draft. */
function subjectOf(act: Act, of: ExceptionClass): Subject {
  return {
    workflow: WORKFLOW,
    class: of,
    excluded: ['author'],
    authors: ['author'],
    door: 'new-rule',
    personId: 'stranger',
    ...(act === 'appoint' ? { lane: 'data' as const, isLive: true } : {}),
  }
}

const WAYS_IN = ['strong', 'strong, long ago', 'sandbox, long ago', 'server', 'weak', 'pause page'] as const
type WayIn = (typeof WAYS_IN)[number]
const CRM_SAYS = [true, 'no-user', false, null] as const

function personBy(personId: string, way: WayIn, isActiveInCrm: (typeof CRM_SAYS)[number], isActive = true): Actor {
  const [strength] = way.split(', ') as ['strong' | 'sandbox' | 'server' | 'weak' | 'pause page']
  return {
    kind: 'person',
    personId,
    strength: strength === 'pause page' ? 'only-pauses' : strength,
    signedInAtMs: way.endsWith('long ago') ? NOW - 15 * 60_000 - 1 : NOW - 15 * 60_000,
    isActive,
    isActiveInCrm,
  }
}

/** What the words say, and in which order the refusals are told: first whose it is, then how they signed in. */
function expected(act: Act, of: ExceptionClass, who: string, way: WayIn, crm: (typeof CRM_SAYS)[number]): string {
  const row = TABLE[act]
  if (row.classes === 'not unknown' && of === 'unknown') return 'unknown-class'
  if (row.classes === 'only unknown' && of !== 'unknown') return 'not-unknown'
  const isCase = row.who.includes('circle') || ['override', 'complete-door', 'act-by-hand'].includes(act)
  const names = row.who.split(', ').flatMap((name) => (name === 'circle' ? CIRCLE_OF[of].split(', ') : [name]))
  if (!names.includes('anybody') && !names.includes(who)) {
    if (who !== 'author') return 'not-named'
    if (act === 'approve-publish' || act === 'mark') return 'author'
    return isCase && row.who.includes('circle') ? 'excluded' : 'not-named'
  }
  if (way === 'pause page' && act !== 'pause' && act !== 'ask-for-pause') return 'only-pauses'
  const isWeakEnough = row.weak === 'yes' || (row.weak !== undefined && (of === 'expected' || of === 'risky'))
  if (way === 'weak' && !isWeakEnough) return 'weak-sign-in'
  if (way === 'server' && !isWeakEnough && row.server === undefined) return 'weak-sign-in'
  if (row.strong !== undefined && way === 'strong, long ago') return 'old-sign-in'
  if (row.strong !== 'recent and crm') return 'allowed'
  if (crm === false) return 'inactive-in-crm'
  return crm === null ? 'crm-not-asked' : 'allowed'
}

function told(verdict: Verdict): string {
  return verdict.allowed ? 'allowed' : verdict.code
}

const CIRCUMSTANCES: Circumstances = { lanes: lanesOf(), nowMs: NOW, hasSignInProvider: true }

describe('the matrix of authority', () => {
  it('gives each act, class, person and way of signing in the answer of the table in words', (t) => {
    let asked = 0
    let allowed = 0
    const wrong: string[] = []
    for (const act of ACTS) {
      for (const of of EXCEPTION_CLASSES) {
        const subject = subjectOf(act, of)
        for (const who of Object.keys(CAST)) {
          for (const way of WAYS_IN) {
            for (const crm of CRM_SAYS) {
              const verdict = mayAct(personBy(who, way, crm), act, subject, CIRCUMSTANCES)
              const wanted = expected(act, of, who, way, crm)
              asked += 1
              if (verdict.allowed) allowed += 1
              if (told(verdict) !== wanted)
                wrong.push(`${act}, ${of}, ${who}, ${way}, ${crm}: ${told(verdict)}, not ${wanted}`)
            }
          }
        }
      }
    }
    assert.deepEqual(wrong.slice(0, 20), [], `${wrong.length} differ`)
    t.diagnostic(`${asked} combinations, ${allowed} allowed`)
    assert.ok(asked > 80_000)
  })

  it('names in each refusal exactly those who may, and says in a sentence why', () => {
    for (const act of ACTS) {
      for (const of of EXCEPTION_CLASSES) {
        const subject = subjectOf(act, of)
        const may = Object.keys(CAST).filter((who) => expected(act, of, who, 'strong', true) === 'allowed')
        for (const who of [...Object.keys(CAST), 'nobody we know']) {
          const verdict = mayAct(personBy(who, 'strong', true), act, subject, CIRCUMSTANCES)
          if (verdict.allowed) continue
          assert.match(verdict.because, /^[A-Z].{10,160}\.$/, act)
          assert.deepEqual([...verdict.whoMay].sort(), may.filter((one) => one !== who).sort(), `${act}, ${of}, ${who}`)
        }
      }
    }
  })

  it('refuses whoever ended here, whatever they hold and however they signed in', (t) => {
    let asked = 0
    for (const act of ACTS) {
      for (const of of EXCEPTION_CLASSES) {
        for (const who of Object.keys(CAST)) {
          for (const way of WAYS_IN) {
            const verdict = mayAct(personBy(who, way, true, false), act, subjectOf(act, of), CIRCUMSTANCES)
            assert.equal(told(verdict), 'inactive', `${act} ${who}`)
            asked += 1
          }
        }
      }
    }
    t.diagnostic(`${asked} combinations`)
  })

  it('lets programs do the few things that the table gives them', (t) => {
    const token = (scopes: ('propose' | 'read' | 'ask-for-pause')[], workflow = WORKFLOW): Actor => {
      return { kind: 'token', tokenId: 't', workflow, scopes }
    }
    const admins: readonly Act[] = ACTS.filter((act) => TABLE[act].who.split(', ').includes('admin'))
    const machines: readonly (readonly [name: string, actor: Actor, may: readonly Act[]])[] = [
      ['a token that proposes', token(['propose']), []],
      ['a token that reads', token(['read']), ['read']],
      ['a token that asks for pauses', token(['ask-for-pause']), ['ask-for-pause']],
      ['a token with every scope', token(['propose', 'read', 'ask-for-pause']), ['read', 'ask-for-pause']],
      ['a token of another workflow', token(['propose', 'read', 'ask-for-pause'], 'other'), []],
      ['a rule', { kind: 'rule', ruleId: 'r' }, []],
      ['the clock', { kind: 'lanekeeper' }, ['pause']],
      ['the terminal', { kind: 'terminal' }, ['read', ...admins]],
    ]
    let asked = 0
    for (const [name, actor, may] of machines) {
      for (const act of ACTS) {
        for (const of of EXCEPTION_CLASSES) {
          const verdict = mayAct(actor, act, subjectOf(act, of), CIRCUMSTANCES)
          assert.equal(told(verdict), may.includes(act) ? 'allowed' : 'machine', `${name}, ${act}, ${of}`)
          asked += 1
        }
      }
    }
    t.diagnostic(`${asked} combinations`)
  })
})

describe('who approves a version, at each step', () => {
  const named = NAMED.split(', ')
  const but = (...out: string[]) => named.filter((one) => !out.includes(one))
  const wf = ['workflow owner', 'workflow deputy', 'override owner']
  const steps: readonly (readonly [
    authors: readonly string[] | null,
    by: readonly string[],
    who: readonly string[],
  ])[] = [
    [['author'], [], but('author')],
    [['author'], ['boundary owner'], but('author', 'boundary owner')],
    [['author'], ['boundary deputy'], but('author', 'boundary deputy')],
    [['author'], ['data owner'], ['boundary owner', 'boundary deputy']],
    [['author'], ['data owner', 'boundary owner'], []],
    [['admin'], ['boundary owner'], but('boundary owner')],
    [['boundary owner'], ['boundary owner'], wf],
    [['boundary owner', 'workflow owner'], ['boundary owner'], ['workflow deputy', 'override owner']],
    // The deputy did not write it, so anybody may be the second to them.
    [['boundary owner'], ['boundary deputy'], but('boundary owner', 'boundary deputy')],
    [['boundary owner', 'boundary deputy'], ['boundary deputy'], wf],
    [null, [], named],
    [null, ['boundary owner'], but('boundary owner')],
    [null, ['boundary owner', 'data owner'], but('boundary owner', 'data owner')],
    [null, ['boundary owner', 'data owner', 'author'], []],
    [null, ['data owner', 'author'], ['boundary owner', 'boundary deputy']],
  ]
  for (const [authors, approvedBy, who] of steps) {
    it(`written by ${authors?.join(', ') ?? 'nobody knows whom'}, approved by ${approvedBy.join(', ') || 'nobody'}`, () => {
      const subject = { workflow: WORKFLOW, authors, approvedBy }
      const may = Object.keys(CAST).filter(
        (one) => mayAct(personBy(one, 'strong', true), 'approve-publish', subject, CIRCUMSTANCES).allowed,
      )
      assert.deepEqual(may.sort(), [...who].sort())
    })
  }
})
