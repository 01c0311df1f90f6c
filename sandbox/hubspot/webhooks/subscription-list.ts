import { OBJECT_TYPES, type ObjectTypeName } from '../portal/object-type.ts'

/** HubSpot refuses subscriptions to these properties. */
const NEVER_SUBSCRIBED = new Set(['hs_lastmodifieddate', 'lastmodifieddate', 'num_unique_conversion_events'])
const SUBSCRIPTIONS_MAX = 1_000
const LISTS = ['crmObjects', 'legacyCrmObjects', 'hubEvents'] as const
const KINDS = ['creation', 'deletion', 'propertyChange', 'merge', 'restore', 'associationChange', 'privacyDeletion']

type Entry = {
  readonly subscriptionType: string
  readonly objectType?: string
  readonly propertyName?: string
  readonly active?: boolean
}

/**
 * What the app hears of: exactly the active subscriptions of the webhooks file of its project (`webhooks-hsmeta.json`),
 * as it was uploaded last. An app without one hears of nothing.
 */
export class SubscriptionList {
  #ids = new Map<string, number>()
  #lastId = 7_562_000

  /** Takes the place of the former file. Throws, and changes nothing, for a file that HubSpot would refuse. */
  upload(file: unknown): number {
    const lists = (file as { config?: { subscriptions?: Record<string, unknown> } } | null)?.config?.subscriptions
    if (typeof lists !== 'object' || lists === null) throw new Error('The webhooks file has no config.subscriptions')
    const ids = new Map<string, number>()
    for (const list of LISTS) {
      const entries = lists[list] ?? []
      if (!Array.isArray(entries)) throw new Error(`config.subscriptions.${list} must be a list`)
      for (const entry of entries as Entry[]) {
        const key = keyOf(entry, list)
        if (ids.has(key)) throw new Error(`Subscribed twice: ${key}`)
        if (entry.active !== false) ids.set(key, this.#ids.get(key) ?? this.#nextId())
      }
    }
    if (ids.size > SUBSCRIPTIONS_MAX)
      throw new Error(`${ids.size} subscriptions, and an app may have ${SUBSCRIPTIONS_MAX}`)
    this.#ids = ids
    return ids.size
  }

  /** Undefined: nobody subscribed to it. */
  find(subscriptionType: string, type: ObjectTypeName, property?: string): number | undefined {
    return this.#ids.get(subscriptionKey(subscriptionType, type, property))
  }

  #nextId(): number {
    this.#lastId += 1
    return this.#lastId
  }
}

/** Generic types name their object beside the type, classic ones within it. */
function keyOf(entry: Entry, list: (typeof LISTS)[number]): string {
  const { subscriptionType, objectType, propertyName } = entry
  const [subject, kind = ''] = String(subscriptionType).split('.')
  const isGeneric = subject === 'object'
  const type = OBJECT_TYPES.find(({ singular }) => singular === (isGeneric ? objectType : subject))
  const isPlaced = kind === 'privacyDeletion' || (list !== 'hubEvents' && isGeneric === (list === 'crmObjects'))
  if (type === undefined || !KINDS.includes(kind) || !isPlaced) {
    throw new Error(`There is no such subscription in ${list}: ${JSON.stringify(entry)}`)
  }
  if ((kind === 'propertyChange') !== (typeof propertyName === 'string' && propertyName !== '')) {
    throw new Error(`Only a propertyChange names a property: ${JSON.stringify(entry)}`)
  }
  if (NEVER_SUBSCRIBED.has(propertyName ?? '')) throw new Error(`${propertyName} cannot be subscribed to`)
  return subscriptionKey(subscriptionType, type.name, propertyName)
}

function subscriptionKey(subscriptionType: string, type: ObjectTypeName, property = ''): string {
  return `${subscriptionType}/${type}/${property}`
}
