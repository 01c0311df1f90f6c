import { addKey, loadKeys, retireKeys } from '../config/settings/key-file.ts'
import { readSettings } from '../config/settings/settings.ts'
import { rotateKeys } from '../connections/lifecycle/rotate-keys.ts'
import { noteBegun, requireMay } from '../people/permitted.ts'
import { openDatabase } from '../store/database/database.ts'
import { createSecretBox } from '../store/secrets/secret-box.ts'
import { findRunningInstance } from './stack/running-instance.ts'
import { runAsProgram, runCommand, type Streams, sentenceOf } from './terminal/command.ts'

const HELP = `rotate-keys

Seals every credential with a new key while everything runs, and forgets the old keys but the last, which goes with the
next rotation. Keys in LANEKEEPER_KEYS are yours to change: then this seals with the first of them.

Exit code 0: done. 1: not done, or not for all. 2: it failed. 64: the command was not understood.`

/** Answers the exit code. */
export function runRotateKeys(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  streams: Streams,
): Promise<number> {
  const command = {
    help: HELP,
    options: {},
    run: () => rotate(environment, streams),
    failed: (error: unknown) => ({ says: `Cannot rotate the keys: ${sentenceOf(error)}`, code: 2 }),
  }
  return runCommand(command, args, streams)
}

async function rotate(
  environment: Readonly<Record<string, string | undefined>>,
  { stdout, stderr }: Streams,
): Promise<number> {
  const settings = readSettings(environment)
  const running = await findRunningInstance(settings)
  if (typeof running === 'string') {
    stderr.write('Nothing runs with this DATA_DIR: start Lanekeeper, or set DATA_DIR or DATABASE_URL.\n')
    return 1
  }
  if (running.sandbox) {
    // Both databases are sealed with the keys of one file: those that only the other one needs would be forgotten.
    stderr.write(
      'Only the sandbox CRMs are running. Rotate keys while your own connections run ("npm start -- --own").\n',
    )
    return 1
  }
  const isOwn = settings.keys !== null
  const version = isOwn ? settings.keys[0]!.version : await addKey(settings.dataDir)
  const db = openDatabase(running.databaseUrl, { max: 2, applicationName: 'lanekeeper-rotate-keys' })
  try {
    await requireMay(db, { kind: 'terminal' }, 'change-keys', {})
    await noteBegun(db, { kind: 'terminal' }, 'change-keys', {})
    const { resealed, of, inUse } = await rotateKeys({ db, box: createSecretBox(await loadKeys(settings, 'refuse')) })
    stdout.write(`Sealed ${resealed} of ${of} secrets again, with key "${version}".\n`)
    const left = inUse.filter((one) => one !== version)
    if (left.length > 0) {
      stderr.write(
        `Some stay sealed with ${left.map((one) => `"${one}"`).join(', ')}, which the keys here do not open: find those keys ` +
          '(is DATA_DIR that of what runs?) and run this again, or connect those CRMs again.\n',
      )
      return 1
    }
    if (isOwn) {
      stdout.write('Older keys may leave LANEKEEPER_KEYS once every process runs with the new list.\n')
      return 0
    }
    const retired = await retireKeys(settings.dataDir, inUse)
    stdout.write('The key before it stays until the next rotation, for what was being stored meanwhile.\n')
    if (retired.length > 0) stdout.write(`Forgot ${retired.map((one) => `"${one}"`).join(', ')}.\n`)
    return 0
  } finally {
    await db.destroy()
  }
}

if (import.meta.main) await runAsProgram(runRotateKeys)
