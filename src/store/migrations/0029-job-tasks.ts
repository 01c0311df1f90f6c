/**
 * Tasks that hang on no record: a job that is offered, a job that is to be confirmed, a lane without anybody. And how a
 * create whose answer was lost is looked for where the CRM enforces no key and there is no record to look on.
 */
const TASKS: readonly string[] = [
  // Its row in `task` has the workflow '' and is written like every other one. Here is what it says and whose it is.
  `create table job_task (
    task_id bigint primary key,
    -- offer, confirm, vacancy
    about text not null,
    person_id text not null references person,
    -- what the task is about: a job of this workflow, lane and circle
    for_workflow text not null,
    lane text not null,
    circle text,
    job_id bigint references job,
    subject text not null,
    body text not null,
    -- what completing it means, with a link; stands below everything else
    last_line text not null,
    -- why it closed, said above its text; null: open
    closing text,
    -- completed again after it had been opened once more: it stays closed, and what it is about stays open
    left_closed_at timestamptz
  )`,
  `create index job_task_job on job_task (job_id) where job_id is not null`,
  `create index job_task_person on job_task (person_id)`,
  // One in all CRMs together: a person who is a user of two gets one.
  `create unique index task_one_open_job on task (cause) where status = 'open' and workflow = ''`,

  `alter table intent drop constraint intent_kind_check`,
  `alter table intent add constraint intent_kind_check check (kind in ('task', 'owner', 'link', 'repair', 'job'))`,
  `drop index intent_one_task`,
  `create unique index intent_one_task on intent (task_id) where kind in ('task', 'job') and state = 'pending'`,
  `alter table intent
     -- searches of the CRM's index that did not show the task, since it was last let through the gate
     add column empty_searches integer not null default 0,
     -- it was created again after such searches: when the index is asked once more, for a first one after all
     add column search_again_at timestamptz`,
  `create index intent_search_again on intent (connection_id, search_again_at) where search_again_at is not null`,
]

/**
 * What hangs on no workflow asks the permit of (connection, ''). It is there unless writing is off: neither a draft, nor a
 * pause, nor missing people keep an offer from being sent. The kind "task" is in it for closing a second task of one offer.
 */
const PERMIT: readonly string[] = [
  `create function refresh_job_permit(of_connection text) returns void language plpgsql as $$
   begin
     perform pg_advisory_xact_lock(permit_lock(of_connection, ''));
     insert into permit as p (connection_id, workflow, kinds, why)
     select c.id, '',
       case when c.writes_since is null or c.status = 'disconnected' then '{}'::text[] else '{job,task,setup}' end,
       case when c.status = 'disconnected' then 'ended' when c.writes_since is null then 'writing-off' else '' end
     from connection c where c.id = of_connection
     on conflict (connection_id, workflow) do update
       set kinds = excluded.kinds, why = excluded.why, changed_at = clock_timestamp()
       where p.kinds <> excluded.kinds or p.why <> excluded.why;
   end $$`,
  `create function connection_changes_job_permit() returns trigger language plpgsql as $$
   begin
     perform refresh_job_permit(new.id);
     return null;
   end $$`,
  // By its name it fires before the trigger of the other permits, and '' is the first of them in byte order.
  `create trigger connection_job_permit after insert or update of writes_since, status on connection
     for each row execute function connection_changes_job_permit()`,
  `select refresh_job_permit(id) from connection order by id`,
]

/** When the clock does something about a job: a reminder, an end, a confirmation. Rows, so that a restart forgets none. */
const CLOCK: readonly string[] = [
  `create table job_due (
    job_id bigint not null references job,
    -- remind, end; confirm, confirm-remind, confirm-end
    reason text not null,
    at timestamptz not null,
    done_at timestamptz,
    -- what the row was worked out from: another offer or another day of confirmation makes new rows
    of_at timestamptz not null,
    primary key (job_id, reason, of_at)
  )`,
  `create index job_due_open on job_due (at) where done_at is null`,
  // What was mailed to a person about a job. Kept: "was she told?" is asked long after.
  `create table job_message (
    id bigint generated always as identity primary key,
    job_id bigint references job,
    -- of a vacancy, which has no job: its cause
    cause text not null,
    person_id text not null references person,
    reason text not null,
    address text not null,
    subject text not null,
    body text not null,
    made_at timestamptz not null default now(),
    tries integer not null default 0,
    next_try_at timestamptz not null default now(),
    sent_at timestamptz,
    -- why it could not be sent, as the mail server said it
    error text
  )`,
  `create unique index job_message_once on job_message (cause, reason, person_id)`,
  `create index job_message_person on job_message (person_id)`,
  `create index job_message_unsent on job_message (next_try_at) where sent_at is null`,
]

export const STATEMENTS: readonly string[] = [...TASKS, ...PERMIT, ...CLOCK]
