import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { isReachableByOthers, isRoot } from './unprivileged-user.ts'

/** Whether this data directory ever had an embedded database. Makes nothing. */
export function hasEmbeddedDatabase(dataDir: string): boolean {
  return [insideOf(dataDir), outsideOf(dataDir)].some((place) => existsSync(join(place, 'data', 'PG_VERSION')))
}

/**
 * As root the server runs under another account, which has to pass through every directory above its data. A data
 * directory below a private home gets its database elsewhere, under a name made from its path.
 */
export async function placeFor(dataDir: string): Promise<string> {
  const inside = insideOf(dataDir)
  if (!isRoot()) {
    await mkdir(inside, { recursive: true, mode: 0o700 })
    return inside
  }
  if (await isReachableByOthers(inside)) {
    await mkdir(inside, { recursive: true, mode: 0o711 })
    // mkdir applies the umask
    await chmod(inside, 0o711)
    if (await isReachableByOthers(inside)) return inside
  }
  await mkdir(resolve(dataDir), { recursive: true })
  const outside = outsideOf(dataDir)
  await mkdir(outside, { recursive: true })
  await chmod('/var/lib/lanekeeper', 0o711)
  await chmod(outside, 0o711)
  await writeFile(join(resolve(dataDir), 'postgres-is-at.txt'), `${outside}\n`)
  return outside
}

function insideOf(dataDir: string): string {
  return resolve(dataDir, 'postgres')
}

function outsideOf(dataDir: string): string {
  const name = createHash('sha256').update(resolve(dataDir)).digest('hex').slice(0, 12)
  return `/var/lib/lanekeeper/postgres-${name}`
}

/** The superuser's password, made once per database. */
export async function ownPassword(directory: string): Promise<string> {
  const file = join(directory, 'password')
  const known = await readFile(file, 'utf8').catch(() => null)
  if (known) return known.trim()
  const password = randomBytes(24).toString('base64url')
  // Whole or not at all: the password of a database that exists must never be lost to a half-written file.
  const growing = `${file}.${process.pid}`
  await writeFile(growing, `${password}\n`, { mode: 0o600, flush: true })
  await rename(growing, file)
  return password
}
