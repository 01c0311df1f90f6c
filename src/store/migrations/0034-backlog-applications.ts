/**
 * What only a new version asks for waits until a person applies the version to it: so many records in all, so many an hour,
 * and no more once somebody stops it.
 */
const TABLES: readonly string[] = [
  `create table backlog_application (
    id bigint generated always as identity primary key,
    workflow text not null,
    version_id integer not null references workflow_version,
    -- of backlog_write.id: what the person saw waiting; what came to wait later still waits
    up_to bigint not null,
    cap integer not null check (cap > 0),
    per_hour integer not null check (per_hour between 1 and 100000),
    -- the preview that the person saw: how many waited, since when, and how many by owner and branch
    seen jsonb not null,
    -- person:ID, or lanekeeper in a demo that nobody is signed in to
    started_by text not null,
    started_at timestamptz not null default clock_timestamp(),
    -- superseded: another version of the workflow came
    state text not null default 'running' check (state in ('running', 'stopped', 'done', 'superseded')),
    ended_at timestamptz,
    ended_by text,
    check ((state = 'running') = (ended_at is null)),
    check ((ended_at is null) = (ended_by is null))
  )`,
  `create unique index backlog_application_running on backlog_application (workflow) where state = 'running'`,
  `create index backlog_application_last on backlog_application (workflow, id desc)`,

  `create function keep_applications() returns trigger language plpgsql as $$
   declare
     ending constant text[] := '{state,ended_at,ended_by}';
   begin
     if tg_op = 'DELETE' then raise exception 'Applications of a version to the backlog are kept'; end if;
     if old.state <> 'running' or to_jsonb(new) - ending <> to_jsonb(old) - ending then
       raise exception 'An application of a version to the backlog ends once, and nothing else of it changes';
     end if;
     return new;
   end $$`,
  `create trigger backlog_application_is_kept before update or delete on backlog_application
     for each row execute function keep_applications()`,

  // What waits, for the preview. Null: noted by code of before, and known with the next decision.
  `alter table backlog_write
    add column from_id text,
    add column to_id text,
    add column branch text,
    -- the application that had let it go when it had to wait again
    add column seen_by bigint`,
  `create index backlog_write_seen on backlog_write (seen_by) where seen_by is not null`,

  `alter table intent
    -- which application of a version to the backlog let it go; null with backlog: code of before did, and it waits again
    add column application_id bigint`,
  `create index intent_application on intent (application_id, state) include (granted_at) where application_id is not null`,
  // What was let go before goes on waiting: nobody has said how many and how fast.
  `drop table backlog_release`,
]

/**
 * Whatever left for a version in the last hour counts, whichever application let it go: stopping and starting again makes
 * nothing faster. A tenth of the hour's writes may leave within six minutes, so that somebody who sees a mistake after the
 * first of them can stop the rest.
 */
const LEFT_WITHIN = (time: string, most: string) => `(
  select count(*) from (
    select 1 from intent i
    where i.workflow = a.workflow and i.backlog and (i.state <> 'cancelled' or i.granted_at is not null)
      and coalesce(i.granted_at, 'infinity'::timestamptz) > clock_timestamp() - interval '${time}'
      and (i.granted_at is not null or not of_left_only) and i.id <> all(besides)
    limit ${most}) x)`

const ROOM: readonly string[] = [
  `drop function gate_within_the_hour(text, bigint[], integer[], integer, integer, integer)`,
  `drop function backlog_room(text, integer, bigint[], boolean)`,
  // The application of which writes may leave now: it runs, and for the version that is in force.
  `create function backlog_application_of(of_workflow text) returns setof backlog_application language sql stable
   set plan_cache_mode = force_custom_plan as $$
     select a.* from backlog_application a
     join workflow w on w.workflow = a.workflow and w.version_id = a.version_id
     where a.workflow = of_workflow and a.state = 'running' $$`,
  // How many more such writes there may be now, besides these: of those on their way and those that left, or of those that
  // left alone, because one that was given room and never left takes none from others at the gate.
  `create function backlog_room(of_workflow text, besides bigint[], of_left_only boolean)
   returns integer language sql volatile set plan_cache_mode = force_custom_plan as $$
     select coalesce((
       select greatest(0, least(
         a.cap - (select count(*) from intent i where i.application_id = a.id and i.state <> 'cancelled'
           and (i.granted_at is not null or not of_left_only) and i.id <> all(besides)),
         a.per_hour - ${LEFT_WITHIN('1 hour', 'a.per_hour')},
         ceil(a.per_hour / 10.0)::integer - ${LEFT_WITHIN('6 minutes', 'ceil(a.per_hour / 10.0)::integer')}))::integer
       from backlog_application_of(of_workflow) a), 0) $$`,

  // Before the gate itself, as in 0009: what goes beyond the room of its application is kept back, whatever was granted it
  // before, and so is all of an application that ended. Whoever stops one takes the permits of the workflow exclusively, so
  // nothing of it passes here after their commit.
  `create function gate_within_the_hour(of_connection text, ids bigint[], epochs integer[],
     answered_within_ms integer, look_again_ms integer)
   returns table (intent_id bigint, attempt_id bigint, refused text)
   language plpgsql set plan_cache_mode = force_custom_plan as $$
   declare
     ended bigint[];
     kept bigint[];
     free record;
   begin
     perform pg_advisory_xact_lock_shared(permit_lock(of_connection, x.workflow)) from (
       select distinct i.workflow collate "C" as workflow from intent i
       where i.id = any(ids) and i.connection_id = of_connection order by 1) x;
     perform pg_advisory_xact_lock(backlog_lock(x.workflow)) from (
       select distinct i.workflow collate "C" as workflow from intent i
       where i.id = any(ids) and i.backlog order by 1) x;
     ended := array(
       select i.id from intent i where i.id = any(ids) and i.backlog
         and not exists (select 1 from backlog_application_of(i.workflow) a where a.id = i.application_id));
     return query select k, null::bigint, 'backlog-ended' from unnest(ended) as k;
     kept := array(
       with asked as materialized (
         select i.id, i.workflow,
           row_number() over (partition by i.workflow order by i.granted_at nulls last, i.id) as place
         from intent i where i.id = any(ids) and i.backlog and i.id <> all(ended)
       ), room as materialized (
         -- once for each workflow: it counts what left in an hour
         select w.workflow, backlog_room(w.workflow, ids, true) as writes from (select distinct workflow from asked) w
       )
       select k.id from asked k join room r on r.workflow = k.workflow where k.place > r.writes);
     return query select k, null::bigint, 'backlog' from unnest(kept) as k;
     select coalesce(array_agg(w.id), '{}') as ids, coalesce(array_agg(w.epoch), '{}') as epochs into free
       from unnest(ids, epochs) as w(id, epoch) where w.id <> all(kept || ended);
     if free.ids = '{}' then return; end if;
     return query select g.intent_id, g.attempt_id, g.refused
       from gate_writes(of_connection, free.ids, free.epochs, answered_within_ms, look_again_ms) g;
   end $$`,
]

export const STATEMENTS: readonly string[] = [...TABLES, ...ROOM]
