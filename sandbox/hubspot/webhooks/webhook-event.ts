import { objectType } from '../portal/object-type.ts'
import type { PropertyCatalog } from '../portal/property-catalog.ts'
import type { SandboxSettings } from '../portal/settings.ts'
import type { StoreChange } from '../portal/store-change.ts'
import type { SubscriptionList } from './subscription-list.ts'

export type WebhookEvent = Readonly<Record<string, unknown>> & { readonly subscriptionType: string }

type EventMaker = {
  readonly portalId: number
  readonly appId: number
  readonly subscriptions: SubscriptionList
  readonly catalog: PropertyCatalog
  readonly settings: () => Pick<SandboxSettings, 'webhookWholeSeconds' | 'webhookEpochDates' | 'sensitiveProperties'>
  readonly nextEventId: () => number
}

/** The events of a change: one for each subscription that covers it, by its generic type, its classic one, or both. */
export function webhookEvents(change: StoreChange, maker: EventMaker): WebhookEvent[] {
  const type =
    change.kind === 'merged' ? change.type : change.kind === 'associated' ? change.from.type : change.ref.type
  const { classicEvent, typeId } = objectType(type)
  const events: WebhookEvent[] = []
  for (const subject of ['object', classicEvent]) {
    if (subject === null) continue
    const subscriptionType = `${subject}.${EVENT_KIND[change.kind]}`
    const property = change.kind === 'property' ? change.name : undefined
    const subscriptionId = maker.subscriptions.find(subscriptionType, type, property)
    if (subscriptionId === undefined) continue
    const isGeneric = subject === 'object'
    const details = eventDetails(change, maker, isGeneric)
    if (details === undefined) continue
    events.push({
      eventId: maker.nextEventId(),
      subscriptionId,
      portalId: maker.portalId,
      appId: maker.appId,
      occurredAt: maker.settings().webhookWholeSeconds ? Math.floor(change.atMs / 1000) * 1000 : change.atMs,
      subscriptionType,
      attemptNumber: 0,
      ...details,
      ...(isGeneric ? { objectTypeId: typeId } : {}),
      changeSource: change.actor.sourceType,
      sourceId: change.actor.sourceId,
    })
  }
  return events
}

const EVENT_KIND: Readonly<Record<StoreChange['kind'], string>> = {
  created: 'creation',
  deleted: 'deletion',
  restored: 'restore',
  'privacy-deleted': 'privacyDeletion',
  property: 'propertyChange',
  merged: 'merge',
  associated: 'associationChange',
}

function eventDetails(
  change: StoreChange,
  maker: EventMaker,
  isGeneric: boolean,
): Readonly<Record<string, unknown>> | undefined {
  switch (change.kind) {
    case 'property':
      return { objectId: Number(change.ref.id), propertyName: change.name, ...toldValue(change, maker, isGeneric) }
    case 'merged':
      return {
        objectId: Number(change.newId),
        primaryObjectId: Number(change.primaryId),
        mergedObjectIds: change.mergedIds.map(Number),
        newObjectId: Number(change.newId),
        numberOfPropertiesMoved: change.propertiesMoved,
      }
    case 'associated': {
      const from = objectType(change.from.type).classicEvent
      const to = objectType(change.to.type).classicEvent
      // Classic association events cover contacts, companies and deals, not tasks, and have no objectId. What the
      // generic one sends nobody has published.
      if (isGeneric || from === null || to === null) return undefined
      return {
        associationType: `${from.toUpperCase()}_TO_${to.toUpperCase()}`,
        fromObjectId: Number(change.from.id),
        toObjectId: Number(change.to.id),
        associationRemoved: change.removed,
        isPrimaryAssociation: change.primary,
      }
    }
    case 'created':
      return { objectId: Number(change.ref.id), changeFlag: 'CREATED' }
    case 'deleted':
      return { objectId: Number(change.ref.id), changeFlag: 'DELETED' }
    default:
      return { objectId: Number(change.ref.id) }
  }
}

/** HubSpot hides sensitive values: classic events carry REDACTED, generic ones `isSensitive`. */
function toldValue(
  change: Extract<StoreChange, { kind: 'property' }>,
  maker: EventMaker,
  isGeneric: boolean,
): Record<string, unknown> {
  if (!maker.settings().sensitiveProperties.includes(change.name)) return { propertyValue: sentValue(change, maker) }
  return isGeneric ? { isSensitive: true } : { propertyValue: 'REDACTED' }
}

function sentValue(
  { ref, name, value }: Extract<StoreChange, { kind: 'property' }>,
  { catalog, settings }: EventMaker,
): string {
  const type = catalog.find(ref.type, name)?.type
  const isDate = type === 'date' || type === 'datetime'
  return isDate && value !== '' && settings().webhookEpochDates ? String(Date.parse(value)) : value
}
