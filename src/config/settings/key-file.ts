import { randomBytes } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { takePidLock } from '../../store/postgres/pid-lock.ts'
import type { KeySource, SecretKey } from '../../store/secrets/secret-box.ts'
import { SETTINGS } from './setting-table.ts'
import type { Settings } from './settings.ts'

/**
 * Who starts with new data makes the key file. A command beside what runs must not: what it seals with keys of its own
 * nobody else could open.
 */
export type WhereNoKeys = 'make-them' | 'refuse'

/** The keys given by a setting, else those of the key file, which is made once. */
export async function loadKeys(
  settings: Pick<Settings, 'keys' | 'dataDir'>,
  whereNone: WhereNoKeys = 'make-them',
): Promise<readonly SecretKey[]> {
  if (settings.keys) return settings.keys
  const file = fileIn(settings.dataDir)
  const text = await readIfThere(file)
  if (text === null && whereNone === 'refuse') {
    throw new Error(
      `There are no keys in ${file}, so what runs keeps them elsewhere: set DATA_DIR to its data directory, or ` +
        'LANEKEEPER_KEYS to its keys',
    )
  }
  return parseKeys(text ?? (await makeKeyFile(settings.dataDir, file)), file)
}

/**
 * The same for a process that runs on: a key file that was rewritten is read again at the next use. One that cannot be
 * read then leaves the keys that were known, so that nothing stands still while it is being mended.
 */
export async function followKeys(
  settings: Pick<Settings, 'keys' | 'dataDir'>,
  whereNone?: WhereNoKeys,
): Promise<KeySource> {
  let keys = await loadKeys(settings, whereNone)
  if (settings.keys) return () => keys
  const file = fileIn(settings.dataDir)
  let seen = stampOf(file)
  return () => {
    const stamp = stampOf(file)
    if (stamp === null || stamp === seen) return keys
    try {
      keys = parseKeys(readFileSync(file, 'utf8'), file)
      seen = stamp
    } catch {
      // Looked at again at the next use.
    }
    return keys
  }
}

/** Puts a new key before the known ones: from now on everything is sealed with it. Returns its version. */
export async function addKey(dataDir: string): Promise<string> {
  return changeKeys(dataDir, (keys) => {
    const numbers = keys.map(({ version }) => Number(/^v(\d+)$/.exec(version)?.[1] ?? 0))
    const version = `v${Math.max(...numbers) + 1}`
    return { keys: [{ version, key: randomBytes(32) }, ...keys], result: version }
  })
}

/**
 * Forgets every key but the newest, the one before it, and those to keep, which are the ones that something is still sealed
 * with. The one before the newest lasts until the next rotation: a transaction that was not committed yet, or a process that
 * waits for a person, may still store what it sealed with it. Returns the versions that are gone; what was sealed with them
 * can never be opened again.
 */
export async function retireKeys(dataDir: string, keep: string | readonly string[]): Promise<string[]> {
  return changeKeys(dataDir, (keys) => {
    const kept = keys.filter(({ version }, index) => index <= 1 || [keep].flat().includes(version))
    const gone = keys.filter((key) => !kept.includes(key)).map(({ version }) => version)
    return { keys: kept, result: gone }
  })
}

/** Only one command changes the keys at a time, and whoever reads them sees the old file or the new one. */
async function changeKeys<T>(
  dataDir: string,
  change: (keys: readonly SecretKey[]) => { readonly keys: readonly SecretKey[]; readonly result: T },
): Promise<T> {
  const file = fileIn(dataDir)
  const lock = await takePidLock(`${file}.changing`, 10_000)
  if (!lock) throw new Error(`Another process has been changing the keys in ${file} for more than ten seconds`)
  try {
    const { keys, result } = change(await loadKeys({ keys: null, dataDir }, 'refuse'))
    const growing = `${file}.${randomBytes(6).toString('hex')}`
    const text = keys.map(({ version, key }) => `${version}:${key.toString('base64')}`).join(',')
    await writeFile(growing, `${text}\n`, { mode: 0o600, flush: true })
    await rename(growing, file).catch(async (error) => {
      await rm(growing, { force: true })
      throw error
    })
    return result
  } finally {
    await lock.release()
  }
}

function fileIn(dataDir: string): string {
  return join(dataDir, 'keys')
}

/** Null: not there. A file that is renamed into place is another one, whatever its size and time. */
function stampOf(file: string): string | null {
  const stat = statSync(file, { throwIfNoEntry: false })
  return stat ? `${stat.ino}/${stat.mtimeMs}/${stat.size}` : null
}

async function readIfThere(file: string): Promise<string | null> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw new Error(`Cannot read the keys in ${file}: ${error.message}`, { cause: error })
  })
}

/** Linked into place, which fails where a file is already: of two processes that start at once, one makes the keys. */
async function makeKeyFile(dataDir: string, file: string): Promise<string> {
  await mkdir(dataDir, { recursive: true })
  const growing = `${file}.${randomBytes(6).toString('hex')}`
  await writeFile(growing, `v1:${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flush: true })
  try {
    await link(growing, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await rm(growing, { force: true })
  }
  return readFile(file, 'utf8')
}

function parseKeys(text: string, file: string): readonly SecretKey[] {
  const parsed = SETTINGS.keys.schema.safeParse(text.trim())
  if (parsed.success) return parsed.data
  throw new Error(`The key file ${file} ${parsed.error.issues[0]?.message ?? 'is not valid'}`)
}
