import type { CrmClient } from '../crm-client.ts'
import type { CrmSetup } from '../crm-setup.ts'
import type { Authorization, CrmAddress, HubSpotGrant, OpenOptions } from '../grant.ts'
import { hubSpotClient } from './client.ts'
import { hubSpotApiVersion } from './http/paths.ts'
import { type AccessToken, oauthToken, staticToken } from './login/access-token.ts'
import { hubSpotAuthorizeUrl } from './login/authorize-url.ts'
import { exchangeHubSpotCode, introspectHubSpotToken, refreshHubSpotTokens, type TokenFacts } from './login/oauth.ts'
import type { HubSpotOAuthOptions } from './login/token-endpoint.ts'
import { openPortal, type PortalActor } from './portal/portal.ts'
import { hubSpotSetup } from './setup.ts'

export { hubSpotScopes } from './login/scopes.ts'

type OAuthGrant = Extract<HubSpotGrant, { kind: 'hubspot-oauth' }>

/**
 * One HubSpot account as a grant opens it. Makes no call by itself. Throws `TypeError` for an API version that HubSpot
 * never published.
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

  const setup = hubSpotSetup({ portal, grant, oauth, introspect, tokens: options.tokens })
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

/** The user who connected the app stays the same while the grant lasts, so we ask HubSpot once. */
function actorBy(introspect: () => Promise<TokenFacts>): () => Promise<PortalActor | null> {
  let known: PortalActor | null = null
  return async () => {
    if (known !== null) return known
    try {
      const { appId, user, userId } = await introspect()
      known = { appId, name: user ?? (userId === null ? null : `user ${userId}`) }
    } catch {
      // A name for people only. Bad credentials show in the calls that need them.
    }
    return known
  }
}

/** A HubSpot on this machine is the sandbox, which serves its pages where it serves its API. */
function pagesOfLoopback({ baseUrl }: CrmAddress): string | undefined {
  const { hostname, origin } = new URL(baseUrl)
  return ['127.0.0.1', 'localhost', '[::1]'].includes(hostname) ? origin : undefined
}
