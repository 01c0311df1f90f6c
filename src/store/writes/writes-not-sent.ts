import { type Kysely, sql } from 'kysely'
import type { Tables } from '../database/tables.ts'
import { isNotSent, type NotSent } from './not-sent.ts'

/** Of `intent i` and its `permit p`: why it waits. What the permit says now is newer than the gate's last word. */
const REASON = sql`case
  when not (permit_kind(i.kind) = any(p.kinds)) then p.why
  when i.kind = 'owner' and i.payload->>'branch' = any(p.paused_branches) then 'branch-paused' else i.not_sent end`

const WITH_PERMIT = sql`intent i left join permit p on p.connection_id = i.connection_id and p.workflow = i.workflow`

export type NotSentWrite = { readonly reason: NotSent; readonly at: Date | null }

/** Why the last write for a case was not sent: of its task where it has one, else of its record's owner. */
export async function whyNotSent(
  db: Kysely<Tables>,
  of: {
    readonly connectionId: string
    readonly workflow: string
    readonly objectType: string
    readonly recordId: string
    readonly taskId: number | null
  },
): Promise<NotSentWrite | null> {
  const { rows } = await sql<{ reason: string | null; at: Date | null }>`
    (select ${REASON} as reason, i.not_sent_at as at, i.id from ${WITH_PERMIT}
      where i.task_id = ${of.taskId} and i.state in ('pending', 'unknown') order by i.id desc limit 1)
    union all
    (select case when i.state = 'cancelled' then i.not_sent when i.state in ('pending', 'unknown') then ${REASON} end,
        i.not_sent_at, i.id from ${WITH_PERMIT}
      where i.kind = 'owner' and i.connection_id = ${of.connectionId} and i.object_type = ${of.objectType}
        and i.record_id = ${of.recordId} and i.workflow = ${of.workflow} order by i.id desc limit 1)
    order by id desc`.execute(db)
  for (const { reason, at } of rows) if (reason !== null && isNotSent(reason)) return { reason, at }
  return null
}

/** More are not counted: the number has to be cheap, and says nothing more to a person. */
const COUNTED_MAX = 100_000

/** How many writes of each connection wait, by what keeps them. */
export async function writesNotSent(
  db: Kysely<Tables>,
): Promise<{ readonly connectionId: string; readonly reason: NotSent; readonly n: number }[]> {
  const { rows } = await sql<{ connectionId: string; reason: string | null; n: number }>`
    select connection_id as "connectionId", reason, count(*)::int as n from (
      select i.connection_id, ${REASON} as reason from ${WITH_PERMIT}
      where i.state in ('pending', 'unknown') limit ${COUNTED_MAX}) w
    where reason is not null and reason <> '' group by 1, 2 order by 1, 3 desc, 2`.execute(db)
  return rows.flatMap(({ connectionId, reason, n }) =>
    reason !== null && isNotSent(reason) ? [{ connectionId, reason, n }] : [],
  )
}
