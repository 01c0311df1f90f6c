import type { CrmClient } from '../crm/crm.ts'
import type { ConnectionId } from '../model/record/change-event.ts'
import type { Database } from '../store/database.ts'
import { saveUsers } from '../store/people.ts'
import { markOwnedDirty } from '../store/records.ts'

/** Reads the CRM's users and queues again. Records of those who left, came back or lost their queue are decided again. */
export async function syncPeople(
  db: Database,
  client: CrmClient,
  connectionId: ConnectionId,
): Promise<{ readonly changed: readonly string[] }> {
  const users = await client.users()
  return db.transaction().execute(async (trx) => {
    const changed = await saveUsers(trx, connectionId, users)
    await markOwnedDirty(trx, connectionId, changed)
    return { changed }
  })
}
