-- The schema as commit b29ed35 of this repository made it; see README.md.

create table connection (
    id text primary key,
    crm text not null check (crm in ('hubspot', 'salesforce')),
    title text not null,
    account_id text not null,
    base_url text not null,
    actor_id text,
    time_zone text,
    status text not null default 'connected' check (status in ('connected', 'reconnect-needed')),
    status_reason text,
    -- encrypted, see store/secret-box.ts
    credentials bytea,
    task_key jsonb,
    -- how far the baseline got: { done: bool, objects: { contacts: { done, cursor, count, total } } }
    baseline jsonb not null default '{"done":false,"objects":{}}',
    -- last replay id whose events are committed; opaque bytes
    replay_id bytea,
    -- one reader (baseline, reconcile) at a time across all processes
    reading_until timestamptz,
    reconciled_at timestamptz,
    stream_state text,
    stream_seen_at timestamptz,
    created_at timestamptz not null default now(),
    unique (crm, account_id)
  );

create table reconcile_watermark (
    connection_id text not null references connection on delete cascade,
    object_type text not null,
    modified_until_ms bigint not null,
    last_run_at timestamptz,
    last_found integer not null default 0,
    primary key (connection_id, object_type)
  );

create table change_event (
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
  );

create index change_event_waiting on change_event (connection_id, id) where state = 'received';

create index change_event_record on change_event (connection_id, object_type, record_id, id);

create table record (
    connection_id text not null,
    object_type text not null,
    record_id text not null,
    values jsonb not null,
    stamps jsonb not null,
    owner_history jsonb not null default '[]',
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
  ) with (fillfactor = 80);

create index record_dirty on record (dirty_since) where dirty_since is not null;

create index record_needs_read on record (connection_id, object_type) where needs_read is not null;

create index record_recheck on record (recheck_at) where recheck_at is not null;

create index record_owner on record (connection_id, owner_id);

create index record_account on record (connection_id, object_type, account_id) where account_id is not null;

create table match_key (
    key text not null,
    connection_id text not null,
    object_type text not null,
    record_id text not null,
    primary key (key, connection_id, object_type, record_id)
  );

create index match_key_record on match_key (connection_id, object_type, record_id);

create table object_schema (
    connection_id text not null references connection on delete cascade,
    object_type text not null,
    fields jsonb not null,
    unreadable text[] not null default '{}',
    read_at timestamptz not null default now(),
    primary key (connection_id, object_type)
  );

create table crm_user (
    connection_id text not null references connection on delete cascade,
    user_id text not null,
    kind text not null,
    email text,
    name text not null,
    active boolean not null,
    active_members integer not null default 0,
    time_zone text,
    seen_at timestamptz not null default now(),
    primary key (connection_id, user_id)
  );

create index crm_user_email on crm_user (email);

create table policy_version (
    hash text primary key,
    workflow text not null,
    document jsonb not null,
    source text not null,
    stored_at timestamptz not null default now()
  );

create table workflow (
    workflow text primary key,
    title text not null,
    hash text references policy_version,
    mode text not null,
    -- what the policy asks for may be more than readiness allows; this is what runs
    effective_mode text not null,
    -- [{ job, email, problem }], empty when ready
    problems jsonb not null default '[]',
    -- a policy file that could not be loaded: { file, line, column, field, message }
    load_error jsonb,
    updated_at timestamptz not null default now()
  );

create table exception (
    id bigint generated always as identity primary key,
    connection_id text not null,
    workflow text not null,
    pattern text not null,
    subject text not null,
    object_type text not null,
    record_id text not null,
    title text not null,
    class text not null check (class in ('expected', 'risky', 'customer-facing', 'revenue-impacting', 'unknown')),
    class_because text not null,
    posture text not null check (posture in ('confirm', 'hold', 'stop')),
    branch text,
    owner_email text not null,
    passed_over jsonb not null default '[]',
    what text not null,
    would_have text not null,
    todo text not null,
    cause text not null,
    cause_title text,
    evidence jsonb not null,
    involves jsonb not null default '[]',
    status text not null default 'open' check (status in ('open', 'settled-by-rule', 'resolved')),
    settled_by_rule text,
    -- condition-cleared, fixed-by-owner, record-gone, out-of-scope, erased
    resolution text,
    task_id bigint,
    receipt_seq bigint,
    policy_hash text not null,
    due_at timestamptz not null,
    opened_at timestamptz not null default now(),
    resolved_at timestamptz,
    reopened integer not null default 0,
    updated_at timestamptz not null default now()
  );

