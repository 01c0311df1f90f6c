import { createHmac } from 'node:crypto'
import { ApiError } from '../org/api-error.ts'
import { formatDateTime } from '../org/field-value.ts'
import { type Org, textOf } from '../org/org.ts'
import { type HttpAnswer, html, json } from '../wire/http-answer.ts'
import { escapeHtml } from '../wire/page-layout.ts'
import { type IssuedToken, OAuthError, type OAuthSessions } from './oauth-sessions.ts'

const SCOPE = 'api refresh_token id'

/** `/services/oauth2/*` and the identity URL. */
export class OAuthEndpoints {
  private readonly org: Org
  private readonly sessions: OAuthSessions
  private readonly baseUrl: () => string

  constructor(org: Org, sessions: OAuthSessions, baseUrl: () => string) {
    this.org = org
    this.sessions = sessions
    this.baseUrl = baseUrl
  }

  handle(method: string, url: URL, headers: Readonly<Record<string, string | undefined>>, body: string): HttpAnswer {
    const form = method === 'POST' ? new URLSearchParams(body) : url.searchParams
    try {
      switch (url.pathname) {
        case '/services/oauth2/token':
          if (method !== 'POST') throw new OAuthError('invalid_request', 'must use HTTP POST')
          return json(200, this.tokenAnswer(this.sessions.issue(form)))
        case '/services/oauth2/revoke':
          this.sessions.revoke(form.get('token') ?? '')
          return { status: 200 }
        case '/services/oauth2/authorize':
          return method === 'POST' ? this.approve(form) : this.askForApproval(url.searchParams)
        case '/services/oauth2/userinfo':
          return json(200, this.userInfo(bearerOf(headers, url)))
        default:
          return this.identity(url, headers)
      }
    } catch (error) {
      if (error instanceof OAuthError) return json(400, { error: error.error, error_description: error.message })
      if (error instanceof ApiError) return json(403, { error: 'invalid_token', error_description: 'Bad_OAuth_Token' })
      throw error
    }
  }

  private tokenAnswer({ session, refreshToken, client }: IssuedToken): object {
    const id = `${this.baseUrl()}/id/${this.org.orgId}/${session.userId}`
    const issuedAt = String(this.org.clock.now())
    return {
      access_token: session.token,
      ...(refreshToken === null ? {} : { refresh_token: refreshToken }),
      signature: createHmac('sha256', client.secret ?? '')
        .update(id + issuedAt)
        .digest('base64'),
      scope: SCOPE,
      instance_url: this.baseUrl(),
      id,
      token_type: 'Bearer',
      issued_at: issuedAt,
    }
  }

  private checkAuthorize(query: URLSearchParams): { redirect: URL; clientId: string } {
    const client = this.sessions.findClient(query.get('client_id') ?? undefined)
    if ((this.org.settings.requirePkce || client.secret === null) && !query.get('code_challenge')) {
      throw new OAuthError('invalid_request', 'missing required code challenge')
    }
    if (query.get('response_type') !== 'code')
      throw new OAuthError('unsupported_response_type', 'response type not supported')
    const redirect = URL.parse(query.get('redirect_uri') ?? '')
    // Only callbacks on this machine are registered for the sandbox's clients.
    if (!redirect || !['127.0.0.1', 'localhost', '[::1]'].includes(redirect.hostname)) {
      throw new OAuthError('redirect_uri_mismatch', 'redirect_uri must match configuration')
    }
    return { redirect, clientId: client.id }
  }

