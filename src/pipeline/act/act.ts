import { repairPlan } from './close-extra-tasks.ts'
import type { ActDependencies, Acted } from './contract.ts'
import { linkPlan } from './link-tasks.ts'
import { runIntents } from './run-intents.ts'
import { jobTaskPlan } from './write-job-tasks.ts'
import { ownerPlan } from './write-owners.ts'
import { taskPlan } from './write-tasks.ts'

/** Writes one batch of what was decided for one connection. Before every call, the intents say what it will send. */
export async function actBatch(deps: ActDependencies): Promise<Acted> {
  const owners = await runIntents(deps, ownerPlan(deps))
  const tasks = await runIntents(deps, taskPlan(deps))
  const jobs = await runIntents(deps, jobTaskPlan(deps))
  // After the tasks, which ask for both. A CRM that links tasks as they are written has no intents of that kind.
  const { linkTasks } = deps.client
  const links = linkTasks ? await runIntents(deps, linkPlan(deps, linkTasks)) : { taken: 0, written: 0 }
  const repairs = await runIntents(deps, repairPlan(deps))
  const all = [owners, tasks, jobs, links, repairs]
  return {
    taken: all.reduce((sum, { taken }) => sum + taken, 0),
    written: all.reduce((sum, { written }) => sum + written, 0),
    read: owners.taken > 0,
  }
}
