import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'

export type Approval = { readonly personId: string; readonly at: Date }

/** Who approved exactly this text on this base. */
export async function approvalsOf(db: Kysely<Tables>, draftId: number, hash: string): Promise<Approval[]> {
  const { rows } = await sql<Approval>`
    select person_id as "personId", at from approval
    where draft_id = ${draftId} and hash = ${hash} and ended_at is null order by id`.execute(db)
  return rows
}

export async function addApproval(
  trx: Kysely<Tables>,
  of: { readonly draftId: number; readonly hash: string; readonly personId: string },
): Promise<void> {
  await sql`insert into approval (draft_id, hash, person_id) values (${of.draftId}, ${of.hash}, ${of.personId})`.execute(
    trx,
  )
}

/** Whose approvals ended with it. */
export async function endApprovals(
  trx: Kysely<Tables>,
  draftId: number,
  reason: 'changed' | 'rebased' | 'withdrawn',
): Promise<string[]> {
  const { rows } = await sql<{ personId: string }>`
    update approval set ended_at = clock_timestamp(), end_reason = ${reason}
    where draft_id = ${draftId} and ended_at is null returning person_id as "personId"`.execute(trx)
  return rows.map(({ personId }) => personId)
}
