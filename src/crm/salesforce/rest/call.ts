import { setTimeout as wait } from 'node:timers/promises'
import type { Connection } from 'jsforce'
import { type CallBudget, CrmBusyError, CrmUnknownError, notSentBecause, withQuietNotes } from '../../crm-client.ts'
import type { AnswerClock } from '../../crm-clock.ts'
import { gatedBody } from '../../gated-body.ts'
import { budgetGate, exchange, type HttpAnswer, type HttpRequest, NoAnswerError } from '../../http-exchange.ts'
import type { GatedBody } from '../../write-gate.ts'
import { OrgConnection } from '../http/org-connection.ts'
import type { SalesforceSession, SessionKeeper } from '../login/session.ts'
import {
  type FailedCall,
  failureOf,
  failureWithoutAnswer,
  SalesforceOutage,
  SessionRefusedError,
  usageIn,
} from './failure.ts'

/** The only way to the org's REST API. `ask` makes one call of jsforce's on the connection that it is given. */
export type SalesforceCall = {
  /** Repeated a few times when its outcome is unknown. */
  read<R>(ask: Ask<R>, onAnswer?: OnAnswer): Promise<R>
  /** Never repeated once it may have arrived. With a gated body, that takes the place of the one that jsforce made. */
  write<R>(ask: Ask<R>, gated?: GatedBody): Promise<R>
}

export type Ask<R> = (org: Connection) => Promise<R>

/** Learns of each answer when Salesforce began to work on it, by its own clock. Null: the answer has no Date header. */
export type OnAnswer = (askedAtMs: number | null) => void

export type CallOptions = {
  readonly apiVersion: string
  readonly callOptionsClient: string
  readonly budget: CallBudget
  readonly sessions: SessionKeeper
  readonly nowMs: () => number
  readonly clock: AnswerClock
  /** Of one attempt, from the first byte sent to the last byte read. */
  readonly deadlineMs: number
}

/** A read that failed this often is an outage, not a hiccup. */
const READ_ATTEMPTS_MAX = 3
const READ_RETRY_BASE_MS = 250

/** Lead assignment rules run on every API write unless this forbids it: our own correction would be re-routed at once. */
const WRITE_HEADERS = { 'Sforce-Auto-Assign': 'FALSE' } as const

export function salesforceCall(given: CallOptions): SalesforceCall {
  const options = { ...given, budget: withQuietNotes(given.budget) }
  return {
    async read(ask, onAnswer) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await withSession(options, ask, { kind: 'read', onAnswer })
        } catch (error) {
          if (!(error instanceof CrmUnknownError) || attempt >= READ_ATTEMPTS_MAX) throw error
          await wait(READ_RETRY_BASE_MS * 2 ** (attempt - 1) * (0.5 + Math.random()))
        }
      }
    },
    write: (ask, gated) => withSession(options, ask, { kind: 'write', onAnswer: undefined, gated }),
  }
}

type Attempt = {
  readonly kind: 'read' | 'write'
  readonly onAnswer: OnAnswer | undefined
  readonly gated?: GatedBody | undefined
}

async function withSession<R>(options: CallOptions, ask: Ask<R>, attempt: Attempt): Promise<R> {
  const { sessions } = options
  const once = (session: SalesforceSession): Promise<R> =>
    ask(
      new OrgConnection({ instanceUrl: session.instanceUrl, version: options.apiVersion }, (request) =>
        send(options, attempt, session, request),
      ),
    )
  // A login that fails says nothing about the write that it is for: that one was not sent.
  const login = async (step: () => Promise<SalesforceSession>): Promise<SalesforceSession> => {
    if (attempt.kind === 'read') return await step()
    return await step().catch((error) => Promise.reject(notSentBecause(error)))
  }
  const session = await login(() => sessions.current())
  try {
    return await once(session)
  } catch (error) {
    if (!(error instanceof SessionRefusedError)) throw error
    // Salesforce answers 401 before it does anything, so a write may be repeated too. Only once: a server that refuses
    // a token of this second will refuse the next one as well.
    const next = await login(() => sessions.renew(session))
    try {
      return await once(next)
    } catch (again) {
      // The session that another process stored an hour ago may have expired too; only our own fresh login decides.
      if (!(again instanceof SessionRefusedError) || sessions.justFetched(next)) throw again
      return await once(await login(() => sessions.renew(next)))
    }
  }
}

async function send(
  { budget, clock, nowMs, deadlineMs, callOptionsClient }: CallOptions,
  { kind, onAnswer, gated }: Attempt,
  session: SalesforceSession,
  request: HttpRequest,
): Promise<unknown> {
  const path = new URL(request.url).pathname.replace(/^\/services\/data\/v[\d.]+/, '')
  const failed = (): FailedCall => ({ call: `${request.method} ${path}`, kind, nowMs: nowMs() })
  const headers = {
    ...request.headers,
    accept: 'application/json',
    authorization: `Bearer ${session.accessToken}`,
    // Comes back in `changeOrigin` of the change events that this call causes.
    'Sforce-Call-Options': `client=${callOptionsClient}`,
    ...(kind === 'write' ? WRITE_HEADERS : {}),
  }
  const beforeBytes = gated ? gatedBody(gated) : budgetGate(budget, kind)
  let answer: HttpAnswer
  try {
    answer = await exchange({ ...request, headers }, { deadlineMs, clock, beforeBytes })
  } catch (error) {
    // The gate's own.
    if (!(error instanceof NoAnswerError)) throw kind === 'write' ? notSentBecause(error) : error
    if (error.head) await observeUsage(error.head.headers, budget)
    throw failureWithoutAnswer(error, failed())
  }
  await observeUsage(answer.headers, budget)
  if (answer.status >= 200 && answer.status < 300) {
    onAnswer?.(answer.askedAtMs)
    return jsonOf(answer, failed().call)
  }
  const failure = failureOf(answer, failed())
  if (failure instanceof CrmBusyError) await budget.pauseUntil(failure.retryAtMs, failure.message)
  throw failure
}

/** A maintenance page and half a JSON document both come with status 200. */
function jsonOf({ status, headers, text }: HttpAnswer, call: string): unknown {
  if (status === 204) return {}
  try {
    const value: unknown = /^application\/json(?:;|$)/.test(headers.get('content-type') ?? '') && JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // Answered below.
  }
  const facts = { status, reason: 'not-salesforce' } as const
  throw new SalesforceOutage(`Salesforce ${call}: HTTP ${status}, the answer is not JSON`, facts)
}

async function observeUsage(headers: Headers, budget: CallBudget): Promise<void> {
  const usage = usageIn(headers)
  if (usage) await budget.observe(usage)
}
