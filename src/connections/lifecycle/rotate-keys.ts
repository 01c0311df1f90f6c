import { setTimeout as wait } from 'node:timers/promises'
import type { Database } from '../../store/database/database.ts'
import { keyVersionsInUse, resealAll } from '../../store/secrets/reseal.ts'
import type { SecretBox } from '../../store/secrets/secret-box.ts'

/** Who sealed with the old key a moment before the new one was there has mostly stored it by then; for the rest it is kept. */
const SETTLE_MS = 1_000

/**
 * Seals again, with the newest key, everything that an older one sealed, row by row while everything runs. Stopped in the
 * middle, it goes on where it was: what is done no longer counts as outdated. `inUse`: the keys that anything is still
 * sealed with afterwards; only others may be forgotten.
 */
export async function rotateKeys(deps: {
  readonly db: Database
  readonly box: SecretBox
}): Promise<{ readonly resealed: number; readonly of: number; readonly inUse: readonly string[] }> {
  const first = await resealAll(deps.db, deps.box)
  await wait(SETTLE_MS)
  const second = await resealAll(deps.db, deps.box)
  return { resealed: first.resealed + second.resealed, of: second.of, inUse: await keyVersionsInUse(deps.db) }
}
