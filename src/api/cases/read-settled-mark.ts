import { sql } from 'kysely'
import type { Database } from '../../store/database/database.ts'
import { namesOf, personOfActor } from '../../store/people/persons.ts'
import type { CaseReply } from './case-types.ts'

/** The mark that let a rule settle the case, as its entry in the ledger cites it. Null: none was needed, or it is erased. */
export async function readSettledMark(db: Database, receiptSeq: number | null): Promise<CaseReply['settledMark']> {
  if (receiptSeq === null) return null
  const { rows } = await sql<{ proposedBy: string; agreedBy: string | null; endsAt: Date }>`
    select m.proposed_by as "proposedBy", m.agreed_by as "agreedBy", coalesce(m.ended_at, m.ends_at) as "endsAt"
    from ledger l join mark m on m.id = (l.body::jsonb->>'mark')::bigint where l.seq = ${receiptSeq}`.execute(db)
  const mark = rows[0]
  if (mark === undefined) return null
  const ids = [mark.proposedBy, mark.agreedBy].flatMap((by) => (by === null ? [] : (personOfActor(by) ?? [])))
  const names = await namesOf(db, ids)
  return { by: ids.map((id) => names.get(id) ?? id), endsAt: mark.endsAt.toISOString() }
}
