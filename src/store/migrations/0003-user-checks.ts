/** What is known of people whom a list left out, and the ids that the CRM is asked about one by one. */
export const STATEMENTS: readonly string[] = [
  // Since when the CRM's lists leave the user out; when it last answered for this id by itself; when it said that it has none.
  `alter table crm_user
     add column unlisted_since timestamptz,
     add column answered_at timestamptz,
     add column gone_at timestamptz,
     -- null: the CRM does not say
     add column frozen boolean,
     -- null: not known
     alter column active_members drop not null`,
  `create table user_check (
    connection_id text not null references connection on delete cascade,
    user_id text not null,
    -- one of many who are missing at once: none of them counts as gone until the CRM answered for all
    held boolean not null default false,
    said_gone boolean not null default false,
    attempts integer not null default 0,
    ask_after timestamptz not null default clock_timestamp(),
    since timestamptz not null default clock_timestamp(),
    -- when the CRM's last answer about this id came, also one that proves nothing
    answered_at timestamptz,
    problem text,
    primary key (connection_id, user_id)
  )`,
  `create index user_check_due on user_check (connection_id, ask_after)`,
]
