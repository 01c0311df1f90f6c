/** Where tasks hang in the CRM, and tasks that are gone from it and may come back. */
export const STATEMENTS: readonly string[] = [
  `alter table task
     -- the record on which we last hung it in the CRM. Merges and conversions move a task there, so this is not necessarily
     -- where it hangs now; null: it was made without a record, or is not in the CRM
     add column hung_object_type text,
     add column hung_record_id text,
     -- closed here because it is gone from the CRM: one that comes back there is closed
     add column gone_from_crm boolean not null default false,
     -- since when the CRM shows it open again
     add column restored_at timestamptz`,
  `update task set hung_object_type = object_type, hung_record_id = record_id where crm_task_id is not null`,
  `create index task_restored on task (connection_id) where restored_at is not null`,
  `create or replace function note_closed_task() returns trigger language plpgsql as $$
   begin
     update task set closing_at_ms = nullif(new.task_closed_at_ms, 0)
       where connection_id = new.connection_id and crm_task_id = new.record_id and status = 'open'
         and closing_at_ms is distinct from nullif(new.task_closed_at_ms, 0);
     if new.task_closed_at_ms = 0 then
       update task set restored_at = clock_timestamp()
         where connection_id = new.connection_id and crm_task_id = new.record_id and status = 'done'
           and gone_from_crm and restored_at is null;
     end if;
     return null;
   end $$`,
]
