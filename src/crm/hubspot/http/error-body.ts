import type { ErrorDetail, StandardError } from '@hubspot/api-client/lib/codegen/crm/objects/models/all.js'
import type { AnswerOf } from './wire.ts'

/** HubSpot's error body. Every field is optional in practice, whatever its description says. */
export type HubSpotErrorBody = AnswerOf<StandardError> & {
  /** Of a 429 only: which limit it is. */
  readonly policyName?: unknown
}

const SENTENCE_MAX = 500

/** HubSpot's own message, short enough for a task or a ledger line. */
export function sentenceOf(body: HubSpotErrorBody | null): string {
  if (body === null) return ''
  const message = typeof body.message === 'string' ? body.message : ''
  const details = errorDetails(body)
    .map((detail) => detail.message)
    .filter((text) => text !== '' && !message.includes(text))
  return [message, ...details].join(' ').trim().slice(0, SENTENCE_MAX)
}

/** Rules that an admin of the account set, enforced on the API too since September 2026. */
export const ACCOUNT_RULES: ReadonlySet<string> = new Set([
  'MISSING_CONDITIONAL_REQUIRED_PROPERTY',
  'MISSING_REQUIRED_PROPERTY',
])

/**
 * Why HubSpot refused a write. A rule of the account is named first: the same write worked before the rule, and only an
 * admin can change it.
 */
export function refusalText(code: string, said: string): string {
  if (!ACCOUNT_RULES.has(code)) return said
  return `A rule that an admin set in HubSpot blocks this (${code}): ${said}`
}

/** The most specific code that HubSpot gives. */
export function codeOf(body: HubSpotErrorBody | null, status: number): string {
  const detail = body && errorDetails(body).find((candidate) => candidate.code !== '')
  return detail?.code || categoryOf(body) || `HTTP_${status}`
}

/** Statuses that pass or that one more try decides, whoever sends them. */
const OF_ANYONE: ReadonlySet<number> = new Set([401, 423, 477])

/**
 * Gateways and proxies refuse in JSON too, with a sentence alone: {"message":"Forbidden"}. HubSpot adds a category, an id to
 * ask its support about, or its status.
 */
export function isOfGateway(body: HubSpotErrorBody, status: number): boolean {
  if (OF_ANYONE.has(status)) return false
  const { message, error, correlationId } = body as Record<string, unknown>
  const isHubSpots = categoryOf(body) !== '' || typeof correlationId === 'string' || body.status === 'error'
  return !isHubSpots && (typeof message === 'string' || error !== undefined)
}

export function categoryOf(body: HubSpotErrorBody | null): string {
  return typeof body?.category === 'string' ? body.category : ''
}

/** One of the `errors` within an error. */
export type Detail = { readonly code: string; readonly message: string; readonly context: unknown }

export function errorDetails(body: HubSpotErrorBody): Detail[] {
  if (!Array.isArray(body.errors)) return []
  const details: Detail[] = []
  for (const item of body.errors.slice(0, 200)) {
    if (typeof item !== 'object' || item === null) continue
    const { code, message, context } = item as AnswerOf<ErrorDetail>
    details.push({
      code: typeof code === 'string' ? code : '',
      message: typeof message === 'string' ? message : '',
      context,
    })
  }
  return details
}

/** The texts under one name of an error's `context`, which HubSpot sends as a list or as a single text. */
export function contextTexts(context: unknown, name: string): string[] {
  if (typeof context !== 'object' || context === null || !Object.hasOwn(context, name)) return []
  const value = (context as Record<string, unknown>)[name]
  const list = Array.isArray(value) ? value : [value]
  return list.filter((item) => typeof item === 'string' || typeof item === 'number').map(String)
}

/** The scopes that HubSpot names as missing. Empty: it names none. */
export function missingScopes(body: HubSpotErrorBody | null): string[] {
  if (body === null) return []
  const contexts = [body.context, ...errorDetails(body).map((detail) => detail.context)]
  const scopes = contexts.flatMap((context) => [
    ...contextTexts(context, 'requiredGranularScopes'),
    ...contextTexts(context, 'requiredScopes'),
  ])
  return [...new Set(scopes)].slice(0, 20)
}

export type RateLimit = 'daily' | 'secondly' | 'rolling'

/**
 * Which limit a 429 is about. `policyName` says so; HubSpot documents the search limit by its message alone, so that
 * sentence is read here where no `policyName` comes, and nowhere else.
 */
export function rateLimitOf(body: HubSpotErrorBody | null): RateLimit {
  const policy = typeof body?.policyName === 'string' ? body.policyName : ''
  const named = policy || sentenceOf(body)
  if (/^DAILY$|daily limit/i.test(named)) return 'daily'
  return /^SECONDLY$|secondly limit/i.test(named) ? 'secondly' : 'rolling'
}
