import { type DestinationStream, type Logger, pino } from 'pino'

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
  const options = {
    level,
    base: { role },
    serializers: { err: loggedError, error: loggedError, req: loggedRequest, res: loggedReply },
    // The last resort, for a value that was logged by its name.
    redact: { paths: SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: HIDDEN },
  }
  return destination ? pino(options, destination) : pino(options)
}

const HIDDEN = '[hidden]'

const SECRET_NAMES = [
  ...['accessToken', 'refreshToken', 'token', 'tokens', 'clientSecret', 'clientSecrets', 'privateKey', 'credentials'],
  ...['grant', 'password', 'authorization', 'cookie', 'sealed', 'verifier', 'values', 'headers'],
]

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

/** Postgres quotes the value that it refused (SQLSTATE classes 22 and 23): there the code has to do. */
function messageOf(error: Error, code: unknown): string {
  if (typeof code === 'string' && /^2[23][0-9A-Z]{3}$/.test(code)) return `Postgres refused a value (${code})`
  return withoutSecrets(error.message)
}

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
  /[\w.+-]+@[\w-]+(\.[\w-]+)+/g,
]

function withoutSecrets(text: string): string {
  return SECRETS.reduce((left, secret) => left.replace(secret, HIDDEN), text)
}

/** Without headers, body and query: a query may hold an OAuth code or what somebody searched for. */
function loggedRequest(request: { method?: string; url?: string; id?: unknown }) {
  return { id: request.id, method: request.method, path: request.url?.split('?')[0] }
}

function loggedReply(reply: { statusCode?: number }) {
  return { statusCode: reply.statusCode }
}