create unique index exception_one_open on exception (connection_id, workflow, pattern, subject) where status = 'open';

create index exception_subject on exception (connection_id, object_type, record_id);

create index exception_task on exception (task_id) where status = 'open';

create index exception_list on exception (opened_at desc, id desc);

create table task (
    id bigint generated always as identity primary key,
    connection_id text not null,
    workflow text not null,
    cause text not null,
    -- the key that the CRM enforces
    key text not null unique,
    owner_email text not null,
    object_type text,
    record_id text,
    crm_task_id text,
    crm_owner_id text,
    status text not null default 'open' check (status in ('open', 'done')),
    -- digest of the last content that the CRM confirmed
    written_digest text,
    written_subject text,
    written_body text,
    due_at timestamptz not null,
    reopened integer not null default 0,
    reopen_reason text,
    -- who closed it in the CRM, as far as we know: person, lanekeeper
    closed_by text,
    -- a person closed it in the CRM: since when we look whether the condition is gone
    checking_since timestamptz,
    created_at timestamptz not null default now(),
    closed_at timestamptz
  );

create unique index task_one_open on task (connection_id, workflow, cause) where status = 'open';

create index task_checking on task (connection_id) where checking_since is not null;

create index task_owner_open on task (owner_email) where status = 'open';

create index task_crm on task (connection_id, crm_task_id);

create table intent (
    id bigint generated always as identity primary key,
    connection_id text not null,
    workflow text not null,
    kind text not null check (kind in ('task', 'owner')),
    task_id bigint references task,
    object_type text,
    record_id text,
    -- owner: { field, from, to, toEmail, rule, branch, settles }; task: filled at claim with what is sent
    payload jsonb not null,
    policy_hash text not null,
    receipt_seq bigint,
    state text not null default 'pending'
      check (state in ('pending', 'sending', 'done', 'unknown', 'refused', 'cancelled')),
    lease_epoch integer not null default 0,
    lease_until timestamptz,
    -- the worker process that holds it; when its beat stops, the lease is over early
    lease_by text,
    attempts integer not null default 0,
    next_attempt_at timestamptz not null default now(),
    outcome text,
    crm_id text,
    created_at timestamptz not null default now(),
    finished_at timestamptz
  );

create unique index intent_one_task on intent (task_id) where kind = 'task' and state = 'pending';

create unique index intent_one_owner on intent (connection_id, object_type, record_id)
     where kind = 'owner' and state in ('pending', 'sending', 'unknown');

create index intent_task_busy on intent (task_id) where state in ('sending', 'unknown');

create index intent_due on intent (connection_id, next_attempt_at) where state in ('pending', 'sending', 'unknown');

create table written_value (
    connection_id text not null,
    object_type text not null,
    record_id text not null,
    field text not null,
    value text,
    before text,
    intent_id bigint not null,
    written_at timestamptz not null default now(),
    primary key (connection_id, object_type, record_id, field)
  );

create table ledger (
    seq bigint primary key,
    at timestamptz not null,
    kind text not null,
    actor text not null,
    subject text not null,
    -- canonical JSON; null after a privacy erasure, the hash stays
    body text,
    body_hash bytea not null,
    prev_hash bytea not null,
    hash bytea not null
  );

create index ledger_subject on ledger (subject, seq);

create table ledger_head (
    one boolean primary key default true check (one),
    seq bigint not null,
    hash bytea not null
  );

insert into ledger_head (seq, hash) values (0, decode(repeat('00', 32), 'hex'));

create function ledger_is_append_only() returns trigger language plpgsql as $$
   begin
     if tg_op = 'UPDATE' and new.body is null and new.seq = old.seq and new.hash = old.hash
        and new.prev_hash = old.prev_hash and new.body_hash = old.body_hash and new.at = old.at
        and new.kind = old.kind and new.actor = old.actor and new.subject = old.subject then
       return new; -- privacy erasure
     end if;
     raise exception 'the ledger is append-only';
   end $$;

create trigger ledger_append_only before update or delete on ledger
   for each row execute function ledger_is_append_only();

