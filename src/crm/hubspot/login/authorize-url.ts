export function hubSpotAuthorizeUrl(request: {
  readonly pagesUrl: string
  readonly clientId: string
  readonly redirectUri: string
  readonly scopes: readonly string[]
  readonly optionalScopes: readonly string[]
  readonly state: string
  /** PKCE, S256. The verifier goes to `exchangeHubSpotCode`. */
  readonly codeChallenge: string
}): string {
  const url = new URL('/oauth/authorize', request.pagesUrl)
  const query: Record<string, string> = {
    client_id: request.clientId,
    redirect_uri: request.redirectUri,
    scope: request.scopes.join(' '),
    state: request.state,
    code_challenge: request.codeChallenge,
    code_challenge_method: 'S256',
    ...(request.optionalScopes.length > 0 ? { optional_scope: request.optionalScopes.join(' ') } : {}),
  }
  // HubSpot separates scopes by %20; URLSearchParams would write a plus sign.
  url.search = Object.entries(query)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&')
  return url.href
}
