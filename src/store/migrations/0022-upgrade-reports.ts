/**
 * An upgrade of Lanekeeper that reads values differently decides every record again. What that changes is reported once,
 * before any task of it is written.
 */
export const STATEMENTS: readonly string[] = [
  `create table upgrade (
    id integer generated always as identity primary key,
    -- READING_VERSION of the code that decided before, and of the code that decides now
    from_reading text not null,
    to_reading text not null,
    started_at timestamptz not null default clock_timestamp(),
    -- the report is made and tasks go then, whatever is left to decide
    limit_at timestamptz not null,
    -- the report: null until it is made
    finished_at timestamptz,
    -- records that were not decided by then
    undecided integer,
    -- [{ connectionId, workflow, pattern, opened, closed, changed, askedAgain, examples }]: counts, and ids of cases
    report jsonb,
    -- { created, changed, closed }: what the tasks that waited for the report are going to be
    tasks jsonb,
    ledger_seq bigint,
    -- the tasks that waited may be written; null: not yet all
    released_at timestamptz
  )`,
  `create unique index upgrade_one_unfinished on upgrade ((true)) where finished_at is null`,
  `create index upgrade_unreleased on upgrade (id) where released_at is null`,

  // Where records are decided again, and for which workflows.
  `create table upgrade_scope (
    upgrade_id integer not null,
    connection_id text not null,
    workflow text not null,
    -- its policy file is another one, too, so that what comes of which cannot be told apart
    policy_changed boolean not null,
    -- every record of the connection was marked for another decision
    marked_at timestamptz,
    -- and decided
    decided_at timestamptz,
    primary key (upgrade_id, connection_id, workflow)
  )`,

  // Cases that changed although their record did not: the first decision of the new code made the difference.
  `create table upgrade_case (
    upgrade_id integer not null,
    exception_id bigint not null,
    connection_id text not null,
    change text not null check (change in ('opened', 'closed', 'changed', 'asked-again')),
    -- the class that it had before
    class_before text,
    primary key (upgrade_id, exception_id)
  )`,
  `create index upgrade_case_exception on upgrade_case (exception_id)`,

  `alter table intent
    -- a task that the new code wants otherwise: it waits for the report of this upgrade
    add column upgrade_id integer`,
  `create index intent_upgrade on intent (upgrade_id, id) where upgrade_id is not null`,
]
