import type { Kysely } from 'kysely'
import type { AccessFindings, TaskKeySupport } from '../../model/record/crm-facts.ts'
import type { Tables } from '../../store/database/tables.ts'
import { endNotice, listNotices, raiseNotice } from '../../store/notices/notices.ts'

/**
 * Keeps one open notice per permission that is missing, and one while the CRM cannot refuse a second task by itself. What
 * is optional is in the list of permissions and no notice; what could not be found out stays as it was.
 */
export async function noticesOfAccess(
  db: Kysely<Tables>,
  connectionId: string,
  access: Pick<AccessFindings, 'checks'>,
  taskKey: TaskKeySupport | null,
): Promise<void> {
  const open = new Set(
    (await listNotices(db, { connectionId, limit: OPEN_MAX }))
      .filter(({ code, endedAt }) => code === 'access' && endedAt === null)
      .map(({ subject }) => subject),
  )
  for (const check of access.checks) {
    const isMissing = check.state === 'missing' && check.need !== 'optional'
    if (isMissing && !open.has(check.id)) {
      await raiseNotice(db, {
        connectionId,
        code: 'access',
        subject: check.id,
        level: check.need === 'required' ? 'stop' : 'warn',
        message: `${check.title}: the CRM does not let us. ${check.costs}`,
        remedy: check.grant,
      })
    }
    if (check.state === 'works' && open.has(check.id)) {
      await endNotice(db, { connectionId, code: 'access', subject: check.id, message: `${check.title} works again.` })
    }
  }
  if (taskKey?.enforced === false) {
    await endNotice(db, { connectionId, code: 'task-key', message: 'Looked at again.' })
    await raiseNotice(db, {
      connectionId,
      code: 'task-key',
      level: 'info',
      message:
        'The CRM cannot refuse a second task for one case by itself, so after a lost answer Lanekeeper looks for the task that it may have written, which takes more calls.',
      remedy: taskKey.why,
    })
  } else if (taskKey) {
    await endNotice(db, {
      connectionId,
      code: 'task-key',
      message: 'The CRM itself refuses a second task for one case.',
    })
  }
}

/** Far above the permissions that we ask for. */
const OPEN_MAX = 500
