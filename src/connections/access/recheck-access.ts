import type { SecretChange } from '../../crm/crm-adapter.ts'
import { CrmReconnectError } from '../../crm/crm-client.ts'
import type { Grant } from '../../crm/grant.ts'
import { adapterOf } from '../../crm/registry.ts'
import type { Crm } from '../../model/record/change-event.ts'
import type { AccessFindings, TaskKeySupport } from '../../model/record/crm-facts.ts'
import { type Shares, saveShares } from '../../store/connections/call-shares.ts'
import { type ConnectionRow, findConnection, setConnectionStatus } from '../../store/connections/connections.ts'
import type { Database, DatabaseTransaction } from '../../store/database/database.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { replaceCredentials, saveAccess } from '../../store/lifecycle/save-connection.ts'
import { credentialsOf } from '../../store/secrets/secret-places.ts'
import type { ConnectDeps } from '../context.ts'
import { GrantInvalidError, NotThereError } from '../errors.ts'
import { grantOf, openConnection } from '../open-connection.ts'
import { withoutSecrets } from '../redact.ts'
import { errorWithoutSecrets } from '../redact-error.ts'
import { tokensNow } from '../token-store.ts'
import { noticesOfAccess } from './access-notices.ts'

/**
 * Tries every permission of a running connection again, keeps what was found and notes what is missing. Counts against
 * the connection's allowance. Throws what the CRM could not be asked for; a grant that is gone is also noted as such.
 */
export async function checkConnection(deps: ConnectDeps, connectionId: string): Promise<AccessFindings> {
  const { db } = deps
  const row = await activeConnection(db, connectionId)
  let secrets: unknown[] = []
  try {
    const { setup } = openConnection(deps, row)
    secrets = [grantOf(deps, row)]
    const found = await setup.checkAccess(deps.needsOf(row.crm))
    const probed = await setup.probeTaskKey()
    secrets.push(await tokensNow(deps, connectionId))
    const [access, taskKey] = JSON.parse(withoutSecrets(JSON.stringify([found, probed]), secrets)) as [
      AccessFindings,
      TaskKeySupport,
    ]
    await inTransaction(db, async (trx) => {
      // Ended meanwhile, there is nobody to tell.
      if (!(await saveAccess(trx, connectionId, access, taskKey))) return
      await noticesOfAccess(trx, connectionId, access, taskKey)
    })
    return access
  } catch (failure) {
    const tokens = await tokensNow(deps, connectionId).catch(() => null)
    const error = errorWithoutSecrets(failure, [...secrets, tokens])
    if (error instanceof CrmReconnectError) {
      await setConnectionStatus(db, row, 'reconnect-needed', error.remedy)
    }
    throw error
  }
}

/** Holds from the next call on. Throws `ShareError` outside of 1 % to 100 %. */
export async function setShares(db: Database, connectionId: string, shares: Shares): Promise<void> {
  await activeConnection(db, connectionId)
  await saveShares(db, connectionId, shares)
}

/**
 * Rotates a client secret without a gap: `add` puts a new one before the old, which goes on being believed; `retireOld`
 * ends that once the CRM uses the new one. Running processes follow within seconds.
 */
/** `still` is asked in the transaction that changes it, and throws where whoever asked may no longer. */
export async function changeClientSecret(
  deps: ConnectDeps,
  connectionId: string,
  change: SecretChange,
  still: (trx: DatabaseTransaction) => Promise<void> = async () => undefined,
): Promise<void> {
  const { db, box } = deps
  for (;;) {
    const row = await activeConnection(db, connectionId)
    const { grants } = adapterOf(row.crm)
    const grant = withSecret(row.crm, grantOf(deps, row), change)
    if (row.address) {
      const problems = grants.problems(grant, row.address)
      if (problems.length > 0) throw new GrantInvalidError(problems)
    }
    const isReplaced = await inTransaction(db, async (trx) => {
      await still(trx)
      return replaceCredentials(trx, connectionId, {
        seenRevision: row.revision,
        credentials: box.seal(credentialsOf(connectionId), JSON.stringify(grant)),
        feed: grants.feed(grant, row.webhookUrl),
      })
    })
    if (isReplaced) return
    // Somebody changed the connection meanwhile: what they did stays, and this is done to it.
  }
}

function withSecret(crm: Crm, grant: Grant, change: SecretChange): Grant {
  const changed = adapterOf(crm).grants.withClientSecret(grant, change)
  if ('problem' in changed) throw new GrantInvalidError([changed.problem])
  return changed.grant
}

async function activeConnection(db: Database, connectionId: string): Promise<ConnectionRow> {
  const row = await findConnection(db, connectionId)
  if (!row) throw new NotThereError(`There is no connection "${connectionId}".`)
  if (row.status === 'disconnected') {
    throw new NotThereError(`"${row.title}" is disconnected: connect it again first.`)
  }
  return row
}
