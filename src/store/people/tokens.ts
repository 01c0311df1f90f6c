import { randomBytes } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'
import type { PersonId } from './persons.ts'
import { hashOf } from './secret-hash.ts'

export type TokenScope = 'read' | 'ask-for-pause'

export type MachineToken = {
  /** Names it in lists and in the ledger; is no secret. */
  readonly id: string
  readonly title: string
  readonly workflow: string
  readonly keeperId: PersonId
  readonly keeperName: string
  readonly scopes: readonly TokenScope[]
  readonly madeBy: string
  readonly madeAt: Date
  readonly lastUsedAt: Date | null
}

/** By its beginning people and scanners of secrets know what it is. */
const PREFIX = 'lk_'

/** The token itself is returned once, and nobody can read it again. */
export async function createToken(
  trx: Kysely<Tables>,
  of: Pick<MachineToken, 'title' | 'workflow' | 'keeperId' | 'scopes' | 'madeBy'>,
): Promise<{ readonly id: string; readonly token: string }> {
  const id = randomBytes(8).toString('hex')
  const token = `${PREFIX}${randomBytes(32).toString('base64url')}`
  await sql`
    insert into machine_token (id, token_hash, title, workflow, keeper_id, scopes, made_by)
    values (${id}, ${hashOf(token)}, ${of.title}, ${of.workflow}, ${of.keeperId}, ${[...of.scopes]}::text[],
      ${of.madeBy})`.execute(trx)
  return { id, token }
}

/** Null: never ours, revoked, or its keeper has left. Being used is noted at most once a minute. */
export async function findToken(db: Kysely<Tables>, token: string): Promise<MachineToken | null> {
  const found = (await select(db, hashOf(token)))[0]
  if (found === undefined) return null
  await sql`update machine_token set last_used_at = now()
    where id = ${found.id} and (last_used_at is null or last_used_at < now() - interval '1 minute')`.execute(db)
  return found
}

/** Those that work, the newest first. */
export function listTokens(db: Kysely<Tables>): Promise<MachineToken[]> {
  return select(db, null)
}

async function select(db: Kysely<Tables>, tokenHash: Buffer | null): Promise<MachineToken[]> {
  const { rows } = await sql<MachineToken>`
    select t.id, t.title, t.workflow, t.keeper_id as "keeperId", p.name as "keeperName", t.scopes, t.made_by as "madeBy",
      t.made_at as "madeAt", t.last_used_at as "lastUsedAt"
    from machine_token t join person p on p.id = t.keeper_id and p.ended_at is null
    where t.ended_at is null and (${tokenHash}::bytea is null or t.token_hash = ${tokenHash})
    order by t.made_at desc limit 500`.execute(db)
  return rows
}

/** False: it was revoked before, or never was. */
export async function endToken(trx: Kysely<Tables>, id: string, by: string): Promise<boolean> {
  const { rows } = await sql`
    update machine_token set ended_at = clock_timestamp(), ended_by = ${by} where id = ${id} and ended_at is null
    returning 1`.execute(trx)
  return rows.length > 0
}
