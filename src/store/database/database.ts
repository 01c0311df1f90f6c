import { Kysely, PostgresDialect, type Transaction } from 'kysely'
import pg from 'pg'
import type { Tables } from './tables.ts'

export type Database = Kysely<Tables>
export type DatabaseTransaction = Transaction<Tables>

export type DatabaseOptions = {
  /** Connections in the pool. */
  readonly max: number
  /** Shown in `pg_stat_activity`, so that a stuck connection has a name. */
  readonly applicationName: string
  /** Told when an idle connection breaks. The next query opens another, so by default nobody needs to know. */
  readonly onConnectionLost?: (error: Error) => void
}

/** Opens no connection yet: a database that is down fails the first query, not this call. */
export function openDatabase(url: string, options: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.max,
    application_name: options.applicationName,
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
    // A process that was stopped in the middle of a transaction must not hold its locks for ever.
    idle_in_transaction_session_timeout: 60_000,
    types: { getTypeParser },
  })
  // Without a listener the loss of an idle connection would end the process.
  pool.on('error', (error) => options.onConnectionLost?.(error))
  // The pool listens only while a client is idle. One that is lost at work fails its query, and must do no more.
  pool.on('connect', (client) => client.on('error', (error) => options.onConnectionLost?.(error)))
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
}

const INT8 = 20
const INT8_ARRAY = 1016
const DATE = 1082

/** Per pool rather than in the driver's global table, which BullMQ's own pools read too. */
function getTypeParser(oid: number, format?: string): (value: string) => unknown {
  if (format !== 'binary') {
    if (oid === INT8) return safeInteger
    // The driver would make a Date at local midnight, which is another day elsewhere.
    if (oid === DATE) return (day) => day
    if (oid === INT8_ARRAY) {
      const parseTexts = pg.types.getTypeParser(TEXT_ARRAY as typeof pg.types.builtins.TEXT) as (
        value: string,
      ) => (string | null)[]
      return (value) => parseTexts(value).map((item) => (item === null ? null : safeInteger(item)))
    }
  }
  return pg.types.getTypeParser(oid, format as 'text') as (value: string) => unknown
}

const TEXT_ARRAY = 1009

/** Every bigint of ours is an id, a count or epoch milliseconds. One beyond 2^53 is a fault, not a rounding matter. */
function safeInteger(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`Cannot read bigint ${text} as a number: it is beyond 2^53`)
  return value
}
