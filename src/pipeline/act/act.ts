import type { ActDependencies, Acted } from './contract.ts'
import { actOnOwners } from './write-owners.ts'
import { actOnTasks } from './write-tasks.ts'

/** Writes one batch of what was decided for one connection. Every call is preceded by a row that says what it sends. */
export async function actBatch(deps: ActDependencies): Promise<Acted> {
  const owners = await actOnOwners(deps)
  const tasks = await actOnTasks(deps)
  return { taken: owners.taken + tasks.taken, written: owners.written + tasks.written, read: owners.read }
}
