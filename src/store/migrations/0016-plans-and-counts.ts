/**
 * A foreign key and a function keep their plan for as long as their connection lives, made from what the planner knew of
 * the tables at that moment. One made while `task` was empty reads all of it for each new intent ever after. So growing
 * tables are referred to by a check per statement, and functions that read them plan each time.
 */
const PLANS: readonly string[] = [
  `alter table intent drop constraint intent_task_id_fkey`,
  `create function intent_has_task() returns trigger language plpgsql set plan_cache_mode = force_custom_plan as $$
   declare
     missing bigint;
   begin
     select a.task_id into missing from added a
       where a.task_id is not null and not exists (select 1 from task t where t.id = a.task_id) limit 1;
     if missing is not null then
       raise exception 'There is no task % to write', missing using errcode = 'foreign_key_violation';
     end if;
     return null;
   end $$`,
  `create trigger intent_is_of_a_task after insert on intent referencing new table as added
     for each statement execute function intent_has_task()`,
  `alter function note_closed_task() set plan_cache_mode = force_custom_plan`,
  `alter function gate_writes(text, bigint[], integer[], integer, integer) set plan_cache_mode = force_custom_plan`,
  `alter function gate_within_the_hour(text, bigint[], integer[], integer, integer, integer)
     set plan_cache_mode = force_custom_plan`,
  `alter function backlog_room(text, integer, bigint[], boolean) set plan_cache_mode = force_custom_plan`,
]

/**
 * Open tasks of each person, kept by the statements that open, close or hand on tasks. They add what changed as rows of its
 * own, so that two decisions about the same reviewer do not wait for each other; `src/store/decisions/open-tasks.ts` adds up.
 */
const COUNTS: readonly string[] = [
  `create table open_task_count (
    owner_email text primary key,
    n bigint not null
  )`,
  `create table open_task_change (
    owner_email text not null,
    n bigint not null
  )`,
  `create function count_new_tasks() returns trigger language plpgsql as $$
   begin
     insert into open_task_change (owner_email, n)
     select owner_email, count(*) from added where status = 'open' group by owner_email;
     return null;
   end $$`,
  `create function count_gone_tasks() returns trigger language plpgsql as $$
   begin
     insert into open_task_change (owner_email, n)
     select owner_email, -count(*) from gone where status = 'open' group by owner_email;
     return null;
   end $$`,
  `create function count_changed_tasks() returns trigger language plpgsql as $$
   begin
     insert into open_task_change (owner_email, n)
     select owner_email, sum(n) from (
       select owner_email, -1 as n from before where status = 'open'
       union all select owner_email, 1 from after where status = 'open') x
     group by owner_email having sum(n) <> 0;
     return null;
   end $$`,
  `create trigger task_is_counted after insert on task referencing new table as added
     for each statement execute function count_new_tasks()`,
  `create trigger task_is_counted_off after delete on task referencing old table as gone
     for each statement execute function count_gone_tasks()`,
  `create trigger task_is_counted_on after update on task referencing old table as before new table as after
     for each statement execute function count_changed_tasks()`,
  `insert into open_task_count (owner_email, n)
   select owner_email, count(*) from task where status = 'open' group by owner_email`,
]

/**
 * Records that a change of one owner, account, key or person asks a decision for, and how far their marking got: they may be
 * hundreds of thousands. Each index ends with the record's id, so that every batch of marks costs the same.
 */
const MARKS: readonly string[] = [
  `create table mark_queue (
    connection_id text not null,
    marked_by text not null check (marked_by in ('owner', 'account', 'key', 'case-owner')),
    -- the owner's id, the account's id, the key, or the person's e-mail
    value text not null,
    object_type text not null,
    -- the last record that was marked, '' before the first
    after_id text not null default '',
    primary key (connection_id, marked_by, value, object_type)
  )`,
  `drop index record_owner`,
  `create index record_owner on record (connection_id, owner_id, object_type, record_id)`,
  `drop index record_account`,
  `create index record_account on record (connection_id, object_type, account_id, record_id) where account_id is not null`,
  `drop index exception_owner_open`,
  `create index exception_owner_open on exception (connection_id, owner_email, object_type, record_id)
     where status = 'open'`,
]

/** A closed task may have any number of cases, whose records are asked for in batches. */
const CHECKS: readonly string[] = [
  `alter table task
     -- while it is checked: up to which case records have been asked for; null: all of them
     add column checking_after bigint`,
  `create index task_to_ask_for on task (connection_id, id) where checking_after is not null`,
  `drop index exception_task`,
  `create index exception_task on exception (task_id, id) where status = 'open'`,
]

/** Its open cases are closed in batches after the commit that ends it, each in the name of the person who did. */
const ENDS: readonly string[] = [`alter table connection add column ended_by text`]

export const STATEMENTS: readonly string[] = [...PLANS, ...COUNTS, ...MARKS, ...CHECKS, ...ENDS]
