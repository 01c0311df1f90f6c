import { findConnection } from '../store/connections/connections.ts'
import type { ConnectDeps } from './context.ts'
import { openConnection } from './open-connection.ts'

/**
 * Whether a user of a connected CRM is active at this moment: asked of the CRM, because what we know of users is as old as
 * the last poll. Null: the CRM gave no answer, whatever kept it.
 */
export async function isUserActiveNow(
  deps: ConnectDeps,
  { connectionId, userId }: { readonly connectionId: string; readonly userId: string },
): Promise<boolean | null> {
  const row = await findConnection(deps.db, connectionId)
  if (row === null || row === undefined || row.status === 'disconnected') return null
  try {
    const [answer] = await openConnection(deps, row).client.usersById([userId])
    if (answer?.answer === 'there') return answer.user.active && answer.user.frozen !== true
    return answer?.answer === 'gone' ? false : null
  } catch {
    return null
  }
}
