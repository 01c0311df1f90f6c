import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'
import { keyVersionOf, type SecretBox, type SecretPlace, SecretUnreadableError } from './secret-box.ts'
import { credentialsOf, draftCredentialsOf, draftTokensOf, tokensOf } from './secret-places.ts'

type SealedColumn = {
  readonly table: string
  readonly key: string
  readonly column: string
  readonly placeOf: (id: string) => SecretPlace
}

/** Verifiers of logins under way are left: they are gone within ten minutes. Until then their key is in use. */
const COLUMNS: readonly SealedColumn[] = [
  { table: 'connection', key: 'id', column: 'credentials', placeOf: credentialsOf },
  { table: 'connection_token', key: 'connection_id', column: 'sealed', placeOf: tokensOf },
  { table: 'connection_draft', key: 'id', column: 'credentials', placeOf: draftCredentialsOf },
  { table: 'connection_draft', key: 'id', column: 'tokens', placeOf: draftTokensOf },
]

/** A process that renews tokens meanwhile may win a row again and again; it then has sealed it with the newest key. */
const ROUNDS_MAX = 20

/**
 * Seals everything that is outdated again, each row by compare-and-swap on what was read: a renewal that happened
 * meanwhile is never undone. What no key opens stays as it is and its connection says so itself.
 */
export async function resealAll(db: Kysely<Tables>, box: SecretBox): Promise<{ resealed: number; of: number }> {
  let resealed = 0
  let of = 0
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    let lost = 0
    of = 0
    for (const place of COLUMNS) {
      for (const { id, sealed } of await sealedIn(db, place)) {
        of += 1
        if (!box.isOutdated(sealed)) continue
        const again = resealedOrNull(box, place.placeOf(id), sealed)
        if (again === null) continue
        if (await swap(db, place, { id, from: sealed, to: again })) resealed += 1
        else lost += 1
      }
    }
    if (lost === 0) break
  }
  return { resealed, of }
}

export async function keyVersionsInUse(db: Kysely<Tables>): Promise<string[]> {
  const versions = new Set<string>()
  for (const place of COLUMNS) for (const { sealed } of await sealedIn(db, place)) versions.add(keyVersionOf(sealed))
  const { rows } = await sql<{ verifier: Buffer }>`
    select verifier from oauth_state where used_at is null and expires_at > now()`.execute(db)
  for (const { verifier } of rows) versions.add(keyVersionOf(verifier))
  return [...versions].sort()
}

async function sealedIn(
  db: Kysely<Tables>,
  { table, key, column }: SealedColumn,
): Promise<{ readonly id: string; readonly sealed: Buffer }[]> {
  const { rows } = await sql<{ id: string; sealed: Buffer }>`
    select ${sql.ref(key)} as id, ${sql.ref(column)} as sealed from ${sql.table(table)}
    where ${sql.ref(column)} is not null order by 1`.execute(db)
  return rows
}

async function swap(
  db: Kysely<Tables>,
  { table, key, column }: SealedColumn,
  { id, from, to }: { readonly id: string; readonly from: Buffer; readonly to: Buffer },
): Promise<boolean> {
  const { rows } = await sql`
    update ${sql.table(table)} set ${sql.ref(column)} = ${to} where ${sql.ref(key)} = ${id} and ${sql.ref(column)} = ${from}
    returning 1`.execute(db)
  return rows.length > 0
}

function resealedOrNull(box: SecretBox, place: SecretPlace, sealed: Buffer): Buffer | null {
  try {
    return box.seal(place, box.open(place, sealed))
  } catch (error) {
    if (error instanceof SecretUnreadableError) return null
    throw error
  }
}
