import { count } from '../../store/database/counters.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import { type ExtraTask, requestRepairs } from '../../store/decisions/task-follow-ups.ts'
import { raiseNotice } from '../../store/notices/notices.ts'

/** The notice of an extra task; its subject is the id of that task. */
export const DOUBLED = 'task-doubled'

/**
 * One case has two tasks, although the gate is there to prevent it. The extra one is closed by a write of its own; until
 * then, or if the CRM refuses that, an admin sees which one it is.
 */
export async function tellOfDoubled(
  trx: DatabaseTransaction,
  connectionId: string,
  extras: readonly ExtraTask[],
): Promise<void> {
  const fresh = await requestRepairs(trx, connectionId, extras)
  await count(trx, 'task-doubled', fresh.length, { connectionId })
  for (const { keptId, extraId } of fresh) {
    await raiseNotice(trx, {
      connectionId,
      code: DOUBLED,
      subject: extraId,
      level: 'warn',
      message: `One case has two tasks in the CRM: ${keptId} and ${extraId}. Lanekeeper keeps ${keptId} and closes ${extraId}.`,
      remedy: `Close task ${extraId} yourself if it stays open.`,
    })
  }
}
