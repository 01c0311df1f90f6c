import type { ObjectTypeName } from '../portal/object-type.ts'
import { objectType } from '../portal/object-type.ts'
import type { PropertyCatalog } from '../portal/property-catalog.ts'
import type { SandboxSettings } from '../portal/settings.ts'
import type { StoreChange } from '../portal/store-change.ts'

export type WebhookEvent = Readonly<Record<string, unknown>> & { readonly subscriptionType: string }

/** HubSpot refuses subscriptions to these properties. */
const NEVER_SUBSCRIBED = new Set(['hs_lastmodifieddate', 'lastmodifieddate', 'num_unique_conversion_events'])

/**
 * The subscriptions of the app: every classic kind for contacts, companies and deals with each of their properties,
 * and the generic kinds for tasks. A property created later has none, as in a real portal.
 */
export class SubscriptionList {
  readonly #ids = new Map<string, number>()

  constructor(catalog: PropertyCatalog) {
    for (const type of ['contacts', 'companies', 'deals'] as const) {
      const prefix = objectType(type).classicEvent!
      for (const kind of ['creation', 'deletion', 'merge', 'restore', 'associationChange']) {
        this.#add(subscriptionKey(`${prefix}.${kind}`, type))
      }
      this.#addProperties(`${prefix}.propertyChange`, type, catalog)
    }
    this.#add(subscriptionKey('contact.privacyDeletion', 'contacts'))
    for (const kind of ['creation', 'deletion']) this.#add(subscriptionKey(`object.${kind}`, 'tasks'))
    this.#addProperties('object.propertyChange', 'tasks', catalog)
  }

  find(subscriptionType: string, type: ObjectTypeName, property?: string): number | undefined {
    return this.#ids.get(subscriptionKey(subscriptionType, type, property))
  }

  #addProperties(subscriptionType: string, type: ObjectTypeName, catalog: PropertyCatalog): void {
    for (const { name } of catalog.list(type)) {
      if (!NEVER_SUBSCRIBED.has(name)) this.#add(subscriptionKey(subscriptionType, type, name))
    }
  }

  #add(key: string): void {
    this.#ids.set(key, 7_562_000 + this.#ids.size)
  }
}

function subscriptionKey(subscriptionType: string, type: ObjectTypeName, property = ''): string {
  return `${subscriptionType}/${type}/${property}`
}

type EventMaker = {
  readonly portalId: number
  readonly appId: number
  readonly subscriptions: SubscriptionList
  readonly catalog: PropertyCatalog
  readonly settings: () => Pick<SandboxSettings, 'webhookWholeSeconds' | 'webhookEpochDates' | 'sensitiveProperties'>
  readonly nextEventId: () => number
}

/** The event of a change. Undefined: the app has no subscription for it. */
export function webhookEvent(change: StoreChange, maker: EventMaker): WebhookEvent | undefined {
  const type =
    change.kind === 'merged' ? change.type : change.kind === 'associated' ? change.from.type : change.ref.type
  const { classicEvent, typeId } = objectType(type)
  const subscriptionType = `${classicEvent ?? 'object'}.${EVENT_KIND[change.kind]}`
  const subscriptionId = maker.subscriptions.find(
    subscriptionType,
    type,
    change.kind === 'property' ? change.name : undefined,
  )
  if (subscriptionId === undefined) return undefined
  const occurredAt = maker.settings().webhookWholeSeconds ? Math.floor(change.atMs / 1000) * 1000 : change.atMs
  const details = eventDetails(change, maker)
  if (details === undefined) return undefined
  return {
    eventId: maker.nextEventId(),
    subscriptionId,
    portalId: maker.portalId,
    appId: maker.appId,
    occurredAt,
    subscriptionType,
    attemptNumber: 0,
    ...details,
    ...(classicEvent === null ? { objectTypeId: typeId } : {}),
    changeSource: change.actor.sourceType,
    sourceId: change.actor.sourceId,
  }
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

function eventDetails(change: StoreChange, maker: EventMaker): Readonly<Record<string, unknown>> | undefined {
  switch (change.kind) {
    case 'property':
      return { objectId: Number(change.ref.id), propertyName: change.name, ...toldValue(change, maker) }
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
      // Classic association events cover contacts, companies and deals, not tasks, and have no objectId.
      if (from === null || to === null) return undefined
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
function toldValue(change: Extract<StoreChange, { kind: 'property' }>, maker: EventMaker): Record<string, unknown> {
  if (!maker.settings().sensitiveProperties.includes(change.name)) return { propertyValue: sentValue(change, maker) }
  return objectType(change.ref.type).classicEvent === null ? { isSensitive: true } : { propertyValue: 'REDACTED' }
}

function sentValue(
  { ref, name, value }: Extract<StoreChange, { kind: 'property' }>,
  { catalog, settings }: EventMaker,
): string {
  const type = catalog.find(ref.type, name)?.type
  const isDate = type === 'date' || type === 'datetime'
  return isDate && value !== '' && settings().webhookEpochDates ? String(Date.parse(value)) : value
}
