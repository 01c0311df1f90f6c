import type { Grant, Tokens } from '../../crm/grant.ts'
import { adapterOf } from '../../crm/registry.ts'
import { canonicalJson } from '../../model/policy/canonical.ts'
import type { ConnectionId, Crm } from '../../model/record/change-event.ts'
import type { AccessFindings, CrmIdentity, TaskKeySupport } from '../../model/record/crm-facts.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import { baselineObjects } from '../../model/record/object-shape.ts'
import { type Shares, saveShares } from '../../store/connections/call-shares.ts'
import { type ConnectionRow, findConnection } from '../../store/connections/connections.ts'
import { changeLife } from '../../store/connections/lifecycle-lock.ts'
import { putTokens } from '../../store/connections/tokens.ts'
import { setWriting } from '../../store/connections/write-permission.ts'
import type { DatabaseTransaction } from '../../store/database/database.ts'
import type { StoredAddress } from '../../store/database/tables/connections.ts'
import { appendLedger } from '../../store/ledger/ledger.ts'
import { markRejoining } from '../../store/lifecycle/end-connection.ts'
import { unfinishedErasure } from '../../store/lifecycle/erase-history.ts'
import { saveConnectionIn } from '../../store/lifecycle/save-connection.ts'
import { resyncObjects } from '../../store/records/watermarks.ts'
import { credentialsOf, tokensOf } from '../../store/secrets/secret-places.ts'
import { noticesOfAccess } from '../access/access-notices.ts'
import { connectionIdOf } from '../connection-id.ts'
import type { ConnectDeps } from '../context.ts'
import { DraftNotReadyError } from '../errors.ts'

export type Made = {
  readonly crm: Crm
  readonly identity: CrmIdentity
  readonly grant: Grant
  readonly address: StoredAddress
  readonly tokens: Tokens | null
  readonly taskKey: TaskKeySupport
  readonly webhookUrl: string | null
  readonly madeBy: ConnectionRow['madeBy']
  /** What the ledger calls whoever made it. */
  readonly by: string
  /** Null: not tried, as for a connection of the environment. */
  readonly access: AccessFindings | null
  /** Null: as they are. */
  readonly shares: Shares | null
}

/**
 * Makes a connection, or renews the one of the same account, whose history stays. Running processes follow within
 * seconds and begin to read. Throws `DraftNotReadyError` while the history of the account is being erased: it was asked
 * for, and half of it would be taken for all.
 */
export async function makeConnection(
  trx: DatabaseTransaction,
  { box, nowMs }: Pick<ConnectDeps, 'box' | 'nowMs'>,
  made: Made,
): Promise<ConnectionId> {
  const { crm, identity, grant, address, tokens, taskKey, webhookUrl, madeBy, by, access, shares } = made
  const id = connectionIdOf(crm, identity.accountId)
  await changeLife(trx, id)
  const before = await findConnection(trx, id)
  const erasingSince = await unfinishedErasure(trx, id)
  if (before && erasingSince) {
    throw new DraftNotReadyError(
      `The history of "${before.title}" has been being erased since ${erasingSince.toISOString()}, as was asked for when it was disconnected. Start the connection again in some minutes, when that is over.`,
    )
  }
  await saveConnectionIn(trx, {
    id,
    crm,
    baseUrl: address.baseUrl,
    identity,
    credentials: box.seal(credentialsOf(id), JSON.stringify(grant)),
    taskKey,
    grantKind: grant.kind,
    address,
    madeBy,
    feed: adapterOf(crm).grants.feed(grant, webhookUrl),
    webhookUrl,
    access,
    callLimit: crmProfile(crm).callLimits,
  })
  await putTokens(trx, id, tokens === null ? null : box.seal(tokensOf(id), JSON.stringify(tokens)))
  if (shares !== null) await saveShares(trx, id, shares)
  if (before?.status === 'disconnected') await beginAgain(trx, id, crm)
  // Who sets the environment has said so; a person who connects sees first what was found (pipeline/writing.ts).
  if (before === null || before.status === 'disconnected') {
    await setWriting(trx, id, { allowed: madeBy === 'environment', by })
  }
  await noticesOfAccess(trx, id, access ?? { checks: [] }, taskKey)
  await appendLedger(trx, [
    {
      at: new Date(nowMs()),
      kind: before ? 'connection-renewed' : 'connection-made',
      actor: by,
      subject: id,
      body: canonicalJson({
        account: identity.accountId,
        crm,
        grant: grant.kind,
        title: identity.title,
        ...(shares === null ? {} : { dayShare: shares.dayShare, windowShare: shares.windowShare }),
      }),
    },
  ])
  return id
}

/**
 * Nobody listened while it was ended: its cases and tasks will stand again (`finishDisconnect`), and what was changed or
 * deleted since is found by reading everything once more.
 */
async function beginAgain(trx: DatabaseTransaction, connectionId: ConnectionId, crm: Crm): Promise<void> {
  await markRejoining(trx, connectionId)
  await resyncObjects(trx, connectionId, baselineObjects(crm))
}
