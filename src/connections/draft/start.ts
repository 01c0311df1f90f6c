import type { Tokens } from '../../crm/grant.ts'
import type { ConnectionId } from '../../model/record/change-event.ts'
import type { AccessFindings } from '../../model/record/crm-facts.ts'
import type { Shares } from '../../store/connections/call-shares.ts'
import { takeDraft } from '../../store/connections/drafts.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { draftTokensOf } from '../../store/secrets/secret-places.ts'
import type { ConnectDeps } from '../context.ts'
import { DraftNotReadyError } from '../errors.ts'
import { makeConnection } from '../lifecycle/make-connection.ts'
import { otherAccount } from './check.ts'
import { grantOfDraft, noSuchDraft } from './draft.ts'

/**
 * Makes the connection that a draft was checked for, or renews it: the account decides which one it is. Throws
 * `DraftNotReadyError` with the reason while a required permission is missing, or for another account than the one to be
 * mended, and `NotThereError`. `by` is what the ledger calls whoever starts it.
 */
export async function startDraft(
  deps: ConnectDeps,
  draftId: string,
  shares: Shares,
  by = 'terminal',
): Promise<{ connectionId: ConnectionId }> {
  const { db, box } = deps
  // Taken first and judged then, in one commit: what is refused was never gone, of two that start one draft one does,
  // and no login, check or renewal of tokens comes in between.
  return inTransaction(db, async (trx) => {
    const taken = await takeDraft(trx, draftId)
    if (!taken) throw noSuchDraft()
    const { draft } = taken
    const { crm, access, address, webhookUrl, madeBy, taskKey } = draft
    if (draft.status !== 'checked' || access === null || taskKey === null) {
      throw new DraftNotReadyError(
        draft.problem ?? 'The checks have not answered yet: wait for them, or run them again.',
      )
    }
    if (taken.isRenewing) {
      throw new DraftNotReadyError('The tokens of this login are being renewed: try again in a minute.')
    }
    refuseMissing(access)
    const other = await otherAccount(trx, draft.connectionId, access)
    if (other !== null) throw new DraftNotReadyError(other)
    const tokens = taken.tokens ? (JSON.parse(box.open(draftTokensOf(draftId), taken.tokens)) as Tokens) : null
    const { identity } = access
    // One account's tokens under another's name would write to the wrong CRM.
    if ((tokens?.accountId ?? identity.accountId) !== identity.accountId) {
      throw new DraftNotReadyError(
        `The checks looked at "${identity.title}" (${identity.accountId}), but the login is one to ${tokens?.accountId}. ` +
          'Run the checks again.',
      )
    }
    const grant = grantOfDraft(deps, taken)
    const made = { crm, identity, grant, address, tokens, taskKey, webhookUrl, madeBy, by, access, shares }
    return { connectionId: await makeConnection(trx, deps, made) }
  })
}

function refuseMissing({ checks }: AccessFindings): void {
  const missing = checks.filter(({ need, state }) => need === 'required' && state !== 'works')
  if (missing.length === 0) return
  const each = missing.map(({ title, costs, grant }) => `${title}: ${costs}${grant === null ? '' : ` ${grant}`}`)
  throw new DraftNotReadyError(`Not connected, because something required does not work. ${each.join(' ')}`)
}
