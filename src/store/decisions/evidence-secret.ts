import type { Kysely } from 'kysely'
import type { Tables } from '../database/tables.ts'

/** Read in the transaction that uses it: it is this database's own, and no process keeps it. */
export async function readEvidenceSecret(db: Kysely<Tables>): Promise<Buffer> {
  const { secret } = await db.selectFrom('evidence_secret').select('secret').executeTakeFirstOrThrow()
  return secret
}
