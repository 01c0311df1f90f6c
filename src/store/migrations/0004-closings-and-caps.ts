import { type Kysely, sql } from 'kysely'

/**
 * Tasks know which closing in the CRM was looked into, pilots can count their writes of the day, and the cases of a
 * person are found when that person leaves.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db)
}

/** When the CRM says that a person closed or deleted the task of this record; null: it is open. */
const closedAt = (r: string) => `greatest(
    case when ${r}.values->>'hs_task_status' = 'COMPLETED' then coalesce((${r}.stamps->'hs_task_status'->>'atMs')::bigint, 1) end,
    case when ${r}.values->>'IsClosed' = 'true' then coalesce((${r}.stamps->'IsClosed'->>'atMs')::bigint, 1) end,
    case when ${r}.deleted then coalesce((${r}.stamps->'@deleted'->>'atMs')::bigint, 1) end)`

const STATEMENTS = [
  'alter table task add column closing_at_ms bigint',
  // The closing that was looked into last. Until the CRM has shown a newer one, there is nothing to look into.
  'alter table task add column closing_seen_at_ms bigint',
  `create index task_to_check on task (connection_id)
     where status = 'open' and checking_since is null and closing_at_ms > coalesce(closing_seen_at_ms, 0)`,
  `update task t set closing_at_ms = ${closedAt('r')} from record r
     where t.status = 'open' and r.connection_id = t.connection_id and r.object_type in ('tasks', 'Task')
       and r.record_id = t.crm_task_id`,
  // Set with the record, so that verify need not hold every open task against its record to find the few closed ones.
  `create function note_closed_task() returns trigger language plpgsql as $$
   begin
     update task set closing_at_ms = ${closedAt('new')}
       where connection_id = new.connection_id and crm_task_id = new.record_id and status = 'open'
         and closing_at_ms is distinct from ${closedAt('new')};
     return null;
   end $$`,
  `create trigger record_closes_task after insert or update of values, stamps, deleted on record
     for each row when (new.object_type in ('tasks', 'Task')) execute function note_closed_task()`,

  `create index exception_owner_open on exception (connection_id, owner_email) where status = 'open'`,
  // The last resolution of a task's cases, for the words that close it.
  `create index exception_task_resolved on exception (task_id, resolved_at desc) where status = 'resolved'`,
  `create index intent_owner_day on intent (workflow, created_at) where kind = 'owner'`,

  // A file that cannot be read may not even say which workflow it is: then this does.
  'alter table workflow add column file text',
]
