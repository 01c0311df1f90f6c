import { OAuth2 } from 'jsforce'
import { type CallBudget, CrmBusyError, CrmReconnectError } from '../crm.ts'
import { longId } from './salesforce-id.ts'
import { fencedTransport, newAttempt } from './salesforce-transport.ts'

export type SalesforceSession = {
  readonly accessToken: string
  readonly instanceUrl: string
  /** 18 characters. */
  readonly orgId: string
  /** The user whom our writes appear under, 18 characters. */
  readonly userId: string
}

export type SessionOptions = {
  readonly loginUrl: string
  readonly clientId: string
  readonly clientSecret: string
  readonly budget: CallBudget
  readonly nowMs: () => number
  readonly deadlineMs: number
  /** A session from before a restart, and where to keep the next one. Saved before it is used. */
  readonly session?: {
    readonly stored: SalesforceSession | null
    readonly save: (session: SalesforceSession) => Promise<void>
  }
}

export type SessionKeeper = {
  current(): Promise<SalesforceSession>
  /** A new session in place of `refused`; the one that someone else has already fetched in the meantime, if so. */
  renew(refused: SalesforceSession): Promise<SalesforceSession>
  /** What is known without asking. */
  known(): SalesforceSession | null
}

/** After a failed login, how long callers wait before one of them tries again. */
const LOGIN_PAUSE_MS = 10_000

/**
 * Client-credentials flow: there is no refresh token, a new session is asked for when the old one is refused. Many
 * requests meet the same 401 at once; they share one login.
 */
export function keepSession(options: SessionOptions): SessionKeeper {
  const oauth2 = new OAuth2({
    loginUrl: options.loginUrl,
    clientId: options.clientId,
    clientSecret: options.clientSecret,
  })
  let session = options.session?.stored ?? null
  let login: Promise<SalesforceSession> | null = null

  async function logIn(): Promise<SalesforceSession> {
    await options.budget.take('read')
    const attempt = newAttempt()
    oauth2._transport = fencedTransport(options.deadlineMs, attempt)
    let answer: unknown
    try {
      answer = await oauth2.requestToken({ grant_type: 'client_credentials' })
    } catch (error) {
      throw loginError(error, attempt.status, options)
    }
    const fresh = readToken(answer)
    if (!fresh) {
      throw new CrmBusyError(
        `The token answer of ${options.loginUrl} could not be read (HTTP ${attempt.status ?? '?'})`,
        options.nowMs() + LOGIN_PAUSE_MS,
      )
    }
    await options.session?.save(fresh)
    session = fresh
    return fresh
  }

  function shared(): Promise<SalesforceSession> {
    login ??= logIn().finally(() => {
      login = null
    })
    return login
  }

  return {
    current: async () => session ?? shared(),
    renew: async (refused) => (session && session.accessToken !== refused.accessToken ? session : shared()),
    known: () => session,
  }
}

function readToken(answer: unknown): SalesforceSession | null {
  if (typeof answer !== 'object' || answer === null) return null
  const { access_token, instance_url, id } = answer as Record<string, unknown>
  if (typeof access_token !== 'string' || typeof instance_url !== 'string' || typeof id !== 'string') return null
  const [org = '', user = ''] = id.split('/').slice(-2)
  const orgId = longId(org)
  const userId = longId(user)
  if (!orgId || !userId || !URL.canParse(instance_url)) return null
  return { accessToken: access_token, instanceUrl: instance_url.replace(/\/+$/, ''), orgId, userId }
}

/**
 * Nothing of ours was sent to the CRM yet, so a login that failed for a passing reason is "try again later" for reads
 * and writes alike.
 */
function loginError(error: unknown, status: number | null, options: SessionOptions): Error {
  const said = error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 300) : 'no reason'
  if (status !== null && status >= 400 && status < 500 && status !== 408 && status !== 429 && status !== 420) {
    return new CrmReconnectError(
      `Salesforce refused to log us in at ${options.loginUrl}: ${said}`,
      'In Salesforce Setup open the External Client App and check that it is enabled, that the client-credentials flow has a run-as user who is active, and that the consumer key and secret are the ones entered here; then reconnect.',
      error,
    )
  }
  return new CrmBusyError(
    `Could not log in at ${options.loginUrl}: ${status === null ? said : `HTTP ${status}`}`,
    options.nowMs() + LOGIN_PAUSE_MS,
    error,
  )
}
