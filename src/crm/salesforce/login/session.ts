import { type CallBudget, CrmBusyError, CrmReconnectError, CrmUnknownError } from '../../crm-client.ts'
import type { SalesforceGrant, TokenStore, Tokens } from '../../grant.ts'
import { budgetGate } from '../../http-exchange.ts'
import { audiencesOf, jwtAssertion, readSigningKey } from './jwt-assertion.ts'
import { type OAuthPlace, OAuthRefusedError } from './login-server.ts'
import { tokensForAssertion, tokensForClient, tokensForRefreshToken } from './oauth.ts'

export type SalesforceSession = {
  readonly accessToken: string
  readonly instanceUrl: string
  /** 18 characters. */
  readonly orgId: string
  /** The user that Salesforce shows for our writes, 18 characters. */
  readonly userId: string
}

export type SessionOptions = OAuthPlace & {
  readonly grant: SalesforceGrant
  readonly tokens: TokenStore
  readonly budget: CallBudget
  /** The org of this connection, once known: a grant of another org is refused. */
  readonly accountId: string | undefined
}

export type SessionKeeper = {
  current(): Promise<SalesforceSession>
  /** A new session in place of `refused`, or the one that another caller or process has fetched in the meantime. */
  renew(refused: SalesforceSession): Promise<SalesforceSession>
  /** Whether this process logged in for it a moment ago. A refusal of it then has another reason than age. */
  justFetched(session: SalesforceSession): boolean
  /** The session in hand, without asking Salesforce. */
  known(): SalesforceSession | null
}

/** After a login whose outcome is unknown, how long callers wait before one of them tries again. */
const LOGIN_PAUSE_MS = 10_000
/** Far below any session timeout policy (15 minutes at least), far above the time of one request. */
const JUST_FETCHED_MS = 60_000
/** An assertion is valid for three minutes; clocks this far apart leave less than two of them. */
const CLOCK_SKEW_MS = 60_000

/**
 * Sessions of one connection. The token store lets one process at a time renew, and commits the new tokens before they are
 * used. Within this process, requests that meet the same 401 share one renewal.
 */
export function keepSession(options: SessionOptions): SessionKeeper {
  let held: { readonly session: SalesforceSession; readonly version: number } | null = null
  let renewal: Promise<SalesforceSession> | null = null
  let fetched: { readonly accessToken: string; readonly atMs: number } | null = null

  async function fetchNew(current: Tokens | null): Promise<Tokens> {
    const tokens = await logIn(options, current)
    fetched = { accessToken: tokens.accessToken, atMs: options.nowMs() }
    return tokens
  }

  function hold({ tokens, version }: { readonly tokens: Tokens; readonly version: number }): SalesforceSession {
    const session = sessionOf(tokens, options)
    held = { session, version }
    return session
  }

  function shared(seenVersion: number): Promise<SalesforceSession> {
    renewal ??= options.tokens
      .renew(seenVersion, fetchNew)
      .then(hold)
      .finally(() => {
        renewal = null
      })
    return renewal
  }

  return {
    async current() {
      if (held) return held.session
      const { tokens, version } = await options.tokens.read()
      return tokens === null ? shared(version) : hold({ tokens, version })
    },
    async renew(refused) {
      if (held && held.session.accessToken !== refused.accessToken) return held.session
      return shared(held?.version ?? (await options.tokens.read()).version)
    },
    justFetched: ({ accessToken }) =>
      fetched?.accessToken === accessToken && options.nowMs() - fetched.atMs < JUST_FETCHED_MS,
    known: () => held?.session ?? null,
  }
}

/** Stored tokens pass the same checks as fresh ones: they outlive a change of the settings. */
function sessionOf(tokens: Tokens, options: SessionOptions): SalesforceSession {
  const { accessToken, instanceUrl, accountId, userId } = tokens
  if (instanceUrl === null || accountId === null || userId === null || !options.allowsHost(instanceUrl)) {
    throw new CrmReconnectError(
      'The stored Salesforce session has no address that is allowed',
      'Connect the org again with its My Domain address.',
    )
  }
  if (options.accountId !== undefined && options.accountId !== accountId) {
    throw new CrmReconnectError(
      `The grant belongs to org ${accountId}, and this connection to org ${options.accountId}`,
      `Connect again with a user and an External Client App of org ${options.accountId}, or make a new connection for the other org.`,
    )
  }
  return { accessToken, instanceUrl, orgId: accountId, userId }
}

