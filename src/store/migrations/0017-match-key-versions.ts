/**
 * Which version of our own code made the match keys of a connection's records. An upgrade that reads e-mails or names in
 * another way makes them again, before anything is decided by them.
 */
export const STATEMENTS: readonly string[] = [
  `create table match_key_version (
    connection_id text primary key references connection on delete cascade,
    reading_version text not null,
    -- the last record whose keys were made again; null: all were
    object_type text,
    record_id text
  )`,
]
