import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Settings } from '../config/settings.ts'
import { startEmbeddedPostgres } from '../store/embedded-postgres.ts'
import { pidLockHolder } from '../store/pid-lock.ts'

export type RunningInstance = { readonly databaseUrl: string; readonly publicUrl: string }

/** The instance that runs with these settings on this machine. `stopping`: it ended while we looked. */
export async function findRunningInstance(settings: Settings): Promise<RunningInstance | 'not-running' | 'stopping'> {
  const lockFile = join(settings.dataDir, 'lanekeeper.pid')
  const byStart = (await pidLockHolder(lockFile)) !== null
  if (!byStart) {
    // The service by itself, as in a container: its database is exactly the one that is set.
    if (settings.databaseUrl === null) return 'not-running'
    return { databaseUrl: settings.databaseUrl, publicUrl: settings.publicUrl }
  }
  const publicUrl = (await readFile(`${lockFile}.url`, 'utf8').catch(() => '')).trim() || settings.publicUrl
  // It runs, so this attaches; should it stop at this moment, this stops what it began.
  const embedded = settings.databaseUrl === null ? await startEmbeddedPostgres({ dataDir: settings.dataDir }) : null
  if (embedded && !embedded.attached) {
    await embedded.stop()
    return 'stopping'
  }
  const url = new URL(settings.databaseUrl ?? embedded?.url ?? '')
  if (usesSandbox(settings)) url.pathname += '_sandbox'
  return { databaseUrl: url.href, publicUrl }
}

/** Whether `npm start` runs the sandbox CRMs, which have a database of their own. */
export function usesSandbox({ sandbox, hubspot, salesforce }: Settings): boolean {
  return sandbox === 'on' || (sandbox === 'auto' && !hubspot && !salesforce)
}
