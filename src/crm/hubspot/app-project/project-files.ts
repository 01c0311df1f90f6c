import { AppProjectError } from '../../app-project.ts'
import type { AccessNeeds } from '../../crm-setup.ts'
import { hubSpotScopes } from '../login/scopes.ts'
import { type Subscription, subscriptionKey, subscriptionsFor } from '../webhook/subscriptions.ts'
import { projectReadme } from './project-readme.ts'

export type ProjectInput = {
  readonly kind: 'static' | 'oauth'
  /** As people see the app in HubSpot. */
  readonly name: string
  /** Where HubSpot sends webhooks. Null: the account is polled, and no subscriptions are written. */
  readonly webhookUrl: string | null
  /** Where an OAuth login returns to; a static app has none. */
  readonly redirectUrl: string | null
  readonly needs: AccessNeeds
  /** What an earlier upload subscribed to, see `subscriptionsIn`: kept as inactive, since HubSpot refuses their removal. */
  readonly formerly?: readonly Subscription[]
}

export type ProjectFile = { readonly path: string; readonly content: string }

// HubSpot's line of project versions runs beside that of its API.
const PLATFORM_VERSION = '2026.03'
// HubSpot's default; it requires more than five. One delivery is one transaction for us, so ten at once are no burden.
const CONCURRENT_REQUESTS = 10

/** HubSpot would refuse the address, or could not sign for it. The message says which addresses work. */
export class ProjectAddressError extends AppProjectError {
  override readonly name = 'ProjectAddressError'
}

/**
 * The project that creates Lanekeeper's app in an account: its scopes, and webhook subscriptions for exactly the fields
 * that the policies read. Throws `ProjectAddressError`.
 */
export function hubSpotProject(input: ProjectInput): ProjectFile[] {
  const { kind, name, webhookUrl, redirectUrl, needs } = input
  if (webhookUrl !== null) checkWebhookUrl(webhookUrl)
  if (kind === 'oauth') checkRedirectUrl(redirectUrl)
  const { required, optional } = hubSpotScopes(needs)
  const subscriptions = webhookUrl === null ? [] : subscriptionsFor(needs)
  const files: ProjectFile[] = [
    json('hsproject.json', { name: projectName(name), srcDir: 'src', platformVersion: PLATFORM_VERSION }),
    json('src/app/app-hsmeta.json', {
      uid: 'lanekeeper_app',
      type: 'app',
      config: {
        name,
        description: 'Names an owner for every messy CRM case and writes the task to them.',
        // Neither this nor the kind of auth can be changed after the first upload.
        distribution: 'private',
        auth: {
          type: kind,
          ...(kind === 'oauth' ? { redirectUrls: [redirectUrl] } : {}),
          // The scope of a login; a static app has none.
          requiredScopes: required.filter((scope) => kind === 'oauth' || scope !== 'oauth'),
          optionalScopes: optional,
          conditionallyRequiredScopes: [],
        },
        // For cards within HubSpot's pages, of which this app has none: nothing is permitted.
        permittedUrls: { fetch: [], iframe: [], img: [] },
      },
    }),
  ]
  if (webhookUrl !== null) {
    files.push(
      json('src/app/webhooks/webhooks-hsmeta.json', {
        uid: 'lanekeeper_webhooks',
        type: 'webhooks',
        config: {
          settings: { targetUrl: webhookUrl, maxConcurrentRequests: CONCURRENT_REQUESTS },
          subscriptions: subscriptionLists(subscriptions, input.formerly ?? []),
        },
      }),
    )
  }
  const readme = projectReadme({ kind, webhookUrl, redirectUrl, optionalScopes: optional, subscriptions })
  return [...files, { path: 'README.md', content: readme }]
}

function subscriptionLists(wanted: readonly Subscription[], formerly: readonly Subscription[]) {
  const entries = new Map<string, Subscription & { readonly active: boolean }>()
  for (const one of formerly) entries.set(subscriptionKey(one), { ...one, active: false })
  // A property keeps the list it was subscribed in before: in both lists HubSpot would send it twice.
  for (const one of wanted) {
    const key = subscriptionKey(one)
    entries.set(key, { ...one, list: entries.get(key)?.list ?? one.list, active: true })
  }
  const listed = (list: Subscription['list']) =>
    [...entries.values()]
      .filter((one) => one.list === list)
      .map(({ subscriptionType, objectType, propertyName, active }) => ({
        subscriptionType,
        ...(objectType === null ? {} : { objectType }),
        ...(propertyName === null ? {} : { propertyName }),
        active,
      }))
  return {
    crmObjects: listed('crmObjects'),
    legacyCrmObjects: listed('legacyCrmObjects'),
    hubEvents: listed('hubEvents'),
  }
}

function checkWebhookUrl(text: string): void {
  const url = parsed(text)
  if (url?.protocol !== 'https:') {
    throw new ProjectAddressError(`HubSpot sends webhooks to https addresses only, not to "${text}"`)
  }
  // HubSpot decodes parts of a query before it signs, by rules that are not confirmed.
  if (url.search !== '' || url.hash !== '') {
    throw new ProjectAddressError(`The webhook address "${text}" must have neither a query nor a fragment`)
  }
}

function checkRedirectUrl(text: string | null): void {
  const url = text === null ? null : parsed(text)
  const local = url?.protocol === 'http:' && url.hostname === 'localhost'
  if (url?.protocol !== 'https:' && !local) {
    throw new ProjectAddressError(
      `HubSpot sends an OAuth login back to https addresses only, or to http://localhost, not to "${text ?? ''}"`,
    )
  }
}

function parsed(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null
}

/** Letters, digits and dashes, so that it also serves as a directory of HubSpot's command line. */
function projectName(name: string): string {
  return (
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '') || 'lanekeeper'
  )
}

function json(path: string, value: unknown): ProjectFile {
  return { path, content: `${JSON.stringify(value, null, 2)}\n` }
}
