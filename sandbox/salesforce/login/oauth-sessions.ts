import { createHash, createPublicKey, createVerify, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto'
import { ApiError } from '../org/api-error.ts'
import type { Org } from '../org/org.ts'
import type { Session } from '../wire/session.ts'

export type OAuthClient = {
  readonly id: string
  /** Null: a public client. It must not send a secret, and its codes need PKCE. */
  readonly secret: string | null
  readonly userId: string
}

type RefreshGrant = { readonly family: string; readonly userId: string; readonly clientId: string; used: boolean }

type CodeGrant = {
  readonly userId: string
  readonly clientId: string
  readonly redirectUri: string
  readonly challenge: string | null
  readonly challengeMethod: string
  readonly expiresAtMs: number
}

const CODE_LIFETIME_MS = 15 * 60_000
const JWT_EXP_MAX_MS = 5 * 60_000
/** Accepted in addition to the org's own login URL. */
const JWT_AUDIENCES = ['https://login.salesforce.com', 'https://test.salesforce.com']

/** The vendor's OAuth error body: HTTP 400 with `error` and `error_description`. */
export class OAuthError extends Error {
  override readonly name = 'OAuthError'
  readonly error: string
  constructor(error: string, description: string) {
    super(description)
    this.error = error
  }
}

export type IssuedToken = {
  readonly session: Session
  readonly refreshToken: string | null
  readonly client: OAuthClient
}

/** Sessions, refresh tokens with their families, and authorization codes. All in memory, for one run. */
export class OAuthSessions {
  private readonly org: Org
  private readonly clients: readonly OAuthClient[]
  private readonly sessions = new Map<string, Session>()
  private readonly refreshTokens = new Map<string, RefreshGrant>()
  private readonly revokedFamilies = new Set<string>()
  private readonly codes = new Map<string, CodeGrant>()
  private readonly jwtPublicKeys = new Map<string, KeyObject>()
  private readonly loginUrl: () => string
  /** The admin revoked the grant: every token fails until the fault is cleared. */
  revokedByAdmin = false

  constructor(org: Org, clients: readonly OAuthClient[], loginUrl: () => string) {
    this.org = org
    this.clients = clients
    this.loginUrl = loginUrl
  }

  /** The public key that checks an app's JWT assertions. Null turns JWT bearer off. Throws for invalid PEM. */
  setJwtPublicKey(clientId: unknown, pem: unknown): void {
    const client = this.clientNamed(clientId)
    if (pem === null) {
      this.jwtPublicKeys.delete(client.id)
      return
    }
    const key = createPublicKey(String(pem))
    if (key.asymmetricKeyType !== 'rsa') throw new Error('jwtPublicKey must be an RSA key')
    this.jwtPublicKeys.set(client.id, key)
  }

  check(token: string): Session {
    const session = this.sessions.get(token)
    const alive = session && session.expiresAtMs > this.org.clock.steady() && this.isActive(session.userId)
    if (!alive || this.revokedByAdmin) {
      throw new ApiError(401, 'INVALID_SESSION_ID', 'Session expired or invalid')
    }
    return session
  }

  expire(token: string): void {
    this.sessions.delete(token)
  }

  findClient(id: string | undefined): OAuthClient {
    const client = this.clients.find((candidate) => candidate.id === id)
    if (!client) throw new OAuthError('invalid_client_id', 'client identifier invalid')
    return client
  }

  /** The user that a client runs as. Default: the first client's user. */
  runAsUser(clientId: unknown): string {
    return this.clientNamed(clientId).userId
  }

  private clientNamed(clientId: unknown): OAuthClient {
    const client = clientId === undefined ? this.clients[0] : this.clients.find(({ id }) => id === clientId)
    if (!client) throw new Error(`There is no client ${String(clientId)}`)
    return client
  }

  issue(form: URLSearchParams): IssuedToken {
    if (this.revokedByAdmin) throw new OAuthError('invalid_grant', 'expired access/refresh token')
    switch (form.get('grant_type')) {
      case 'client_credentials': {
        const client = this.authenticate(form)
        return { session: this.open(client, client.userId, null), refreshToken: null, client }
      }
      case 'refresh_token':
        return this.refresh(form)
      case 'authorization_code':
        return this.redeem(form)
      case 'urn:ietf:params:oauth:grant-type:jwt-bearer':
        return this.acceptAssertion(form.get('assertion') ?? '')
      default:
        throw new OAuthError('unsupported_grant_type', 'grant type not supported')
    }
  }

  grantCode(grant: Omit<CodeGrant, 'expiresAtMs'>): string {
    const code = `aPrx${randomBytes(32).toString('base64url')}`
    this.codes.set(code, { ...grant, expiresAtMs: this.org.clock.steady() + CODE_LIFETIME_MS })
    return code
  }

  revoke(token: string): void {
    const grant = this.refreshTokens.get(token)
    if (grant) {
      this.revokedFamilies.add(grant.family)
      for (const session of [...this.sessions.values()]) {
        if (session.family === grant.family) this.sessions.delete(session.token)
      }
    } else if (!this.sessions.delete(token))
      throw new OAuthError('unsupported_token_type', 'this token type is not supported')
  }

  private refresh(form: URLSearchParams): IssuedToken {
    const client = this.findClient(form.get('client_id') ?? undefined)
    this.checkSecret(client, form.get('client_secret'))
    const token = form.get('refresh_token') ?? ''
    const grant = this.refreshTokens.get(token)
    if (!grant || grant.clientId !== client.id || this.revokedFamilies.has(grant.family)) {
      throw new OAuthError('invalid_grant', 'expired access/refresh token')
    }
    if (grant.used) {
      // A rotated token that is used again counts as stolen, so its whole family is revoked.
      this.revokedFamilies.add(grant.family)
      throw new OAuthError('invalid_grant', 'expired access/refresh token')
    }
    const session = this.open(client, grant.userId, grant.family)
    if (!this.org.settings.rotateRefreshToken) return { session, refreshToken: null, client }
    grant.used = true
    return { session, refreshToken: this.newRefreshToken(client, grant.userId, grant.family), client }
  }

  private redeem(form: URLSearchParams): IssuedToken {
    const client = this.findClient(form.get('client_id') ?? undefined)
    const code = form.get('code') ?? ''
    const grant = this.codes.get(code)
    this.codes.delete(code)
    if (!grant || grant.clientId !== client.id || grant.expiresAtMs <= this.org.clock.steady()) {
      throw new OAuthError('invalid_grant', 'expired authorization code')
    }
    if (grant.redirectUri !== form.get('redirect_uri')) {
      throw new OAuthError('redirect_uri_mismatch', 'redirect_uri must match configuration')
    }
    const secret = form.get('client_secret')
    if (grant.challenge === null && secret === null) throw invalidSecret()
    this.checkSecret(client, secret)
    if (grant.challenge !== null) checkVerifier(grant, form.get('code_verifier') ?? '')
    const family = randomBytes(8).toString('hex')
    return {
      session: this.open(client, grant.userId, family),
      refreshToken: this.newRefreshToken(client, grant.userId, family),
      client,
    }
  }

  private acceptAssertion(assertion: string): IssuedToken {
    const [head = '', body = '', signature = ''] = assertion.split('.')
    const claims = readJson(body)
    const header = readJson(head)
    const client = this.clients.find(({ id }) => id === claims.iss)
    const key = client && this.jwtPublicKeys.get(client.id)
    if (!client || !key || header.alg !== 'RS256') throw new OAuthError('invalid_grant', 'invalid assertion')
    const verifier = createVerify('RSA-SHA256').update(`${head}.${body}`)
    if (!verifier.verify(key, Buffer.from(signature, 'base64url'))) {
      throw new OAuthError('invalid_grant', 'invalid assertion')
    }
    if (!this.isAudience(claims.aud)) throw new OAuthError('invalid_grant', 'audience is invalid')
    const expMs = Number(claims.exp) * 1000
    const nowMs = this.org.clock.now()
    if (!(expMs > nowMs) || expMs > nowMs + JWT_EXP_MAX_MS)
      throw new OAuthError('invalid_grant', 'expired authorization code')
    for (const user of this.org.store.table('User').values()) {
      if (user.Username === claims.sub && user.IsActive === true) {
        return { session: this.open(client, user.Id, null), refreshToken: null, client }
      }
    }
    throw new OAuthError('invalid_grant', "user hasn't approved this consumer")
  }

  private isAudience(aud: unknown): boolean {
    const wanted = [this.loginUrl(), ...JWT_AUDIENCES]
    return (Array.isArray(aud) ? aud : [aud]).some((one) => wanted.includes(String(one)))
  }

  private authenticate(form: URLSearchParams): OAuthClient {
    const client = this.findClient(form.get('client_id') ?? undefined)
    if (client.secret === null || !sameText(form.get('client_secret') ?? '', client.secret)) throw invalidSecret()
    return client
  }

  /** A confidential client sends its secret unless the app does not require it; a public client has none. */
  private checkSecret(client: OAuthClient, given: string | null): void {
    if (given === null && (client.secret === null || !this.org.settings.requireSecret)) return
    if (given === null || client.secret === null || !sameText(given, client.secret)) throw invalidSecret()
  }

  private isActive(userId: string): boolean {
    return this.org.store.get('User', userId)?.IsActive === true
  }

  private open(client: OAuthClient, userId: string, family: string | null): Session {
    if (!this.isActive(userId)) throw new OAuthError('invalid_grant', 'inactive user')
    const token = `${this.org.orgId.slice(0, 15)}!${randomBytes(48).toString('base64url')}`
    const expiresAtMs = this.org.clock.steady() + this.org.settings.accessTokenMinutes * 60_000
    const session = { token, userId, clientId: client.id, family, expiresAtMs }
    this.sessions.set(token, session)
    return session
  }

  private newRefreshToken(client: OAuthClient, userId: string, family: string): string {
    const token = `5Aep861${randomBytes(40).toString('base64url')}`
    this.refreshTokens.set(token, { family, userId, clientId: client.id, used: false })
    return token
  }
}

function invalidSecret(): OAuthError {
  return new OAuthError('invalid_client', 'invalid client credentials')
}

export function sameText(a: string, b: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(a), hash(b))
}

/** A known client sends a hashed challenge without a method, so the hashed form is always tried. */
function checkVerifier(grant: CodeGrant, verifier: string): void {
  const hashed = createHash('sha256').update(verifier).digest('base64url')
  if (verifier !== '' && hashed === grant.challenge) return
  if (grant.challengeMethod === 'plain' && verifier !== '' && verifier === grant.challenge) return
  throw new OAuthError('invalid_grant', 'invalid code verifier')
}

function readJson(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
