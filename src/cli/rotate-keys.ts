import { addKey, loadKeys, retireKeys } from '../config/key-file.ts'
import { readSettings } from '../config/settings.ts'
import { rotateKeys } from '../connections/lifecycle/rotate-keys.ts'
import { openDatabase } from '../store/database/database.ts'
import { createSecretBox } from '../store/secrets/secret-box.ts'
import { findRunningInstance } from './stack/running-instance.ts'

/**
 * `npx lanekeeper rotate-keys`: seals every credential with a new key while everything runs, and forgets the old ones but the
 * last, which goes with the next rotation.
 * Keys in LANEKEEPER_KEYS are their owner's to change: then this seals with the first of them.
 */
async function runRotation(): Promise<number> {
  const settings = readSettings(process.env)
  const running = await findRunningInstance(settings)
  if (typeof running === 'string') {
    process.stderr.write('Nothing runs with this DATA_DIR: start Lanekeeper, or set DATA_DIR or DATABASE_URL.\n')
    return 1
  }
  if (running.sandbox) {
    // Both databases are sealed with the keys of one file: those that only the other one needs would be forgotten.
    process.stderr.write(
      'Only the sandbox CRMs are running. Rotate keys while your own connections run ("npm start -- --own").\n',
    )
    return 1
  }
  const isOwn = settings.keys !== null
  const version = isOwn ? settings.keys[0]!.version : await addKey(settings.dataDir)
  const db = openDatabase(running.databaseUrl, { max: 2, applicationName: 'lanekeeper-rotate-keys' })
  try {
    const { resealed, of, inUse } = await rotateKeys({ db, box: createSecretBox(await loadKeys(settings, 'refuse')) })
    process.stdout.write(`Sealed ${resealed} of ${of} secrets again, with key "${version}".\n`)
    const left = inUse.filter((one) => one !== version)
    if (left.length > 0) {
      process.stderr.write(
        `Some stay sealed with ${left.map((one) => `"${one}"`).join(', ')}, which the keys here do not open: find those keys ` +
          '(is DATA_DIR that of what runs?) and run this again, or connect those CRMs again.\n',
      )
      return 1
    }
    if (isOwn) {
      process.stdout.write('Older keys may leave LANEKEEPER_KEYS once every process runs with the new list.\n')
      return 0
    }
    const retired = await retireKeys(settings.dataDir, inUse)
    process.stdout.write('The key before it stays until the next rotation, for what was being stored meanwhile.\n')
    if (retired.length > 0) process.stdout.write(`Forgot ${retired.map((one) => `"${one}"`).join(', ')}.\n`)
    return 0
  } finally {
    await db.destroy()
  }
}

try {
  process.exitCode = await runRotation()
} catch (error) {
  process.stderr.write(`Cannot rotate the keys: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
}
