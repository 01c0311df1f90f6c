import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { EXCEPTION_CLASSES, type ExceptionClass } from '../classes/class.ts'
import { ACTS, type Act, type Actor, type Lane, type LaneHeld, type Subject } from './acts.ts'
import { isApproved } from './approvals.ts'
import { mayAct } from './may-act.ts'
import { isTogether } from './requirement.ts'
import { type Appointment, whatFrees } from './what-frees.ts'

/** R15: from any people away or gone a way leads back, or the one appointment that frees an act is named. */
const NOW = Date.UTC(2026, 10, 2, 12)
const W = 'leads'

type Job = readonly [lane: Lane, more?: 'deputy' | 'general' | 'senior' | 'approved']
type Cast = { readonly isLive: boolean; readonly jobs: readonly (readonly Job[])[] }

const REVIEW: readonly Job[] = [
  ['review', 'general'],
  ['review', 'senior'],
  ['review', 'approved'],
]
const OWNERS: readonly Job[] = [['override'], ['rollback'], ['boundary'], ['data'], ['workflow']]
/** Who holds what, by the number of people. */
const CASTS: Readonly<Record<number, Cast>> = {
  1: { isLive: false, jobs: [[['admin'], ...REVIEW, ...OWNERS]] },
  2: {
    isLive: false,
    jobs: [
      [['admin'], ...REVIEW, ['workflow'], ['data'], ['rollback', 'deputy']],
      [['boundary'], ['rollback'], ['override'], ['workflow', 'deputy']],
    ],
  },
  3: {
    isLive: true,
    jobs: [
      [['admin'], ...REVIEW, ['data']],
      [['workflow'], ['rollback'], ['override', 'deputy']],
      [['boundary'], ['override'], ['rollback', 'deputy']],
    ],
  },
  5: {
    isLive: true,
    jobs: [
      [['admin'], ['data'], ['workflow', 'deputy']],
      REVIEW,
      [['review', 'general'], ['override'], ['boundary', 'deputy']],
      [['workflow'], ['rollback', 'deputy']],
      [['boundary'], ['rollback'], ['override', 'deputy']],
    ],
  },
  12: {
    isLive: true,
    jobs: [
      [['admin']],
      [['review', 'general']],
      [
        ['review', 'general'],
        ['review', 'senior'],
      ],
      [['review', 'senior']],
      [['review', 'approved']],
      [['override']],
      [['rollback']],
      [['boundary']],
      [['data']],
      [['workflow']],
      [
        ['override', 'deputy'],
        ['rollback', 'deputy'],
        ['data', 'deputy'],
      ],
      [
        ['boundary', 'deputy'],
        ['workflow', 'deputy'],
      ],
    ],
  },
}

function heldBy(n: number, [lane, more]: Job): LaneHeld {
  const circle = lane === 'review' ? (more as LaneHeld['circle']) : null
  const role = more === 'deputy' ? 'deputy' : 'holder'
  return { workflow: lane === 'admin' ? '' : W, lane, circle, personId: `p${n}`, role, untilMs: null }
}

/** Gone: their rows are, too. Away: a deputy who is there stands in for the holder. */
function lanesWithout(cast: Cast, out: number, how: 'away' | 'gone'): LaneHeld[] {
  const all = cast.jobs.flatMap((jobs, n) => jobs.map((job) => heldBy(n, job)))
  const isOut = ({ personId }: LaneHeld) => (out & (1 << Number(personId.slice(1)))) !== 0
  const here = all.filter((held) => !isOut(held))
  if (how === 'gone') return here
  const standIns = here
    .filter(
      ({ role, lane }) =>
        role === 'deputy' && all.some((held) => held.lane === lane && held.role === 'holder' && isOut(held)),
    )
    .map((held) => ({ ...held, role: 'delegate' as const }))
  return [...here, ...standIns]
}

const OF_A_CASE: ReadonlySet<Act> = new Set<Act>([
  'answer',
  'block',
  'send-back',
  'snooze',
  'hand-over',
  'override',
  'open-door',
  'complete-door',
  'act-by-hand',
])
const BY_AUTHOR: ReadonlySet<Act> = new Set<Act>(['approve-publish', 'mark'])
/** Acts of a person about themself: whether that person is there is no matter of appointing. */
const OWN: ReadonlySet<Act> = new Set<Act>(['accept', 'decline', 'give-back'])

function classesFor(act: Act): readonly ExceptionClass[] {
  if (!OF_A_CASE.has(act)) return ['expected']
  if (act === 'open-door' || act === 'complete-door' || act === 'act-by-hand') return ['unknown']
  const known = EXCEPTION_CLASSES.filter((one) => one !== 'unknown')
  return act === 'send-back' || act === 'hand-over' ? [...known, 'unknown'] : known
}

const person = (personId: string): Actor => ({
  kind: 'person',
  personId,
  strength: 'strong',
  signedInAtMs: NOW,
  isActive: true,
  isActiveInCrm: true,
})

/** Plays it with real people: whoever may says yes, until it is done or nobody may. */
function isDoable(act: Act, subject: Subject, lanes: readonly LaneHeld[]): boolean {
  const now = { lanes, nowMs: NOW, hasSignInProvider: true }
  const people = [...new Set([...lanes.map(({ personId }) => personId), 'somebody new'])]
  const asks = (of: Subject) => people.find((one) => mayAct(person(one), act, of, now).allowed)
  if (!isTogether(act)) return asks(subject) !== undefined
  let approvedBy: readonly string[] = []
  for (;;) {
    if (isApproved(act, { ...subject, approvedBy }, now)) return true
    const next = asks({ ...subject, approvedBy })
    if (next === undefined) return false
    approvedBy = [...approvedBy, next]
  }
}

