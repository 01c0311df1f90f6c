import { type DestinationStream, type LogFn, type Logger, type LoggerOptions, pino } from 'pino'

/** What a log line says of an error: never its other properties, where libraries keep headers, rows and parameters. */
export type LoggedError = {
  readonly type: string
  readonly message: string
  readonly code?: string
  readonly status?: number
  /** Where, without the message that a stack begins with. */
  readonly stack?: string
  readonly cause?: LoggedError
  readonly errors?: readonly LoggedError[]
}

/** Every process of the product logs through this, so that no line holds a secret or the content of a customer's field. */
export function createLogger(level: string, role: string, destination?: DestinationStream): Logger {
  const options: LoggerOptions = {
    level,
    base: { role },
    serializers: { err: loggedError, error: loggedError, req: loggedRequest, res: loggedReply },
    // The last resort, for a value that was logged by its name.
    redact: { paths: SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: HIDDEN },
    formatters: { log: loggedFields },
    hooks: { logMethod },
  }
  return destination ? pino(options, destination) : pino(options)
}

const HIDDEN = '[hidden]'

const SECRET_NAMES = [
  ...['accessToken', 'refreshToken', 'token', 'tokens', 'clientSecret', 'clientSecrets', 'privateKey', 'credentials'],
  ...['grant', 'password', 'authorization', 'cookie', 'sealed', 'verifier', 'values', 'headers'],
]

/** What a line may say besides its message. Everything else is hidden: a list of what is private is never complete. */
export const LOGGED_FIELDS: ReadonlySet<string> = new Set([
  ...['err', 'error', 'req', 'res', 'reqId', 'requestId', 'role', 'roles', 'stage', 'store', 'instance', 'pid', 'port'],
  ...[
    'connectionId',
    'sequence',
    'document',
    'draft',
    'approvalsEnded',
    'draftId',
    'crm',
    'objectType',
    'zones',
    'record',
    'title',
    'revision',
    'file',
    'errors',
    'applied',
    'changed',
    'erased',
  ],
  ...['code', 'status', 'why', 'remedy', 'retryAt', 'publicUrl', 'responseTime', 'restartInMs'],
])

function loggedFields(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      if (!LOGGED_FIELDS.has(name)) return [name, HIDDEN]
      return [name, SERIALIZED.has(name) ? value : loggedValue(value, 0)]
    }),
  )
}

/** These have serializers of their own. */
const SERIALIZED: ReadonlySet<string> = new Set(['err', 'error', 'req', 'res'])
const LIST_MAX = 50
/** Of a document in a list, as the errors of a policy file: where, and never what stands there. */
const PLACES = ['file', 'line', 'column', 'field', 'workflow']

function loggedValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return withoutSecrets(value)
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value
  if (Array.isArray(value) && depth === 0) return value.slice(0, LIST_MAX).map((item) => loggedValue(item, 1))
  if (typeof value !== 'object' || depth === 0) return HIDDEN
  return Object.fromEntries(
    PLACES.filter((name) => Object.hasOwn(value, name)).map((name) => [
      name,
      loggedValue((value as Record<string, unknown>)[name], 2),
    ]),
  )
}

/** Where a call names no message, pino would take the error's own, past every serializer. */
function logMethod(this: Logger, args: Parameters<LogFn>, method: LogFn): void {
  const [first, ...rest] = args as unknown[]
  const words = rest.map((one) => loggedValue(one, 0))
  const fields = first instanceof Error ? { err: first } : first
  const [message = 'an error'] = words
  const safe = typeof first === 'string' ? [withoutSecrets(first), ...words] : [fields, message, ...words.slice(1)]
  method.apply(this, safe as Parameters<LogFn>)
}

const DEPTH_MAX = 5
const ERRORS_MAX = 3

