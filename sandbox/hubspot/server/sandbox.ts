import type { Label } from '../../world/records/world.ts'
import type { SchemaChanges } from '../people/schema-changes.ts'
import type { Portal } from '../portal/portal.ts'
import type { SubscriptionList } from '../webhooks/subscription-list.ts'
import type { WebhookSender } from '../webhooks/webhook-sender.ts'
import type { CredentialStore } from '../wire/credentials.ts'
import type { FaultPlan } from './faults.ts'
import type { CallStats } from './stats.ts'

export type Sandbox = {
  readonly portal: Portal
  readonly credentials: CredentialStore
  readonly faults: FaultPlan
  readonly stats: CallStats
  readonly sender: WebhookSender
  readonly subscriptions: SubscriptionList
  readonly labels: Label[]
  readonly schemaChanges: SchemaChanges
}
