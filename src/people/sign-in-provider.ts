import {
  AuthorizationResponseError,
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type Configuration,
  calculatePKCECodeChallenge,
  clockSkew,
  clockTolerance,
  discovery,
  enableNonRepudiationChecks,
  fetchUserInfo,
  type ServerMetadata,
} from 'openid-client'
import { machineMs, nowMs } from '../clock/clock.ts'
import { clientAuthentication } from './sign-in-client-auth.ts'

export type ProviderSettings = { readonly issuer: string; readonly clientId: string; readonly clientSecret: string }

/** What the provider says of whoever signed in there. */
export type Claims = {
  readonly issuer: string
  readonly subject: string
  readonly email: string | null
  readonly emailVerified: boolean
}

/** What ties an answer to the browser that asked. */
export type Asked = { readonly state: string; readonly nonce: string; readonly verifier: string }

export type Provider = {
  readonly issuer: string
  /** Where to send the browser. `again`: it asks for the password once more. Throws ProviderError. */
  begin(asked: Asked & { readonly redirectUri: string; readonly again: boolean }): Promise<string>
  /** Takes the address that the browser came back to. Throws ProviderError, whatever is wrong with the answer. */
  finish(asked: Asked & { readonly callback: URL }): Promise<Claims>
}

export type ProviderProblem =
  /** The provider does not answer, or not as one. */
  | 'unreachable'
  /** It answered with something that is not for us, too old, or not from it. */
  | 'bad-answer'
  /** The person, or the provider, said no. */
  | 'cancelled'

/** `message` is for the log and an admin; pages have a sentence per problem. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError'
  readonly problem: ProviderProblem
  constructor(problem: ProviderProblem, cause: unknown) {
    super(`The identity provider: ${problem}`, { cause })
    this.problem = problem
  }
}

const TIMEOUT_SECONDS = 5
/** Between two machines that both ask a time server. */
const CLOCK_TOLERANCE_SECONDS = 60
/** Keys and addresses of a provider change rarely; after this they are read again. */
const KEEP_MS = 15 * 60_000

/** An identity provider by OpenID Connect. It is first asked when somebody signs in, so a start never waits for it. */
export function createProvider(settings: ProviderSettings): Provider {
  const { issuer } = settings
  let known: { readonly config: Configuration; readonly atMs: number } | null = null
  async function configured(): Promise<Configuration> {
    if (known !== null && machineMs() - known.atMs < KEEP_MS) return known.config
    try {
      known = { config: await discover(settings), atMs: machineMs() }
      return known.config
    } catch (error) {
      throw new ProviderError('unreachable', error)
    }
  }
  return {
    issuer,
    async begin({ redirectUri, state, nonce, verifier, again }) {
      return buildAuthorizationUrl(await configured(), {
        redirect_uri: redirectUri,
        scope: 'openid email profile',
        state,
        nonce,
        code_challenge: await calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        ...(again ? { prompt: 'login' } : {}),
      }).href
    },
    async finish({ callback, state, nonce, verifier }) {
      const config = await configured()
      try {
        return await claimsOf(config, issuer, { callback, state, nonce, verifier })
      } catch (error) {
        throw error instanceof ProviderError ? error : new ProviderError(problemOf(error), error)
      }
    },
  }
}

async function discover({ issuer, clientId, clientSecret }: ProviderSettings): Promise<Configuration> {
  const isLocal = issuer.startsWith('http:')
  const metadata = {
    [clockTolerance]: CLOCK_TOLERANCE_SECONDS,
    // The library compares with the machine's clock; all processes follow the database's.
    [clockSkew]: Math.round((nowMs() - machineMs()) / 1_000),
  }
  const config = await discovery(new URL(issuer), clientId, metadata, clientAuthentication(clientSecret), {
    timeout: TIMEOUT_SECONDS,
    execute: isLocal ? [allowInsecureRequests] : [],
  })
  // As text: addresses that a browser takes for the same may be two issuers.
  const named = config.serverMetadata().issuer
  if (named !== issuer) throw new Error(`The issuer calls itself "${named}", not "${issuer}"`)
  // A signature is checked although TLS has shown where the token comes from: a proxy may stand in between.
  enableNonRepudiationChecks(config)
  return config
}

async function claimsOf(config: Configuration, issuer: string, asked: Asked & { callback: URL }): Promise<Claims> {
  const tokens = await authorizationCodeGrant(config, asked.callback, {
    expectedState: asked.state,
    expectedNonce: asked.nonce,
    pkceCodeVerifier: asked.verifier,
    idTokenExpected: true,
  })
  const claims = tokens.claims()
  if (claims === undefined || claims.iss !== issuer) throw new ProviderError('bad-answer', 'another issuer')
  const { sub: subject } = claims
  const told = claims.email === undefined ? await userInfo(config, tokens.access_token, subject) : claims
  const email = typeof told.email === 'string' ? told.email.trim().toLowerCase() : null
  return { issuer, subject, email: email === '' ? null : email, emailVerified: told.email_verified === true }
}

/** Providers may keep the e-mail out of the token. */
async function userInfo(
  config: Configuration,
  accessToken: string,
  subject: string,
): Promise<{ readonly email?: unknown; readonly email_verified?: unknown }> {
  const server: ServerMetadata = config.serverMetadata()
  return server.userinfo_endpoint === undefined ? {} : fetchUserInfo(config, accessToken, subject)
}

function problemOf(error: unknown): ProviderProblem {
  if (error instanceof AuthorizationResponseError) return 'cancelled'
  const code = error instanceof Error && 'code' in error ? error.code : null
  return code === 'OAUTH_TIMEOUT' || error instanceof TypeError ? 'unreachable' : 'bad-answer'
}
