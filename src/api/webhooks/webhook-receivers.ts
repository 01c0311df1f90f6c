import { sql } from 'kysely'
import type { WebhookReceiver } from '../../crm/crm-webhook.ts'
import type { Grant } from '../../crm/grant.ts'
import { adapterOf } from '../../crm/registry.ts'
import type { ConnectionId, Crm } from '../../model/record/change-event.ts'
import type { FieldSchema } from '../../model/record/crm-facts.ts'
import type { Database } from '../../store/database/database.ts'
import { type SecretBox, SecretUnreadableError } from '../../store/secrets/secret-box.ts'
import { credentialsOf } from '../../store/secrets/secret-places.ts'

/** The connections of one CRM, as far as its deliveries go. */
export type KnownReceivers = {
  readonly receivers: readonly WebhookReceiver[]
  /** Accounts that are connected and whose secrets none of our keys opens: their deliveries are neither true nor forged. */
  readonly unreadable: readonly string[]
  /** There is a connection of this CRM, even an ended one, or one that is polled and has no secret. */
  readonly isAnyKnown: boolean
}

/**
 * A new connection, secret or field is known this soon, and one that was taken away is forgotten; asking for every
 * delivery would double the cost of the hot path.
 */
const KNOWN_FOR_MS = 5_000

/**
 * A CRM caches the old address for minutes after an admin changes it (docs/contracts) and retries a delivery for a day; it
 * does not document at which of the two. It signs the address that it calls.
 */
const FORMER_ADDRESS_FOR = sql.raw("interval '25 hours'")

type ReceiversOf = {
  readonly db: Database
  readonly box: SecretBox
  readonly crm: Crm
  /** Where the CRM calls us, for connections that name no address of their own. */
  readonly webhookUrl: string
}

/**
 * Which accounts are connected, who may sign for them and what their fields are, read again when older than a few
 * seconds, or at once for a route that is about to refuse something. However many ask, one read runs at a time.
 */
export function webhookReceivers(of: ReceiversOf, nowMs: () => number): (how?: 'fresh') => Promise<KnownReceivers> {
  let known: { readonly atMs: number; readonly receivers: Promise<KnownReceivers> } | null = null
  let next: Promise<KnownReceivers> | null = null

  function look(): Promise<KnownReceivers> {
    const receivers = read(of)
    const looked = { atMs: nowMs(), receivers }
    known = looked
    // A failed look-up must not be remembered: the next delivery asks again.
    receivers.catch(() => {
      if (known === looked) known = null
    })
    return receivers
  }

  return async (how) => {
    if (how === 'fresh') {
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

async function read({ db, box, crm, webhookUrl }: ReceiversOf): Promise<KnownReceivers> {
  const [connections, schemas] = await Promise.all([
    selectConnections(db, crm),
    db.selectFrom('object_schema').select(['connection_id', 'object_type', 'fields']).execute(),
  ])
  const receivers: WebhookReceiver[] = []
  const unreadable: string[] = []
  for (const { id, account_id: accountId, credentials, ...row } of connections) {
    if (row.status === 'disconnected') continue
    const grant = credentials && row.grant_kind !== null ? opened(box, id, credentials) : null
    if (grant === null) {
      unreadable.push(accountId)
      continue
    }
    // Without a secret the CRM cannot sign for it: it is polled.
    if (!adapterOf(crm).webhook?.canVerify(grant)) continue
    const ofConnection = schemas.filter((schema) => schema.connection_id === id)
    const fields = ofConnection.map(
      ({ object_type, fields }) => [object_type, fields as readonly FieldSchema[]] as const,
    )
    const urls = [row.webhook_url ?? webhookUrl, ...(row.former_url ? [row.former_url] : [])]
    receivers.push({ connectionId: id as ConnectionId, accountId, grant, urls, fields: Object.fromEntries(fields) })
  }
  return { receivers, unreadable, isAnyKnown: connections.length > 0 }
}

function selectConnections(db: Database, crm: Crm) {
  const formerUrl = sql<string | null>`
    case when webhook_moved_at > now() - ${FORMER_ADDRESS_FOR} then former_webhook_url end`
  return db
    .selectFrom('connection')
    .select(['id', 'account_id', 'credentials', 'webhook_url', 'status', 'grant_kind'])
    .select(formerUrl.as('former_url'))
    .where('crm', '=', crm)
    .execute()
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
