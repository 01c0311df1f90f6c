import { type Kysely, sql } from 'kysely'
import type { Lane } from '../../model/authority/acts.ts'
import type { ReviewCircle } from '../../model/classes/class.ts'
import type { Tables } from '../database/tables.ts'
import type { PersonId } from '../people/persons.ts'
import { requestTaskWrites } from '../writes/request-task-writes.ts'

/** What a task that hangs on no record is about. */
export type JobTaskAbout = 'offer' | 'confirm' | 'vacancy'

export type JobTask = {
  readonly about: JobTaskAbout
  /** Names what the task is for, and never anything else again. One open task has it, in all CRMs together. */
  readonly cause: string
  readonly personId: PersonId
  readonly workflow: string
  readonly lane: Lane
  readonly circle: ReviewCircle | null
  readonly jobId: number | null
  readonly subject: string
  readonly body: string
  /** What completing it means, with a link. */
  readonly lastLine: string
  readonly dueAtMs: number
}

/** Where a person is an active user and tasks may be written. */
export type TaskPlace = { readonly connectionId: string; readonly userId: string }

/** An identity of a CRM and the user it is now, of a connection that is there and may be written to. */
const WRITABLE_USERS = sql`
  identity i
  join connection c on i.issuer = c.identity_issuer and c.status <> 'disconnected' and c.writes_since is not null
  join crm_user u on u.connection_id = c.id and u.user_id = i.subject and u.kind = 'person' and u.active
    and u.frozen is not true and u.gone_at is null
  where i.kind = 'crm' and i.state = 'confirmed'`

/**
 * The CRMs in which each of these people can get tasks, the best first: where most open tasks of theirs are, as there they
 * look; else the first that was connected. Left out: who is no active user of any.
 */
export async function taskPlaces(
  db: Kysely<Tables>,
  personIds: readonly PersonId[],
): Promise<ReadonlyMap<PersonId, readonly TaskPlace[]>> {
  if (personIds.length === 0) return new Map()
  const { rows } = await sql<{ person_id: string; connection_id: string; user_id: string }>`
    select i.person_id, c.id as connection_id, u.user_id
    from ${WRITABLE_USERS} and i.person_id = any(${[...personIds]}::text[])
    order by i.person_id, (select count(*) from task t where t.connection_id = c.id and t.status = 'open'
      and t.owner_email = u.email) desc, c.created_at, c.id`.execute(db)
  const places = new Map<PersonId, TaskPlace[]>()
  for (const { person_id: id, connection_id: connectionId, user_id: userId } of rows) {
    places.set(id, [...(places.get(id) ?? []), { connectionId, userId }])
  }
  return places
}

/**
 * The open task of this cause, made where there is none, and written when what it says has changed. Null: the person was
 * told twice and completed it twice; it stays closed.
 */
export async function ensureJobTask(
  trx: Kysely<Tables>,
  connectionId: string,
  task: JobTask,
): Promise<{ readonly taskId: number; readonly isNew: boolean } | null> {
  const left = await sql`
    select 1 from task t join job_task j on j.task_id = t.id
    where t.workflow = '' and t.cause = ${task.cause} and j.left_closed_at is not null limit 1`.execute(trx)
  if (left.rows.length > 0) return null
  const { rows } = await sql<{ id: number; is_new: boolean; connection_id: string }>`
    insert into task as t (connection_id, workflow, cause, key, owner_email, due_at)
    values (${connectionId}, '', ${task.cause}, 'lk-' || replace(gen_random_uuid()::text, '-', ''), '',
      ${new Date(task.dueAtMs)})
    on conflict (cause) where status = 'open' and workflow = '' do update set due_at = t.due_at
    returning t.id, t.connection_id, xmax = 0 as is_new`.execute(trx)
  const { id: taskId, is_new: isNew, connection_id: at } = rows[0]!
  const changed = await sql`
    insert into job_task as j (task_id, about, person_id, for_workflow, lane, circle, job_id, subject, body, last_line)
    values (${taskId}, ${task.about}, ${task.personId}, ${task.workflow}, ${task.lane}, ${task.circle}, ${task.jobId},
      ${task.subject}, ${task.body}, ${task.lastLine})
    on conflict (task_id) do update set person_id = excluded.person_id, subject = excluded.subject, body = excluded.body,
      last_line = excluded.last_line
    where (j.person_id, j.subject, j.body, j.last_line)
      is distinct from (excluded.person_id, excluded.subject, excluded.body, excluded.last_line)
    returning 1`.execute(trx)
  if (changed.rows.length > 0) await requestTaskWrites(trx, at, [{ taskId, workflow: '', policyHash: '' }])
  return { taskId, isNew }
}

export type OpenJobTask = {
  readonly taskId: number
  readonly connectionId: string
  readonly about: JobTaskAbout
  readonly cause: string
  readonly jobId: number | null
  readonly personId: PersonId
}

/** Every task of these kinds that is open. There are as many as open offers and vacancies. */
export async function openJobTasks(db: Kysely<Tables>): Promise<OpenJobTask[]> {
  const { rows } = await sql<OpenJobTask>`
    select t.id as "taskId", t.connection_id as "connectionId", j.about, t.cause, j.job_id as "jobId",
      j.person_id as "personId"
    from task t join job_task j on j.task_id = t.id where t.workflow = '' and t.status = 'open' order by t.id`.execute(
    db,
  )
  return rows
}

/** What these tasks are about is over: they are closed in the CRM too, with the reason on top. */
export async function closeJobTasks(
  trx: Kysely<Tables>,
  tasks: readonly { readonly taskId: number; readonly connectionId: string; readonly closing: string }[],
): Promise<void> {
  if (tasks.length === 0) return
  await sql`
    update job_task j set closing = x.why
    from unnest(${tasks.map((t) => t.taskId)}::bigint[], ${tasks.map((t) => t.closing)}::text[]) as x(id, why)
    where j.task_id = x.id`.execute(trx)
  await sql`
    update task set status = 'done', closed_at = clock_timestamp(), closed_by = 'lanekeeper'
    where id = any(${tasks.map((t) => t.taskId)}::bigint[]) and status = 'open'`.execute(trx)
  for (const [connectionId, some] of Map.groupBy(tasks, (task) => task.connectionId)) {
    await requestTaskWrites(
      trx,
      connectionId,
      some.map(({ taskId }) => ({ taskId, workflow: '', policyHash: '' })),
    )
  }
}
