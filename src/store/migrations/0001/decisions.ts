/** People, policies, and what was decided: cases, tasks, intents and the values that we wrote. */
export const DECISIONS: readonly string[] = [
  `create table crm_user (
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
  )`,
  `create index crm_user_email on crm_user (email)`,

  // Policies are immutable once stored; workflow points at the one in force.
  `create table policy_version (
    hash text primary key,
    workflow text not null,
    document jsonb not null,
    source text not null,
    stored_at timestamptz not null default now()
  )`,
  `create table workflow (
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
    -- a file that cannot be parsed may not say which workflow it is: then this does
    file text,
    updated_at timestamptz not null default now()
  )`,
  `create table exception (
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
  )`,

  // Promise 4: this index, not the code, is the guarantee.
  `create unique index exception_one_open on exception (connection_id, workflow, pattern, subject) where status = 'open'`,
  `create index exception_subject on exception (connection_id, object_type, record_id)`,
  `create index exception_task on exception (task_id) where status = 'open'`,
  `create index exception_list on exception (opened_at desc, id desc)`,
  `create index exception_owner_open on exception (connection_id, owner_email) where status = 'open'`,
  // The last resolution of a task's cases, for the words that close it.
  `create index exception_task_resolved on exception (task_id, resolved_at desc) where status = 'resolved'`,

  // One task per cause. Level-triggered: act compares what should stand in the CRM with what was last written.
  `create table task (
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
    -- when the CRM says that the task was closed or deleted, and the closing that was looked into last
    closing_at_ms bigint,
    closing_seen_at_ms bigint,
    created_at timestamptz not null default now(),
    closed_at timestamptz
  )`,
  `create unique index task_one_open on task (connection_id, workflow, cause) where status = 'open'`,
  `create index task_checking on task (connection_id) where checking_since is not null`,
  `create index task_owner_open on task (owner_email) where status = 'open'`,
  `create index task_crm on task (connection_id, crm_task_id)`,
  // Until the CRM has shown a newer closing than the one looked into, there is nothing to look into.
  `create index task_to_check on task (connection_id)
     where status = 'open' and checking_since is null and closing_at_ms > coalesce(closing_seen_at_ms, 0)`,

  // Set with the record, so that verify need not hold every open task against its record to find the few closed ones.
  `create function note_closed_task() returns trigger language plpgsql as $$
   begin
     update task set closing_at_ms = nullif(new.task_closed_at_ms, 0)
       where connection_id = new.connection_id and crm_task_id = new.record_id and status = 'open'
         and closing_at_ms is distinct from nullif(new.task_closed_at_ms, 0);
     return null;
   end $$`,
  `create trigger record_closes_task after insert or update of task_closed_at_ms on record
     for each row when (new.task_closed_at_ms is not null) execute function note_closed_task()`,

  // A write that we have decided on, recorded before the CRM is called.
  `create table intent (
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
  )`,
  `create unique index intent_one_task on intent (task_id) where kind = 'task' and state = 'pending'`,
  `create unique index intent_one_owner on intent (connection_id, object_type, record_id)
     where kind = 'owner' and state in ('pending', 'sending', 'unknown')`,
  `create index intent_task_busy on intent (task_id) where state in ('sending', 'unknown')`,
  `create index intent_due on intent (connection_id, next_attempt_at) where state in ('pending', 'sending', 'unknown')`,
  // Every decision asks what became of the record's owner writes; without this it read the whole table each time.
  `create index intent_owner_record on intent (connection_id, object_type, record_id, workflow, id)
    where kind = 'owner'`,
  `create index intent_owner_day on intent (workflow, created_at) where kind = 'owner'`,

  // What we wrote, so that its echo is recognised and can be undone.
  `create table written_value (
    connection_id text not null,
    object_type text not null,
    record_id text not null,
    field text not null,
    value text,
    before text,
    intent_id bigint not null,
    written_at timestamptz not null default now(),
    primary key (connection_id, object_type, record_id, field)
  )`,
]
