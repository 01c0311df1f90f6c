/** Inputs that are not known, and the records that each of them holds. One case per input, never one per record. */
export const STATEMENTS: readonly string[] = [
  `create table unknown_input (
    id bigint generated always as identity primary key,
    connection_id text not null,
    crm text not null,
    object_type text not null,
    -- '*': nothing of the object's records is known
    field text not null,
    -- hidden, refused, not-read, removed, retyped, option-removed
    why text not null,
    -- records that rest on it now; kept with every decision, because counting them would read them all
    held integer not null default 0,
    held_since timestamptz,
    -- when its case has to be looked at: opened, brought up to date or closed. Null: nothing changed since
    look_at timestamptz,
    exception_id bigint,
    unique (connection_id, object_type, field, why)
  )`,
  `create index unknown_input_due on unknown_input (look_at) where look_at is not null`,
  `create table held_record (
    connection_id text not null,
    object_type text not null,
    record_id text not null,
    input_id bigint not null references unknown_input on delete cascade,
    -- the workflows that it holds the record for
    workflows text[] not null,
    since timestamptz not null default clock_timestamp(),
    primary key (connection_id, object_type, record_id, input_id)
  )`,
  `create index held_record_input on held_record (input_id, since)`,
]
