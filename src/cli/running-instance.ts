import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Settings } from '../config/settings.ts'
import { startEmbeddedPostgres } from '../store/embedded-postgres.ts'
import { pidLockHolder } from '../store/pid-lock.ts'

export type RunningInstance = { readonly databaseUrl: string; readonly publicUrl: string; readonly sandbox: boolean }

/** What a start leaves beside its data for the commands that look for it. */
const InstanceNote = z.object({ publicUrl: z.string(), sandbox: z.boolean() })
type InstanceNote = z.infer<typeof InstanceNote>

const noteFile = (dataDir: string) => join(dataDir, 'instance.json')

export async function noteInstance(dataDir: string, note: InstanceNote): Promise<void> {
  await writeFile(noteFile(dataDir), `${JSON.stringify(note)}\n`)
}

/** Null: nothing was ever started with this data, or by a version that left no note. */
export async function readInstanceNote(dataDir: string): Promise<InstanceNote | null> {
  try {
    return InstanceNote.parse(JSON.parse(await readFile(noteFile(dataDir), 'utf8')))
  } catch {
    return null
  }
}

/** The instance that runs with these settings on this machine. `stopping`: it ended while we looked. */
export async function findRunningInstance(settings: Settings): Promise<RunningInstance | 'not-running' | 'stopping'> {
  const byStart = (await pidLockHolder(join(settings.dataDir, 'lanekeeper.pid'))) !== null
  if (!byStart) {
    // The service by itself, as in a container: its database is exactly the one that is set.
    if (settings.databaseUrl === null) return 'not-running'
    return { databaseUrl: settings.databaseUrl, publicUrl: settings.publicUrl, sandbox: false }
  }
  const note = await readInstanceNote(settings.dataDir)
  const sandbox = note?.sandbox ?? sandboxWanted(settings) === 'on'
  // It runs, so this attaches; should it stop at this moment, this stops what it began.
  const embedded = settings.databaseUrl === null ? await startEmbeddedPostgres({ dataDir: settings.dataDir }) : null
  if (embedded && !embedded.attached) {
    await embedded.stop()
    return 'stopping'
  }
  const url = new URL(settings.databaseUrl ?? embedded?.url ?? '')
  if (sandbox) url.pathname += '_sandbox'
  return { databaseUrl: url.href, publicUrl: note?.publicUrl ?? settings.publicUrl, sandbox }
}

export type SandboxWanted = 'on' | 'off' | 'unless-connected'

/** Whether `npm start` runs the sandbox CRMs: until there is a CRM of one's own, unless the settings say otherwise. */
export function sandboxWanted({ sandbox, hubspot, salesforce }: Settings): SandboxWanted {
  if (sandbox !== 'auto') return sandbox
  return hubspot || salesforce ? 'off' : 'unless-connected'
}
