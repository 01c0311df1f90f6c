/**
 * A pause takes permissions back: of a connection, of a workflow, or of one branch of it. It is a row that `refresh_permits`
 * reads beside mode, readiness and write permission, so the gate obeys it as it obeys those.
 */
const TABLES: readonly string[] = [
  `create table pause (
    id bigint generated always as identity primary key,
    scope text not null check (scope in ('branch', 'workflow', 'connection')),
    workflow text,
    branch text,
    connection_id text,
    reason text not null,
    -- person:ID, or lanekeeper where nobody answered who was asked
    paused_by text not null,
    paused_at timestamptz not null default clock_timestamp(),
    -- person:ID or token:ID; null: nobody asked for it
    asked_by text,
    ended_at timestamptz,
    ended_by text,
    check ((scope = 'connection') = (connection_id is not null)),
    check ((scope = 'connection') = (workflow is null)),
    check ((scope = 'branch') = (branch is not null)),
    check ((ended_at is null) = (ended_by is null))
  )`,
  `create unique index pause_open on pause (coalesce(connection_id, ''), coalesce(workflow, ''), coalesce(branch, ''))
     where ended_at is null`,

  // A connection is resumed for each workflow by those who may resume that workflow; the pause ends with the last one.
  `create table pause_release (
    pause_id bigint not null references pause,
    workflow text not null,
    released_by text not null,
    released_at timestamptz not null default clock_timestamp(),
    primary key (pause_id, workflow)
  )`,

  // Somebody who may not pause asks those who may.
  `create table pause_request (
    id bigint generated always as identity primary key,
    scope text not null check (scope in ('branch', 'workflow', 'connection')),
    workflow text,
    branch text,
    connection_id text,
    reason text not null,
    -- person:ID or token:ID
    asked_by text not null,
    asked_at timestamptz not null default clock_timestamp(),
    -- without an answer until then, Lanekeeper pauses the scope itself
    due_at timestamptz not null,
    answer text check (answer in ('paused', 'declined')),
    answer_reason text,
    answered_at timestamptz,
    answered_by text,
    check ((scope = 'connection') = (connection_id is not null)),
    check ((scope = 'connection') = (workflow is null)),
    check ((scope = 'branch') = (branch is not null)),
    check ((answer is null) = (answered_at is null) and (answer is null) = (answered_by is null))
  )`,
  `create unique index pause_request_open on pause_request
     (coalesce(connection_id, ''), coalesce(workflow, ''), coalesce(branch, ''), asked_by) where answer is null`,
  `create index pause_request_due on pause_request (due_at) where answer is null`,

  // What had been let through the gate when the pause took effect, and had no answer.
  `create table pause_grant (
    pause_id bigint not null references pause,
    attempt_id bigint not null,
    primary key (pause_id, attempt_id)
  )`,

  `create function keep_pauses() returns trigger language plpgsql as $$
   declare
     ending constant text[] := '{ended_at,ended_by,answer,answer_reason,answered_at,answered_by}';
     name text;
   begin
     if tg_op = 'DELETE' then raise exception 'Pauses and requests for one are kept'; end if;
     if to_jsonb(new) - ending <> to_jsonb(old) - ending then
       raise exception 'A pause ends once, and nothing else of it changes';
     end if;
     foreach name in array ending loop
       if to_jsonb(old) ->> name is not null and to_jsonb(new) ->> name is distinct from to_jsonb(old) ->> name then
         raise exception 'A pause ends once, and nothing else of it changes';
       end if;
     end loop;
     return new;
   end $$`,
  `create trigger pause_is_kept before update or delete on pause for each row execute function keep_pauses()`,
  `create trigger pause_release_is_kept before update or delete on pause_release
     for each row execute function keep_pauses()`,
  `create trigger pause_request_is_kept before update or delete on pause_request
     for each row execute function keep_pauses()`,
]

