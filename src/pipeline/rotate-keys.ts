import type { Database } from '../store/database.ts'
import { keyVersionsInUse, resealAll } from '../store/reseal.ts'
import type { SecretBox } from '../store/secret-box.ts'

/**
 * Seals again, with the newest key, everything that an older one sealed, row by row while everything runs. Stopped in the
 * middle, it goes on where it was: what is done no longer counts as outdated. `inUse`: the keys that anything is still
 * sealed with afterwards; only others may be forgotten.
 */
export async function rotateKeys(deps: {
  readonly db: Database
  readonly box: SecretBox
}): Promise<{ readonly resealed: number; readonly of: number; readonly inUse: readonly string[] }> {
  const { resealed, of } = await resealAll(deps.db, deps.box)
  return { resealed, of, inUse: await keyVersionsInUse(deps.db) }
}