export function loggedError(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: withoutSecrets(String(error)) }
  const { code, status, statusCode } = error as { code?: unknown; status?: unknown; statusCode?: unknown }
  const httpStatus = [status, statusCode].find((one) => typeof one === 'number')
  const errors = error instanceof AggregateError ? error.errors.slice(0, ERRORS_MAX) : []
  const isDeep = depth >= DEPTH_MAX
  return {
    type: error.name,
    message: messageOf(error, code),
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof httpStatus === 'number' ? { status: httpStatus } : {}),
    ...(error.stack ? { stack: placesOf(error.stack) } : {}),
    ...(error.cause !== undefined && !isDeep ? { cause: loggedError(error.cause, depth + 1) } : {}),
    ...(errors.length > 0 && !isDeep ? { errors: errors.map((one) => loggedError(one, depth + 1)) } : {}),
  }
}

/**
 * Postgres quotes the value that it refused, a parser the text that it cannot read, and a CRM whatever it was sent, names
 * and phone numbers too, which no pattern finds. There the kind, the code and the status have to do.
 */
function messageOf(error: Error, code: unknown): string {
  const named = typeof code === 'string' ? ` (${code})` : ''
  if (typeof code === 'string' && /^(2[23]|P0)[0-9A-Z]{3}$/.test(code)) return `Postgres refused a value (${code})`
  if (QUOTING.has(error.name)) return `${error.name} about text that is not logged${named}`
  if (!/^(Crm|OAuth)\w*Error$/.test(error.name)) return withoutSecrets(error.message)
  const [ours] = OUR_WORDS.exec(error.message) ?? []
  return ours === undefined ? `The CRM's words are not logged${named}` : withoutSecrets(ours)
}

const QUOTING: ReadonlySet<string> = new Set(['SyntaxError', 'RangeError', 'ZodError', 'YAMLParseError'])

/** How our own messages about a call begin, up to where the CRM's words may follow. */
const OUR_WORDS =
  /^(Cannot [a-z ,-]+: (\w+ answered \d{3}|could not connect to \w+ \([A-Z_]+\)|no complete answer from \w+)|Salesforce [A-Z]+ \/[\w/.-]*(?=: )|Connection "[\w.-]+" has no \w+)/

/** A message may be several lines, so places are known by their form. */
function placesOf(stack: string): string {
  return stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n')
}

/** What secrets and people's addresses look like in text that others wrote. */
const SECRETS: readonly RegExp[] = [
  /-----BEGIN [\s\S]*?(-----END [A-Z ]+-----|$)/g,
  /(?<=:\/\/)[^/\s@]+(?=@)/g,
  /(?<=[?&][\w.-]+=)[^&\s"')]+/g,
  /(?<=\b(?:bearer|basic)\s+)\S+/gi,
  /(?<=(?:token|secret|password|authorization|api[_-]?key)["']?\s*[:=]\s*["']?)[^\s"',}]+/gi,
  // HubSpot's private app tokens, Salesforce's session ids, JSON web tokens.
  /\bpat-[a-z0-9]+-[0-9a-f-]{20,}/gi,
  /\b00D[A-Za-z0-9]{12,15}![\w.]+/g,
  /\beyJ[\w-]+\.[\w-]+\.[\w-]*/g,
  // Also as URLs spell them, and in any script.
  /[^\s"'<>()[\]{}|,;:/?&=@]+(?:@|%40)[^\s"'<>()[\]{}|,;:/?&=@]+\.[\p{L}\p{N}-]+/giu,
  // International phone numbers.
  /(?<![\w:])\+\d[\d\s().-]{6,}\d/g,
]

function withoutSecrets(text: string): string {
  return SECRETS.reduce((left, secret) => left.replace(secret, HIDDEN), text)
}

/** Without headers, body and query: a query may hold an OAuth code or what somebody searched for. */
function loggedRequest(request: { method?: string; url?: string; id?: unknown }) {
  const path = request.url?.split('?')[0]
  return { id: request.id, method: request.method, path: path && withoutSecrets(path) }
}

function loggedReply(reply: { statusCode?: number }) {
  return { statusCode: reply.statusCode }
}
