import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Logger } from 'pino'
import type { Database } from '../../src/store/database/database.ts'
import { refuseUnusableSchema } from '../../src/store/database/migrate.ts'
import { SchemaRefusedError } from '../../src/store/database/schema-refusal.ts'

/**
 * Promise 9: resolves when the database answers, which may be down or still starting. Nothing that remembers a first
 * failure is built before this. Exits where its schema cannot be used.
 */
export async function awaitDatabase(db: Database, logger: Logger, signal: AbortSignal): Promise<void> {
  let isLogged = false
  for (;;) {
    signal.throwIfAborted()
    try {
      await refuseUnusableSchema(db)
      await sql`select 1 from connection limit 1`.execute(db)
      return
    } catch (error) {
      if (error instanceof SchemaRefusedError) {
        process.stderr.write(`${error.message}.\n`)
        process.exit(1)
      }
      if (!isLogged) logger.warn({ err: error }, 'waiting for the database')
      isLogged = true
      await wait(500, undefined, { signal })
    }
  }
}
