/** Change events and what became of them. `change_event` is the truth: `record`, `exception` and `task` can be rebuilt from it. */
export const EVENTS: readonly string[] = [
  // Change events: inserted once, applied once, then only read. No foreign key, it costs a lookup per event.
  `create table change_event (
    id bigint generated always as identity primary key,
    connection_id text not null,
    dedupe_key text not null,
    object_type text not null,
    record_id text not null,
    kind text not null,
    occurred_at_ms bigint not null,
    event_order bigint not null,
    fields jsonb not null,
    field_changed jsonb,
    owner_history jsonb,
    answers_until_ms bigint,
    complete boolean not null,
    merged_ids text[],
    source text not null,
    actor jsonb not null,
    received_at timestamptz not null default now(),
    -- received, applied, or skipped with a reason
    state text not null default 'received',
    skip_reason text,
    unique (connection_id, dedupe_key)
  )`,
  `create index change_event_waiting on change_event (connection_id, id) where state = 'received'`,
  `create index change_event_record on change_event (connection_id, object_type, record_id, id)`,

  // Every event up to `event_tally_cursor.after_id` is counted here once, under what became of it.
  `create table event_tally (
    connection_id text not null references connection on delete cascade,
    -- UTC day of receipt
    day date not null,
    object_type text not null,
    source text not null,
    state text not null check (state in ('applied', 'skipped', 'failed')),
    -- why it was skipped; empty otherwise, since an erasure may still take the reason of a failure away
    reason text not null default '',
    n bigint not null,
    primary key (connection_id, day, object_type, source, state, reason)
  )`,
  `create table event_tally_cursor (
    connection_id text primary key references connection on delete cascade,
    after_id bigint not null default 0
  )`,

  // The poll found these, and no webhook or stream event has told of them yet. Told late or counted, each leaves again.
  `create table missed_change (
    connection_id text not null references connection on delete cascade,
    object_type text not null,
    record_id text not null,
    -- the CRM's time of the change
    modified_at_ms bigint not null,
    found_at timestamptz not null default now(),
    primary key (connection_id, object_type, record_id, modified_at_ms)
  )`,

  // The spell of missed events that is going on, for the sentence that says so.
  `create table missed_events (
    connection_id text primary key references connection on delete cascade,
    n integer not null,
    first_change_ms bigint not null,
    last_change_ms bigint not null,
    found_at timestamptz not null
  )`,
  `create table poll_cursor (
    connection_id text not null references connection on delete cascade,
    object_type text not null,
    modified_until_ms bigint not null,
    last_run_at timestamptz,
    last_found integer not null default 0,
    -- where a poll that did not reach the end of the object continues, and the time its cursor belongs to
    cursor text,
    since_ms bigint,
    -- the latest change that poll has seen
    latest_ms bigint,
    primary key (connection_id, object_type)
  )`,
]
