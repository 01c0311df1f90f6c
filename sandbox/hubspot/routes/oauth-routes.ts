import type { ApiReply } from '../wire/api-request.ts'
import type { CredentialStore } from '../wire/credentials.ts'
import { html } from '../wire/html.ts'

type OAuthContext = {
  readonly credentials: CredentialStore
  readonly portalId: number
  readonly appId: number
  readonly rotateRefreshToken: boolean
  readonly accessTokenSeconds: number
  readonly missingScopes: readonly string[]
  readonly nowMs: number
}

/** OAuth errors follow RFC 6749, plus HubSpot's own two fields. */
function oauthError(status: number, error: string, hubspotStatus: string, description: string): ApiReply {
  return { status, json: { error, error_description: description, status: hubspotStatus, message: description } }
}

export function revokedGrant(): ApiReply {
  return oauthError(400, 'invalid_grant', 'BAD_REFRESH_TOKEN', 'missing or invalid refresh token')
}

/** `/oauth/{version}/token[/introspect|/revoke]` with a form body, and the older look-ups by token. */
export function oauthRoute(
  context: OAuthContext,
  method: string,
  version: string,
  rest: readonly string[],
  form: URLSearchParams,
): ApiReply {
  const path = rest.join('/')
  if (method === 'GET' && version === 'numbered' && rest[0] === 'access-tokens' && rest[1] !== undefined) {
    return legacyTokenInfo(context, rest[1])
  }
  if (method !== 'POST') return oauthError(405, 'invalid_request', 'METHOD_NOT_ALLOWED', 'use POST')
  const { credentials } = context
  if (!credentials.isClient(form.get('client_id') ?? '', form.get('client_secret') ?? '')) {
    return oauthError(400, 'invalid_client', 'BAD_CLIENT_ID', 'missing or unknown client id or secret')
  }
  switch (path) {
    case 'token':
      return token(context, form)
    case 'token/introspect':
      return introspect(context, form.get('token') ?? '')
    case 'token/revoke':
      credentials.revoke(form.get('token') ?? '')
      return { status: 200, json: {} }
    default:
      return oauthError(404, 'invalid_request', 'NOT_FOUND', 'resource not found')
  }
}

function token(context: OAuthContext, form: URLSearchParams): ApiReply {
  const { credentials, nowMs, portalId, accessTokenSeconds } = context
  switch (form.get('grant_type')) {
    case 'authorization_code': {
      const verifier = form.get('code_verifier')
      const grant = credentials.redeemCode(form.get('code') ?? '', form.get('redirect_uri') ?? '', verifier, nowMs)
      if (grant === undefined) {
        return oauthError(400, 'invalid_grant', 'BAD_AUTH_CODE', 'missing or unknown auth code')
      }
      const access = credentials.issueAccess(grant, nowMs, accessTokenSeconds)
      return granted(portalId, grant, access, credentials.issueRefresh(grant))
    }
    case 'refresh_token': {
      const given = form.get('refresh_token') ?? ''
      const grant = credentials.grantOf(given)
      if (grant === undefined) return revokedGrant()
      if (context.rotateRefreshToken) credentials.revoke(given)
      const refresh = context.rotateRefreshToken ? credentials.issueRefresh(grant) : given
      return granted(portalId, grant, credentials.issueAccess(grant, nowMs, accessTokenSeconds), refresh)
    }
    case 'client_credentials': {
      const access = credentials.issueAccess(null, nowMs, accessTokenSeconds)
      return {
        status: 200,
        json: {
          access_token: access.token,
          expires_in: access.expiresInS,
          token_type: 'bearer',
          token_use: 'client_credentials',
        },
      }
    }
    default:
      return oauthError(400, 'unsupported_grant_type', 'BAD_GRANT_TYPE', 'unknown or missing grant type')
  }
}

