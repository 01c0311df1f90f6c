import { sql } from 'kysely'
import type { Grant } from '../../crm/grant.ts'
import type { ConnectionId } from '../../model/record/change-event.ts'
import type { FieldSchema } from '../../model/record/crm-facts.ts'
import type { Database } from '../../store/database/database.ts'
import { type SecretBox, SecretUnreadableError } from '../../store/secrets/secret-box.ts'
import { credentialsOf } from '../../store/secrets/secret-places.ts'
import type { HubSpotReceiver, HubSpotReceivers } from './hubspot-webhook.ts'

/**
 * A new connection, secret or field is known this soon, and one that was taken away is forgotten; asking for every
 * delivery would double the cost of the hot path.
 */
const KNOWN_FOR_MS = 5_000

/**
 * HubSpot caches the old address for minutes after an admin changes it (docs/contracts/hubspot/webhook-set-up.md) and
 * retries a delivery for a day; it does not document at which of the two. It signs the address that it calls.
 */
const FORMER_ADDRESS_FOR = sql.raw("interval '25 hours'")

/**
 * Which portals are connected, who may sign for them and what their fields are, read again when older than a few
 * seconds, or at once for whoever is about to refuse something. However many ask, one read runs at a time.
 */
export function hubSpotReceivers(
  db: Database,
  box: SecretBox,
  nowMs: () => number,
): (how?: 'anew') => Promise<HubSpotReceivers> {
  let known: { readonly atMs: number; readonly receivers: Promise<HubSpotReceivers> } | null = null
  let next: Promise<HubSpotReceivers> | null = null

  function look(): Promise<HubSpotReceivers> {
    const receivers = read(db, box)
    const looked = { atMs: nowMs(), receivers }
    known = looked
    // A failed look-up must not be remembered: the next delivery asks again.
    receivers.catch(() => {
      if (known === looked) known = null
    })
    return receivers
  }

  return async (how) => {
    if (how === 'anew') {
      // The one that runs may have begun before what is looked for was there; those who wait for the next share it.
      next ??= Promise.allSettled([known?.receivers]).then(() => {
        next = null
        return look()
      })
      return next
    }
    return known && nowMs() - known.atMs < KNOWN_FOR_MS ? known.receivers : look()
  }
}

async function read(db: Database, box: SecretBox): Promise<HubSpotReceivers> {
  const [connections, schemas] = await Promise.all([
    db
      .selectFrom('connection')
      .select(['id', 'account_id', 'credentials', 'webhook_url', 'status', 'grant_kind'])
      .select(
        sql<string | null>`case when webhook_moved_at > now() - ${FORMER_ADDRESS_FOR} then former_webhook_url end`.as(
          'former_url',
        ),
      )
      .where('crm', '=', 'hubspot')
      .execute(),
    db.selectFrom('object_schema').select(['connection_id', 'object_type', 'fields']).execute(),
  ])
  const receivers: HubSpotReceiver[] = []
  const unreadable: string[] = []
  for (const { id, account_id: portalId, credentials, webhook_url: webhookUrl, ...row } of connections) {
    if (row.status === 'disconnected') continue
    const grant = credentials && row.grant_kind !== null ? opened(box, id, credentials) : null
    if (grant === null) {
      unreadable.push(portalId)
      continue
    }
    // Without a secret nobody can sign for it: it is polled.
    if (!('clientSecrets' in grant) || grant.clientSecrets.length === 0) continue
    receivers.push({
      connectionId: id as ConnectionId,
      portalId,
      appId: grant.appId,
      webhookUrl,
      formerUrl: row.former_url,
      secrets: grant.clientSecrets,
      fields: Object.fromEntries(
        schemas
          .filter((schema) => schema.connection_id === id)
          .map((schema) => [schema.object_type, schema.fields as readonly FieldSchema[]]),
      ),
    })
  }
  return { receivers, unreadable, isAnyKnown: connections.length > 0 }
}

/** Null where its key is missing: nothing is believed for this one, which the workers say, and the others go on. */
function opened(box: SecretBox, connectionId: string, credentials: Buffer): Grant | null {
  try {
    return JSON.parse(box.open(credentialsOf(connectionId), credentials)) as Grant
  } catch (error) {
    if (error instanceof SecretUnreadableError) return null
    throw error
  }
}
