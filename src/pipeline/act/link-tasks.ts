import type { CrmClient, TaskLink } from '../../crm/crm-client.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import { taskContents } from '../../store/decisions/task-contents.ts'
import { claimIntents, type IntentResult, type LinkIntent } from '../../store/writes/intents.ts'
import type { ActDependencies } from './contract.ts'
import { finished } from './intent-outcomes.ts'
import type { IntentPlan, PlannedWrite } from './intent-plan.ts'

type LinkWrite = PlannedWrite<LinkIntent> & { readonly payload: TaskLink }

/** Hangs tasks on their records where the write of the task could not. A write like any other: gate, log, outcome. */
export function linkPlan(
  deps: ActDependencies,
  linkTasks: NonNullable<CrmClient['linkTasks']>,
): IntentPlan<LinkIntent, LinkWrite> {
  const { db, connection, instance, timing } = deps
  return {
    claim: () => claimIntents(db, connection.id, 'link', crmProfile(connection.crm).writeBatchMax, instance, timing),
    prepare: async (claimed) => {
      const ids = claimed.map(({ taskId }) => taskId)
      const contents = new Map((await taskContents(db, ids)).map((content) => [content.id, content]))
      const writes: LinkWrite[] = []
      const results: IntentResult[] = []
      for (const intent of claimed) {
        const content = contents.get(intent.taskId)
        const about = content?.hungOn ?? null
        const taskId = content?.crmTaskId ?? null
        const key = String(intent.id)
        // One that a person deleted is written again, and that asks for another link.
        if (about === null || taskId === null) results.push(finished(intent, 'cancelled', 'There is nothing to link'))
        else {
          const { objectType, recordId } = about
          const payload: TaskLink = { key, taskId, about: { objectType, recordId } }
          writes.push({ intent, key, payload, closes: false })
        }
      }
      return { writes, results, toDecide: [] }
    },
    send: (writes, gate) =>
      linkTasks(
        writes.map(({ payload }) => payload),
        gate,
      ),
    // The case and its task are as they were.
    record: async () => undefined,
    subjectOf: () => null,
  }
}
