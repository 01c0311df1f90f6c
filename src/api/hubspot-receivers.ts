import type { HubSpotSettings } from '../config/settings.ts'
import type { FieldSchema } from '../crm/crm.ts'
import type { ConnectionId } from '../model/record/change-event.ts'
import type { Database } from '../store/database.ts'
import type { HubSpotReceiver } from './webhook-routes.ts'

/** A new connection or field is known this soon; asking for every delivery would double the cost of the hot path. */
const KNOWN_FOR_MS = 5_000

/** Which portals are connected and what their fields are, read again when older than a few seconds. */
export function hubSpotReceivers(
  db: Database,
  settings: HubSpotSettings | null,
  nowMs: () => number,
): () => Promise<readonly HubSpotReceiver[]> {
  let known: { readonly atMs: number; readonly receivers: Promise<readonly HubSpotReceiver[]> } | null = null
  return async () => {
    if (!settings) return []
    if (known && nowMs() - known.atMs < KNOWN_FOR_MS) return known.receivers
    const receivers = read(db, settings)
    known = { atMs: nowMs(), receivers }
    // A failed look-up must not be remembered: the next delivery asks again.
    receivers.catch(() => {
      known = null
    })
    return receivers
  }
}

async function read(db: Database, settings: HubSpotSettings): Promise<readonly HubSpotReceiver[]> {
  const [connections, schemas] = await Promise.all([
    db.selectFrom('connection').select(['id', 'account_id']).where('crm', '=', 'hubspot').execute(),
    db.selectFrom('object_schema').select(['connection_id', 'object_type', 'fields']).execute(),
  ])
  return connections.map((connection) => ({
    connectionId: connection.id as ConnectionId,
    portalId: connection.account_id,
    appId: settings.appId,
    secrets: settings.clientSecrets,
    fields: Object.fromEntries(
      schemas
        .filter((schema) => schema.connection_id === connection.id)
        .map((schema) => [schema.object_type, schema.fields as readonly FieldSchema[]]),
    ),
  }))
}
