import { isLoopback } from '../allowed-hosts.ts'
import { CrmRefusedError } from '../crm-client.ts'
import type { CrmSetup } from '../crm-setup.ts'
import type { Authorization, CrmAddress, OpenOptions, SalesforceGrant } from '../grant.ts'
import { openSalesforceClient, type SalesforceClient } from './client/client.ts'
import { refuseSalesforceHost } from './hosts.ts'
import { type OAuthPlace, OAuthRefusedError } from './login/login-server.ts'
import { tokensForCode } from './login/oauth.ts'
import { salesforceSetup } from './setup.ts'

/** Names us in `changeOrigin`, so the stream recognizes our own writes. */
export const CALL_OPTIONS_CLIENT = 'lanekeeper'

/** Salesforce itself gives up after 10 minutes; a batch of 200 with triggers takes seconds. */
const DEADLINE_MS = 60_000

export type SalesforceOpenOptions = OpenOptions<SalesforceGrant> & {
  /** Whether an address that a token answer names may receive our tokens. Left out: My Domain hosts only. */
  readonly allowsHost?: (url: string) => boolean
  readonly callOptionsClient?: string
}

/** One org: the everyday client and the verbs of connecting, over one session. */
export function openSalesforce(options: SalesforceOpenOptions): { client: SalesforceClient; setup: CrmSetup } {
  const { address } = options
  const loginUrl = new URL(address.baseUrl).origin
  const place = {
    loginUrl,
    allowsHost: options.allowsHost ?? hostsLike(loginUrl),
    nowMs: options.nowMs,
    deadlineMs: options.deadlineMs ?? DEADLINE_MS,
  }
  const opened = openSalesforceClient({
    ...place,
    connectionId: options.connectionId,
    grant: options.grant,
    tokens: options.tokens,
    budget: options.budget,
    accountId: options.accountId,
    pagesUrl: options.pagesUrl,
    apiVersion: address.apiVersion,
    callOptionsClient: options.callOptionsClient ?? CALL_OPTIONS_CLIENT,
  })
  const setup = salesforceSetup({
    ...opened,
    place,
    grant: options.grant,
    tokens: options.tokens,
    pubsubAddress: address.pubsubAddress,
  })
  return { client: opened.client, setup }
}

/** What the web-server login asks for: REST and Pub/Sub, and to stay logged in. */
const SCOPE = 'api refresh_token'

/**
 * The web-server flow of an External Client App, with PKCE S256. jsforce would send the challenge without its method, and a
 * verifier longer than the standard allows. A public client sends no secret, a confidential one sends secret and verifier.
 */
export function salesforceAuthorization(options: {
  readonly grant: Extract<SalesforceGrant, { kind: 'salesforce-pkce' }>
  readonly address: CrmAddress
  readonly allowsHost: (url: string) => boolean
  readonly nowMs: () => number
  readonly deadlineMs?: number
}): Authorization {
  const { grant } = options
  const loginUrl = new URL(options.address.baseUrl).origin
  return {
    url({ redirectUri, state, codeChallenge }) {
      const query = new URLSearchParams({
        response_type: 'code',
        client_id: grant.clientId,
        redirect_uri: redirectUri,
        scope: SCOPE,
        state,
        code_challenge: codeChallenge,
        code_challenge_method: 'S256',
      })
      return `${loginUrl}/services/oauth2/authorize?${query}`
    },
    async exchange(answer) {
      const place: OAuthPlace = {
        loginUrl,
        allowsHost: options.allowsHost,
        nowMs: options.nowMs,
        deadlineMs: options.deadlineMs ?? DEADLINE_MS,
      }
      try {
        const tokens = await tokensForCode(place, grant, answer)
        if (tokens.refreshToken !== null) return tokens
        throw new CrmRefusedError(
          'Salesforce gave no refresh token: add the scope "Perform requests at any time (refresh_token)" to the External Client App and authorize again',
          'no_refresh_token',
          200,
        )
      } catch (error) {
        if (!(error instanceof OAuthRefusedError)) throw error
        throw new CrmRefusedError(`Salesforce refused the authorization: ${error.message}`, error.code, 400, error)
      }
    },
  }
}

/** An org on this machine (the sandbox) may send us to this machine; every other one may not. */
function hostsLike(loginUrl: string): (url: string) => boolean {
  const rule = { loopback: isLoopback(new URL(loginUrl).hostname), extra: [] }
  return (url) => refuseSalesforceHost(url, rule) === null
}
