import { z } from 'zod'
import { storable } from '../../../model/record/storable-text.ts'
import { CrmRefusedError, CrmUnknownError } from '../../crm-client.ts'
import type { Tokens } from '../../grant.ts'
import { OptionalId, OptionalText, Texts } from '../http/answer-fields.ts'
import {
  type Attempt,
  askTokenEndpoint,
  type HubSpotOAuthOptions,
  TokenNotKnown,
  type TokenRequest,
} from './token-endpoint.ts'

const EXCHANGE: Attempt = {
  does: 'exchange the code for HubSpot tokens',
  remedy: 'Connect HubSpot again: a code works once and only for a few minutes.',
}
const REFRESH: Attempt = {
  does: 'refresh the HubSpot token',
  remedy: 'Reconnect the HubSpot account: its grant was revoked or has expired.',
  refusalNeedsPerson: true,
}
const INTROSPECT: Attempt = { does: 'ask HubSpot whose token this is', remedy: REFRESH.remedy }
const REVOKE: Attempt = { does: 'revoke the HubSpot grant', remedy: REFRESH.remedy }

export function exchangeHubSpotCode(
  options: HubSpotOAuthOptions,
  grant: { readonly code: string; readonly redirectUri: string; readonly codeVerifier: string },
): Promise<Tokens> {
  const form = {
    grant_type: 'authorization_code',
    code: grant.code,
    redirect_uri: grant.redirectUri,
    code_verifier: grant.codeVerifier,
  }
  return requestTokens(options, { below: '', attempt: EXCHANGE, form }, null)
}

/**
 * New tokens for old. HubSpot does not document whether refresh tokens rotate: store the one in the answer, whichever it
 * is. An answer without one keeps the old.
 */
export function refreshHubSpotTokens(options: HubSpotOAuthOptions, refreshToken: string): Promise<Tokens> {
  const form = { grant_type: 'refresh_token', refresh_token: refreshToken }
  return requestTokens(options, { below: '', attempt: REFRESH, form }, refreshToken)
}

const TokenAnswer = z.object({
  access_token: z.string().min(1),
  /** Seconds. */
  expires_in: z.number().positive(),
  refresh_token: OptionalText,
  hub_id: OptionalId,
  user_id: OptionalId,
  scopes: Texts,
})

async function requestTokens(
  options: HubSpotOAuthOptions,
  request: TokenRequest,
  refreshToken: string | null,
): Promise<Tokens> {
  const { status, body } = await askTokenEndpoint(options, request)
  const { success, data } = TokenAnswer.safeParse(body)
  if (!success) {
    const { does } = request.attempt
    throw new CrmUnknownError(`Cannot ${does}: HubSpot answered ${status} without a token and its lifetime`, { status })
  }
  return {
    accessToken: data.access_token,
    refreshToken: data.refresh_token || refreshToken || null,
    expiresAtMs: options.nowMs() + data.expires_in * 1_000,
    instanceUrl: null,
    accountId: data.hub_id,
    userId: data.user_id,
    scopes: data.scopes,
  }
}

export type TokenFacts = z.output<typeof TokenFactsAnswer>

const TokenFactsAnswer = z
  .object({
    active: z.unknown().transform((active) => active === true),
    hub_id: OptionalId,
    app_id: OptionalId,
    user_id: OptionalId,
    user: OptionalText,
    scopes: Texts,
  })
  .transform(({ hub_id, app_id, user_id, user, ...rest }) => ({
    ...rest,
    portalId: hub_id,
    appId: app_id,
    userId: user_id,
    /** Email of the user who connected the app. */
    user: storable(user).slice(0, 320) || null,
  }))

/** What HubSpot knows about a token: whose it is and which scopes it has. */
export async function introspectHubSpotToken(options: HubSpotOAuthOptions, accessToken: string): Promise<TokenFacts> {
  const form = { token: accessToken, token_type_hint: 'access_token' }
  const { body } = await askTokenEndpoint(options, { below: '/introspect', attempt: INTROSPECT, form })
  return TokenFactsAnswer.parse(body)
}

/** Ends the grant of a refresh token. A token that HubSpot no longer knows counts as ended. */
export async function revokeHubSpotToken(options: HubSpotOAuthOptions, refreshToken: string): Promise<void> {
  const form = { token: refreshToken, token_type_hint: 'refresh_token' }
  try {
    await askTokenEndpoint(options, { below: '/revoke', attempt: REVOKE, form })
  } catch (error) {
    const isUnknown = error instanceof TokenNotKnown || (error instanceof CrmRefusedError && error.status === 404)
    if (!isUnknown) throw error
  }
}
