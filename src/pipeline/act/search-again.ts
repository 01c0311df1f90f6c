import { inTransaction } from '../../store/database/transaction.ts'
import { noteSearchedAgain, tasksToSearchAgain } from '../../store/decisions/search-again.ts'
import type { ActDependencies } from './contract.ts'
import { tellOfDoubled } from './tell-of-doubled.ts'

/** Each costs a call of the CRM's search. */
const AT_ONCE = 10

/**
 * Asks the CRM's index once more for tasks that were created a second time because it did not show the first. If it shows
 * one now, there are two: the one in use stays, and the other is closed.
 */
export async function searchAgain({
  db,
  client,
  connection,
}: Pick<ActDependencies, 'db' | 'client' | 'connection'>): Promise<number> {
  const due = await tasksToSearchAgain(db, connection.id, AT_ONCE)
  const written = due.filter(({ crmTaskId }) => crmTaskId !== null)
  if (written.length === 0) return 0
  const found = await client.findTasks(written.map(({ key }) => ({ key, about: null, taskId: null })))
  await inTransaction(db, async (trx) => {
    const extras = written.flatMap(({ key, taskId, workflow, policyHash, crmTaskId: keptId }) => {
      const task = found.get(key)
      const ids = task ? [task.taskId, ...(task.others ?? [])] : []
      return ids.flatMap((extraId) =>
        extraId === keptId || keptId === null ? [] : [{ taskId, workflow, policyHash, keptId, extraId }],
      )
    })
    await tellOfDoubled(trx, connection.id, extras)
    await noteSearchedAgain(
      trx,
      written.map(({ intentId }) => intentId),
    )
  })
  return written.length
}
