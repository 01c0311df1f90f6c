import type { ConnectionId } from '../model/record/change-event.ts'
import type { CallBudget, TaskKeySupport } from './crm-client.ts'

/**
 * How we are let in: what an admin gave us, by kind. Sealed at rest as one JSON document; never in logs, errors, URLs or
 * exports. What is not secret stands beside it in `CrmAddress`.
 */
export type HubSpotGrant =
  | {
      readonly kind: 'hubspot-token'
      readonly token: string
      /** Newest first, both during a rotation. Empty: nobody can sign webhooks for us, so the portal is polled. */
      readonly clientSecrets: readonly string[]
      /** By which our own writes are recognised. Null: not known, the values that we wrote are the only sign. */
      readonly appId: string | null
    }
  | {
      readonly kind: 'hubspot-oauth'
      readonly clientId: string
      /** Newest first. The first exchanges and refreshes tokens; all may have signed a webhook. */
      readonly clientSecrets: readonly string[]
      readonly appId: string | null
    }

export type SalesforceGrant =
  | { readonly kind: 'salesforce-client-credentials'; readonly clientId: string; readonly clientSecret: string }
  | {
      readonly kind: 'salesforce-pkce'
      readonly clientId: string
      /** Null: a public client, which must not send one. */
      readonly clientSecret: string | null
    }
  | {
      readonly kind: 'salesforce-jwt'
      readonly clientId: string
      /** PKCS8 PEM, RSA. */
      readonly privateKey: string
      readonly username: string
    }

/** Of any CRM. What is in it only the adapter of its kind knows. */
export type Grant = { readonly kind: string; readonly [entry: string]: unknown }

/** One entry of a form, and what is wrong with it in a sentence that never repeats a secret. */
export type EntryProblem = { readonly field: string; readonly message: string }

/** Where a CRM is reached. Not secret; shown to the admin. */
export type CrmAddress = {
  /** HubSpot: the API, `https://api.hubapi.com`. Salesforce: My Domain, `https://acme.my.salesforce.com`. */
  readonly baseUrl: string
  /** HubSpot `2026-03`; Salesforce `67.0`. */
  readonly apiVersion: string
  /** Salesforce's Pub/Sub API, host:port. Null for HubSpot. */
  readonly pubsubAddress: string | null
}

/** What a login gave. */
export type Tokens = {
  readonly accessToken: string
  /** Null where the kind of grant has none: log in again instead. */
  readonly refreshToken: string | null
  /** Null: the CRM does not say, its 401 does. */
  readonly expiresAtMs: number | null
  /** Salesforce: where this org's API is. Checked against the allowed hosts before it is believed. */
  readonly instanceUrl: string | null
  /** Portal or org that the tokens belong to, when the answer says so. */
  readonly accountId: string | null
  readonly userId: string | null
  readonly scopes: readonly string[]
}

/**
 * The tokens of one connection, shared by every process. `version` counts renewals, so that whoever saw a token refused
 * can tell whether somebody else has renewed it since.
 */
export type TokenStore = {
  read(): Promise<{ readonly tokens: Tokens | null; readonly version: number }>
  /**
   * Runs `fetchNew` unless the stored version is already newer than `seenVersion`. At most one process at a time runs
   * it; the others wait and get what it stored. The new tokens are committed before anybody is given them, because a
   * rotated refresh token that is lost locks us out.
   */
  renew(
    seenVersion: number,
    fetchNew: (current: Tokens | null) => Promise<Tokens>,
  ): Promise<{ readonly tokens: Tokens; readonly version: number }>
}

export type OpenOptions<G extends Grant> = {
  readonly connectionId: ConnectionId
  readonly grant: G
  readonly address: CrmAddress
  readonly tokens: TokenStore
  readonly budget: CallBudget
  /** What was found at connect; undefined before it. */
  readonly taskKey: TaskKeySupport | undefined
  /** Portal or org id once known. */
  readonly accountId: string | undefined
  /** Origin of the CRM's pages once known, see `CrmIdentity.pagesUrl`. */
  readonly pagesUrl: string | undefined
  /** IANA zone of the account once known: HubSpot gives a spent day back at its midnight. */
  readonly timeZone?: string | null | undefined
  readonly nowMs: () => number
  readonly deadlineMs?: number
}

/** The two halves of an authorization-code login with PKCE (S256). `state` and the verifier are the caller's to keep. */
export type Authorization = {
  url(request: { readonly redirectUri: string; readonly state: string; readonly codeChallenge: string }): string
  /** Throws `CrmReconnectError`, `CrmRefusedError`, `CrmBusyError` or `CrmUnknownError`; never shows the code. */
  exchange(answer: {
    readonly code: string
    readonly redirectUri: string
    readonly codeVerifier: string
  }): Promise<Tokens>
}
