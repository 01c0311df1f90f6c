import {
  authorizationCodeGrantRequest,
  type ClientAuth,
  ClientSecretPost,
  clientCredentialsGrantRequest,
  genericTokenEndpointRequest,
  None,
  refreshTokenGrantRequest,
  revocationRequest,
  skipStateCheck,
  validateAuthResponse,
} from 'oauth4webapi'
import { z } from 'zod'
import { CrmReconnectError, CrmUnknownError } from '../../crm-client.ts'
import type { Tokens } from '../../grant.ts'
import { longId } from '../http/record-id.ts'
import { askLoginServer, type LoginOptions, loginServer, type OAuthPlace, OAuthRefusedError } from './login-server.ts'

export type OAuthClient = {
  readonly clientId: string
  /** Null: a public client, which must not send one. */
  readonly clientSecret: string | null
}

/** RFC 7523: the assertion itself says who asks, so neither client id nor secret go with it. */
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

export function tokensForCode(
  place: OAuthPlace,
  client: OAuthClient,
  { code, redirectUri, codeVerifier }: { code: string; redirectUri: string; codeVerifier: string },
): Promise<Tokens> {
  const [server, who] = [loginServer(place), clientOf(client)]
  // Whoever received the redirect has compared its state; here is only the code.
  const callback = validateAuthResponse(server, who, new URLSearchParams({ code }), skipStateCheck)
  return readTokens(place, (options) =>
    authorizationCodeGrantRequest(server, who, authOf(client), callback, redirectUri, codeVerifier, options),
  )
}

export function tokensForRefreshToken(place: OAuthPlace, client: OAuthClient, refreshToken: string): Promise<Tokens> {
  return readTokens(place, (options) =>
    refreshTokenGrantRequest(loginServer(place), clientOf(client), authOf(client), refreshToken, options),
  )
}

export function tokensForClient(place: OAuthPlace, client: OAuthClient): Promise<Tokens> {
  return readTokens(place, (options) =>
    clientCredentialsGrantRequest(loginServer(place), clientOf(client), authOf(client), {}, options),
  )
}

export function tokensForAssertion(place: OAuthPlace, clientId: string, assertion: string): Promise<Tokens> {
  return readTokens(place, (options) =>
    genericTokenEndpointRequest(
      loginServer(place),
      { client_id: clientId },
      unnamed,
      JWT_BEARER,
      { assertion },
      options,
    ),
  )
}

/** True: Salesforce ended it. False: it no longer knew the token, which is as good. */
export async function revokeToken(place: OAuthPlace, clientId: string, token: string): Promise<boolean> {
  try {
    await askLoginServer(place, (options) =>
      // The token alone: Salesforce takes no client with it.
      revocationRequest(loginServer(place), { client_id: clientId }, unnamed, token, options),
    )
    return true
  } catch (error) {
    if (error instanceof OAuthRefusedError) return false
    throw error
  }
}

const clientOf = ({ clientId }: OAuthClient) => ({ client_id: clientId })
const authOf = ({ clientSecret }: OAuthClient): ClientAuth =>
  clientSecret === null ? None() : ClientSecretPost(clientSecret)
const unnamed: ClientAuth = () => {}

/** `id` ends in org and user. The token's own text begins with the org id too, which Salesforce does not promise. */
const TokenAnswer = z.object({
  access_token: z.string(),
  refresh_token: z.string().min(1).nullable().catch(null),
  instance_url: z.url().transform((url) => url.replace(/\/+$/, '')),
  id: z.string().transform((id, context) => {
    const [orgId, userId] = id.split('/').slice(-2).map(longId)
    if (orgId && userId) return { orgId, userId }
    context.addIssue('not an identity of a user in an org')
    return z.NEVER
  }),
  scope: z.string().catch(''),
})

/** Throws what `askLoginServer` throws, and `CrmReconnectError` where the answer names a host that may not have tokens. */
async function readTokens(place: OAuthPlace, request: (options: LoginOptions) => Promise<unknown>): Promise<Tokens> {
  const { success, data } = TokenAnswer.safeParse(await askLoginServer(place, request))
  if (!success) {
    throw new CrmUnknownError(`The token answer of ${place.loginUrl} lacks a token, an address or the identity`)
  }
  if (!place.allowsHost(data.instance_url)) {
    throw new CrmReconnectError(
      `The token answer of ${place.loginUrl} sends us to ${data.instance_url.slice(0, 200)}, which is not on the list of allowed hosts; nothing was sent there`,
      'Check the My Domain address of the connection. If the org really is reached at that host, add it to the allowed hosts in the settings, then reconnect.',
    )
  }
  return {
    accessToken: data.access_token,
    refreshToken: data.refresh_token,
    expiresAtMs: null, // Salesforce does not say: its 401 does.
    instanceUrl: data.instance_url,
    accountId: data.id.orgId,
    userId: data.id.userId,
    scopes: data.scope.split(' ').filter((name) => name !== ''),
  }
}
