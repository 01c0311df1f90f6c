import { createHash } from 'node:crypto'
import type { TaskWrite } from '../../crm/crm-client.ts'
import { extraTaskText } from '../../model/decision/task-text.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import { type TaskContent, taskContents } from '../../store/decisions/task-contents.ts'
import { endNotice } from '../../store/notices/notices.ts'
import { claimIntents, type IntentResult, type RepairIntent } from '../../store/writes/intents.ts'
import type { ActDependencies } from './contract.ts'
import { finished, later } from './intent-outcomes.ts'
import type { IntentPlan, PlannedWrite } from './intent-plan.ts'
import { readDirectory } from './read-directory.ts'
import { DOUBLED } from './tell-of-doubled.ts'

type RepairWrite = PlannedWrite<RepairIntent> & { readonly payload: TaskWrite; readonly content: TaskContent }

/** Time for the people to be read again. */
const NO_OWNER_AGAIN_MS = 300_000

/** Closes the second task of a case, with a note that names the one that stays. */
export function repairPlan(deps: ActDependencies): IntentPlan<RepairIntent, RepairWrite> {
  const { db, client, connection, instance, timing } = deps
  return {
    claim: () => claimIntents(db, connection.id, 'repair', crmProfile(connection.crm).writeBatchMax, instance, timing),
    prepare: async (claimed) => {
      const ids = claimed.map(({ taskId }) => taskId)
      const contents = new Map((await taskContents(db, ids)).map((content) => [content.id, content]))
      const directory = claimed.length === 0 ? null : await readDirectory(db)
      const writes: RepairWrite[] = []
      const results: IntentResult[] = []
      for (const intent of claimed) {
        const content = contents.get(intent.taskId)
        if (content === undefined || content.crmTaskId === intent.crmTaskId) {
          results.push(finished(intent, 'cancelled', 'It is the task of the case'))
          continue
        }
        const owner = directory?.personByEmail(connection.id, content.ownerEmail)
        const write = plannedRepair(intent, content, owner)
        if (write === null) results.push(later(intent, 'Its owner is no active user', NO_OWNER_AGAIN_MS))
        else writes.push(write)
      }
      return { writes, results, toDecide: [] }
    },
    send: (writes, gate) =>
      client.writeTasks(
        writes.map(({ payload }) => payload),
        gate,
      ),
    record: async (trx, all) => {
      for (const { intent, result } of all) {
        if (result.state !== 'done' && result.state !== 'cancelled') continue
        const message = `Lanekeeper closed the extra task ${intent.crmTaskId}.`
        await endNotice(trx, { connectionId: connection.id, code: DOUBLED, subject: intent.crmTaskId, message })
      }
    },
    subjectOf: ({ write }) => (write ? `${write.content.objectType}/${write.content.recordId}` : null),
  }
}

function plannedRepair(
  intent: RepairIntent,
  content: TaskContent,
  owner: { readonly userId: string; readonly timeZone: string | null } | null | undefined,
): RepairWrite | null {
  const ownerId = owner?.userId ?? content.crmOwnerId
  if (ownerId === null) return null
  const { subject, body } = extraTaskText(intent.workflow, content.crmTaskId, content.lastWritten)
  // Never the key of the task that stays: that one must be found by it, and this one not.
  const key = `lk-${createHash('sha256').update(`extra/${intent.crmTaskId}`).digest('hex').slice(0, 32)}`
  const payload: TaskWrite = {
    key,
    taskId: intent.crmTaskId,
    ownerId,
    subject,
    body,
    dueAtMs: content.dueAt.getTime(),
    timeZone: owner?.timeZone ?? null,
    priority: 'normal',
    status: 'done',
    about:
      content.hungOn === null ? null : { objectType: content.hungOn.objectType, recordId: content.hungOn.recordId },
    rehang: false,
  }
  return { intent, key, payload, content, closes: true, isRecordDeleted: content.hungOn?.isDeleted ?? false }
}
