import { join } from 'node:path'
import type { Settings } from '../../config/settings/settings.ts'
import { hasEmbeddedDatabase } from '../../store/postgres/database-place.ts'
import { startEmbeddedPostgres } from '../../store/postgres/embedded-postgres.ts'
import { pidLockHolder } from '../../store/postgres/pid-lock.ts'
import { findRunningInstance } from './running-instance.ts'

export type StoredDatabase = {
  readonly url: string
  /** Stops the server if this command started it; one that was running stays. */
  close(): Promise<void>
}

/**
 * The database of the settings, whether or not Lanekeeper is running. Throws where nothing was ever stored, and where what
 * runs with these settings, which `link` and `scan` follow, has other data. An address alone is taken as it is.
 */
export async function openStoredDatabase(
  of: Settings | Pick<Settings, 'databaseUrl' | 'dataDir'>,
  { sandbox }: { readonly sandbox: boolean },
): Promise<StoredDatabase> {
  if ('publicUrl' in of) await refuseOtherData(of, sandbox)
  const { databaseUrl, dataDir } = of
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

async function refuseOtherData(settings: Settings, sandbox: boolean): Promise<void> {
  if ((await pidLockHolder(join(settings.dataDir, 'lanekeeper.pid'))) === null) return
  const running = await findRunningInstance(settings)
  if (typeof running === 'string' || sandbox || !running.sandbox) return
  throw new Error(
    `What runs at ${running.publicUrl} works on the data of the sandbox CRMs: add --sandbox for that, or stop it to reach the other data`,
  )
}

function named(url: string, sandbox: boolean): string {
  const named = new URL(url)
  if (sandbox) named.pathname += '_sandbox'
  return named.href
}