const PERMITS: readonly string[] = [
  `alter table permit
    -- owner writes that rules of these branches decided do not leave
    add column paused_branches text[] not null default '{}'`,

  // As in 0015, with pauses. A branch is paused by its name: where the version in force no longer has it, nobody can say
  // which writes are meant, so all of the workflow wait.
  `do $$
   begin
     if strpos(pg_get_functiondef('refresh_permits(text, text)'::regprocedure), 'pause') > 0
       or strpos(pg_get_functiondef('refresh_permits(text, text)'::regprocedure), 'wc.effective_mode') = 0
     then raise exception 'refresh_permits is not the one of 0015'; end if;
   end $$`,
  `create or replace function refresh_permits(of_connection text, of_workflow text) returns void language plpgsql as $$
   begin
     perform lock_permits(case when of_connection is not null then array[of_connection] end,
       case when of_workflow is not null then array[of_workflow] end);
     insert into permit as p (connection_id, workflow, kinds, why, paused_branches)
     select x.id, x.workflow, x.kinds, x.why, x.branches from (
       select c.id, w.workflow, c.status, o.branches,
         case
           when c.writes_since is null or c.status = 'disconnected' then '{}'::text[]
           when w.mode not in ('pilot', 'live') then '{job,setup}'
           when o.by_connection or o.by_workflow or o.by_lost_branch then '{task,job,undo,setup}'
           when w.hash is not null and w.effective_mode in ('pilot', 'live')
               and coalesce(wc.effective_mode, w.effective_mode) in ('pilot', 'live')
             then '{task,job,action,decision,flag,undo,setup}'
           else '{task,job,decision,flag,undo,setup}'
         end as kinds,
         case
           when c.status = 'disconnected' then 'ended'
           when c.writes_since is null then 'writing-off'
           when w.mode not in ('pilot', 'live') then w.mode
           when o.by_workflow then 'paused'
           when o.by_connection then 'connection-paused'
           when o.by_lost_branch then 'lost-branch-paused'
           when w.hash is null and w.load_error is not null then 'policy-broken'
           when w.hash is null then 'retired'
           when w.effective_mode not in ('pilot', 'live')
               or coalesce(wc.effective_mode, w.effective_mode) not in ('pilot', 'live') then 'not-ready'
           else ''
         end as why
       from connection c cross join workflow w
       left join workflow_connection wc on wc.connection_id = c.id and wc.workflow = w.workflow
       cross join lateral (
         select coalesce(bool_or(u.scope = 'connection' and not exists (
             select 1 from pause_release r where r.pause_id = u.id and r.workflow = w.workflow)), false) as by_connection,
           coalesce(bool_or(u.scope = 'workflow'), false) as by_workflow,
           coalesce(bool_or(u.scope = 'branch' and not exists (
             select 1 from policy_version v cross join jsonb_array_elements(v.document->'boundary') b
             where v.hash = w.hash and b->>'branch' = u.branch)), false) as by_lost_branch,
           coalesce(array_agg(u.branch order by u.branch) filter (where u.scope = 'branch'), '{}') as branches
         from pause u where u.ended_at is null and (u.connection_id = c.id or u.workflow = w.workflow)
       ) o
       where (of_connection is null or c.id = of_connection) and (of_workflow is null or w.workflow = of_workflow)
     ) x
     where x.status <> 'disconnected'
       or exists (select 1 from permit o where o.connection_id = x.id and o.workflow = x.workflow)
     order by x.workflow collate "C", x.id collate "C"
     on conflict (connection_id, workflow) do update
       set kinds = excluded.kinds, why = excluded.why, paused_branches = excluded.paused_branches,
         changed_at = clock_timestamp()
       where p.kinds <> excluded.kinds or p.why <> excluded.why or p.paused_branches <> excluded.paused_branches;
   end $$`,

  `create function pause_changes_permits() returns trigger language plpgsql as $$
   begin
     perform refresh_permits(new.connection_id, new.workflow);
     return null;
   end $$`,
  `create trigger pause_permits after insert or update of ended_at on pause
     for each row execute function pause_changes_permits()`,
  `create function release_changes_permits() returns trigger language plpgsql as $$
   begin
     perform refresh_permits(u.connection_id, new.workflow) from pause u where u.id = new.pause_id;
     return null;
   end $$`,
  `create trigger pause_release_permits after insert on pause_release
     for each row execute function release_changes_permits()`,
]

const WAITING: readonly string[] = [
  `create index intent_owner_waiting on intent (workflow, connection_id) where kind = 'owner' and state = 'pending'`,
]

/** The rest of the gate stays as it is, its settings too. */
const GATE: readonly string[] = [
  `do $$
   declare
     old constant text := 'when not (permit_kind(h.kind) = any(p.kinds)) then p.why';
     gate constant text := pg_get_functiondef('gate_writes(text, bigint[], integer[], integer, integer)'::regprocedure);
   begin
     if strpos(gate, old) = 0 then raise exception 'gate_writes is not the one of 0024'; end if;
     execute replace(gate, old, old || '
         when h.kind = ''owner'' and h.payload->>''branch'' = any(p.paused_branches) then ''branch-paused''');
   end $$`,
]

export const STATEMENTS: readonly string[] = [...TABLES, ...PERMITS, ...WAITING, ...GATE]
