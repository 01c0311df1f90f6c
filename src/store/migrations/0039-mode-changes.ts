/**
 * The mode of a workflow, and of a pilot its slice and cap, are rows with a history: a version says only what a workflow
 * begins with. The newest row is what runs.
 */
export const STATEMENTS: readonly string[] = [
  `create table mode_change (
    id bigint generated always as identity primary key,
    workflow text not null,
    mode text not null check (mode in ('draft', 'observe', 'pilot', 'live')),
    -- { when, dailyCap }; kept above a pilot for the way back to it
    pilot jsonb,
    -- more may be written than before: what that alone asks for waits as a new version's does
    is_raise boolean not null,
    -- before-publishing: as it ran before these rows were there
    origin text not null check (origin in ('before-publishing', 'first-version', 'person')),
    why text not null,
    changed_by text not null,
    changed_at timestamptz not null default clock_timestamp(),
    check (mode <> 'pilot' or pilot is not null)
  )`,
  `create index mode_change_last on mode_change (workflow, id desc)`,
  `create function keep_mode_changes() returns trigger language plpgsql as $$
   begin
     raise exception 'Changes of modes are kept as they are';
   end $$`,
  `create trigger mode_change_is_kept before update or delete on mode_change
     for each row execute function keep_mode_changes()`,
  `insert into mode_change (workflow, mode, pilot, is_raise, origin, why, changed_by)
   select w.workflow, w.mode, nullif(p.document->'pilot', 'null'::jsonb), false, 'before-publishing', '', 'lanekeeper'
   from workflow w join policy_version p on p.hash = w.hash order by w.workflow`,

  `alter table workflow_version
    -- the raise since which it counts as another one for records that have not changed; 0: none
    add column raise_id bigint not null default 0`,
  `alter table workflow_version drop constraint workflow_version_workflow_hash_reading_version_key`,
  `alter table workflow_version add constraint workflow_version_is_one unique (workflow, hash, reading_version, raise_id)`,
]