create function ledger_is_never_truncated() returns trigger language plpgsql as $$
   begin raise exception 'the ledger is append-only'; end $$;

create trigger ledger_never_truncated before truncate on ledger
   for each statement execute function ledger_is_never_truncated();

create table call_budget (
    connection_id text primary key references connection on delete cascade,
    window_started_at timestamptz not null default now(),
    window_used integer not null default 0,
    window_ms integer not null,
    window_limit integer not null,
    search_window_started_at timestamptz not null default now(),
    search_used integer not null default 0,
    search_limit_per_second integer not null,
    paused_until timestamptz,
    paused_why text,
    calls_total bigint not null default 0,
    used_today bigint,
    limit_today bigint
  );

create table counter (
    connection_id text not null default '',
    day date not null default current_date,
    name text not null,
    detail text not null default '',
    n bigint not null default 0,
    last_at timestamptz not null default now(),
    primary key (connection_id, day, name, detail)
  );

create table sign_in_link (
    token_hash bytea primary key,
    expires_at timestamptz not null,
    used_at timestamptz
  );

create table session (
    token_hash bytea primary key,
    actor text not null,
    created_at timestamptz not null default now(),
    seen_at timestamptz not null default now(),
    expires_at timestamptz not null
  );

create table process_beat (
    role text not null,
    instance text not null,
    beat_at timestamptz not null default now(),
    detail jsonb not null default '{}',
    primary key (role, instance)
  );

alter table connection add column reading_by text;

create index intent_owner_record on intent (connection_id, object_type, record_id, workflow, id)
    where kind = 'owner';

drop index record_dirty;

create index record_to_decide on record (connection_id, (needs_read is null), dirty_since)
     where dirty_since is not null;

drop index record_needs_read;

create index record_to_read on record (connection_id, object_type, coalesce(read_after, '-infinity'::timestamptz))
     where needs_read is not null;

update record set needs_read = 'account-link' where object_type = 'Lead' and not deleted and needs_read is null;

alter table task add column closing_at_ms bigint;

alter table task add column closing_seen_at_ms bigint;

create index task_to_check on task (connection_id)
     where status = 'open' and checking_since is null and closing_at_ms > coalesce(closing_seen_at_ms, 0);

update task t set closing_at_ms = greatest(
    case when r.values->>'hs_task_status' = 'COMPLETED' then coalesce((r.stamps->'hs_task_status'->>'atMs')::bigint, 1) end,
    case when r.values->>'IsClosed' = 'true' then coalesce((r.stamps->'IsClosed'->>'atMs')::bigint, 1) end,
    case when r.deleted then coalesce((r.stamps->'@deleted'->>'atMs')::bigint, 1) end) from record r
     where t.status = 'open' and r.connection_id = t.connection_id and r.object_type in ('tasks', 'Task')
       and r.record_id = t.crm_task_id;

create function note_closed_task() returns trigger language plpgsql as $$
   begin
     update task set closing_at_ms = greatest(
    case when new.values->>'hs_task_status' = 'COMPLETED' then coalesce((new.stamps->'hs_task_status'->>'atMs')::bigint, 1) end,
    case when new.values->>'IsClosed' = 'true' then coalesce((new.stamps->'IsClosed'->>'atMs')::bigint, 1) end,
    case when new.deleted then coalesce((new.stamps->'@deleted'->>'atMs')::bigint, 1) end)
       where connection_id = new.connection_id and crm_task_id = new.record_id and status = 'open'
         and closing_at_ms is distinct from greatest(
    case when new.values->>'hs_task_status' = 'COMPLETED' then coalesce((new.stamps->'hs_task_status'->>'atMs')::bigint, 1) end,
    case when new.values->>'IsClosed' = 'true' then coalesce((new.stamps->'IsClosed'->>'atMs')::bigint, 1) end,
    case when new.deleted then coalesce((new.stamps->'@deleted'->>'atMs')::bigint, 1) end);
     return null;
   end $$;

create trigger record_closes_task after insert or update of values, stamps, deleted on record
     for each row when (new.object_type in ('tasks', 'Task')) execute function note_closed_task();

create index exception_owner_open on exception (connection_id, owner_email) where status = 'open';

create index exception_task_resolved on exception (task_id, resolved_at desc) where status = 'resolved';

