import type { Crm } from '../../model/record/change-event.ts'
import { outOfSync } from '../../notices/out-of-sync.ts'
import { countDifferences } from '../../store/compare/differences.ts'
import type { Database } from '../../store/database/database.ts'
import { endNotice, listNotices, raiseNotice } from '../../store/notices/notices.ts'

/**
 * Raises a notice with the number of records that are out of sync, and ends it when there are none. While all of them are
 * being read again, the notice stays as it is.
 */
export async function noteDifferences(
  db: Database,
  connection: { readonly id: string; readonly crm: Crm; readonly title: string },
): Promise<void> {
  const counts = await countDifferences(db, connection.id)
  const which = { connectionId: connection.id, code: 'out-of-sync' }
  if (counts.length === 0) {
    await endNotice(db, { ...which, message: 'All compared records are in sync again.' })
    return
  }
  if (counts.every(({ n, reading }) => n === reading)) return
  const message = outOfSync(connection, counts)
  const open = (await listNotices(db, { connectionId: connection.id, limit: 100 })).find(
    (notice) => notice.code === which.code && notice.endedAt === null,
  )
  if (open?.message === message) return
  await raiseNotice(db, {
    ...which,
    level: 'warn',
    message,
    remedy: 'Re-sync them: Connections, under "Sync health".',
    // A new number does not count as another occurrence.
    n: open === undefined ? 1 : 0,
  })
}