/** Throws `CrmReconnectError` where an admin is needed and `CrmBusyError` for everything that passes by itself. */
async function logIn(options: SessionOptions, current: Tokens | null): Promise<Tokens> {
  try {
    return await tokensFor({ ...options, beforeBytes: budgetGate(options.budget, 'read') }, current)
  } catch (error) {
    if (error instanceof OAuthRefusedError) {
      throw new CrmReconnectError(
        `Salesforce refused to log us in at ${options.loginUrl}: ${error.message}`,
        STEPS[options.grant.kind],
        error,
      )
    }
    // A login changes no record, so what failed for a passing reason may be tried later, by reads and writes alike.
    if (error instanceof CrmUnknownError) {
      throw new CrmBusyError(`Could not log in: ${error.message}`, options.nowMs() + LOGIN_PAUSE_MS, error)
    }
    throw error
  }
}

async function tokensFor(options: SessionOptions, current: Tokens | null): Promise<Tokens> {
  const { grant } = options
  switch (grant.kind) {
    case 'salesforce-client-credentials':
      return tokensForClient(options, grant)
    case 'salesforce-jwt':
      return logInByAssertion(options, grant)
    case 'salesforce-pkce': {
      const refreshToken = current?.refreshToken ?? null
      if (refreshToken === null) {
        throw new CrmReconnectError('There is no refresh token to log in with', STEPS[grant.kind])
      }
      // With rotation the old token is dead from here on. Should the answer be lost, the next attempt is refused and an
      // admin has to authorize again: Salesforce takes a repeated old token for a stolen one.
      const fresh = await tokensForRefreshToken(options, grant, refreshToken)
      // Without rotation the answer has none, and the old one stays valid.
      return { ...fresh, refreshToken: fresh.refreshToken ?? refreshToken }
    }
  }
}

async function logInByAssertion(
  options: SessionOptions,
  grant: Extract<SalesforceGrant, { kind: 'salesforce-jwt' }>,
): Promise<Tokens> {
  const { clientId, username } = grant
  let key: ReturnType<typeof readSigningKey>
  try {
    key = readSigningKey(grant.privateKey)
  } catch (error) {
    throw new CrmReconnectError('The JWT cannot be signed', error instanceof Error ? error.message : STEPS[grant.kind])
  }
  const ask = async (audience: string, nowMs: number): Promise<Tokens> =>
    tokensForAssertion(options, clientId, await jwtAssertion({ clientId, username, key }, audience, nowMs))
  const [first, second] = audiencesOf(options.loginUrl)
  try {
    return await ask(first!, options.nowMs())
  } catch (error) {
    if (!(error instanceof OAuthRefusedError)) throw error
    if (second !== undefined && error.reason === 'audience') return await ask(second, options.nowMs())
    // By a clock that differs from ours the assertion has expired, or is not valid yet: the server's clock decides.
    const { serverNowMs } = error
    if (serverNowMs === null || Math.abs(serverNowMs - options.nowMs()) < CLOCK_SKEW_MS) throw error
    return await ask(first!, serverNowMs)
  }
}

const STEPS: Readonly<Record<SalesforceGrant['kind'], string>> = {
  'salesforce-client-credentials':
    'In Salesforce Setup open the External Client App and check that it is enabled, that the client-credentials flow has a run-as user who is active, and that the consumer key and secret are the ones entered here; then reconnect.',
  'salesforce-pkce':
    'Log in to Salesforce again from the Connections page: the authorization has expired or was revoked. If that happens soon again, check the refresh token policy of the External Client App.',
  'salesforce-jwt':
    'In Salesforce Setup open the External Client App and check that it is enabled, that the certificate belongs to the private key entered here, that the user name is right and active, and that the user is pre-authorized (policy "Admin approved users"); then reconnect.',
}
