import type { ActDependencies, Acted } from './contract.ts'
import { runIntents } from './run-intents.ts'
import { ownerPlan } from './write-owners.ts'
import { taskPlan } from './write-tasks.ts'

/** Writes one batch of what was decided for one connection. Before every call, the intents say what it will send. */
export async function actBatch(deps: ActDependencies): Promise<Acted> {
  const owners = await runIntents(deps, ownerPlan(deps))
  const tasks = await runIntents(deps, taskPlan(deps))
  return { taken: owners.taken + tasks.taken, written: owners.written + tasks.written, read: owners.taken > 0 }
}
