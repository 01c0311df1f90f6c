import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { type Actor, app, person } from '../portal/actor.ts'

const CODE_LIVES_MS = 60_000

export type HubSpotCredentials = {
  readonly token: string
  readonly clientId: string
  readonly clientSecret: string
  readonly userToken: string
  readonly controlSecret: string
}

export type Caller = {
  readonly actor: Actor
  /** The app whose rate limit its calls use. */
  readonly appKey: string
  readonly oauth: boolean
  /** Null: all scopes of the app. */
  readonly scopes: readonly string[] | null
}

export type TokenCheck = { readonly caller: Caller } | { readonly refused: 'unknown' | 'expired' }

type Grant = { readonly userId: number; readonly scopes: readonly string[] }

/** Valid tokens and the app or person behind each. Static tokens never expire, OAuth tokens do. */
export class CredentialStore {
  given: HubSpotCredentials
  readonly #appId: number
  /** The user behind the user token and the OAuth consent. */
  readonly userId: number
  /** An uninstalled app has no valid token and gets no webhooks until it is installed again. */
  installed = true
  readonly #access = new Map<string, { readonly expiresAtMs: number; readonly grant: Grant | null }>()
  readonly #refresh = new Map<string, Grant>()
  readonly #codes = new Map<
    string,
    {
      readonly grant: Grant
      readonly redirectUri: string
      readonly challenge: string | null
      readonly expiresAtMs: number
    }
  >()

  constructor(given: HubSpotCredentials, appId: number, userId: number) {
    this.given = given
    this.#appId = appId
    this.userId = userId
  }

  check(token: string, nowMs: number): TokenCheck {
    if (token === this.given.token && this.installed) {
      return { caller: { actor: app(this.#appId), appKey: String(this.#appId), oauth: false, scopes: null } }
    }
    if (token === this.given.userToken) {
      return { caller: { actor: person(this.userId), appKey: `user:${this.userId}`, oauth: false, scopes: null } }
    }
    const access = this.#access.get(token)
    if (access === undefined) return { refused: 'unknown' }
    if (access.expiresAtMs <= nowMs) return { refused: 'expired' }
    const scopes = access.grant?.scopes ?? []
    return { caller: { actor: app(this.#appId), appKey: String(this.#appId), oauth: true, scopes } }
  }

  /** Replaces the app's secret: it signs webhooks, and token requests with the old one are refused. */
  setClientSecret(clientSecret: string): void {
    this.given = { ...this.given, clientSecret }
  }

  /** Rotates the static token: the old one is refused from now on. */
  setToken(token: string): void {
    this.given = { ...this.given, token }
  }

  isClient(clientId: string, clientSecret: string): boolean {
    return clientId === this.given.clientId && clientSecret === this.given.clientSecret
  }

  /** A user clicked "Connect app". */
  issueCode(input: {
    readonly scopes: readonly string[]
    readonly redirectUri: string
    readonly challenge: string | null
    readonly nowMs: number
  }): string {
    const code = randomUUID()
    this.#codes.set(code, {
      grant: { userId: this.userId, scopes: input.scopes },
      redirectUri: input.redirectUri,
      challenge: input.challenge,
      expiresAtMs: input.nowMs + CODE_LIVES_MS,
    })
    return code
  }

  /** A code works once. */
  redeemCode(code: string, redirectUri: string, verifier: string | null, nowMs: number): Grant | undefined {
    const found = this.#codes.get(code)
    this.#codes.delete(code)
    if (found === undefined || found.expiresAtMs <= nowMs || found.redirectUri !== redirectUri) return undefined
    if (found.challenge !== null) {
      const shown = createHash('sha256')
        .update(verifier ?? '')
        .digest('base64url')
      if (shown !== found.challenge) return undefined
    }
    this.installed = true
    return found.grant
  }

  grantOf(refreshToken: string): Grant | undefined {
    return this.#refresh.get(refreshToken)
  }

  revoke(refreshToken: string): void {
    this.#refresh.delete(refreshToken)
  }

  /** Uninstalls the app: every granted token stops working. */
  revokeAll(): void {
    this.installed = false
    this.#refresh.clear()
    this.#access.clear()
  }

  issueRefresh(grant: Grant): string {
    const token = `na1-${randomUUID()}`
    this.#refresh.set(token, grant)
    return token
  }

  /** Real tokens may have 300 characters; tests then find columns that are too short. */
  issueAccess(grant: Grant | null, nowMs: number, expiresInS: number): { token: string; expiresInS: number } {
    const token = randomBytes(216).toString('base64url')
    this.#access.set(token, { expiresAtMs: nowMs + expiresInS * 1_000, grant })
    return { token, expiresInS }
  }

  introspect(token: string, nowMs: number): { expiresInS: number; grant: Grant | null } | undefined {
    const access = this.#access.get(token)
    if (access === undefined || access.expiresAtMs <= nowMs) return undefined
    return { expiresInS: Math.floor((access.expiresAtMs - nowMs) / 1_000), grant: access.grant }
  }
}

export function randomCredentials(given: Partial<HubSpotCredentials> = {}): HubSpotCredentials {
  return {
    token: given.token ?? `pat-na1-${randomUUID()}`,
    clientId: given.clientId ?? randomUUID(),
    clientSecret: given.clientSecret ?? randomUUID(),
    userToken: given.userToken ?? `pat-na1-${randomUUID()}`,
    controlSecret: given.controlSecret ?? randomBytes(24).toString('base64url'),
  }
}
