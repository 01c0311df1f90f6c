import { type CallBudget, CrmUnknownError, notSentBecause } from '../../crm-client.ts'
import type { AnswerClock } from '../../crm-clock.ts'
import { gatedBody } from '../../gated-body.ts'
import { budgetGate, exchange, type HttpAnswer, jsonObject, NoAnswerError } from '../../http-exchange.ts'
import type { HubSpotAnswer, HubSpotCall } from './call.ts'
import { failureOf, failureWithoutAnswer } from './failure.ts'

/** HubSpot's answer, or what went wrong with this one request. What the budget gate throws is neither: nothing was sent. */
export type SendOutcome = HubSpotAnswer | { readonly failure: Error }

type SendOptions = {
  readonly baseUrl: string
  readonly budget: CallBudget
  readonly clock: AnswerClock
  readonly observeUsage: (headers: Headers) => Promise<void>
  readonly fetch?: typeof globalThis.fetch | undefined
  readonly deadlineMs?: number | undefined
  readonly nowMs: () => number
  readonly timeZone: () => string | null
}

const READ_DEADLINE_MS = 10_000
// A batch of 100 writes with validation rules and workflows behind it takes HubSpot several seconds.
const WRITE_DEADLINE_MS = 20_000

export async function sendOnce(options: SendOptions, call: HubSpotCall, token: string): Promise<SendOutcome> {
  const { budget, clock, fetch, nowMs } = options
  const deadlineMs = options.deadlineMs ?? (call.kind === 'write' ? WRITE_DEADLINE_MS : READ_DEADLINE_MS)
  let answer: HttpAnswer
  try {
    answer = await exchange(
      {
        method: call.method,
        url: urlOf(options.baseUrl, call),
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json',
          ...(call.body === undefined && !call.gated ? {} : { 'content-type': 'application/json' }),
        },
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      },
      { deadlineMs, clock, fetch, beforeBytes: call.gated ? gatedBody(call.gated) : budgetGate(budget, call.kind) },
    )
  } catch (error) {
    if (!(error instanceof NoAnswerError)) throw notSentBecause(error) // the gate's own
    return { failure: failureWithoutAnswer(error, { attempt: call.attempt, deadlineMs, nowMs: nowMs() }) }
  }
  await options.observeUsage(answer.headers)
  return readAnswer(options, call, answer)
}

function urlOf(baseUrl: string, { path, query = {} }: HubSpotCall): string {
  // A trailing slash would give paths with two of them, which HubSpot answers 404.
  const url = new URL(baseUrl.replace(/\/+$/, '') + path)
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  return url.href
}

function readAnswer(
  { nowMs, timeZone }: SendOptions,
  { attempt, kind }: HubSpotCall,
  { status, headers, text }: HttpAnswer,
): SendOutcome {
  const body = jsonObject(text)
  // Any 2xx is success: versions of the API differ in which one they use for the same thing.
  if (status < 200 || status >= 300) {
    const retryAfter = headers.get('retry-after')
    return { failure: failureOf({ attempt, kind, status, retryAfter, body, nowMs: nowMs(), timeZone: timeZone() }) }
  }
  if (body !== null || text.trim() === '') return { status, body: body ?? {} }
  return {
    failure: new CrmUnknownError(
      `Cannot ${attempt}: HubSpot answered ${status} with ${text.length} characters that are not a JSON object, as a ` +
        'proxy or a cut connection does',
      { status },
    ),
  }
}
