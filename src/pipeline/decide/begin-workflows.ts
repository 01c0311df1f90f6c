import { missingCounterparts } from '../../model/patterns/contract/counterparts.ts'
import type { ConnectionId, Crm } from '../../model/record/change-event.ts'
import type { Database } from '../../store/database/database.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { queueRedecision } from '../../store/decisions/redecide-queue.ts'
import { begunWorkflows, comparedConnections, noteBeginnings } from '../../store/decisions/workflow-connections.ts'
import { isJoined, isStillJoined } from '../../store/lifecycle/join-connections.ts'
import { type RunningWorkflow, watchesCrm } from './running-workflows.ts'

type Connection = { readonly id: ConnectionId; readonly crm: Crm }

/**
 * Begins in this connection each workflow that has not yet, or notes what it waits for. One that has begun goes on,
 * whatever is connected later. False: all that watch it wait, or it has not joined the others, and so its records wait.
 */
export async function beginWorkflows(
  db: Database,
  { id, crm }: Connection,
  inForce: readonly RunningWorkflow[],
): Promise<boolean> {
  const watching = inForce.filter((workflow) => watchesCrm(workflow, crm))
  const begun = await begunWorkflows(db, id)
  const fresh = watching.filter(({ version }) => !begun.has(version.policy.workflow))
  if (fresh.length === 0) return true
  // It may join before the batch is taken, which would then be decided by none of them and never again.
  if (!(await isJoined(db, id))) return false
  const hasBegun = fresh.length < watching.length
  return inTransaction(db, async (trx) => {
    if (!(await isStillJoined(trx, id))) return false
    const connections = await comparedConnections(trx)
    const beginnings = fresh.map(({ version: { policy } }) => ({
      workflow: policy.workflow,
      waitsFor: missingCounterparts(policy, crm, connections),
    }))
    await noteBeginnings(trx, id, beginnings)
    if (beginnings.every(({ waitsFor }) => waitsFor.length > 0)) return hasBegun
    // Meanwhile others have decided records here, also those of a batch in which this one came. Without any, all still wait.
    if (hasBegun) await queueRedecision(trx, id)
    return true
  })
}
