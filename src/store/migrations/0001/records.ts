/** What we know of the CRM's records, and the look-ups that cost the same whatever waits beside them. */
export const RECORDS: readonly string[] = [
  `create table record (
    connection_id text not null,
    object_type text not null,
    record_id text not null,
    values jsonb not null,
    stamps jsonb not null,
    owner_history jsonb not null default '[]',
    -- null: no task; 0: an open task; else when the CRM says that a person closed or deleted it
    task_closed_at_ms bigint,
    -- copied out of values at apply, for set-based look-ups of neighbours
    owner_id text,
    account_id text,
    -- normalised match keys, 'email:..', 'domain:..', 'phone:..'
    keys text[] not null default '{}',
    deleted boolean not null default false,
    merged_into text,
    -- what the CRM has to be asked: null, or why
    needs_read text,
    read_after timestamptz,
    read_attempts smallint not null default 0,
    -- decide again because something changed since; null when decided
    dirty_since timestamptz,
    -- decide again at this time although nothing changes
    recheck_at timestamptz,
    updated_at timestamptz not null default now(),
    primary key (connection_id, object_type, record_id)
  ) with (fillfactor = 80)`,

  // Of one connection, those that may be decided now, oldest first: without stepping over those that are still read.
  `create index record_to_decide on record (connection_id, (needs_read is null), dirty_since)
     where dirty_since is not null`,

  // Of one connection and object, those that may be read now: without stepping over those that are read later.
  `create index record_to_read on record (connection_id, object_type, coalesce(read_after, '-infinity'::timestamptz))
     where needs_read is not null`,
  `create index record_recheck on record (recheck_at) where recheck_at is not null`,
  `create index record_owner on record (connection_id, owner_id)`,
  `create index record_account on record (connection_id, object_type, account_id) where account_id is not null`,

  // B-tree rows beat a GIN index for look-ups and for write cost (rules-and-matching.md section 3).
  `create table match_key (
    key text not null,
    connection_id text not null,
    object_type text not null,
    record_id text not null,
    primary key (key, connection_id, object_type, record_id)
  )`,
  `create index match_key_record on match_key (connection_id, object_type, record_id)`,
  `create table object_schema (
    connection_id text not null references connection on delete cascade,
    object_type text not null,
    fields jsonb not null,
    unreadable text[] not null default '{}',
    -- fields read whenever a record is read. A record without any value for one of them, not even a blank, is older
    asked text[],
    -- how the fields differ from what the policies were written for, see FieldDrift in src/model/record/schema-drift.ts
    drift jsonb not null default '[]',
    -- since when the CRM refuses the whole object
    refused_since timestamptz,
    read_at timestamptz not null default now(),
    primary key (connection_id, object_type)
  )`,

  // Records that the CRM no longer has, not even in its recycle bin, without a reason. Checked once more later.
  `create table vanished_record (
    connection_id text not null references connection (id),
    object_type text not null,
    record_id text not null,
    found_at timestamptz not null default clock_timestamp(),
    primary key (connection_id, object_type, record_id)
  )`,
  `create index vanished_record_due on vanished_record (connection_id, found_at)`,

  // Which records the CRM assigns to which territory, as last read. A deletion names the assignment, not its record.
  `create table territory_assignment (
    connection_id text not null,
    assignment_id text not null,
    object_type text not null,
    record_id text not null,
    territory_id text not null,
    primary key (connection_id, assignment_id)
  )`,
  `create index territory_assignment_record on territory_assignment (connection_id, object_type, record_id)`,
  `create table assignment_poll (
    connection_id text primary key,
    -- counts every step, so that a poll that another has overtaken cannot take it back
    version integer not null,
    place jsonb not null
  )`,

  // Connections whose records all have to be decided again, and the last record that was marked, '' before the first.
  `create table redecide_queue (
    connection_id text primary key,
    object_type text not null default '',
    record_id text not null default ''
  )`,
]