create index intent_owner_day on intent (workflow, created_at) where kind = 'owner';

alter table workflow add column file text;

alter table connection
     drop constraint connection_status_check,
     add constraint connection_status_check check (status in ('connected', 'reconnect-needed', 'disconnected')),
     -- which of the kinds of src/crm/grant.ts is sealed in credentials
     add column grant_kind text,
     -- where the CRM is reached: { baseUrl, apiVersion, pubsubAddress }
     add column address jsonb,
     -- counts every change of credentials or address, so that running workers notice
     add column revision integer not null default 1,
     -- 'environment': made from settings at start; 'console' or 'terminal': made by a person
     add column made_by text not null default 'environment',
     add column actor_name text,
     add column edition text,
     add column pages_url text,
     -- HubSpot: 'push' when webhooks reach us, 'poll' when they cannot. Salesforce always streams.
     add column feed text not null default 'push' check (feed in ('push', 'poll', 'stream')),
     -- the address that HubSpot was told to call, which its signature covers
     add column webhook_url text,
     -- the last list of permissions that were tried, see AccessFindings
     add column access jsonb,
     add column access_checked_at timestamptz;

update connection set feed = 'stream' where crm = 'salesforce';

create table connection_token (
    connection_id text primary key references connection on delete cascade,
    sealed bytea,
    -- counts renewals: whoever saw version n refused asks for one newer than n
    version integer not null default 0,
    -- one process at a time asks the CRM for new tokens
    renewing_by text,
    renewing_until timestamptz,
    renewed_at timestamptz
  );

create table connection_draft (
    id text primary key,
    crm text not null check (crm in ('hubspot', 'salesforce')),
    grant_kind text not null,
    -- the connection that is connected again, null for a new one
    connection_id text,
    credentials bytea not null,
    tokens bytea,
    address jsonb not null,
    webhook_url text,
    made_by text not null,
    status text not null check (status in ('authorizing', 'checking', 'checked', 'failed')),
    problem text,
    access jsonb,
    task_key jsonb,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
  );

create table oauth_state (
    state_hash bytea primary key,
    draft_id text not null references connection_draft on delete cascade,
    session_hash bytea not null,
    provider text not null check (provider in ('hubspot', 'salesforce')),
    redirect_uri text not null,
    verifier bytea not null,
    expires_at timestamptz not null,
    used_at timestamptz
  );

alter table call_budget
     add column day_share real not null default 0.2,
     add column window_share real not null default 0.8,
     add column day_used integer not null default 0,
     add column day_began_at timestamptz not null default now();

create table notice (
    id bigint generated always as identity primary key,
    connection_id text not null,
    code text not null,
    -- what tells two notices of one code apart: an object, a field, a person
    subject text not null default '',
    level text not null check (level in ('info', 'warn', 'stop')),
    says text not null,
    step text,
    n integer not null default 1,
    first_at timestamptz not null default now(),
    last_at timestamptz not null default now(),
    ended_at timestamptz,
    ended_says text
  );

create unique index notice_open on notice (connection_id, code, subject) where ended_at is null;

create index notice_by_time on notice (connection_id, last_at desc);

alter table connection_draft
     add column token_version integer not null default 0,
     add column renewing_by text,
     add column renewing_until timestamptz;

alter table call_budget
     -- the first call finds the day over and begins one
     add column day_ends_at timestamptz not null default now(),
     -- our calls in the 24 hours before day_began_at; for a CRM that counts a rolling day
     add column day_used_before integer not null default 0,
     -- what the CRM allows in window_ms, of which window_limit is our share; null before it was noted
     add column window_whole real;

create table event_tally (
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
  );

create table event_tally_place (
    connection_id text primary key references connection on delete cascade,
    after_id bigint not null default 0
  );

create table untold_change (
    connection_id text not null references connection on delete cascade,
    object_type text not null,
    record_id text not null,
    -- the CRM's time of the change
    modified_at_ms bigint not null,
    found_at timestamptz not null default now(),
    primary key (connection_id, object_type, record_id, modified_at_ms)
  );

create table missed_events (
    connection_id text primary key references connection on delete cascade,
    n integer not null,
    first_change_ms bigint not null,
    last_change_ms bigint not null,
    found_at timestamptz not null
  );

create table step_check (
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
  );

