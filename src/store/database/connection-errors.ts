/** What the network says when a server cannot be reached. */
const NETWORK_CODES = /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EPIPE|ETIMEDOUT|EHOSTUNREACH)$/

/**
 * The code when the database could not be reached, was starting or shutting down, refused a write (read-only after a
 * failover, disk full) or had no connection left. Null for everything else, such as a mistake in our SQL.
 */
export function databaseCode(error: unknown): string | null {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth++) {
    const code = codeOf(cause)
    if (NETWORK_CODES.test(code)) return code
    // 08 connection, 53 resources, 57P0x shutdown and start-up, 57014 statement timeout, 25006 read-only
    if (/^(08...|53...|57P0.|57014|25006)$/.test(code)) return code
    if (cause instanceof AggregateError && cause.errors.some((inner) => databaseCode(inner))) return 'ECONNREFUSED'
    if (/timeout exceeded when trying to connect|Connection terminated/.test(cause.message)) return 'ETIMEDOUT'
  }
  return null
}

/** One sentence without the password for a database that waiting cannot open. Null: the error is about something else. */
export function refusedConnection(error: unknown, url: string, variable: string): string | null {
  const why = REFUSALS[codeOf(error)]
  return why ? `The database at ${URL.parse(url)?.host ?? 'the given address'} ${why}. Check ${variable}` : null
}

const REFUSALS: Readonly<Record<string, string>> = {
  '28P01': 'refuses the password',
  '28000': 'refuses this user',
  '3D000': 'has no such database',
  '42501': 'does not let this user connect',
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
