import type { Tokens } from '../crm/grant.ts'
import type { ConnectionId } from '../model/record/change-event.ts'
import type { Shares } from '../store/call-shares.ts'
import { deleteDraft } from '../store/connection-drafts.ts'
import { readSealedTokens } from '../store/connection-tokens.ts'
import { draftTokensOf } from '../store/secret-places.ts'
import { inTransaction } from '../store/transaction.ts'
import { otherAccount } from './check-draft.ts'
import { type ConnectDeps, unsealDraft } from './connect-crm.ts'
import { DraftNotReadyError } from './connect-errors.ts'
import { makeConnection } from './make-connection.ts'

/**
 * Makes the connection that a draft was checked for, or renews it: the account decides which one it is. Throws
 * `DraftNotReadyError` with the reason while a required permission is missing, or for another account than the one to be
 * mended.
 */
export async function startDraft(
  deps: ConnectDeps,
  draftId: string,
  shares: Shares,
): Promise<{ connectionId: ConnectionId }> {
  const { db, box } = deps
  const { draft, grant } = await unsealDraft(deps, draftId)
  const { crm, access, address, webhookUrl, madeBy, taskKey } = draft
  if (draft.status !== 'checked' || access === null || taskKey === null) {
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
  return inTransaction(db, async (trx) => {
    // Read here and deleted in the same commit: of two that start one draft, one does.
    const stored = await readSealedTokens(trx, { of: 'draft', id: draftId })
    if (!(await deleteDraft(trx, draftId)) || !stored) {
      throw new DraftNotReadyError('This connection was started a moment ago: look at Connections.')
    }
    const tokens = stored.sealed ? (JSON.parse(box.open(draftTokensOf(draftId), stored.sealed)) as Tokens) : null
    const made = { crm, identity, grant, address, tokens, taskKey, webhookUrl, madeBy, access, shares }
    return { connectionId: await makeConnection(trx, deps, made) }
  })
}