create table step_object (
    connection_id text not null references connection on delete cascade,
    object_type text not null,
    -- what the CRM itself counts, where it says so; live records that we read, and that we hold
    crm_says bigint,
    crm_count bigint not null,
    our_count bigint not null,
    compared_at timestamptz not null,
    -- the last comparison that read every record
    full_at timestamptz,
    primary key (connection_id, object_type)
  );

create table step_day (
    connection_id text not null references connection on delete cascade,
    object_type text not null,
    run integer not null,
    -- UTC day of the record's last modification, as the CRM says it
    day date not null,
    crm_count integer not null default 0,
    our_count integer not null default 0,
    -- sums of the records' digests; see store/step-checks.ts
    crm_digest numeric not null default 0,
    our_digest numeric not null default 0,
    compared_at timestamptz not null default now(),
    primary key (connection_id, object_type, run, day)
  );

create table out_of_step (
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
    -- its hashes are in the sums of step_day
    is_counted boolean not null default false,
    looked_at timestamptz not null default clock_timestamp(),
    looks smallint not null default 0,
    -- since when it is known to be out of step; null: only suspected
    out_since timestamptz,
    -- since when it is being read again; null: nobody asked
    asked_at timestamptz,
    primary key (connection_id, object_type, record_id)
  );

create index out_of_step_pending on out_of_step (connection_id, object_type, looked_at) where is_pending;

create index out_of_step_asked on out_of_step (connection_id, looked_at) where asked_at is not null;

create unlogged table step_seen (
    connection_id text not null,
    object_type text not null,
    record_id text not null,
    primary key (connection_id, object_type, record_id)
  );

alter table connection add column erase_since timestamptz;

alter table object_schema add column drift jsonb not null default '[]';

alter table connection add column decided_at timestamptz;

update connection set decided_at = now();

alter table connection add column writes_since timestamptz, add column writes_by text;

update connection set writes_since = created_at, writes_by = made_by where made_by = 'environment';

alter table connection add column aftermath text check (aftermath in ('leave', 'rejoin')),
    add column erased_at timestamptz;

update connection set aftermath = 'leave' where status = 'disconnected';

alter table connection_draft add column check_run integer not null default 0;

create table decide_again (
    connection_id text primary key,
    object_type text not null default '',
    record_id text not null default ''
  );

alter table reconcile_watermark add column cursor text, add column since_ms bigint,
    add column latest_ms bigint;

alter table object_schema add column refused_since timestamptz;

alter table object_schema add column asked text[];

alter table connection add column former_webhook_url text, add column webhook_moved_at timestamptz;

create table kysely_migration (name varchar(255) primary key, timestamp varchar(255) not null);
create table kysely_migration_lock (id varchar(255) primary key, is_locked integer not null default 0);
insert into kysely_migration_lock (id, is_locked) values ('migration_lock', 0);

insert into kysely_migration (name, timestamp) values
  ('0001-first', '2026-11-22T00:00:00.000Z'),
  ('0002-reader-of-a-connection', '2026-11-22T00:00:00.000Z'),
  ('0003-owner-intents-by-record', '2026-11-22T00:00:00.000Z'),
  ('0003-record-look-ups', '2026-11-22T00:00:00.000Z'),
  ('0004-closings-and-caps', '2026-11-22T00:00:00.000Z'),
  ('0005-connecting', '2026-11-22T00:00:00.000Z'),
  ('0006-connecting-details', '2026-11-22T00:00:00.000Z'),
  ('0006-step-check', '2026-11-22T00:00:00.000Z'),
  ('0007-ended-connections', '2026-11-22T00:00:00.000Z'),
  ('0008-drift', '2026-11-22T00:00:00.000Z'),
  ('0008-first-decision', '2026-11-22T00:00:00.000Z'),
  ('0009-writing', '2026-11-22T00:00:00.000Z'),
  ('0010-ending', '2026-11-22T00:00:00.000Z'),
  ('0011-check-runs', '2026-11-22T00:00:00.000Z'),
  ('0011-decide-again', '2026-11-22T00:00:00.000Z'),
  ('0012-reading-place', '2026-11-22T00:00:00.000Z'),
  ('0013-fields-asked', '2026-11-22T00:00:00.000Z'),
  ('0014-former-webhook-address', '2026-11-22T00:00:00.000Z');
