import { type Kysely, sql } from 'kysely'
import type { ChangeActor, Crm } from '../../model/record/change-event.ts'
import { crmProfile, isKnownCrm } from '../../model/record/crm-profile.ts'
import type { Tables } from '../database/tables.ts'

/** Who closed a task in the CRM, as far as the CRM says. */
export type TaskCloser = {
  readonly userId: string
  /** Null: no list of users has held this id. */
  readonly name: string | null
  /** The CRM names only who changed the task last when we read it first as closed. */
  readonly isLastChange: boolean
}

type ClosingRow = { actor: ChangeActor; complete: boolean; name: string | null }

/** Null: the CRM did not say, or not by an id that our table of users has. */
export async function taskCloser(
  db: Kysely<Tables>,
  { id, crm }: { readonly id: number; readonly crm: Crm | null },
): Promise<TaskCloser | null> {
  if (crm === null || !isKnownCrm(crm)) return null
  const { actorsAreUsers, taskObject, taskClosed } = crmProfile(crm)
  if (actorsAreUsers !== true) return null
  const { rows } = await sql<ClosingRow>`
    select e.actor, e.complete, u.name
    from task t join change_event e on e.connection_id = t.connection_id and e.object_type = ${taskObject}
      and e.record_id = t.crm_task_id and e.occurred_at_ms = coalesce(t.closing_seen_at_ms, t.closing_at_ms)
    left join crm_user u on u.connection_id = e.connection_id and u.user_id = e.actor->>'id' and u.kind = 'person'
    where t.id = ${id}
      and (e.kind = 'deleted' or e.fields->>${taskClosed.field} = any(${[...taskClosed.values]}::text[]))
    -- an event is about this one change, a reading about the last of several
    order by e.complete, e.id limit 1`.execute(db)
  const [row] = rows
  if (row === undefined || row.actor.id === null || row.actor.ours) return null
  return { userId: row.actor.id, name: row.name, isLastChange: row.complete }
}
