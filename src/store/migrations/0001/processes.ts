/** Sessions of the console, running processes, and what is only counted. */
export const PROCESSES: readonly string[] = [
  // Everything countable that is not a row elsewhere: refused webhooks, unknown portals, duplicates.
  `create table counter (
    connection_id text not null default '',
    day date not null default current_date,
    name text not null,
    detail text not null default '',
    n bigint not null default 0,
    last_at timestamptz not null default now(),
    primary key (connection_id, day, name, detail)
  )`,
  `create table sign_in_link (
    token_hash bytea primary key,
    expires_at timestamptz not null,
    used_at timestamptz
  )`,
  `create table session (
    token_hash bytea primary key,
    actor text not null,
    created_at timestamptz not null default now(),
    seen_at timestamptz not null default now(),
    expires_at timestamptz not null
  )`,
  `create table process_beat (
    role text not null,
    instance text not null,
    beat_at timestamptz not null default now(),
    detail jsonb not null default '{}',
    primary key (role, instance)
  )`,
]
