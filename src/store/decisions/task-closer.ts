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

type TaskOf = { readonly id: number; readonly crm: Crm | null }
type ClosingRow = { id: number; actor: ChangeActor; complete: boolean; userId: string | null; name: string | null }

/** Left out: tasks of which the CRM did not say, or not by an id that our table of users has. */
export async function taskClosers(db: Kysely<Tables>, tasks: readonly TaskOf[]): Promise<Map<number, TaskCloser>> {
  const closers = new Map<number, TaskCloser>()
  for (const [crm, some] of Map.groupBy(tasks, (task) => task.crm)) {
    if (crm === null || !isKnownCrm(crm)) continue
    for (const { id, actor, complete, userId, name } of await closingsOf(db, crm, some)) {
      if (userId !== null && !actor.ours) closers.set(id, { userId, name, isLastChange: complete })
    }
  }
  return closers
}

async function closingsOf(db: Kysely<Tables>, crm: Crm, tasks: readonly TaskOf[]): Promise<ClosingRow[]> {
  const { actorsAreUsers, taskObject, taskClosed } = crmProfile(crm)
  const { rows } = await sql<ClosingRow>`
    select t.id, e.actor, e.complete, u.name,
      -- one whom no list has held is told by what the CRM says, where that is the id of a user
      coalesce(u.user_id, case when ${actorsAreUsers === true} then e.actor->>'id' end) as "userId"
    from task t
    cross join lateral (
      select e.actor, e.complete from change_event e
      where e.connection_id = t.connection_id and e.object_type = ${taskObject} and e.record_id = t.crm_task_id
        and e.occurred_at_ms = coalesce(t.closing_seen_at_ms, t.closing_at_ms)
        and (e.kind = 'deleted' or e.fields->>${taskClosed.field} = any(${[...taskClosed.values]}::text[]))
      -- an event is about this one change, a reading about the last of several
      order by e.complete, e.id limit 1) e
    left join crm_user u on u.connection_id = t.connection_id and u.kind = 'person'
      and case when ${actorsAreUsers === true} then u.user_id else u.login_id end = e.actor->>'id'
    where t.id = any(${tasks.map(({ id }) => id)}::bigint[])`.execute(db)
  return rows
}
