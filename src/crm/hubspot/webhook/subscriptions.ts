import type { AccessNeeds } from '../../crm-setup.ts'
import { listOf, objectOf, textOf } from '../http/json-value.ts'

/** One entry of a project's webhooks file, in HubSpot's words. */
export type Subscription = {
  /** Which list of the file: generic types, classic ones, or what belongs to the account. */
  readonly list: 'crmObjects' | 'legacyCrmObjects' | 'hubEvents'
  readonly subscriptionType: string
  readonly objectType: string | null
  readonly propertyName: string | null
}

/** HubSpot does not let these be subscribed to; the poll by modification date covers what they would tell. */
const NEVER_TOLD = new Set(['hs_lastmodifieddate', 'lastmodifieddate', 'num_unique_conversion_events'])
/** Set once, when the record is made, of which the creation tells. */
const NEVER_CHANGES = new Set(['createdate', 'hs_createdate', 'hs_object_id'])
/** Links that HubSpot also keeps as a property: only where one is looked at does a changed link matter. */
const LINK_FIELDS = new Set(['associatedcompanyid', 'hs_primary_associated_company', 'hs_parent_company_id'])
const SINGULAR: Readonly<Record<string, string>> = {
  contacts: 'contact',
  companies: 'company',
  deals: 'deal',
  tickets: 'ticket',
  leads: 'lead',
}
/** Per app; above it HubSpot answers 400. */
const SUBSCRIPTIONS_MAX = 1_000

/**
 * What to be told of for these needs, in a stable order. Generic types where their payload is documented; links by the
 * classic type, because nobody has published what the generic one sends. A property that an account does not have makes
 * no event and no error.
 */
export function subscriptionsFor(needs: AccessNeeds): Subscription[] {
  const all: Subscription[] = []
  for (const { objectType, fields } of needs.objects) {
    const name = SINGULAR[objectType] ?? objectType
    for (const verb of ['creation', 'deletion', 'merge', 'restore']) all.push(generic(verb, name))
    const told = [...new Set(fields)].filter((field) => !NEVER_TOLD.has(field) && !NEVER_CHANGES.has(field)).sort()
    for (const field of told) all.push(generic('propertyChange', name, field))
    const classic = ['contact', 'company', 'deal'].includes(name)
    if (classic && fields.some((field) => LINK_FIELDS.has(field))) {
      all.push({
        list: 'legacyCrmObjects',
        subscriptionType: `${name}.associationChange`,
        objectType: null,
        propertyName: null,
      })
    }
    if (name === 'contact') {
      // Has no generic form.
      all.push({
        list: 'hubEvents',
        subscriptionType: 'contact.privacyDeletion',
        objectType: null,
        propertyName: null,
      })
    }
  }
  // Of our own tasks: who closed, handed on, deleted or brought back one. What people's other tasks say is left alone.
  for (const field of ['hs_task_status', 'hubspot_owner_id']) all.push(generic('propertyChange', 'task', field))
  for (const verb of ['deletion', 'restore']) all.push(generic(verb, 'task'))
  if (all.length > SUBSCRIPTIONS_MAX) {
    throw new RangeError(
      `The policies look at so many fields that ${all.length} webhook subscriptions would be needed; HubSpot takes ` +
        `${SUBSCRIPTIONS_MAX} per app. Let the policies look at fewer fields, or connect without webhooks`,
    )
  }
  return all
}

function generic(verb: string, objectType: string, propertyName: string | null = null): Subscription {
  return { list: 'crmObjects', subscriptionType: `object.${verb}`, objectType, propertyName }
}

export function subscriptionKey({ subscriptionType, objectType, propertyName }: Subscription): string {
  return [subscriptionType, objectType ?? '', propertyName ?? ''].join('/')
}

/**
 * The subscriptions in a webhooks file that was uploaded before. HubSpot refuses an upload in which one of them is
 * missing, so whoever makes a new file hands them on. Throws `TypeError` for a text that is no such file.
 */
export function subscriptionsIn(webhooksFile: string): Subscription[] {
  let file: unknown
  try {
    file = JSON.parse(webhooksFile)
  } catch (error) {
    throw new TypeError('The former webhooks file is not JSON', { cause: error })
  }
  const lists = objectOf(objectOf(objectOf(file)?.config)?.subscriptions)
  if (lists === undefined) throw new TypeError('The former webhooks file has no config.subscriptions')
  return (['crmObjects', 'legacyCrmObjects', 'hubEvents'] as const).flatMap((list) =>
    listOf(lists[list]).map((entry) => ({
      list,
      subscriptionType: textOf(entry.subscriptionType),
      objectType: textOf(entry.objectType) || null,
      propertyName: textOf(entry.propertyName) || null,
    })),
  )
}
