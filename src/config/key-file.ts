import { randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SecretKey } from '../store/secret-box.ts'
import { SETTINGS } from './setting-table.ts'
import type { Settings } from './settings.ts'

/** The keys given by a setting, else those of the key file, which is made once. */
export async function loadKeys(settings: Pick<Settings, 'keys' | 'dataDir'>): Promise<readonly SecretKey[]> {
  if (settings.keys) return settings.keys
  const file = join(settings.dataDir, 'keys')
  const known = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw new Error(`Cannot read the keys in ${file}: ${error.message}`, { cause: error })
  })
  return parseKeys(known ?? (await makeKeyFile(settings.dataDir, file)), file)
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
