/** What may be written now, and what became of every write: the one gate before bytes leave, and its log. */
export const STATEMENTS: readonly string[] = [
  // What each workflow may have written to each connection now. Only `refresh_permits` writes it.
  `create table permit (
    connection_id text not null,
    workflow text not null,
    -- of: task, job, action, decision, flag, undo, setup
    kinds text[] not null,
    -- why the other kinds are not sent; empty where none is missing
    why text not null default '',
    changed_at timestamptz not null default clock_timestamp(),
    primary key (connection_id, workflow)
  )`,
  `create function permit_lock(of_connection text, of_workflow text) returns bigint language sql immutable as $$
     select hashtextextended('permit/' || of_connection || '/' || of_workflow, 0) $$`,

  // Takes the permits exclusively first, in the order of the gate: whoever holds one in share was granted before this.
  `create function refresh_permits(of_connection text, of_workflow text) returns void language plpgsql as $$
   begin
     perform pg_advisory_xact_lock(permit_lock(x.id, x.workflow)) from (
       select c.id, w.workflow from connection c cross join workflow w
       where (of_connection is null or c.id = of_connection) and (of_workflow is null or w.workflow = of_workflow)
       order by c.id, w.workflow) x;
     insert into permit as p (connection_id, workflow, kinds, why)
     select x.id, x.workflow, x.kinds, x.why from (
       select c.id, w.workflow, c.status,
         case
           when c.writes_since is null or c.status = 'disconnected' then '{}'::text[]
           when w.mode not in ('pilot', 'live') then '{job,setup}'
           when w.hash is not null and w.load_error is null and w.effective_mode in ('pilot', 'live')
             then '{task,job,action,decision,flag,undo,setup}'
           else '{task,job,decision,flag,undo,setup}'
         end as kinds,
         case
           when c.status = 'disconnected' then 'ended'
           when c.writes_since is null then 'writing-off'
           when w.mode not in ('pilot', 'live') then w.mode
           when w.load_error is not null then 'policy-broken'
           when w.hash is null then 'retired'
           when w.effective_mode not in ('pilot', 'live') then 'not-ready'
           else ''
         end as why
       from connection c cross join workflow w
       where (of_connection is null or c.id = of_connection) and (of_workflow is null or w.workflow = of_workflow)
     ) x
     where x.status <> 'disconnected'
       or exists (select 1 from permit o where o.connection_id = x.id and o.workflow = x.workflow)
     on conflict (connection_id, workflow) do update
       set kinds = excluded.kinds, why = excluded.why, changed_at = clock_timestamp()
       where p.kinds <> excluded.kinds or p.why <> excluded.why;
   end $$`,

  // By triggers, so that no way of changing one of these can forget the permit.
  `create function connection_changes_permits() returns trigger language plpgsql as $$
   begin
     perform refresh_permits(new.id, null);
     return null;
   end $$`,
  `create trigger connection_permits after insert or update of writes_since, status on connection
     for each row execute function connection_changes_permits()`,
  `create function workflow_changes_permits() returns trigger language plpgsql as $$
   begin
     perform refresh_permits(null, new.workflow);
     return null;
   end $$`,
  `create trigger workflow_permits after insert or update of hash, mode, effective_mode, load_error on workflow
     for each row execute function workflow_changes_permits()`,
  `select refresh_permits(null, null)`,

  // The write log: a row for each item of each request that was allowed to leave, and a row for each thing that we
  // learned about it. Rows are only inserted; an erasure takes the values out of them.
  `create sequence write_call`,
  `create table write_attempt (
    id bigint generated always as identity primary key,
    connection_id text not null,
    -- items of one request have one number
    call bigint not null,
    intent_id bigint not null,
    lease_epoch integer not null,
    workflow text not null,
    kind text not null,
    object_type text,
    record_id text,
    task_id bigint,
    field text,
    -- what our own re-read saw, a moment before
    before text,
    value text,
    granted_at timestamptz not null default clock_timestamp()
  )`,
  `create index write_attempt_intent on write_attempt (intent_id, id)`,
  `create index write_attempt_record on write_attempt (connection_id, object_type, record_id, id)
     where record_id is not null`,
  `create index write_attempt_task on write_attempt (task_id) where task_id is not null`,
  `create table write_answer (
    id bigint generated always as identity primary key,
    connection_id text not null,
    attempt_id bigint not null,
    outcome text not null check (outcome in ('done', 'refused', 'gone', 'unknown', 'not-written')),
    why text,
    -- of the HTTP answer; null where none came
    status integer,
    request_id text,
    crm_id text,
    -- the value as the CRM itself answered it, where it did
    after text,
    -- after somebody else had taken the write over
    late boolean not null default false,
    at timestamptz not null default clock_timestamp()
  )`,
  `create index write_answer_attempt on write_answer (attempt_id)`,
  `create function keep_write_log() returns trigger language plpgsql as $$
   declare
     erasable constant text[] := '{record_id,before,value,why,after}';
     name text;
   begin
     if to_jsonb(new) - erasable <> to_jsonb(old) - erasable then
       raise exception 'The write log is only added to';
     end if;
     foreach name in array erasable loop
       if to_jsonb(new) ->> name is not null and to_jsonb(new) ->> name is distinct from to_jsonb(old) ->> name then
         raise exception 'The write log is only added to';
       end if;
     end loop;
     return new;
   end $$`,
  `create trigger write_attempt_is_kept before update on write_attempt
     for each row execute function keep_write_log()`,
  `create trigger write_answer_is_kept before update on write_answer
     for each row execute function keep_write_log()`,

  `alter table intent
     -- when the gate last let it leave
     add column granted_at timestamptz,
     -- why it was not sent the last time, and when that was; null: nothing kept it
     add column not_sent text,
     add column not_sent_at timestamptz`,

  // One call from the connection's allowance, or false. The caller asks why and how long in a statement of its own.
  `create function take_call(of_connection text, is_search boolean, part numeric, look_again_ms integer)
   returns boolean language plpgsql as $$
   begin
     update call_budget b set
       calls_total = calls_total + 1,
       day_used = day_used + 1,
       window_started_at = case when clock_timestamp() >= window_started_at + window_ms * interval '1 millisecond'
         then clock_timestamp() else window_started_at end,
       window_used = case when clock_timestamp() >= window_started_at + window_ms * interval '1 millisecond'
         then 1 else window_used + 1 end,
       search_window_started_at = case
         when is_search and clock_timestamp() >= search_window_started_at + interval '1 second'
         then clock_timestamp() else search_window_started_at end,
       search_used = case when not is_search then search_used
         when clock_timestamp() >= search_window_started_at + interval '1 second' then 1 else search_used + 1 end
     where b.connection_id = of_connection
       and (paused_until is null or paused_until <= clock_timestamp())
       and (window_used < window_limit or clock_timestamp() >= window_started_at + window_ms * interval '1 millisecond')
       and (not is_search or search_used < search_limit_per_second
            or clock_timestamp() >= search_window_started_at + interval '1 second')
       and day_ends_at > clock_timestamp()
       and (limit_today is null
            or (b.day_used + b.day_used_before
                * least(1, greatest(0, extract(epoch from b.day_ends_at - clock_timestamp()) / 86400))) + 1
               <= greatest(1, greatest(1, floor(b.day_share::numeric * b.limit_today)) * part)
            or window_started_at < clock_timestamp() - look_again_ms * interval '1 millisecond');
     return found;
   end $$`,

  // The gate. Which of these intents may be in the body of one request that leaves now: an attempt each, or why not.
  // In one call and one commit; each statement sees what was committed before it. Locks in the order permit, intents,
  // budget. A row without an intent: all could leave, and no call is left.
  `create function gate_writes(of_connection text, ids bigint[], epochs integer[], answered_within_ms integer,
     look_again_ms integer)
   returns table (intent_id bigint, attempt_id bigint, refused text) language plpgsql as $$
   declare
     allowed bigint[] := '{}';
     this_call bigint;
   begin
     perform pg_advisory_xact_lock_shared(permit_lock(of_connection, x.workflow)) from (
       select distinct i.workflow from intent i where i.id = any(ids) and i.connection_id = of_connection
       order by 1) x;
     for intent_id, refused in
       with held as materialized (
         select i.* from intent i join unnest(ids, epochs) as w(id, epoch) on w.id = i.id
         where i.connection_id = of_connection and i.state = 'sending' and i.lease_epoch = w.epoch
           and i.lease_until > clock_timestamp() + answered_within_ms * interval '1 millisecond'
         order by i.id for update of i skip locked
       )
       select w.id, case
         when h.id is null then 'overtaken'
         when p.workflow is null then 'no-permit'
         when not (case h.kind when 'owner' then 'action' else h.kind end = any(p.kinds)) then p.why
         when h.kind = 'owner' and f.hash is distinct from h.policy_hash then 'policy-changed'
         when h.kind = 'owner' and h.created_at < c.writes_since then 'before-writing'
         when h.kind = 'owner' and (r.record_id is null or r.deleted or r.merged_into is not null
           or r.dirty_since is not null or r.needs_read is not null) then 'record-changed'
         when h.kind = 'owner' and exists (
           select 1 from change_event e where e.connection_id = h.connection_id and e.object_type = h.object_type
             and e.record_id = h.record_id and e.state = 'received') then 'record-changed'
         end
       from unnest(ids) as w(id)
       left join held h on h.id = w.id
       left join permit p on p.connection_id = h.connection_id and p.workflow = h.workflow
       left join workflow f on f.workflow = h.workflow
       left join connection c on c.id = h.connection_id
       left join record r on h.kind = 'owner' and r.connection_id = h.connection_id
         and r.object_type = h.object_type and r.record_id = h.record_id
     loop
       attempt_id := null;
       if refused is null then allowed := allowed || intent_id; else return next; end if;
     end loop;
     if allowed = '{}' then return; end if;
     if not take_call(of_connection, false, 1, look_again_ms) then
       intent_id := null; refused := 'no-call';
       return next;
       return;
     end if;
     this_call := nextval('write_call');
     update intent i set granted_at = clock_timestamp(), not_sent = null, not_sent_at = null,
       -- nobody takes it over before the CRM has surely ended its work on this request
       next_attempt_at = clock_timestamp() + answered_within_ms * interval '1 millisecond'
       where i.id = any(allowed);
     refused := null;
     for intent_id, attempt_id in
       insert into write_attempt as a (connection_id, call, intent_id, lease_epoch, workflow, kind, object_type,
         record_id, task_id, field, before, value)
       select i.connection_id, this_call, i.id, i.lease_epoch, i.workflow,
         case i.kind when 'owner' then 'action' else i.kind end, i.object_type, i.record_id, i.task_id,
         case i.kind when 'owner' then i.payload->>'field' end, case i.kind when 'owner' then i.payload->>'from' end,
         case i.kind when 'owner' then i.payload->>'to' end
       from intent i where i.id = any(allowed) order by i.id
       returning a.intent_id, a.id
     loop
       return next;
     end loop;
   end $$`,
]
