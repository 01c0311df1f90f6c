import { type Kysely, sql } from 'kysely'
import { objectsAbout } from '../../model/record/object-shape.ts'
import type { OpenTasks, OwnedCount, QueueOf, TerritoryOf, UserField } from '../../model/surface/departure-list.ts'
import type { Tables } from '../database/tables.ts'
import type { DirtyRecord } from '../records/dirty-records.ts'
import { COLUMNS, FROM, toRecord } from '../records/read-records.ts'

type UserRef = { readonly connectionId: string; readonly userId: string }

const ofUsers = (users: readonly UserRef[]) => sql`unnest(${users.map(({ connectionId }) => connectionId)}::text[],
  ${users.map(({ userId }) => userId)}::text[]) as u(connection_id, user_id)`

/** Live records of these users, tasks aside, by connection and object. */
export async function countOwned(db: Kysely<Tables>, users: readonly UserRef[]): Promise<OwnedCount[]> {
  if (users.length === 0) return []
  const { rows } = await sql<OwnedCount>`
    select r.connection_id as "connectionId", r.object_type as "objectType", count(*)::int as records
    from ${ofUsers(users)} join record r on r.connection_id = u.connection_id and r.owner_id = u.user_id
    where not r.deleted and r.merged_into is null and r.object_type <> all(${objectsAbout('task')}::text[])
    group by 1, 2 order by 1, 2`.execute(db)
  return rows
}

export type OwnedRecord = Pick<DirtyRecord, 'record' | 'keys' | 'accountId'>

/** The next live records of one user in one object, after the id of the last one that was read. */
export async function readOwned(
  db: Kysely<Tables>,
  { connectionId, userId }: UserRef,
  objectType: string,
  { after, limit }: { readonly after: string; readonly limit: number },
): Promise<OwnedRecord[]> {
  const { rows } = await sql<Parameters<typeof toRecord>[0] & { keys: string[]; account_id: string | null }>`
    select ${COLUMNS}, r.keys, r.account_id from ${FROM}
    where r.connection_id = ${connectionId} and r.owner_id = ${userId} and r.object_type = ${objectType}
      and r.record_id > ${after} and not r.deleted and r.merged_into is null
    order by r.record_id limit ${limit}`.execute(db)
  return rows.map((row) => ({ record: toRecord(row), keys: row.keys, accountId: row.account_id }))
}

/** Our open tasks and cases of this person. */
export async function openTasksOf(db: Kysely<Tables>, emails: readonly string[]): Promise<OpenTasks[]> {
  const { rows } = await sql<OpenTasks>`
    select connection_id as "connectionId", workflow, sum(tasks)::int as tasks, sum(cases)::int as cases from (
      select connection_id, workflow, count(*) as tasks, 0 as cases from task
      where status = 'open' and owner_email = any(${emails}::text[]) group by 1, 2
      union all
      select connection_id, workflow, 0, count(*) from exception
      where status = 'open' and owner_email = any(${emails}::text[]) group by 1, 2
    ) of_person group by 1, 2 order by 1, 2`.execute(db)
  return rows
}

/** How many open tasks of ours each of these e-mails has; none of those that have none. */
export async function countOpenTasks(db: Kysely<Tables>, emails: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await sql<{ email: string; tasks: number }>`
    select owner_email as email, count(*)::int as tasks from task
    where status = 'open' and owner_email = any(${emails}::text[]) group by 1`.execute(db)
  return new Map(rows.map(({ email, tasks }) => [email, tasks]))
}

/** Queues that they work, and how many others do; and the connections that do not say who works theirs. */
export async function queuesOf(
  db: Kysely<Tables>,
  users: readonly UserRef[],
): Promise<{ readonly queues: QueueOf[]; readonly silent: string[] }> {
  if (users.length === 0) return { queues: [], silent: [] }
  const { rows } = await sql<QueueOf & { isSilent: boolean }>`
    select distinct q.connection_id as "connectionId", q.name, q.members is null as "isSilent",
      coalesce((select count(*)::int from crm_user p where p.connection_id = q.connection_id
        and p.user_id = any(q.members) and p.user_id <> u.user_id and p.active), 0) as others
    from ${ofUsers(users)} join crm_user q on q.connection_id = u.connection_id
    where q.kind = 'queue' and q.active and q.gone_at is null and (q.members is null or u.user_id = any(q.members))
    order by 1, 2`.execute(db)
  const silent = rows.filter(({ isSilent }) => isSilent).map(({ connectionId }) => connectionId)
  return {
    queues: rows.flatMap(({ isSilent, ...queue }) => (isSilent ? [] : [queue])),
    silent: [...new Set(silent)],
  }
}

/** Territories of the CRM that they work, and how many others who are active do. */
export async function territoriesOf(db: Kysely<Tables>, users: readonly UserRef[]): Promise<TerritoryOf[]> {
  if (users.length === 0) return []
  const { rows } = await sql<TerritoryOf>`
    select distinct c.connection_id as "connectionId", t.name,
      (select count(*)::int from crm_user p where p.connection_id = c.connection_id and p.user_id <> c.user_id
        and p.active and t.name = any(p.territories)) as others
    from ${ofUsers(users)} join crm_user c on c.connection_id = u.connection_id and c.user_id = u.user_id
    cross join unnest(c.territories) as t(name) order by 1, 2`.execute(db)
  return rows
}

/**
 * Fields besides the owner that hold one of these users, of those that we read. Which fields refer to a record of any kind
 * is in the CRM's schema; the fields of our own look-ups are left out, because they never hold a user.
 */
export async function userFieldsOf(
  db: Kysely<Tables>,
  users: readonly UserRef[],
  besides: (connectionId: string, objectType: string) => readonly string[],
): Promise<UserField[]> {
  if (users.length === 0) return []
  const ids = [...new Set(users.map(({ connectionId }) => connectionId))]
  const { rows: fields } = await sql<{ connectionId: string; objectType: string; field: string; label: string }>`
    select s.connection_id as "connectionId", s.object_type as "objectType", f ->> 'name' as field,
      coalesce(f ->> 'label', f ->> 'name') as label
    from object_schema s cross join jsonb_array_elements(s.fields) f
    where s.connection_id = any(${ids}::text[]) and f ->> 'type' = 'reference'
      and f ->> 'name' = any(s.asked) order by 1, 2, 3`.execute(db)
  const wanted = fields.filter((one) => !besides(one.connectionId, one.objectType).includes(one.field))
  const found: UserField[] = []
  // One pass over the records of an object for all of its fields.
  for (const [, same] of Map.groupBy(wanted, ({ connectionId, objectType }) => `${connectionId}/${objectType}`)) {
    const { connectionId, objectType } = same[0]!
    const theirs = users.filter((user) => user.connectionId === connectionId).map(({ userId }) => userId)
    const { rows } = await sql<{ field: string; records: number }>`
      select f.field, count(*)::int as records
      from record r cross join unnest(${same.map(({ field }) => field)}::text[]) as f(field)
      where r.connection_id = ${connectionId} and r.object_type = ${objectType} and not r.deleted
        and r.merged_into is null and r.values ->> f.field = any(${theirs}::text[])
      group by 1`.execute(db)
    for (const { field, records } of rows) {
      found.push({ connectionId, objectType, field, label: same.find((one) => one.field === field)!.label, records })
    }
  }
  return found
}
