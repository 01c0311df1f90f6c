import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { LOOP_DEFAULT, type OwnerMove, type OwnWrite, ownerLoop, ownerMoves, sideKey } from './owner-loop.ts'

const HOUR_MS = 3_600_000
const rule = (name: string) => ({ kind: 'rule', workflow: name, rule: name }) as const
const ann = { kind: 'person', id: 'ann' } as const

/** One move an hour, the last one just now. */
function inTurn(...steps: readonly (readonly [OwnerMove['side'], string | null])[]): OwnerMove[] {
  return steps.map(([side, value], n) => ({ side, value, agoMs: (steps.length - 1 - n) * HOUR_MS, inForce: true }))
}

const turnsOf = (moves: readonly OwnerMove[], openForMs: number | null = null) =>
  ownerLoop(moves, LOOP_DEFAULT, openForMs)?.alternations ?? 0

describe('C19: sides that take turns at an owner', () => {
  it('are a rule and a person who undo each other three times', () => {
    const moves = inTurn([rule('a'), '1'], [ann, '2'], [rule('a'), '1'], [ann, '2'])
    assert.equal(turnsOf(moves), 3)
    assert.equal(turnsOf(moves.slice(0, 3)), 0)
  })

  it('are two rules, of one workflow or of two, and three in a ring', () => {
    assert.equal(turnsOf(inTurn([rule('a'), '1'], [rule('b'), '2'], [rule('a'), '1'], [rule('b'), '2'])), 3)
    const ring = inTurn([rule('a'), '1'], [rule('b'), '2'], [rule('c'), '3'], [rule('a'), '1'])
    assert.equal(turnsOf(ring), 3)
    assert.deepEqual(ownerLoop(ring, LOOP_DEFAULT, null)?.sides.map(sideKey), ['rule/a/a', 'rule/b/b', 'rule/c/c'])
    const here = (name: string) => ({ kind: 'rule', workflow: 'w', rule: name }) as const
    assert.equal(turnsOf(inTurn([here('x'), '1'], [here('y'), '2'], [here('x'), '1'], [here('y'), '2'])), 3)
  })

  it('are none where a record is handed on and nobody comes back', () => {
    assert.equal(turnsOf(inTurn([rule('a'), '1'], [ann, '2'], [rule('b'), '3'], [ann, '4'], [rule('c'), '5'])), 0)
  })

  it('count a person who wants somebody else each time, while the rule comes back to the same', () => {
    assert.equal(turnsOf(inTurn([rule('a'), '1'], [ann, '2'], [rule('a'), '1'], [ann, '3'])), 3)
  })

  it('are slow ones too, as long as they are within the hours, and those of a case however long it is open', () => {
    const daily = inTurn([rule('a'), '1'], [ann, '2'], [rule('a'), '1'], [ann, '2']).map((move) => ({
      ...move,
      agoMs: move.agoMs * 24,
    }))
    assert.equal(turnsOf(daily), 3)
    const every30h = daily.map((move) => ({ ...move, agoMs: (move.agoMs / 24) * 30 }))
    assert.equal(turnsOf(every30h), 0)
    const aMonthOn = daily.map((move) => ({ ...move, agoMs: move.agoMs + 720 * HOUR_MS }))
    assert.equal(turnsOf(aMonthOn), 0)
    assert.equal(turnsOf(aMonthOn, 720 * HOUR_MS), 3)
  })

  it('are found from our own writes and what they met', () => {
    const by = (value: string | null, agoMs: number): OwnWrite['next'] => ({
      actor: { kind: 'person', id: 'ann', ours: false },
      value,
      agoMs,
    })
    const write = (agoMs: number, next: OwnWrite['next']): OwnWrite => {
      return { workflow: 'a', rule: 'a', policyHash: 'h', to: '1', agoMs, next }
    }
    const fought = [write(9, by('2', 8)), write(7, by('2', 6))]
    assert.equal(turnsOf(ownerMoves(fought, () => true)), 3)
    assert.equal(turnsOf(ownerMoves(fought, () => false)), 0, 'a version that no longer runs is no side')
    assert.equal(turnsOf(ownerMoves([write(9, by('2', 8)), write(7, null)], () => true)), 0, 'the person gave in')
  })
})

