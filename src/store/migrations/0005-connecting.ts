import { type Kysely, sql } from 'kysely'

/**
 * Connections are made and ended by people: what they were given is kept by kind, tokens are renewed by one process at a
 * time, a connection being made is a draft, and what happened to a connection is a sentence that stays.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db)
}

const STATEMENTS = [
  `alter table connection
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
     add column access_checked_at timestamptz`,
  `update connection set feed = 'stream' where crm = 'salesforce'`,

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
  )`,
  // One-time, ten minutes, bound to the browser session that asked.
  `create table oauth_state (
    state_hash bytea primary key,
    draft_id text not null references connection_draft on delete cascade,
    session_hash bytea not null,
    provider text not null check (provider in ('hubspot', 'salesforce')),
    redirect_uri text not null,
    verifier bytea not null,
    expires_at timestamptz not null,
    used_at timestamptz
  )`,

  // Our share of what the CRM allows, and our own count of the day.
  `alter table call_budget
     add column day_share real not null default 0.2,
     add column window_share real not null default 0.8,
     add column day_used integer not null default 0,
     add column day_began_at timestamptz not null default now()`,

  // What happened to a connection, in a sentence: one open row per cause, counted while it lasts.
  `create table notice (
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
  )`,
  `create unique index notice_open on notice (connection_id, code, subject) where ended_at is null`,
  `create index notice_by_time on notice (connection_id, last_at desc)`,
]
