import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { namesCrm } from '../../config/settings/environment-grants.ts'
import type { Settings } from '../../config/settings/settings.ts'
import { startEmbeddedPostgres } from '../../store/postgres/embedded-postgres.ts'
import { pidLockHolder } from '../../store/postgres/pid-lock.ts'

export type RunningInstance = { readonly databaseUrl: string; readonly publicUrl: string; readonly sandbox: boolean }

/** What a start leaves beside its data for the commands that look for it. */
const InstanceNote = z.object({
  publicUrl: z.string(),
  sandbox: z.boolean(),
  /** See `databasePlace`. Null: its own embedded one. Absent: noted by an older version. */
  database: z.string().nullable().optional(),
})
type InstanceNote = z.infer<typeof InstanceNote>

const noteFile = (dataDir: string) => join(dataDir, 'instance.json')

export async function noteInstance(
  { dataDir, publicUrl, databaseUrl }: Pick<Settings, 'dataDir' | 'publicUrl' | 'databaseUrl'>,
  sandbox: boolean,
): Promise<void> {
  const note: InstanceNote = { publicUrl, sandbox, database: databasePlace(databaseUrl) }
  await writeFile(noteFile(dataDir), `${JSON.stringify(note)}\n`)
}

/** Which database a DATABASE_URL leads to, without who goes there and with which password. */
function databasePlace(databaseUrl: string | null): string | null {
  if (databaseUrl === null) return null
  const { hostname, port, pathname } = new URL(databaseUrl)
  return `${hostname}:${port === '' ? '5432' : port}${pathname}`
}

/** Null: nothing was ever started with this data, or by a version that left no note. */
export async function readInstanceNote(dataDir: string): Promise<InstanceNote | null> {
  try {
    return InstanceNote.parse(JSON.parse(await readFile(noteFile(dataDir), 'utf8')))
  } catch {
    return null
  }
}

/**
 * The instance that runs with these settings on this machine. `stopping`: it ended while we looked. Throws where it runs
 * on another database than the settings lead to: what a command did there, nobody would follow.
 */
export async function findRunningInstance(settings: Settings): Promise<RunningInstance | 'not-running' | 'stopping'> {
  const byStart = (await pidLockHolder(join(settings.dataDir, 'lanekeeper.pid'))) !== null
  if (!byStart) {
    // The service by itself, as in a container: its database is exactly the one that is set.
    if (settings.databaseUrl === null) return 'not-running'
    return { databaseUrl: settings.databaseUrl, publicUrl: settings.publicUrl, sandbox: false }
  }
  const note = await readInstanceNote(settings.dataDir)
  refuseOtherDatabase(settings, note)
  const sandbox = note?.sandbox ?? sandboxWanted(settings) === 'on'
  // It runs, so this attaches; should it stop at this moment, this stops what it began.
  const embedded =
    settings.databaseUrl === null ? await startEmbeddedPostgres({ dataDir: settings.dataDir, existing: true }) : null
  if (embedded && !embedded.attached) {
    await embedded.stop()
    return 'stopping'
  }
  const url = new URL(settings.databaseUrl ?? embedded?.url ?? '')
  if (sandbox) url.pathname += '_sandbox'
  return { databaseUrl: url.href, publicUrl: note?.publicUrl ?? settings.publicUrl, sandbox }
}

function refuseOtherDatabase({ databaseUrl }: Settings, note: InstanceNote | null): void {
  if (note?.database === undefined) return
  const here = databasePlace(databaseUrl)
  if (here === note.database) return
  const runs = `what runs at ${note.publicUrl}`
  throw new Error(
    note.database === null
      ? `DATABASE_URL leads to ${here}, but ${runs} has its own database: unset DATABASE_URL`
      : `${here === null ? 'DATABASE_URL is not set' : `DATABASE_URL leads to ${here}`}, but ${runs} uses ${note.database}: set DATABASE_URL to that`,
  )
}

export type SandboxWanted = 'on' | 'off' | 'unless-connected'

/** Whether `npm start` runs the sandbox CRMs: until there is a CRM of one's own, unless the settings say otherwise. */
export function sandboxWanted(settings: Settings): SandboxWanted {
  if (settings.sandbox !== 'auto') return settings.sandbox
  return namesCrm(settings) ? 'off' : 'unless-connected'
}
