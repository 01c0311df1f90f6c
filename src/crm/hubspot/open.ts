import type { CrmClient } from '../crm-client.ts'
import type { CrmSetup } from '../crm-setup.ts'
import type { Authorization, CrmAddress, HubSpotGrant, OpenOptions } from '../grant.ts'
import { checkAccess } from './access/access-check.ts'
import { searchOne } from './access/probes.ts'
import { hubSpotClient } from './client.ts'
import { hubSpotApiVersion } from './http/paths.ts'
import { type AccessToken, oauthToken, staticToken } from './login/access-token.ts'
import { hubSpotAuthorizeUrl } from './login/authorize-url.ts'
import {
  exchangeHubSpotCode,
  introspectHubSpotToken,
  refreshHubSpotTokens,
  revokeHubSpotToken,
  type TokenFacts,
} from './login/oauth.ts'
import type { HubSpotOAuthOptions } from './login/token-endpoint.ts'
import { openPortal, type PortalActor } from './portal/portal.ts'

export { hubSpotScopes } from './login/scopes.ts'

type OAuthGrant = Extract<HubSpotGrant, { kind: 'hubspot-oauth' }>

// Whether search counts past its own paging limit is documented nowhere, so exactly this number is no count.
const SEARCH_TOTAL_MAX = 10_000

/**
 * One HubSpot account as a grant lets us in. Asks HubSpot nothing by itself. Throws `TypeError` for an API version that
 * HubSpot never had.
 */
export function openHubSpot(options: OpenOptions<HubSpotGrant>): {
  readonly client: CrmClient
  readonly setup: CrmSetup
} {
  const { grant, address, nowMs, deadlineMs } = options
  const oauth = grant.kind === 'hubspot-oauth' ? oauthOptions(grant, address, nowMs, deadlineMs) : null
  const access: AccessToken =
    grant.kind === 'hubspot-token'
      ? staticToken(grant.token)
      : oauthToken({
          store: options.tokens,
          refresh: (refreshToken) =>
            refreshHubSpotTokens(oauthOptions(grant, address, nowMs, deadlineMs), refreshToken),
          accountId: options.accountId,
          nowMs,
        })
  const introspect =
    oauth === null ? null : async (): Promise<TokenFacts> => introspectHubSpotToken(oauth, await access.current())

  const portal = openPortal({
    connectionId: options.connectionId,
    baseUrl: address.baseUrl,
    uiBaseUrl: options.pagesUrl ?? pagesOfLoopback(address),
    portalId: options.accountId,
    timeZone: options.timeZone,
    appId: grant.appId,
    token: access.current,
    tokenRejected: access.refused,
    actor: introspect === null ? undefined : actorBy(introspect),
    budget: options.budget,
    apiVersion: hubSpotApiVersion(address.apiVersion),
    taskKey: options.taskKey,
    deadlineMs,
    nowMs,
  })

  const setup: CrmSetup = {
    checkAccess: (needs, onCheck) =>
      checkAccess(
        portal,
        { kind: grant.kind, hasClientSecret: grant.clientSecrets.some((secret) => secret !== ''), introspect },
        needs,
        onCheck ?? (() => {}),
      ),
    probeTaskKey: portal.taskKey.probe,
    createTaskKey: portal.taskKey.create,
    count: async (objectType) => {
      // Live records only, as far as the search index has caught up (seconds, by report up to half a minute).
      const total = await searchOne(portal, objectType)
      return total === SEARCH_TOTAL_MAX ? null : total
    },
    revoke: async () => {
      if (oauth === null) {
        return {
          revoked: false,
          message:
            'The token of this HubSpot app still works: only HubSpot can end it. Rotate it on the Distribution page of the ' +
            'app, or uninstall the app under Settings, Integrations, Connected apps.',
        }
      }
      const { tokens } = await options.tokens.read()
      if (!tokens?.refreshToken) {
        return { revoked: false, message: 'No refresh token is kept, so there was nothing to give back to HubSpot.' }
      }
      await revokeHubSpotToken(oauth, tokens.refreshToken)
      return {
        revoked: true,
        message:
          'HubSpot ended the grant; an access token may live on for up to half an hour. The app itself stays installed: ' +
          'uninstall it under Settings, Integrations, Connected apps.',
      }
    },
  }
  return { client: hubSpotClient(portal), setup }
}

export function hubSpotAuthorization(options: {
  readonly grant: OAuthGrant
  readonly address: CrmAddress
  /** Where HubSpot asks the admin. Default: HubSpot's own page, or the sandbox's. */
  readonly pagesUrl?: string | undefined
  readonly scopes: readonly string[]
  readonly optionalScopes: readonly string[]
  readonly nowMs: () => number
}): Authorization {
  const { grant, address } = options
  return {
    url: ({ redirectUri, state, codeChallenge }) =>
      hubSpotAuthorizeUrl({
        pagesUrl: options.pagesUrl ?? pagesOfLoopback(address) ?? 'https://app.hubspot.com',
        clientId: grant.clientId,
        redirectUri,
        scopes: options.scopes,
        optionalScopes: options.optionalScopes,
        state,
        codeChallenge,
      }),
    exchange: (answer) => exchangeHubSpotCode(oauthOptions(grant, address, options.nowMs, undefined), answer),
  }
}

function oauthOptions(
  grant: OAuthGrant,
  address: CrmAddress,
  nowMs: () => number,
  deadlineMs: number | undefined,
): HubSpotOAuthOptions {
  return {
    baseUrl: address.baseUrl,
    apiVersion: hubSpotApiVersion(address.apiVersion),
    clientId: grant.clientId,
    clientSecret: grant.clientSecrets[0] ?? '',
    deadlineMs,
    nowMs,
  }
}

/** Who connected the app does not change while the grant lasts, so HubSpot is asked once. */
function actorBy(introspect: () => Promise<TokenFacts>): () => Promise<PortalActor | null> {
  let known: PortalActor | null = null
  return async () => {
    if (known !== null) return known
    try {
      const { appId, user, userId } = await introspect()
      known = { appId, name: user ?? (userId === null ? null : `user ${userId}`) }
    } catch {
      // A name for people. That the credentials work is told by the calls that need them.
    }
    return known
  }
}

/** A HubSpot on this machine is the sandbox, which serves its pages where it serves its API. */
function pagesOfLoopback({ baseUrl }: CrmAddress): string | undefined {
  const { hostname, origin } = new URL(baseUrl)
  return ['127.0.0.1', 'localhost', '[::1]'].includes(hostname) ? origin : undefined
}
