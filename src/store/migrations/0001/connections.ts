/** Connections, what they were given, and the allowance of calls that each of them has. */
export const CONNECTIONS: readonly string[] = [
  `create table connection (
    id text primary key,
    -- which adapter of src/crm/registry.ts; the registry checks it, the schema does not list them
    crm text not null,
    title text not null,
    account_id text not null,
    base_url text not null,
    -- where the CRM is reached: { baseUrl, apiVersion, ... } as the adapter wants it
    address jsonb,
    actor_id text,
    actor_name text,
    edition text,
    pages_url text,
    time_zone text,
    status text not null default 'connected' check (status in ('connected', 'reconnect-needed', 'disconnected')),
    status_reason text,
    -- which of the kinds of src/crm/grant.ts is sealed in credentials
    grant_kind text,
    -- encrypted, see store/secrets/secret-box.ts
    credentials bytea,
    -- counts every change of credentials or address, so that running workers notice
    revision integer not null default 1,
    -- 'environment': made from settings at start; 'console' or 'terminal': made by a person
    made_by text not null default 'environment',
    -- 'push': webhooks reach us; 'poll': they cannot; 'stream': we hold a stream open
    feed text not null default 'push' check (feed in ('push', 'poll', 'stream')),
    -- the address that the CRM calls, which its signature covers, and the address before it
    webhook_url text,
    former_webhook_url text,
    webhook_moved_at timestamptz,
    task_key jsonb,
    -- the last list of permissions that were tried, see AccessFindings
    access jsonb,
    access_checked_at timestamptz,
    -- how far the baseline got: { done: bool, objects: { contacts: { done, cursor, count, total } } }
    baseline jsonb not null default '{"done":false,"objects":{}}',
    -- when the records were first decided: until then an import has no decision to take back
    decided_at timestamptz,
    -- last replay id whose events are committed; opaque bytes
    replay_id bytea,
    -- one reader (baseline, poll) at a time across all processes, and which process it is
    reading_until timestamptz,
    reading_by text,
    polled_at timestamptz,
    stream_state text,
    stream_seen_at timestamptz,
    -- since when, and by whom, writing is allowed; null: read only
    writes_since timestamptz,
    writes_by text,
    -- a disconnect or reconnect still being worked off in batches
    follow_up text check (follow_up in ('leave', 'rejoin')),
    -- a person ended the connection and asked for its history to be erased: since when, and when that was done
    erase_since timestamptz,
    erased_at timestamptz,
    created_at timestamptz not null default now(),
    unique (crm, account_id)
  )`,

  // Tokens apart from the connection: renewing them must not wait for, or hold up, anything else that is noted there.
  `create table connection_token (
    connection_id text primary key references connection on delete cascade,
    sealed bytea,
    -- counts renewals: whoever saw version n refused asks for one newer than n
    version integer not null default 0,
    -- one process at a time asks the CRM for new tokens
    renewing_by text,
    renewing_until timestamptz,
    renewed_at timestamptz
  )`,

  // A connection being made: what was entered, where the login stands, what the checks found. Nothing is read into our
  // tables and nothing is written to the CRM before a person starts it.
  `create table connection_draft (
    id text primary key,
    crm text not null,
    grant_kind text not null,
    -- the connection that is connected again, null for a new one
    connection_id text,
    credentials bytea not null,
    tokens bytea,
    -- a draft renews its tokens as a connection does
    token_version integer not null default 0,
    renewing_by text,
    renewing_until timestamptz,
    address jsonb not null,
    webhook_url text,
    made_by text not null,
    status text not null check (status in ('authorizing', 'checking', 'checked', 'failed')),
    problem text,
    access jsonb,
    task_key jsonb,
    -- the current run of the draft's checks; results of an earlier run are void
    check_run integer not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
  )`,

  // One-time, ten minutes, bound to the browser session that asked.
  `create table oauth_state (
    state_hash bytea primary key,
    draft_id text not null references connection_draft on delete cascade,
    session_hash bytea not null,
    provider text not null,
    redirect_uri text not null,
    verifier bytea not null,
    expires_at timestamptz not null,
    used_at timestamptz
  )`,

  // One row per connection: the shared allowance of calls.
  `create table call_budget (
    connection_id text primary key references connection on delete cascade,
    window_started_at timestamptz not null default now(),
    window_used integer not null default 0,
    window_ms integer not null,
    window_limit integer not null,
    -- what the CRM allows in window_ms, of which window_limit is our share; null before it was noted
    window_whole real,
    search_window_started_at timestamptz not null default now(),
    search_used integer not null default 0,
    search_limit_per_second integer not null,
    paused_until timestamptz,
    paused_why text,
    calls_total bigint not null default 0,
    used_today bigint,
    limit_today bigint,
    -- our share of what the CRM allows
    day_share real not null default 0.2,
    window_share real not null default 0.8,
    -- when the CRM gives a spent day back: at once, or each call 24 hours after it was made
    day_resets text not null default 'rolling 24 hours'
      check (day_resets in ('midnight of the account', 'rolling 24 hours')),
    -- our own calls of the day; the first call finds the day over and begins one
    day_used integer not null default 0,
    day_began_at timestamptz not null default now(),
    day_ends_at timestamptz not null default now(),
    -- our calls in the 24 hours before day_began_at; for a CRM that counts a rolling day
    day_used_before integer not null default 0
  )`,

  // What happened to a connection, in a sentence: one open row per cause, counted while it lasts.
  `create table notice (
    id bigint generated always as identity primary key,
    connection_id text not null,
    code text not null,
    -- what tells two notices of one code apart: an object, a field, a person
    subject text not null default '',
    level text not null check (level in ('info', 'warn', 'stop')),
    message text not null,
    remedy text,
    n integer not null default 1,
    first_at timestamptz not null default now(),
    last_at timestamptz not null default now(),
    ended_at timestamptz,
    ended_message text
  )`,
  `create unique index notice_open on notice (connection_id, code, subject) where ended_at is null`,
  `create index notice_by_time on notice (connection_id, last_at desc)`,
]
