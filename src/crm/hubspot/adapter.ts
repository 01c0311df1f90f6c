import { isLoopback } from '../allowed-hosts.ts'
import type { AuthorizationOptions, CrmAdapter } from '../crm-adapter.ts'
import type { Authorization, HubSpotGrant } from '../grant.ts'
import { hubSpotProject } from './app-project/project-files.ts'
import { HUBSPOT_FORM } from './connect-form.ts'
import { HUBSPOT_GRANTS, hasClientSecret } from './grants.ts'
import { addressProblems } from './hosts.ts'
import { hubSpotScopes } from './login/scopes.ts'
import { hubSpotAuthorization, openHubSpot } from './open.ts'
import { HUBSPOT_PAGES } from './pages.ts'
import { HUBSPOT } from './profile.ts'
import { BODY_BYTES_MAX } from './webhook/delivery.ts'
import { readDelivery } from './webhook/read-delivery.ts'

export const HUBSPOT_ADAPTER: CrmAdapter = {
  profile: HUBSPOT,
  grants: HUBSPOT_GRANTS,
  addressProblems,
  open: ({ grant, ...options }) => ({
    ...openHubSpot({ ...options, grant: grant as HubSpotGrant }),
    stream: null,
    territories: null,
  }),
  authorization,
  redirectProblem,
  pages: HUBSPOT_PAGES,
  webhook: { canVerify: hasClientSecret, bodyBytesMax: BODY_BYTES_MAX, readDelivery },
  form: HUBSPOT_FORM,
  appProject: { files: ({ login, ...options }) => hubSpotProject({ kind: login, name: 'Lanekeeper', ...options }) },
}

function authorization({ grant, address, needs, nowMs }: AuthorizationOptions): Authorization | null {
  const entered = grant as HubSpotGrant
  if (entered.kind !== 'hubspot-oauth') return null
  const { required, optional } = hubSpotScopes(needs)
  return hubSpotAuthorization({ grant: entered, address, scopes: required, optionalScopes: optional, nowMs })
}

/** Told before a person is sent to a page of HubSpot that can only say no. */
function redirectProblem(redirectUri: string): string | null {
  const { protocol, hostname, origin } = new URL(redirectUri)
  if (protocol === 'https:' || isLoopback(hostname)) return null
  return (
    `HubSpot sends a login back to https addresses only, or to this machine itself, and people reach Lanekeeper at ` +
    `${origin}. Let a reverse proxy or a tunnel serve it by https, set LANEKEEPER_PUBLIC_URL to that address, restart ` +
    'Lanekeeper, and give the app the redirect address that is shown then. Or connect with the token of an app, which ' +
    'needs no login.'
  )
}
