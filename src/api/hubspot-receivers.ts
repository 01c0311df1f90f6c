import type { Grant } from '../crm/grant.ts'
import type { FieldSchema } from '../model/crm-facts.ts'
import type { ConnectionId } from '../model/record/change-event.ts'
import type { Database } from '../store/database.ts'
import { type SecretBox, SecretUnreadableError } from '../store/secret-box.ts'
import { credentialsOf } from '../store/secret-places.ts'
import type { HubSpotReceiver } from './webhook-routes.ts'

/**
 * A new connection, secret or field is known this soon, and one that was taken away is forgotten; asking for every
 * delivery would double the cost of the hot path.
 */
const KNOWN_FOR_MS = 5_000

/** Which portals are connected, who may sign for them and what their fields are, read again when older than a few seconds. */
export function hubSpotReceivers(
  db: Database,
  box: SecretBox,
  nowMs: () => number,
): () => Promise<readonly HubSpotReceiver[]> {
  let known: { readonly atMs: number; readonly receivers: Promise<readonly HubSpotReceiver[]> } | null = null
  return async () => {
    if (known && nowMs() - known.atMs < KNOWN_FOR_MS) return known.receivers
    const receivers = read(db, box)
    known = { atMs: nowMs(), receivers }
    // A failed look-up must not be remembered: the next delivery asks again.
    receivers.catch(() => {
      known = null
    })
    return receivers
  }
}

async function read(db: Database, box: SecretBox): Promise<readonly HubSpotReceiver[]> {
  const [connections, schemas] = await Promise.all([
    db
      .selectFrom('connection')
      .select(['id', 'account_id', 'credentials', 'webhook_url'])
      .where('crm', '=', 'hubspot')
      .where('status', '<>', 'disconnected')
      .where('grant_kind', 'is not', null)
      .execute(),
    db.selectFrom('object_schema').select(['connection_id', 'object_type', 'fields']).execute(),
  ])
  return connections.flatMap(({ id, account_id, credentials, webhook_url }) => {
    const grant = credentials && opened(box, id, credentials)
    // Without a secret nobody can sign for it: it is polled.
    if (!grant || !('clientSecrets' in grant) || grant.clientSecrets.length === 0) return []
    return {
      connectionId: id as ConnectionId,
      portalId: account_id,
      appId: grant.appId,
      webhookUrl: webhook_url,
      secrets: grant.clientSecrets,
      fields: Object.fromEntries(
        schemas
          .filter((schema) => schema.connection_id === id)
          .map((schema) => [schema.object_type, schema.fields as readonly FieldSchema[]]),
      ),
    }
  })
}

/** Null where its key is missing: fails closed for this one, which the workers say, and the others go on. */
function opened(box: SecretBox, connectionId: string, credentials: Buffer): Grant | null {
  try {
    return JSON.parse(box.open(credentialsOf(connectionId), credentials)) as Grant
  } catch (error) {
    if (error instanceof SecretUnreadableError) return null
    throw error
  }
}
