/** Who holds which job, since when, and who stands in. Outside every policy and its hash; nothing here is ever deleted. */
export const STATEMENTS: readonly string[] = [
  `create table job (
    id bigint generated always as identity primary key,
    -- empty: of the installation, which only admin is
    workflow text not null,
    lane text not null check (lane in ('review', 'override', 'rollback', 'boundary', 'data', 'workflow', 'admin')),
    -- of review: which circle
    circle text check (circle in ('general', 'senior', 'approved')),
    deputy boolean not null default false,
    -- of review: the order in which the circle is asked
    place integer not null default 0,
    person_id text not null references person,
    offered_at timestamptz not null default now(),
    offered_by text not null,
    reminded_at timestamptz,
    accepted_at timestamptz,
    -- a day that an admin had typed into a file, before people could accept
    accepted_before_people boolean not null default false,
    declined_at timestamptz,
    -- by when the holder says again that they hold it
    confirm_by timestamptz,
    ended_at timestamptz,
    ended_by text,
    -- declined, given-back, replaced, not-confirmed, not-answered, left, withdrawn
    end_reason text,
    check ((lane = 'review') = (circle is not null)),
    check ((lane = 'admin') = (workflow = '')),
    check (not deputy or lane not in ('review', 'admin'))
  )`,
  `create unique index job_open on job (workflow, lane, coalesce(circle, ''), deputy, person_id) where ended_at is null`,
  // Of a lane that one person has, one has accepted it. An offer may stand beside them.
  `create unique index job_one_holder on job (workflow, lane, deputy)
     where ended_at is null and accepted_at is not null and lane not in ('review', 'admin')`,
  `create index job_person on job (person_id) where ended_at is null`,

  `create table absence (
    id bigint generated always as identity primary key,
    person_id text not null references person,
    -- days of the person's own calendar, both included
    from_day date not null,
    until_day date not null check (until_day >= from_day),
    delegate_id text references person,
    made_by text not null,
    made_at timestamptz not null default now(),
    ended_at timestamptz,
    ended_by text
  )`,
  `create index absence_person on absence (person_id, until_day) where ended_at is null`,

  // Who may act in a lane now: jobs as accepted, deputies, and delegates of those who are away. Worked out from the tables
  // above and from who is active in a CRM; only one function writes it.
  `create table lane_holder (
    workflow text not null,
    lane text not null,
    circle text not null default '',
    person_id text not null references person,
    role text not null check (role in ('holder', 'deputy', 'delegate')),
    -- compared with the clock where it is used
    until timestamptz,
    primary key (workflow, lane, circle, person_id, role)
  )`,
  `create index lane_holder_person on lane_holder (person_id)`,
  `alter table workflow
    -- counts every change of who holds its jobs, so that running processes notice
    add column jobs_revision integer not null default 0`,
]
