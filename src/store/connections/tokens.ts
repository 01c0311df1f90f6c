import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'

/** Whose tokens: those of a connection, or of one that is being made. Both rows are used in the same way. */
export type TokenOwner = { readonly of: 'connection' | 'draft'; readonly id: string }

export type SealedTokens = { readonly sealed: Buffer | null; readonly version: number }

const PLACES = {
  connection: { table: 'connection_token', key: 'connection_id', sealed: 'sealed', version: 'version' },
  draft: { table: 'connection_draft', key: 'id', sealed: 'tokens', version: 'token_version' },
} as const

/** Null: the connection or draft is gone, or never had tokens to keep. */
export async function readSealedTokens(db: Kysely<Tables>, owner: TokenOwner): Promise<SealedTokens | null> {
  const { table, key, sealed, version } = columnsOf(owner)
  const { rows } = await sql<{ sealed: Buffer | null; version: number }>`
    select ${sealed} as sealed, ${version} as version from ${table} where ${key} = ${owner.id}`.execute(db)
  return rows[0] ?? null
}

/**
 * Makes `holder` the one that asks the CRM for tokens newer than `seenVersion`, for `leaseMs` of the database's clock.
 * A holder that died is taken over when its lease ends. No transaction is held meanwhile.
 */
export async function claimRenewal(
  db: Kysely<Tables>,
  owner: TokenOwner,
  claim: { readonly seenVersion: number; readonly holder: string; readonly leaseMs: number },
): Promise<boolean> {
  const { table, key, version } = columnsOf(owner)
  const { rows } = await sql`
    update ${table} set renewing_by = ${claim.holder},
      renewing_until = clock_timestamp() + ${claim.leaseMs} * interval '1 millisecond'
    where ${key} = ${owner.id} and ${version} = ${claim.seenVersion}
      and (renewing_until is null or renewing_until <= clock_timestamp())
    returning 1`.execute(db)
  return rows.length > 0
}

/**
 * Stores what the holder was given, as the next version. False: somebody else has stored that version meanwhile, because
 * this holder took longer than its lease.
 */
export async function storeRenewed(
  db: Kysely<Tables>,
  owner: TokenOwner,
  renewed: { readonly seenVersion: number; readonly sealed: Buffer },
): Promise<boolean> {
  const { table, key, sealed, version } = columnsOf(owner)
  const at = owner.of === 'connection' ? sql`, renewed_at = clock_timestamp()` : sql``
  const { rows } = await sql`
    update ${table} set ${sealed} = ${renewed.sealed}, ${version} = ${renewed.seenVersion + 1}, renewing_by = null,
      renewing_until = null ${at}
    where ${key} = ${owner.id} and ${version} = ${renewed.seenVersion}
    returning 1`.execute(db)
  return rows.length > 0
}

/** The CRM was asked in vain: the next one may ask at once. */
export async function releaseRenewal(db: Kysely<Tables>, owner: TokenOwner, holder: string): Promise<void> {
  const { table, key } = columnsOf(owner)
  await sql`update ${table} set renewing_by = null, renewing_until = null
    where ${key} = ${owner.id} and renewing_by = ${holder}`.execute(db)
}

/** A connection begins without tokens, or with those that its draft was given. */
export async function putTokens(db: Kysely<Tables>, connectionId: string, sealed: Buffer | null): Promise<void> {
  await sql`
    insert into connection_token as t (connection_id, sealed, version, renewed_at)
    values (${connectionId}, ${sealed}, 1, clock_timestamp())
    on conflict (connection_id) do update set sealed = excluded.sealed, version = t.version + 1, renewing_by = null,
      renewing_until = null, renewed_at = clock_timestamp()`.execute(db)
}

function columnsOf({ of }: TokenOwner) {
  const { table, key, sealed, version } = PLACES[of]
  return { table: sql.table(table), key: sql.ref(key), sealed: sql.ref(sealed), version: sql.ref(version) }
}