/** Makes the appointments as they were named, each by somebody who may. */
function appointed(lanes: readonly LaneHeld[], steps: readonly Appointment[], isLive: boolean): LaneHeld[] {
  let held = [...lanes]
  for (const [n, { workflow, lane, circle, isDeputy, by }] of steps.entries()) {
    const personId = `new-${n + 1}`
    const now = { lanes: held, nowMs: NOW, hasSignInProvider: true }
    const subject = { workflow, lane, personId, isDeputy, isLive }
    const namer: Actor = by[0] === undefined ? { kind: 'terminal' } : person(by[0])
    assert.deepEqual(mayAct(namer, 'appoint', subject, now), { allowed: true }, `${by} names ${lane}`)
    const role = isDeputy ? 'deputy' : 'holder'
    const isReplaced = (one: LaneHeld) =>
      lane !== 'review' && lane !== 'admin' && one.lane === lane && (one.role === 'deputy') === isDeputy
    held = [...held.filter((one) => !isReplaced(one)), { workflow, lane, circle, personId, role, untilMs: null }]
  }
  return held
}

/** People are alike to an act of one person: what counts is which jobs are held, and by somebody the case lets. */
function rowsOf(lanes: readonly LaneHeld[]): string {
  return [...new Set(lanes.map(({ lane, role, circle }) => `${lane}${role}${circle}`))].sort().join()
}

/** How many appointments it takes; none where somebody may. Plays them, and the act after them. */
function stepsTo(act: Act, subject: Subject, lanes: readonly LaneHeld[], isLive: boolean): number {
  const frees = whatFrees(act, subject, { lanes, nowMs: NOW })
  if (isDoable(act, subject, lanes)) {
    assert.equal(frees, null, `${act} needs nobody new`)
    return 0
  }
  assert.ok(frees !== null && frees.length > 0, `nothing frees ${act} with ${JSON.stringify(lanes)}`)
  const after = appointed(lanes, frees, isLive)
  assert.ok(isDoable(act, subject, after), `${JSON.stringify(frees)} does not free ${act}`)
  return frees.length
}

/** What acts of several people see of them: who holds what together, who wrote it, and how many others there are. */
function structure(lanes: readonly LaneHeld[], { authors }: Subject): string {
  const people = new Map<string, string[]>()
  for (const { personId, lane, role } of lanes) {
    const bears = ['boundary', 'workflow', 'override', 'admin'].includes(lane) ? `${lane} ${role}` : 'other'
    people.set(personId, [...(people.get(personId) ?? []), bears])
  }
  const each = [...people]
    .map(([id, jobs]) => `${[...new Set(jobs)].sort()} ${authors?.includes(id) ?? 'unknown'}`)
    .sort()
  return each.filter((one, n) => each.slice(0, n).filter((before) => before === one).length < 2).join('; ')
}

describe('who is left for an act', () => {
  for (const [size, cast] of Object.entries(CASTS)) {
    it(`is somebody, or the appointment is named that frees it: ${size} people, part of R15`, (t) => {
      const n = cast.jobs.length
      const steps = [0, 0, 0, 0, 0]
      const known = new Map<string, number>()
      const ask = (act: Act, subject: Subject, lanes: readonly LaneHeld[], alike: string): number => {
        const key = `${act} ${subject.class} ${alike}`
        const before = known.get(key)
        if (before !== undefined) return before
        const n = stepsTo(act, subject, lanes, cast.isLive)
        known.set(key, n)
        return n
      }
      let asked = 0
      for (const how of ['away', 'gone'] as const) {
        for (let out = 0; out < 1 << n; out += 1) {
          const lanes = lanesWithout(cast, out, how)
          const own = rowsOf(lanes)
          const structures = new Map<string, string>()
          const structureBy = (subject: Subject) => {
            const wrote = `${subject.authors}`
            const known = structures.get(wrote) ?? structure(lanes, subject)
            structures.set(wrote, known)
            return known
          }
          const left = cast.jobs.map((_, n) => rowsOf(lanes.filter(({ personId }) => personId !== `p${n}`)))
          for (const act of ACTS) {
            if (OWN.has(act) || act === 'read') continue
            const authors = OF_A_CASE.has(act) || BY_AUTHOR.has(act) ? [null, ...cast.jobs.keys()] : [0]
            for (const of of classesFor(act)) {
              for (const author of authors) {
                const wrote = author === null ? [] : [`p${author}`]
                const door = 'input-path' as const
                const subject: Subject = {
                  workflow: W,
                  class: of,
                  door,
                  excluded: wrote,
                  authors: act === 'approve-publish' && author === null ? null : wrote,
                  personId: 'somebody new',
                  isLive: cast.isLive,
                  ...(act === 'appoint' ? { lane: 'rollback' as const } : {}),
                }
                const apart = author === null || !OF_A_CASE.has(act) ? own : `${left[author]} of ${own}`
                const alike = isTogether(act) ? structureBy(subject) : apart
                steps[ask(act, subject, lanes, alike)]! += 1
                asked += 1
              }
            }
          }
        }
      }
      assert.equal(
        steps.reduce((sum, one) => sum + one),
        asked,
      )
      t.diagnostic(
        `${n} people: ${asked} asked; ${steps[0]} somebody may, ${steps[1]} freed by one appointment, ${steps[2]} by two in a row, ${steps[3]} by three, ${steps[4]} by four`,
      )
    })
  }
})
