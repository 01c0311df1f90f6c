import type { CrmSetup } from '../crm-setup.ts'
import type { HubSpotGrant, TokenStore } from '../grant.ts'
import { checkAccess } from './access/access-check.ts'
import type { GrantFacts } from './access/answer.ts'
import { searchOne } from './access/probes.ts'
import { revokeHubSpotToken } from './login/oauth.ts'
import type { HubSpotOAuthOptions } from './login/token-endpoint.ts'
import type { Portal } from './portal/portal.ts'

export type SetupOptions = {
  readonly portal: Portal
  readonly grant: HubSpotGrant
  /** Null: a static token, which has no token endpoint. */
  readonly oauth: HubSpotOAuthOptions | null
  readonly introspect: GrantFacts['introspect']
  readonly tokens: TokenStore
}

// HubSpot does not document whether a search counts past its own paging limit, so exactly this number is no count.
const SEARCH_TOTAL_MAX = 10_000

export function hubSpotSetup(options: SetupOptions): CrmSetup {
  const { portal, grant, introspect } = options
  const hasClientSecret = grant.clientSecrets.some((secret) => secret !== '')
  return {
    checkAccess: (needs, onCheck = () => {}) =>
      checkAccess(portal, { kind: grant.kind, hasClientSecret, introspect }, needs, onCheck),
    probeTaskKey: portal.taskKey.probe,
    createTaskKey: portal.taskKey.create,
    count: (objectType) => countRecords(portal, objectType),
    revoke: () => revokeGrant(options),
  }
}

/** Live records only, as far as the search index has caught up (seconds, by report up to half a minute). */
async function countRecords(portal: Portal, objectType: string): Promise<number | null> {
  const total = await searchOne(portal, objectType)
  return total === SEARCH_TOTAL_MAX ? null : total
}

async function revokeGrant({ oauth, tokens: store }: SetupOptions): ReturnType<CrmSetup['revoke']> {
  if (oauth === null) {
    return {
      revoked: false,
      message:
        'The token of this HubSpot app still works: only HubSpot can end it. Rotate it on the Distribution page of the ' +
        'app, or uninstall the app under Settings, Integrations, Connected apps.',
    }
  }
  const { tokens } = await store.read()
  if (!tokens?.refreshToken) {
    return { revoked: false, message: 'No refresh token is stored, so there was nothing to revoke at HubSpot.' }
  }
  await revokeHubSpotToken(oauth, tokens.refreshToken)
  return {
    revoked: true,
    message:
      'HubSpot ended the grant; an access token may stay valid for up to half an hour. The app itself stays installed: ' +
      'uninstall it under Settings, Integrations, Connected apps.',
  }
}
