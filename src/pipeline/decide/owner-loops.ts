import {
  LOOP_DEFAULT,
  type OwnerLoop,
  type OwnWrite,
  ownerLoop,
  ownerMoves,
  workflowsOf,
} from '../../model/decision/owner-loop.ts'
import type { OpenException } from '../../store/decisions/exceptions.ts'
import type { RunningWorkflow } from './running-workflows.ts'

/** C19: what a record's decisions must know about sides that change its owner in turn. */
export type RecordLoop = {
  /** Null: none any more, and the case of one is still open. Until it is closed nothing is written all the same. */
  readonly found: OwnerLoop | null
  /** Workflows that are a side of it, the one that has the case first. The first one that covers the record has it. */
  readonly reporters: readonly string[]
}

export type LoopQuestion = {
  readonly writes: readonly OwnWrite[]
  /** Those that watch the record. */
  readonly workflows: readonly RunningWorkflow[]
  /** Open cases of the record that hold a field, also those of workflows whose policy cannot be read. */
  readonly open: readonly OpenException[]
  readonly frozen: ReadonlySet<string>
}

/** Null: nothing keeps the owner of this record back. */
export function recordLoop({ writes, workflows, open, frozen }: LoopQuestion): RecordLoop | null {
  const inForce = new Set(workflows.map(({ version }) => version.hash))
  // A policy file with a slip of the pen is no decision about what it did.
  const moves = ownerMoves(writes, ({ workflow, policyHash }) => inForce.has(policyHash) || frozen.has(workflow))
  const openForMs = open.length === 0 ? null : Math.max(...open.map((one) => one.openForMs))
  const found = strictest(workflows)
    .map((setting) => ownerLoop(moves, setting, openForMs))
    .find((loop) => loop !== null)
  if (found === undefined) return open.length === 0 ? null : { found: null, reporters: [] }
  const sides = workflowsOf(found)
  const running = workflows.map(({ version }) => version.policy.workflow).filter((name) => sides.has(name))
  const hasCase = (name: string) => open.some(({ workflow }) => workflow === name)
  // A case that nobody may touch now is the one case.
  const reporters = open.some(({ workflow }) => frozen.has(workflow))
    ? []
    : [...running.filter(hasCase), ...running.filter((name) => !hasCase(name))]
  return reporters.length === 0 && open.length === 0 ? null : { found, reporters }
}

/** What the workflows of the record allow, each once: what any of them calls a loop is one. */
function strictest(workflows: readonly RunningWorkflow[]) {
  const settings = workflows.map(({ version }) => version.policy.guards.loops ?? LOOP_DEFAULT)
  return [...new Map(settings.map((setting) => [`${setting.alternations}/${setting.withinHours}`, setting])).values()]
}
