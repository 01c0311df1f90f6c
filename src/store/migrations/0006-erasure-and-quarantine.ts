/**
 * From a record to the rows that hold something about it, kept by triggers as those rows are written, so that no way of
 * writing forgets it: `exception` and `task` rows that involve or involved it, and `ledger` rows whose bodies name it.
 */
const TRACE: readonly string[] = [
  `create table record_trace (
    connection_id text not null,
    object_type text not null,
    record_id text not null,
    kind text not null check (kind in ('exception', 'task', 'ledger')),
    -- of the exception or the task, or the number of the ledger row
    row_id bigint not null,
    primary key (connection_id, object_type, record_id, kind, row_id)
  )`,

  // A case names the record that it is about by its own columns; its task keeps the words of both kinds.
  `create function trace_exception() returns trigger language plpgsql as $$
   begin
     insert into record_trace (connection_id, object_type, record_id, kind, row_id)
     select i->>'connectionId', i->>'objectType', i->>'recordId', t.kind, t.row_id
     from jsonb_array_elements(new.involves) i
     cross join (values ('exception', new.id), ('task', new.task_id)) as t(kind, row_id)
     where t.row_id is not null and i->>'recordId' is not null
     union
     select new.connection_id, new.object_type, new.record_id, 'task', new.task_id where new.task_id is not null
     on conflict do nothing;
     return null;
   end $$`,
  `create trigger exception_is_traced after insert on exception
     for each row when (new.task_id is not null or new.involves <> '[]'::jsonb) execute function trace_exception()`,
  `create trigger exception_is_traced_on after update of task_id, involves on exception
     for each row when (new.task_id is distinct from old.task_id or new.involves <> old.involves)
     execute function trace_exception()`,

  `create function trace_ledger() returns trigger language plpgsql as $$
   begin
     insert into record_trace (connection_id, object_type, record_id, kind, row_id)
     select distinct i->>'connectionId', i->>'objectType', i->>'recordId', 'ledger', n.seq
     from appended n cross join jsonb_array_elements(n.body::jsonb->'involves') i
     where n.kind like 'exception-%' and n.body like '%"involves":[{%' and i->>'recordId' is not null
     on conflict do nothing;
     return null;
   end $$`,
  `create trigger ledger_is_traced after insert on ledger referencing new table as appended
     for each statement execute function trace_ledger()`,
]

const WRITTEN_BEFORE: readonly string[] = [
  `insert into record_trace (connection_id, object_type, record_id, kind, row_id)
   select i->>'connectionId', i->>'objectType', i->>'recordId', t.kind, t.row_id
   from exception e cross join jsonb_array_elements(e.involves) i
   cross join lateral (values ('exception', e.id), ('task', e.task_id)) as t(kind, row_id)
   where t.row_id is not null and i->>'recordId' is not null
   union
   select connection_id, object_type, record_id, 'task', task_id from exception where task_id is not null
   union
   select i->>'connectionId', i->>'objectType', i->>'recordId', 'ledger', l.seq
   from ledger l cross join jsonb_array_elements(l.body::jsonb->'involves') i
   where l.kind like 'exception-%' and l.body like '%"involves":[{%' and i->>'recordId' is not null
   on conflict do nothing`,
]

/** Which records are to be erased, known from the moment their event is stored: no import, pause or end holds it up. */
const DUE: readonly string[] = [
  `create table erasure_due (
    connection_id text not null,
    object_type text not null,
    record_id text not null,
    due_at timestamptz not null default clock_timestamp(),
    -- done so often; the last passes erase what was being written during the first
    passes smallint not null default 0,
    primary key (connection_id, object_type, record_id)
  )`,
  `create index erasure_due_at on erasure_due (due_at)`,
  `create function note_erasure() returns trigger language plpgsql as $$
   begin
     insert into erasure_due (connection_id, object_type, record_id)
     values (new.connection_id, new.object_type, new.record_id)
     on conflict (connection_id, object_type, record_id) do update set due_at = clock_timestamp(), passes = 0;
     return null;
   end $$`,
  `create trigger event_asks_for_erasure after insert on change_event
     for each row when (new.kind = 'erased') execute function note_erasure()`,
  // Waiting since before: also those of connections that have ended.
  `insert into erasure_due (connection_id, object_type, record_id)
   select distinct connection_id, object_type, record_id from change_event where state = 'received' and kind = 'erased'`,
  // From the survivor of a merge to the records it swallowed.
  `create index record_merged on record (connection_id, object_type, merged_into) where merged_into is not null`,
]

/** Events that could not be folded are tried again, and after the third time wait for a person who replays them. */
const QUARANTINE: readonly string[] = [
  `alter table change_event
    -- how often it could not be folded
    add column attempts smallint not null default 0,
    -- of a failed one, when it is tried again; null: never by itself
    add column retry_at timestamptz`,
  `create index change_event_retry on change_event (connection_id, retry_at) where state = 'failed' and retry_at is not null`,
  `create index change_event_quarantined on change_event (connection_id, id) where state = 'failed' and retry_at is null`,
]

export const STATEMENTS: readonly string[] = [...TRACE, ...WRITTEN_BEFORE, ...DUE, ...QUARANTINE]
