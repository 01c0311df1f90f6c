import type { Database } from '../../src/store/database/database.ts'
import { endPause, findPause, insertPause, lockScope, type PauseScope } from '../../src/store/writes/pauses.ts'

export const WORKFLOW_SCOPE: PauseScope = { kind: 'workflow', workflow: 'routing' }

/** As the rollback owner does it, without asking who they are. */
export async function pauseScope(db: Database, scope: PauseScope, reason = 'A test'): Promise<number> {
  return db.transaction().execute(async (trx) => {
    await lockScope(trx, scope)
    return (await insertPause(trx, scope, { reason, by: 'person:rollback', askedBy: null })).id
  })
}

/** Null: there was nothing to resume. False: it is paused for other workflows. */
export async function resumeScope(db: Database, pauseId: number, workflows = ['routing']): Promise<boolean | null> {
  return db.transaction().execute(async (trx) => {
    const pause = (await findPause(trx, pauseId))!
    await lockScope(trx, pause.scope)
    return endPause(trx, pause, { by: 'person:rollback', workflows })
  })
}
