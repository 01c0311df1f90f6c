import { STAGES, type Stage } from '../../src/queue/stages.ts'
import type { WorkerContext } from '../runtime/context.ts'
import { runAct } from './act.ts'
import { runApply } from './apply.ts'
import { runDecide } from './decide.ts'
import { runPoll } from './poll.ts'
import { runRefresh } from './refresh.ts'
import { runVerify } from './verify.ts'

const RUN: Readonly<Record<Stage, (context: WorkerContext) => void>> = {
  apply: runApply,
  refresh: runRefresh,
  poll: runPoll,
  decide: runDecide,
  act: runAct,
  verify: runVerify,
}

/** Starts those stages that are this process's roles. */
export function startStages(context: WorkerContext, roles: ReadonlySet<string>): void {
  for (const stage of STAGES) if (roles.has(stage)) RUN[stage](context)
}