const SIDES = [rule('a'), rule('b'), rule('c'), ann, { kind: 'integration', id: 'sync' }] as const
const anyMoves: fc.Arbitrary<OwnerMove[]> = fc
  .array(
    fc.record({
      side: fc.constantFrom(...SIDES),
      value: fc.constantFrom('1', '2', '3', null),
      afterMs: fc.integer({ min: 0, max: 40 }).map((n) => n * HOUR_MS),
      inForce: fc.boolean(),
    }),
    { maxLength: 14 },
  )
  .map((steps) => {
    let agoMs = steps.reduce((sum, { afterMs }) => sum + afterMs, 0)
    return steps.map(({ afterMs, inForce, ...step }) => {
      agoMs -= afterMs
      return { ...step, agoMs, inForce: inForce || step.side.kind !== 'rule' }
    })
  })
const anySetting = fc.record({
  alternations: fc.integer({ min: 2, max: 5 }),
  withinHours: fc.integer({ min: 1, max: 200 }),
})

/** Word for word: pairs of neighbors in the window, and a side that set a value again among them. */
function counted(moves: readonly OwnerMove[], withinHours: number): { turns: number; comesBack: boolean } {
  const recent = moves.filter(({ agoMs }) => agoMs <= withinHours * HOUR_MS)
  const pairs = recent.slice(1).map((move, n) => [recent[n]!, move] as const)
  const turns = pairs.filter(
    ([a, b]) => a.inForce && b.inForce && a.value !== b.value && sideKey(a.side) !== sideKey(b.side),
  )
  const steps = recent.filter((move) => turns.some((pair) => pair.includes(move)))
  const names = steps.map(({ side, value }) => JSON.stringify([sideKey(side), value]))
  return { turns: turns.length, comesBack: new Set(names).size < names.length }
}

describe('property: the count of turns', () => {
  it('is that of its definition', () => {
    fc.assert(
      fc.property(anyMoves, anySetting, (moves, setting) => {
        const { turns, comesBack } = counted(moves, setting.withinHours)
        const expected = turns >= setting.alternations && comesBack ? turns : null
        assert.equal(ownerLoop(moves, setting, null)?.alternations ?? null, expected)
      }),
      { numRuns: 3000 },
    )
  })

  it('does not change by an echo, by what a side repeats, or by what happened before the window', () => {
    fc.assert(
      fc.property(anyMoves, anyMoves, anySetting, fc.nat(13), (moves, old, setting, at) => {
        const before = ownerLoop(moves, setting, null)
        const repeated = moves.flatMap((move, n) => (n === at ? [move, move] : [move]))
        assert.deepEqual(ownerLoop(repeated, setting, null), before)
        const past = old.map((move) => ({ ...move, agoMs: move.agoMs + 10_000 * HOUR_MS }))
        assert.deepEqual(ownerLoop([...past, ...moves], setting, null), before)
      }),
      { numRuns: 2000 },
    )
  })

  it('needs two sides that can go on, and waiting never ends a case', () => {
    fc.assert(
      fc.property(anyMoves, anySetting, fc.integer({ min: 0, max: 5_000 }), (moves, setting, hours) => {
        const found = ownerLoop(moves, setting, null)
        if (found !== null) assert.ok(found.sides.length >= 2)
        const later = moves.map((move) => ({ ...move, agoMs: move.agoMs + hours * HOUR_MS }))
        assert.deepEqual(ownerLoop(later, setting, hours * HOUR_MS), found)
        const stopped = moves.map((move) => ({ ...move, inForce: move.side.kind !== 'rule' }))
        const among = ownerLoop(stopped, setting, null)?.sides ?? []
        assert.ok(among.every(({ kind }) => kind !== 'rule'))
      }),
      { numRuns: 2000 },
    )
  })
})
