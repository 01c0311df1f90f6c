import { type Kysely, sql } from 'kysely'
import type { MarkedClass, MarkOrigin } from '../../model/policy/mark.ts'
import type { MarkedContent, StoredMark } from '../../model/policy/marks.ts'
import type { Tables } from '../database/tables.ts'

/**
 * Of `workflow w`: what is marked there and has not ended, as `StoredMark`. A decision compares the end with its own moment
 * once more, because it may use the policy long after it was read.
 */
export const MARK_COLUMN = sql`(
  select jsonb_agg(jsonb_build_object('id', m.id, 'workflow', m.workflow, 'rule', m.rule, 'ruleHash', m.rule_hash,
    'class', m.class, 'endsAtMs', floor(extract(epoch from m.ends_at) * 1000)) order by m.id)
  from mark m where m.workflow = w.workflow and m.agreed_at is not null and m.ended_at is null
    and m.ends_at > clock_timestamp()) as marks`

export type NewMark = {
  readonly workflow: string
  readonly rule: string
  readonly ruleHash: string
  readonly content: MarkedContent
  readonly class: MarkedClass
  readonly reason: string
  readonly origin: MarkOrigin
  readonly proposedBy: string
  /** Null: it waits for the second person. */
  readonly agreedBy: string | null
  readonly endsAt: Date
}

/** Returns their ids in the same order. One that waits for its second person already is not proposed twice: null. */
export async function insertMarks(trx: Kysely<Tables>, marks: readonly NewMark[]): Promise<(number | null)[]> {
  if (marks.length === 0) return []
  const ids: (number | null)[] = []
  for (const one of marks) {
    const { rows } = await sql<{ id: number }>`
      insert into mark (workflow, rule, rule_hash, content, class, reason, origin, proposed_by, agreed_by, agreed_at, ends_at)
      values (${one.workflow}, ${one.rule}, ${one.ruleHash}, ${JSON.stringify(one.content)}::jsonb, ${one.class},
        ${one.reason}, ${one.origin}, ${one.proposedBy}, ${one.agreedBy},
        case when ${one.agreedBy}::text is not null then clock_timestamp() end, ${one.endsAt})
      on conflict (workflow, rule, rule_hash, class) where agreed_at is null and ended_at is null do nothing
      returning id`.execute(trx)
    ids.push(rows[0]?.id ?? null)
  }
  return ids
}

/** Every process decides with the marks as they are now from its next batch on. Whatever changes one calls this. */
export async function noteMarksChanged(trx: Kysely<Tables>, workflow: string): Promise<void> {
  await sql`update workflow set jobs_revision = jobs_revision + 1 where workflow = ${workflow}`.execute(trx)
}

/** What is marked now, in every workflow, also for rules that were edited since. */
export async function allMarks(db: Kysely<Tables>): Promise<StoredMark[]> {
  const { rows } = await sql<{ marks: StoredMark[] | null }>`select ${MARK_COLUMN} from workflow w`.execute(db)
  return rows.flatMap(({ marks }) => marks ?? [])
}

export type MarkRow = {
  readonly id: number
  readonly workflow: string
  readonly rule: string
  readonly ruleHash: string
  readonly content: MarkedContent
  readonly class: MarkedClass
  readonly reason: string
  readonly origin: MarkOrigin
  /** `person:ID`, or `lanekeeper` where marks began. */
  readonly proposedBy: string
  readonly proposedAt: Date
  /** Null: it waits for the second person. */
  readonly agreedBy: string | null
  readonly agreedAt: Date | null
  readonly endsAt: Date
  /** By somebody, before its end. */
  readonly endedAt: Date | null
  readonly endedBy: string | null
  readonly endReason: string | null
  /** Its end has come. */
  readonly isOver: boolean
}

const COLUMNS = sql`m.id, m.workflow, m.rule, m.rule_hash as "ruleHash", m.content, m.class, m.reason, m.origin,
  m.proposed_by as "proposedBy", m.proposed_at as "proposedAt", m.agreed_by as "agreedBy", m.agreed_at as "agreedAt",
  m.ends_at as "endsAt", m.ended_at as "endedAt", m.ended_by as "endedBy", m.end_reason as "endReason",
  m.ends_at <= clock_timestamp() as "isOver"`

export async function findMark(db: Kysely<Tables>, id: number): Promise<MarkRow | null> {
  const { rows } = await sql<MarkRow>`select ${COLUMNS} from mark m where m.id = ${id}`.execute(db)
  return rows[0] ?? null
}

/** What stands or waits for its second person, the first to end first. */
export async function standingMarks(db: Kysely<Tables>): Promise<MarkRow[]> {
  const { rows } = await sql<MarkRow>`
    select ${COLUMNS} from mark m where m.ended_at is null and m.ends_at > clock_timestamp()
    order by m.ends_at, m.workflow collate "C", m.id`.execute(db)
  return rows
}

/** False: somebody else agreed to it or ended it, or its end has come. */
export async function agreeTo(trx: Kysely<Tables>, id: number, by: string): Promise<boolean> {
  const { rows } = await sql`
    update mark set agreed_by = ${by}, agreed_at = clock_timestamp()
    where id = ${id} and agreed_at is null and ended_at is null and ends_at > clock_timestamp() returning 1`.execute(
    trx,
  )
  return rows.length > 0
}

/** Under the permits of the workflow: no write that rests on it leaves after the commit. False: it had ended before. */
export async function endMarkRow(trx: Kysely<Tables>, id: number, by: string, reason: string): Promise<boolean> {
  const { rows } = await sql`
    update mark set ended_at = clock_timestamp(), ended_by = ${by}, end_reason = ${reason}
    where id = ${id} and ended_at is null returning 1`.execute(trx)
  return rows.length > 0
}

export type RestingWrite = { readonly connectionId: string; readonly objectType: string; readonly recordId: string }

/** Records with a write that rests on this mark and may not have left. */
export async function writesResting(
  db: Kysely<Tables>,
  { id, workflow }: Pick<MarkRow, 'id' | 'workflow'>,
): Promise<RestingWrite[]> {
  const { rows } = await sql<RestingWrite>`
    select distinct i.connection_id as "connectionId", i.object_type as "objectType", i.record_id as "recordId" from intent i
    where i.kind = 'owner' and i.workflow = ${workflow} and i.state in ('pending', 'sending', 'unknown')
      and i.payload -> 'marks' @> ${JSON.stringify([id])}::jsonb
    order by 1, 2, 3`.execute(db)
  return rows
}

/** What was marked in a sandbox, whoever did, is nobody's word elsewhere, also about a rule that was copied as it is. */
export async function endAllMarks(trx: Kysely<Tables>, by: string, reason: string): Promise<void> {
  await sql`
    update mark set ended_at = clock_timestamp(), ended_by = ${by}, end_reason = ${reason}
    where ended_at is null`.execute(trx)
}

/** Proposals that nobody agreed to in their time make room for another one of the same rule and class. */
export async function endLateProposals(
  trx: Kysely<Tables>,
  { workflow, rule }: Pick<MarkRow, 'workflow' | 'rule'>,
): Promise<void> {
  await sql`
    update mark set ended_at = clock_timestamp(), ended_by = 'lanekeeper', end_reason = 'ran-out'
    where workflow = ${workflow} and rule = ${rule} and agreed_at is null and ended_at is null
      and ends_at <= clock_timestamp()`.execute(trx)
}