  private askForApproval(query: URLSearchParams): HttpAnswer {
    this.checkAuthorize(query)
    const hidden = [...query]
      .map(([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`)
      .join('')
    return html(
      200,
      `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Allow access?</title><h1>Allow access?</h1><p>An app asks to manage your data in the Brightwater sandbox org.</p><form method="post" action="/services/oauth2/authorize">${hidden}<button name="decision" value="allow">Allow</button> <button name="decision" value="deny">Deny</button></form></html>`,
    )
  }

  private approve(form: URLSearchParams): HttpAnswer {
    const { redirect, clientId } = this.checkAuthorize(form)
    const state = form.get('state')
    if (state !== null) redirect.searchParams.set('state', state)
    if (form.get('decision') !== 'allow') {
      redirect.searchParams.set('error', 'access_denied')
      redirect.searchParams.set('error_description', 'end-user denied authorization')
    } else {
      const client = this.sessions.findClient(clientId)
      const code = this.sessions.grantCode({
        userId: client.userId,
        clientId,
        redirectUri: form.get('redirect_uri')!,
        challenge: form.get('code_challenge'),
        challengeMethod: form.get('code_challenge_method') ?? 'S256',
      })
      redirect.searchParams.set('code', code)
    }
    return { status: 302, headers: { location: redirect.href } }
  }

  private userInfo(token: string): object {
    const session = this.sessions.check(token)
    const user = this.org.store.get('User', session.userId)
    const base = this.baseUrl()
    const rest = `${base}/services/data/v{version}/`
    return {
      sub: `${base}/id/${this.org.orgId}/${session.userId}`,
      user_id: session.userId,
      organization_id: this.org.orgId,
      preferred_username: textOf(user, 'Username'),
      nickname: textOf(user, 'Alias'),
      name: textOf(user, 'Name'),
      given_name: textOf(user, 'FirstName'),
      family_name: textOf(user, 'LastName'),
      email: textOf(user, 'Email'),
      email_verified: true,
      zoneinfo: textOf(user, 'TimeZoneSidKey'),
      profile: `${base}/${session.userId}`,
      picture: `${base}/profilephoto/005/F`,
      urls: { rest, sobjects: `${rest}sobjects/`, query: `${rest}query/`, profile: `${base}/${session.userId}` },
      active: user?.IsActive === true,
      user_type: 'STANDARD',
      language: textOf(user, 'LanguageLocaleKey') || 'en_US',
      locale: textOf(user, 'LocaleSidKey') || 'en_GB',
      utcOffset: 0,
      updated_at: formatDateTime(Number(user?.SystemModstamp ?? 0)),
      is_app_installed: true,
    }
  }

  private identity(url: URL, headers: Readonly<Record<string, string | undefined>>): HttpAnswer {
    const session = this.sessions.check(bearerOf(headers, url))
    const [, , orgId, userId] = url.pathname.split('/')
    const user = this.org.store.get('User', userId ?? '')
    if (orgId !== this.org.orgId || session.userId !== userId || !user) return json(404, { error: 'not_found' })
    const rest = `${this.baseUrl()}/services/data/v{version}/`
    return json(200, {
      id: `${this.baseUrl()}/id/${orgId}/${userId}`,
      asserted_user: true,
      user_id: userId,
      organization_id: orgId,
      username: user.Username,
      nick_name: user.Alias ?? null,
      display_name: user.Name,
      email: user.Email,
      email_verified: true,
      first_name: user.FirstName,
      last_name: user.LastName,
      timezone: user.TimeZoneSidKey,
      photos: {},
      urls: { rest, sobjects: `${rest}sobjects/`, query: `${rest}query/`, profile: `${this.baseUrl()}/${userId}` },
      active: user.IsActive,
      user_type: 'STANDARD',
      language: user.LanguageLocaleKey ?? 'en_US',
      locale: user.LocaleSidKey ?? 'en_GB',
      utcOffset: 0,
      is_app_installed: true,
    })
  }
}

/** jsforce's `identity()` puts the token into the query string; everyone else into the header. */
function bearerOf(headers: Readonly<Record<string, string | undefined>>, url: URL): string {
  return /^(?:Bearer|OAuth) (.+)$/.exec(headers.authorization ?? '')?.[1] ?? url.searchParams.get('oauth_token') ?? ''
}
