/**
 * What decisions rest on besides records is overwritten as it changes: users, what fields there are, what we may read,
 * assignments. From now on each change of it is kept, so that a decision can be made again as it was made.
 */
const OBSERVED: readonly string[] = [
  `create table observed (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    connection_id text not null,
    -- user, schema, connection, assignment
    kind text not null,
    -- the user's id, the object, empty, or the record of an assignment
    subject text not null,
    -- as it is from here on; null: it is gone
    value jsonb
  )`,
  `create index observed_subject on observed (connection_id, kind, subject, id)`,
  // An erasure of a connection's history deletes; nothing else may touch what was seen.
  `create function observed_is_added_to() returns trigger language plpgsql as $$
   begin raise exception 'What was observed is only added to'; end $$`,
  `create trigger observed_is_added_to before update on observed
     for each statement execute function observed_is_added_to()`,

  `create function observed_user(u crm_user) returns jsonb language sql immutable as $$
     select jsonb_build_object('kind', u.kind, 'email', u.email, 'name', u.name, 'active', u.active, 'frozen', u.frozen,
       'integration', u.integration, 'members', u.members, 'activeMembers', u.active_members, 'timeZone', u.time_zone,
       'territories', u.territories, 'unlisted', u.unlisted_since is not null, 'gone', u.gone_at is not null) $$`,
  `create function observed_schema(s object_schema) returns jsonb language sql immutable as $$
     select jsonb_build_object('fields', s.fields, 'unreadable', s.unreadable, 'drift', s.drift, 'asked', s.asked,
       'refused', s.refused_since is not null) $$`,
  `create function observed_connection(c connection) returns jsonb language sql immutable as $$
     select jsonb_build_object('status', c.status, 'timeZone', c.time_zone, 'homeCurrency', c.home_currency,
       'writes', c.writes_since is not null, 'access', c.access) $$`,
  `create function observed_assignment(a territory_assignment) returns jsonb language sql immutable as $$
     select jsonb_build_object('territory', a.territory_id) $$`,
]

/** Each table with what names a row of it, and the name of its kind. */
const SOURCES = [
  { table: 'crm_user', kind: 'user', subject: (row: string) => `${row}.user_id`, same: 'user_id' },
  { table: 'object_schema', kind: 'schema', subject: (row: string) => `${row}.object_type`, same: 'object_type' },
  {
    table: 'territory_assignment',
    kind: 'assignment',
    subject: (row: string) => `${row}.object_type || '/' || ${row}.record_id || '/' || ${row}.assignment_id`,
    same: 'assignment_id',
  },
] as const

/** By statement, so that a list of ten thousand users costs one insert; a row that says the same as before is left out. */
const TRIGGERS = SOURCES.flatMap(({ table, kind, subject, same }) => [
  `create function observe_new_${table}() returns trigger language plpgsql as $$
   begin
     insert into observed (connection_id, kind, subject, value)
     select a.connection_id, '${kind}', ${subject('a')}, observed_${kind}(a::${table}) from after_it a
     order by a.connection_id, a.${same};
     return null;
   end $$`,
  `create trigger observe_new after insert on ${table} referencing new table as after_it
     for each statement execute function observe_new_${table}()`,
  `create function observe_changed_${table}() returns trigger language plpgsql as $$
   begin
     insert into observed (connection_id, kind, subject, value)
     select a.connection_id, '${kind}', ${subject('a')}, observed_${kind}(a::${table})
     from after_it a join before_it b on b.connection_id = a.connection_id and b.${same} = a.${same}
     where observed_${kind}(a::${table}) is distinct from observed_${kind}(b::${table})
     order by a.connection_id, a.${same};
     return null;
   end $$`,
  `create trigger observe_changed after update on ${table} referencing old table as before_it new table as after_it
     for each statement execute function observe_changed_${table}()`,
  `create function observe_gone_${table}() returns trigger language plpgsql as $$
   begin
     insert into observed (connection_id, kind, subject, value)
     select b.connection_id, '${kind}', ${subject('b')}, null from before_it b
     -- an erasure of the history takes these rows away for good
     where exists (select 1 from connection c where c.id = b.connection_id and c.erase_since is null)
     order by b.connection_id, b.${same};
     return null;
   end $$`,
  `create trigger observe_gone after delete on ${table} referencing old table as before_it
     for each statement execute function observe_gone_${table}()`,
])

/** A connection changes with every poll, nearly always in what no decision asks for. */
const CONNECTION: readonly string[] = [
  `create function observe_connection() returns trigger language plpgsql as $$
   begin
     if new.erase_since is null and (tg_op = 'INSERT'
       or observed_connection(new) is distinct from observed_connection(old)) then
       insert into observed (connection_id, kind, subject, value)
       values (new.id, 'connection', '', observed_connection(new));
     end if;
     return null;
   end $$`,
  `create trigger observe_connection_made after insert on connection
     for each row execute function observe_connection()`,
  `create trigger observe_connection_changed
     after update of status, time_zone, home_currency, writes_since, access on connection
     for each row execute function observe_connection()`,
]

/** As things are when this begins. */
const FIRST: readonly string[] = [
  ...SOURCES.map(
    ({ table, kind, subject, same }) => `insert into observed (connection_id, kind, subject, value)
     select a.connection_id, '${kind}', ${subject('a')}, observed_${kind}(a::${table}) from ${table} a
     order by a.connection_id, a.${same}`,
  ),
  `insert into observed (connection_id, kind, subject, value)
   select c.id, 'connection', '', observed_connection(c) from connection c where c.erase_since is null order by c.id`,
]

const VERSIONS: readonly string[] = [
  `alter table record
    -- counts every change of what we know of it: a decision names the one that it rests on
    add column version bigint not null default 1`,
  `alter table change_event
    -- the record's version that this event made, or that it was found in already
    add column applied_version bigint`,
]

export const STATEMENTS: readonly string[] = [...OBSERVED, ...TRIGGERS, ...CONNECTION, ...FIRST, ...VERSIONS]