function granted(
  portalId: number,
  grant: { readonly userId: number; readonly scopes: readonly string[] },
  access: { readonly token: string; readonly expiresInS: number },
  refreshToken: string,
): ApiReply {
  return {
    status: 200,
    json: {
      access_token: access.token,
      refresh_token: refreshToken,
      expires_in: access.expiresInS,
      token_type: 'bearer',
      token_use: 'access_token',
      hub_id: portalId,
      user_id: grant.userId,
      scopes: grant.scopes,
    },
  }
}

function introspect({ credentials, nowMs, appId, portalId }: OAuthContext, token: string): ApiReply {
  const found = credentials.introspect(token, nowMs)
  const grant = found?.grant ?? credentials.grantOf(token)
  if (found === undefined && grant === undefined) return { status: 200, json: { active: false } }
  return {
    status: 200,
    json: {
      active: true,
      app_id: appId,
      client_id: credentials.given.clientId,
      hub_id: portalId,
      hub_domain: 'brightwater.example',
      user_id: grant?.userId,
      scopes: grant?.scopes ?? [],
      expires_in: found?.expiresInS ?? 0,
      is_private_distribution: true,
      token_type: 'bearer',
      token_use: found === undefined ? 'refresh_token' : 'access_token',
    },
  }
}

function legacyTokenInfo({ credentials, nowMs, appId, portalId }: OAuthContext, token: string): ApiReply {
  const found = credentials.introspect(token, nowMs)
  if (found === undefined) return oauthError(404, 'invalid_request', 'NOT_FOUND', 'access token not found')
  return {
    status: 200,
    json: {
      token,
      hub_id: portalId,
      hub_domain: 'brightwater.example',
      app_id: appId,
      user_id: found.grant?.userId,
      scopes: found.grant?.scopes ?? [],
      expires_in: found.expiresInS,
      token_type: 'access',
    },
  }
}

/** The consent page, and the redirect that follows the answer. */
export function authorizePage(
  { credentials, nowMs, missingScopes }: OAuthContext,
  query: URLSearchParams,
  decided: 'yes' | 'no' | null,
): ApiReply {
  const redirectUri = query.get('redirect_uri') ?? ''
  const scopes = `${query.get('scope') ?? ''} ${query.get('optional_scope') ?? ''}`.split(/[\s,]+/).filter(Boolean)
  if (query.get('client_id') !== credentials.given.clientId || !isAllowedRedirect(redirectUri)) {
    return {
      status: 400,
      html: String(html`<!doctype html><title>Cannot connect</title>
        <p>The app is unknown, or its redirect address is not https (http is allowed for localhost only).</p>`),
    }
  }
  if (decided === null) {
    const [approve, cancel] = ['yes', 'no'].map((decision) => {
      const answer = new URLSearchParams(query)
      answer.set('decided', decision)
      return answer
    }) as [URLSearchParams, URLSearchParams]
    return {
      status: 200,
      html: String(html`<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">
        <title>Connect an app</title><main style="font:16px system-ui;max-width:32rem;margin:3rem auto;padding:0 1rem">
        <h1>Connect Lanekeeper to Brightwater?</h1><p>It asks for:</p>
        <ul>${scopes.map((scope) => html`<li><code>${scope}</code></li>`)}</ul>
        <p><a href="?${approve.toString()}">Connect app</a> <a href="?${cancel.toString()}">Cancel</a></p></main></html>`),
    }
  }
  const location = new URL(redirectUri)
  const state = query.get('state')
  if (state !== null) location.searchParams.set('state', state)
  if (decided === 'no') {
    location.searchParams.set('error', 'access_denied')
    location.searchParams.set('error_description', 'The user declined to authorize the app')
    return { status: 302, headers: { location: location.toString() } }
  }
  const challenge = query.get('code_challenge')
  const granted = scopes.filter((scope) => !missingScopes.includes(scope))
  location.searchParams.set('code', credentials.issueCode({ scopes: granted, redirectUri, challenge, nowMs }))
  return { status: 302, headers: { location: location.toString() } }
}

function isAllowedRedirect(uri: string): boolean {
  if (!URL.canParse(uri)) return false
  const { protocol, hostname } = new URL(uri)
  return protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
}
