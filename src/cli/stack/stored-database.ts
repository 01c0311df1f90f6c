import type { Settings } from '../../config/settings.ts'
import { hasEmbeddedDatabase } from '../../store/postgres/database-place.ts'
import { startEmbeddedPostgres } from '../../store/postgres/embedded-postgres.ts'

export type StoredDatabase = {
  readonly url: string
  /** Stops the server if this command started it; one that was running stays. */
  close(): Promise<void>
}

/** The database of the settings, whether or not Lanekeeper is running. Throws where nothing was ever stored. */
export async function openStoredDatabase(
  { databaseUrl, dataDir }: Pick<Settings, 'databaseUrl' | 'dataDir'>,
  { sandbox }: { readonly sandbox: boolean },
): Promise<StoredDatabase> {
  if (databaseUrl !== null) return { url: named(databaseUrl, sandbox), close: async () => undefined }
  if (!hasEmbeddedDatabase(dataDir)) {
    throw new Error(`No database in DATA_DIR=${dataDir}; set DATA_DIR or DATABASE_URL to the one you mean`)
  }
  const embedded = await startEmbeddedPostgres({ dataDir, existing: true })
  return {
    url: named(embedded.url, sandbox),
    close: async () => {
      if (!embedded.attached) await embedded.stop()
    },
  }
}

function named(url: string, sandbox: boolean): string {
  const named = new URL(url)
  if (sandbox) named.pathname += '_sandbox'
  return named.href
}
