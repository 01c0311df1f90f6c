import type { IncomingHttpHeaders } from 'node:http'
import type { ChangeEvent, ConnectionId } from '../model/record/change-event.ts'
import type { FieldSchema } from '../model/record/crm-facts.ts'
import type { Grant } from './grant.ts'

/** How a CRM calls us about changes. Only reads: storing, counting and answering are the route's. */
export type CrmWebhook = {
  /** Whether the grant holds what the CRM signs its deliveries with. Without it the connection is polled. */
  canVerify(grant: Grant): boolean
  /** The largest body that the CRM may send by its documentation. A larger one is not read to its end. */
  readonly bodyBytesMax: number
  /** Verifies the delivery on its raw bytes, then turns it into change events. */
  readDelivery(delivery: RawDelivery, receivers: readonly WebhookReceiver[]): DeliveryReading
}

export type RawDelivery = {
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly rawBody: Buffer
  readonly nowMs: number
}

/** A connection that deliveries may be for. */
export type WebhookReceiver = {
  readonly connectionId: ConnectionId
  readonly accountId: string
  readonly grant: Grant
  /** The addresses that the CRM was told to call, whatever a proxy made of the request since: what it signs over. */
  readonly urls: readonly string[]
  readonly fields: Readonly<Record<string, readonly FieldSchema[]>>
}

export type DeliveryReading =
  /** Nobody whom we know has signed it. */
  | { readonly outcome: 'refused'; readonly why: 'bad-signature' | 'stale' | 'malformed'; readonly remedy: string }
  /** Signed, and not a delivery as the CRM documents it. */
  | { readonly outcome: 'unreadable'; readonly message: string }
  /** Signed, and more than we take in one delivery. */
  | { readonly outcome: 'too-large'; readonly message: string }
  | {
      readonly outcome: 'read'
      readonly accounts: readonly AccountDelivery[]
      /** Items of which not even the account can be read. */
      readonly skipped: readonly SkippedItems[]
    }

export type AccountDelivery = {
  readonly accountId: string
  /** How many items the delivery has for this account. */
  readonly items: number
  /** Null: no receiver of this account. */
  readonly receiver: WebhookReceiver | null
  /** False: who signed the delivery may not speak for this account, so nothing of it was read. */
  readonly isBelieved: boolean
  readonly events: readonly ChangeEvent[]
  readonly skipped: readonly SkippedItems[]
}

export type SkippedItems = { readonly reason: string; readonly n: number }
