/** Which connections decisions compare with, and how far each workflow runs in each connection. */
export const STATEMENTS: readonly string[] = [
  // Until now all waited for all, so one that was decided was among the others.
  `alter table connection
     -- since when its records are decided, and are compared with those of other connections; null: not yet, or it was ended
     add column joined_at timestamptz`,
  `update connection set joined_at = decided_at
     where status <> 'disconnected' and (baseline->>'done')::boolean and follow_up is null`,
  `alter table connection drop column decided_at`,

  // Connections that joined, and how far the records of others that match theirs have been marked for a decision.
  `create table join_queue (
    connection_id text primary key,
    object_type text not null default '',
    record_id text not null default ''
  )`,

  `create table workflow_connection (
    connection_id text not null,
    workflow text not null,
    -- how far the people of this connection let it run there; null: not asked yet, as everywhere
    effective_mode text,
    -- when it first decided there; null: it has not
    began_at timestamptz,
    -- connections whose import it waits for before it begins
    waits_for text[] not null default '{}',
    primary key (connection_id, workflow)
  )`,
  `insert into workflow_connection (connection_id, workflow, effective_mode, began_at)
     select c.id, w.workflow, w.effective_mode, c.joined_at
     from connection c cross join workflow w where w.hash is not null`,

  // Exclusively. Null: of all. What changes several permits in one transaction takes them here before the first row, those of
  // one workflow after another and within it by connection. Names are compared by their bytes, because a language's own order
  // is not the one in which our code sorts them.
  `create function lock_permits(of_connections text[], of_workflows text[]) returns void language plpgsql as $$
   begin
     perform pg_advisory_xact_lock(permit_lock(x.id, x.workflow)) from (
       select c.id, w.workflow from connection c cross join workflow w
       where (of_connections is null or c.id = any(of_connections))
         and (of_workflows is null or w.workflow = any(of_workflows))
       order by w.workflow collate "C", c.id collate "C") x;
   end $$`,

  // As in 0002, with the mode that is reached in this connection. A workflow whose file has errors keeps running with its
  // last good version, so that alone no longer stops its writes.
  `create or replace function refresh_permits(of_connection text, of_workflow text) returns void language plpgsql as $$
   begin
     perform lock_permits(case when of_connection is not null then array[of_connection] end,
       case when of_workflow is not null then array[of_workflow] end);
     insert into permit as p (connection_id, workflow, kinds, why)
     select x.id, x.workflow, x.kinds, x.why from (
       select c.id, w.workflow, c.status,
         case
           when c.writes_since is null or c.status = 'disconnected' then '{}'::text[]
           when w.mode not in ('pilot', 'live') then '{job,setup}'
           when w.hash is not null and w.effective_mode in ('pilot', 'live')
               and coalesce(wc.effective_mode, w.effective_mode) in ('pilot', 'live')
             then '{task,job,action,decision,flag,undo,setup}'
           else '{task,job,decision,flag,undo,setup}'
         end as kinds,
         case
           when c.status = 'disconnected' then 'ended'
           when c.writes_since is null then 'writing-off'
           when w.mode not in ('pilot', 'live') then w.mode
           when w.hash is null and w.load_error is not null then 'policy-broken'
           when w.hash is null then 'retired'
           when w.effective_mode not in ('pilot', 'live')
               or coalesce(wc.effective_mode, w.effective_mode) not in ('pilot', 'live') then 'not-ready'
           else ''
         end as why
       from connection c cross join workflow w
       left join workflow_connection wc on wc.connection_id = c.id and wc.workflow = w.workflow
       where (of_connection is null or c.id = of_connection) and (of_workflow is null or w.workflow = of_workflow)
     ) x
     where x.status <> 'disconnected'
       or exists (select 1 from permit o where o.connection_id = x.id and o.workflow = x.workflow)
     order by x.workflow collate "C", x.id collate "C"
     on conflict (connection_id, workflow) do update
       set kinds = excluded.kinds, why = excluded.why, changed_at = clock_timestamp()
       where p.kinds <> excluded.kinds or p.why <> excluded.why;
   end $$`,
  `select refresh_permits(null, null)`,
  `create function workflow_connection_changes_permits() returns trigger language plpgsql as $$
   begin
     perform refresh_permits(new.connection_id, new.workflow);
     return null;
   end $$`,
  `create trigger workflow_connection_permits after insert or update of effective_mode on workflow_connection
     for each row execute function workflow_connection_changes_permits()`,
]
