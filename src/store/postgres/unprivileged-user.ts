import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { dirname, parse } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export type UnprivilegedUser = { readonly name: string; readonly uid: number; readonly gid: number }

export function isRoot(): boolean {
  return process.getuid?.() === 0
}

/**
 * Postgres refuses to run as root. An account made for it is taken if there is one, because adding accounts to
 * somebody's machine is a thing to avoid; `nobody` is the last choice, since other services may share it.
 */
export async function findUnprivilegedUser(): Promise<UnprivilegedUser> {
  const existing = (await lookUp('lanekeeper')) ?? (await lookUp('postgres'))
  if (existing) return existing
  await run('useradd', ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', 'lanekeeper'])
    .catch(() => run('adduser', ['-S', '-D', '-H', '-s', '/sbin/nologin', 'lanekeeper']))
    .catch(() => undefined)
  const created = (await lookUp('lanekeeper')) ?? (await lookUp('nobody'))
  if (created) return created
  throw new Error(
    'Postgres refuses to run as root and this machine has no other account for it. Add one (useradd --system ' +
      'lanekeeper), start Lanekeeper as a normal user, or set DATABASE_URL to a database of yours',
  )
}

/** The account that a directory already belongs to: a database keeps its user, whatever accounts appear later. */
export async function ownerOf(directory: string): Promise<UnprivilegedUser> {
  const { uid, gid } = await stat(directory)
  return { name: String(uid), uid, gid }
}

/** True when an account other than the owner can pass through every directory down to and including this one. */
export async function isReachableByOthers(directory: string): Promise<boolean> {
  for (let current = directory; ; current = dirname(current)) {
    // A directory that does not exist yet will be made by us with a mode that lets others pass.
    const mode = await stat(current).then(
      (found) => found.mode,
      () => 0o001,
    )
    if ((mode & 0o001) === 0) return false
    if (current === parse(current).root) return true
  }
}

async function lookUp(name: string): Promise<UnprivilegedUser | null> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])])
    return { name, uid: Number(uid.stdout), gid: Number(gid.stdout) }
  } catch {
    return null
  }
}
