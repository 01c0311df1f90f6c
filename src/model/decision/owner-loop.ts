import type { Guards } from '../policy/policy.ts'
import type { ChangeActor, FieldText } from '../record/change-event.ts'

/** Who changed an owner. A rule is named by its workflow too, because two workflows may give their rules one name. */
export type Side =
  | { readonly kind: 'rule'; readonly workflow: string; readonly rule: string }
  | { readonly kind: ChangeActor['kind']; readonly id: string | null }

/** One change of a record's owner, in the order in which they happened. */
export type OwnerMove = {
  readonly side: Side
  readonly value: FieldText
  readonly agoMs: number
  /** False: a rule of a version that no longer runs. It writes nothing more, so it is no side of a loop. */
  readonly inForce: boolean
}

/** An owner that one of our rules wrote, as the write log has it. Writes that failed are none. */
export type OwnWrite = {
  readonly workflow: string
  readonly rule: string
  readonly policyHash: string
  readonly to: FieldText
  readonly agoMs: number
  /**
   * The owner that somebody else set before our next write, or that stands there now. Null: none did, or our copy has not
   * heard yet who. Where they took more than one step it is their last.
   */
  readonly next: { readonly actor: ChangeActor; readonly value: FieldText; readonly agoMs: number } | null
}

/** How often two sides may take turns at one owner, see `Guards.loops`. */
export type LoopSetting = NonNullable<Guards['loops']>

/** Three turns: each side has had its say twice, and both heard the other. Three days hold a long weekend of a person. */
export const LOOP_DEFAULT: LoopSetting = { alternations: 3, withinHours: 72 }

/** Sides that change one owner in turn. */
export type OwnerLoop = {
  /** In the order in which they came in; at least two. */
  readonly sides: readonly Side[]
  readonly alternations: number
  /** The setting that found it. */
  readonly setting: LoopSetting
}

export type HeldOwner = {
  /** Null: the sides are at rest now, and their case is about to be closed. */
  readonly found: OwnerLoop | null
  /** The case is to be this workflow's; a loop has one. */
  readonly reports: boolean
}

const HOUR_MS = 3_600_000

/** The moves of everybody, from our own writes and what others made of them. Oldest first. */
export function ownerMoves(writes: readonly OwnWrite[], isInForce: (write: OwnWrite) => boolean): OwnerMove[] {
  return writes.flatMap((write) => {
    const { workflow, rule, to, agoMs, next } = write
    const own: OwnerMove = { side: { kind: 'rule', workflow, rule }, value: to, agoMs, inForce: isInForce(write) }
    if (next === null) return [own]
    const { kind, id } = next.actor
    return [own, { side: { kind, id }, value: next.value, agoMs: next.agoMs, inForce: true }]
  })
}

/**
 * C19: whether sides take turns at an owner: as often as the setting says, within its hours, one change after the other
 * set another value, by another side. Somebody has to come back to what they set before: a record that several people
 * hand on, each to the next, goes nowhere twice.
 *
 * `openForMs`: since when it is a case. Waiting explains nothing, so from then on the window stands still, and only a side
 * that no longer runs or that gave in ends it.
 */
export function ownerLoop(
  moves: readonly OwnerMove[],
  setting: LoopSetting,
  openForMs: number | null,
): OwnerLoop | null {
  const sinceMs = setting.withinHours * HOUR_MS + (openForMs ?? 0)
  const sides = new Map<string, Side>()
  const steps = new Set<string>()
  const turning = new Set<OwnerMove>()
  let alternations = 0
  let comesBack = false
  let before: OwnerMove | null = null
  for (const move of moves) {
    if (move.agoMs > sinceMs) continue
    if (before !== null && takesTurns(before, move)) {
      alternations += 1
      for (const one of [before, move]) {
        if (turning.has(one)) continue
        turning.add(one)
        sides.set(sideKey(one.side), one.side)
        comesBack ||= steps.has(stepKey(one))
        steps.add(stepKey(one))
      }
    }
    before = move
  }
  if (alternations < setting.alternations || !comesBack) return null
  return { sides: [...sides.values()], alternations, setting }
}

function takesTurns(before: OwnerMove, move: OwnerMove): boolean {
  return before.inForce && move.inForce && before.value !== move.value && sideKey(before.side) !== sideKey(move.side)
}

export function sideKey(side: Side): string {
  return side.kind === 'rule' ? `rule/${side.workflow}/${side.rule}` : `${side.kind}/${side.id ?? ''}`
}

function stepKey({ side, value }: OwnerMove): string {
  return `${sideKey(side)}=${value ?? ''}`
}

/** The workflows that are a side of it. */
export function workflowsOf({ sides }: OwnerLoop): Set<string> {
  return new Set(sides.flatMap((side) => (side.kind === 'rule' ? [side.workflow] : [])))
}
