/** Which version of which workflow is in force, and what arises from nothing but that: at most so much an hour. */
const BACKLOG: readonly string[] = [
  // A policy as our own code reads it. One row for each that was ever in force.
  `create table workflow_version (
    id integer generated always as identity primary key,
    workflow text not null,
    hash text not null references policy_version,
    -- READING_VERSION of the code that decided under it
    reading_version text not null,
    first_at timestamptz not null default clock_timestamp(),
    unique (workflow, hash, reading_version)
  )`,
  `alter table workflow
    -- the one in force; null: none is, or not since this column is there
    add column version_id integer references workflow_version`,

  `alter table record
    -- since when it changed in the CRM without a decision that knows of it; a reading that tells nothing new is no change
    add column touched_at timestamptz,
    -- by workflow the version under which what it needs is no backlog: decided, it needed no write, or it changed since
    add column in_step_with jsonb not null default '{}'`,

  // Owner writes that a version wants of records that nothing has happened to, and that wait for room.
  `create table backlog_write (
    id bigint generated always as identity primary key,
    connection_id text not null,
    object_type text not null,
    record_id text not null,
    workflow text not null,
    version_id integer not null,
    since timestamptz not null default clock_timestamp(),
    -- when its record is to be decided again for the room that there may be
    look_at timestamptz not null default clock_timestamp(),
    unique (connection_id, object_type, record_id, workflow)
  )`,
  `create index backlog_write_waiting on backlog_write (workflow, connection_id, look_at, id)`,
  `create index backlog_write_version on backlog_write (workflow, version_id, id)`,

  // A person let these go without waiting for room.
  `create table backlog_release (
    workflow text primary key,
    version_id integer not null,
    -- of backlog_write.id: what came to wait later still waits
    up_to bigint not null,
    released_by text not null,
    released_at timestamptz not null default clock_timestamp()
  )`,

  `alter table intent
    -- it arose from a version alone and counts against the version's hour
    add column backlog boolean not null default false`,
  `create index intent_backlog on intent (workflow, coalesce(granted_at, 'infinity'::timestamptz))
     where backlog and (state <> 'cancelled' or granted_at is not null)`,

  // How many more such writes there may be in this hour, besides these: of those on their way and those that left, or of
  // those that left alone, because one that was given room and never left takes none from others at the gate.
  `create function backlog_room(of_workflow text, per_hour integer, besides bigint[], of_left_only boolean)
   returns integer language sql volatile as $$
     select greatest(0, per_hour - count(*)::integer) from (
       select 1 from intent i
       where i.workflow = of_workflow and i.backlog and (i.state <> 'cancelled' or i.granted_at is not null)
         and coalesce(i.granted_at, 'infinity'::timestamptz) > clock_timestamp() - interval '1 hour'
         and (i.granted_at is not null or not of_left_only) and i.id <> all(besides)
       limit per_hour) x $$`,
  `create function backlog_lock(of_workflow text) returns bigint language sql immutable as $$
     select hashtextextended('backlog/' || of_workflow, 0) $$`,

  // Before the gate itself: what goes beyond the hour of its workflow is kept back, whatever was granted it before. The
  // permits of all that it asks about come before every other lock, and gate_writes has them then and takes no new one: with
  // the hour first it stood in the way of decisions while it waited for a publish. The hour's lock ends with the commit of the
  // gate, so that no two requests share the last write.
  `create function gate_within_the_hour(of_connection text, ids bigint[], epochs integer[],
     answered_within_ms integer, look_again_ms integer, per_hour integer)
   returns table (intent_id bigint, attempt_id bigint, refused text)
   language plpgsql as $$
   declare
     kept bigint[];
     free record;
   begin
     perform pg_advisory_xact_lock_shared(permit_lock(of_connection, x.workflow)) from (
       select distinct i.workflow collate "C" as workflow from intent i
       where i.id = any(ids) and i.connection_id = of_connection order by 1) x;
     perform pg_advisory_xact_lock(backlog_lock(x.workflow)) from (
       select distinct i.workflow collate "C" as workflow from intent i
       where i.id = any(ids) and i.backlog order by 1) x;
     kept := array(
       select r.id from (
         select i.id, i.workflow,
           row_number() over (partition by i.workflow order by i.granted_at nulls last, i.id) as place
         from intent i where i.id = any(ids) and i.backlog) r
       where r.place > backlog_room(r.workflow, per_hour, ids, true));
     return query select k, null::bigint, 'backlog' from unnest(kept) as k;
     select coalesce(array_agg(w.id), '{}') as ids, coalesce(array_agg(w.epoch), '{}') as epochs into free
       from unnest(ids, epochs) as w(id, epoch) where w.id <> all(kept);
     if free.ids = '{}' then return; end if;
     return query select g.intent_id, g.attempt_id, g.refused
       from gate_writes(of_connection, free.ids, free.epochs, answered_within_ms, look_again_ms) g;
   end $$`,
]

/** When what is decided of a record changes although the record does not, and why. */
const WAKE_UPS: readonly string[] = [
  `create table wake_up (
    connection_id text not null,
    object_type text not null,
    record_id text not null,
    -- empty: of the record as a whole
    workflow text not null,
    -- see WakeReason in src/model/decision/wake-up.ts
    reason text not null,
    at timestamptz not null,
    primary key (connection_id, object_type, record_id, workflow, reason)
  )`,
  `create index wake_up_due on wake_up (at)`,
  // Which workflow and why is not known of those of before; the next decision says it.
  `insert into wake_up (connection_id, object_type, record_id, workflow, reason, at)
   select connection_id, object_type, record_id, '', 'before', recheck_at from record where recheck_at is not null`,
  `alter table record drop column recheck_at`,
]

export const STATEMENTS: readonly string[] = [...BACKLOG, ...WAKE_UPS]
