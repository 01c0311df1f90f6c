import type { Grant } from '../crm/grant.ts'
import { canonicalJson } from '../model/policy/canonical.ts'
import type { ConnectionId } from '../model/record/change-event.ts'
import { type Shares, saveShares } from '../store/call-shares.ts'
import { deleteDraft } from '../store/connection-drafts.ts'
import { putTokens, readSealedTokens } from '../store/connection-tokens.ts'
import { type ConnectionRow, findConnection, resyncObjects, saveConnectionIn } from '../store/connections.ts'
import type { DatabaseTransaction } from '../store/database.ts'
import { reopenWork } from '../store/end-connection.ts'
import { appendLedger } from '../store/ledger.ts'
import { credentialsOf, draftTokensOf, tokensOf } from '../store/secret-places.ts'
import { inTransaction } from '../store/transaction.ts'
import { noticesOfAccess } from './access-notices.ts'
import { CALL_LIMITS } from './budget.ts'
import { otherAccount } from './check-draft.ts'
import { type ConnectDeps, unsealDraft } from './connect-crm.ts'
import { DraftNotReadyError } from './connect-errors.ts'

/**
 * Makes the connection that a draft was checked for, or renews it: the account decides which one it is, and its history
 * stays. Reading begins within seconds, in whichever process follows the connections. Throws `DraftNotReadyError` with
 * the reason while a required permission is missing, or for another account than the one to be mended.
 */
export async function startDraft(
  deps: ConnectDeps,
  draftId: string,
  shares: Shares,
): Promise<{ connectionId: ConnectionId }> {
  const { db, box } = deps
  const { draft, grant } = await unsealDraft(deps, draftId)
  const { crm, access, address, webhookUrl } = draft
  if (draft.status !== 'checked' || access === null || draft.taskKey === null) {
    throw new DraftNotReadyError(draft.problem ?? 'The checks have not answered yet: wait for them, or run them again.')
  }
  const missing = access.checks.filter(({ need, state }) => need === 'required' && state !== 'works')
  if (missing.length > 0) {
    const each = missing.map(({ title, costs, grant }) => `${title}: ${costs}${grant === null ? '' : ` ${grant}`}`)
    throw new DraftNotReadyError(`Not connected, because something required does not work. ${each.join(' ')}`)
  }
  const other = await otherAccount(db, draft.connectionId, access)
  if (other !== null) throw new DraftNotReadyError(other)

  const { identity } = access
  const taskKey = draft.taskKey
  const connectionId = connectionIdOf(crm, identity.accountId)
  const tokens = await readSealedTokens(db, { of: 'draft', id: draftId })
  const opened = tokens?.sealed ? box.open(draftTokensOf(draftId), tokens.sealed) : null
  await inTransaction(db, async (trx) => {
    const before = await findConnection(trx, connectionId)
    await saveConnectionIn(trx, {
      id: connectionId,
      crm,
      baseUrl: address.baseUrl,
      identity,
      credentials: box.seal(credentialsOf(connectionId), JSON.stringify(grant)),
      taskKey,
      grantKind: grant.kind,
      address,
      madeBy: draft.madeBy,
      feed: feedOf(grant, webhookUrl),
      webhookUrl,
      access,
      callLimit: CALL_LIMITS[crm],
    })
    await putTokens(trx, connectionId, opened === null ? null : box.seal(tokensOf(connectionId), opened))
    await saveShares(trx, connectionId, shares)
    if (before?.status === 'disconnected') await beginAgain(trx, connectionId)
    await noticesOfAccess(trx, connectionId, access, taskKey)
    await deleteDraft(trx, draftId)
    await appendLedger(trx, [
      {
        at: new Date(deps.nowMs()),
        kind: before ? 'connection-renewed' : 'connection-made',
        actor: draft.madeBy,
        subject: connectionId,
        body: canonicalJson({
          accountId: identity.accountId,
          crm,
          dayShare: shares.dayShare,
          grantKind: grant.kind,
          title: identity.title,
          windowShare: shares.windowShare,
        }),
      },
    ])
  })
  return { connectionId }
}

/**
 * Nobody listened while it was ended: its cases and tasks stand again, and what was changed or deleted since is found by
 * reading everything once more.
 */
async function beginAgain(trx: DatabaseTransaction, connectionId: ConnectionId): Promise<void> {
  await reopenWork(trx, connectionId)
  await resyncObjects(trx, connectionId, null)
}

/** One portal or org is one connection, however often it is connected. */
export function connectionIdOf(crm: ConnectionRow['crm'], accountId: string): ConnectionId {
  return `${crm}-${accountId}` as ConnectionId
}

/** HubSpot calls us only where it can reach us, and only with a secret to sign by can we believe it. */
export function feedOf(grant: Grant, webhookUrl: string | null): ConnectionRow['feed'] {
  if (grant.kind !== 'hubspot-token' && grant.kind !== 'hubspot-oauth') return 'stream'
  return webhookUrl !== null && grant.clientSecrets.length > 0 ? 'push' : 'poll'
}
