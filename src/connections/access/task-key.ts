import type { TaskKeySupport } from '../../model/record/crm-facts.ts'
import { findConnection } from '../../store/connections/connections.ts'
import { saveTaskKey } from '../../store/connections/task-key.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import type { ConnectDeps } from '../context.ts'
import { NotThereError } from '../errors.ts'
import { grantOf, openConnection } from '../open-connection.ts'
import { withoutSecrets } from '../redact.ts'
import { errorWithoutSecrets } from '../redact-error.ts'
import { tokensNow } from '../token-store.ts'
import { noticesOfAccess } from './access-notices.ts'

/**
 * Makes the key by which the CRM itself refuses a second task, for a connection that stands; a person asked for it. Throws
 * `NotThereError`, and what the CRM could not be asked for.
 */
export async function createConnectionTaskKey(deps: ConnectDeps, connectionId: string): Promise<TaskKeySupport> {
  const row = await findConnection(deps.db, connectionId)
  if (!row || row.status === 'disconnected') throw new NotThereError(`There is no connection "${connectionId}".`)
  try {
    const made = await openConnection(deps, row).setup.createTaskKey()
    const secrets = [grantOf(deps, row), await tokensNow(deps, connectionId)]
    const taskKey = JSON.parse(withoutSecrets(JSON.stringify(made), secrets)) as TaskKeySupport
    await inTransaction(deps.db, async (trx) => {
      if (await saveTaskKey(trx, connectionId, taskKey))
        await noticesOfAccess(trx, connectionId, { checks: [] }, taskKey)
    })
    return taskKey
  } catch (failure) {
    throw errorWithoutSecrets(failure, [grantOf(deps, row), await tokensNow(deps, connectionId).catch(() => null)])
  }
}
