/** Comparisons of our records with the CRM's, and the differences they found. */
export const COMPARE: readonly string[] = [
  // One comparison per connection at a time: what was asked for, where it stands, when the last ones ended.
  `create table comparison (
    connection_id text primary key references connection on delete cascade,
    state text not null default 'idle' check (state in ('idle', 'asked', 'running')),
    depth text not null default 'full' check (depth in ('recent', 'full')),
    asked_by text not null default 'clock' check (asked_by in ('clock', 'person')),
    -- counts comparisons: rows that a comparison did not come across again carry an older one
    run integer not null default 0,
    since_ms bigint not null default 0,
    object_type text,
    phase text not null default 'read' check (phase in ('read', 'extra', 'look')),
    cursor text,
    pages integer not null default 0,
    records integer not null default 0,
    of_total bigint,
    started_at timestamptz,
    -- not before this: the CRM was busy, or the last try failed
    not_before timestamptz,
    problem text,
    claimed_by text,
    claimed_until timestamptz,
    last_full_at timestamptz,
    last_recent_at timestamptz
  )`,

  // Per object, what the last comparison found besides its days.
  `create table comparison_object (
    connection_id text not null references connection on delete cascade,
    object_type text not null,
    -- what the CRM itself counts, where it says so; live records that we read, and that we hold
    crm_stated bigint,
    crm_count bigint not null,
    our_count bigint not null,
    compared_at timestamptz not null,
    -- the last comparison that read every record
    full_at timestamptz,
    primary key (connection_id, object_type)
  )`,
  `create table comparison_day (
    connection_id text not null references connection on delete cascade,
    object_type text not null,
    run integer not null,
    -- UTC day of the record's last modification, as the CRM says it
    day date not null,
    crm_count integer not null default 0,
    our_count integer not null default 0,
    -- sums of the records' digests; see store/compare/comparisons.ts
    crm_digest numeric not null default 0,
    our_digest numeric not null default 0,
    compared_at timestamptz not null default now(),
    primary key (connection_id, object_type, run, day)
  )`,
  `create table difference (
    connection_id text not null references connection on delete cascade,
    object_type text not null,
    record_id text not null,
    day date not null,
    why text not null check (why in ('missing', 'extra', 'different')),
    modified_ms bigint,
    crm_hash numeric not null default 0,
    our_hash numeric not null default 0,
    run integer not null,
    -- to be looked at again before it counts
    is_pending boolean not null default true,
    -- its hashes are in the sums of comparison_day
    is_counted boolean not null default false,
    rechecked_at timestamptz not null default clock_timestamp(),
    looks smallint not null default 0,
    -- since when it is known to be out of step; null: only suspected
    differs_since timestamptz,
    -- since when it is being read again; null: nobody asked
    asked_at timestamptz,
    primary key (connection_id, object_type, record_id)
  )`,
  `create index difference_pending on difference (connection_id, object_type, rechecked_at) where is_pending`,
  `create index difference_asked on difference (connection_id, rechecked_at) where asked_at is not null`,

  // Ids that the comparison under way has seen. Worth nothing after a crash: then it begins again.
  `create unlogged table comparison_seen (
    connection_id text not null,
    object_type text not null,
    record_id text not null,
    primary key (connection_id, object_type, record_id)
  )`,
]
