import { execFile } from 'node:child_process'
import { chown, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PostgresBinaries } from './postgres-binaries.ts'
import { serverEnvironment } from './server-environment.ts'
import type { UnprivilegedUser } from './unprivileged-user.ts'

export type Place = {
  readonly binaries: PostgresBinaries
  readonly directory: string
  readonly dataDirectory: string
  readonly user: UnprivilegedUser | null
}

/** Into a directory beside the final one, renamed when whole: a kill in the middle leaves nothing half made. */
export async function initialise({ binaries, directory, dataDirectory, user, password }: Place & { password: string }) {
  const growing = join(directory, 'data.new')
  await rm(growing, { recursive: true, force: true })
  await mkdir(growing, { mode: 0o700 })
  const forPassword = await mkdtemp(join(tmpdir(), 'lanekeeper-'))
  const passwordFile = join(forPassword, 'password')
  try {
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 })
    if (user) for (const path of [growing, forPassword, passwordFile]) await chown(path, user.uid, user.gid)
    await runInitdb(binaries.initdb, user, [
      `--pgdata=${growing}`,
      '--username=postgres',
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      // The same order and case of letters on every machine, whatever locales it has.
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
    ])
    await rename(growing, dataDirectory)
  } finally {
    await rm(forPassword, { recursive: true, force: true })
  }
}

function runInitdb(initdb: string, user: UnprivilegedUser | null, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const identity = user ? { uid: user.uid, gid: user.gid } : {}
    execFile(initdb, args, { ...identity, env: serverEnvironment(), cwd: '/' }, (error, _stdout, stderr) => {
      if (!error) return resolve()
      const why = /no space left/i.test(stderr)
        ? 'the disk is full. Free about 100 MB, or set DATA_DIR to a directory on another disk'
        : (stderr.trim().split('\n').at(-1) ?? error.message)
      reject(new Error(`Cannot create the database: ${why}`, { cause: error }))
    })
  })
}
