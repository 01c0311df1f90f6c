/** Who holds which job, since when, and who stands in. Outside every policy and its hash; nothing here is ever deleted. */
const JOBS: readonly string[] = [
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
    add column jobs_revision integer not null default 0,
    -- owners as its file names them, who hold the jobs until people do
    add column file_owners jsonb,
    -- who does what now (model/people/staff.ts), for everybody who reads the policy; null: as the file names them
    add column staff jsonb,
    -- from when jobs alone count; null: nobody was offered one yet
    add column jobs_from timestamptz`,
  // A version no longer says who holds its jobs; those of before keep their text, which decisions cite.
  // What ran goes on for two weeks, in which those whom the files name can accept.
  `update workflow w set file_owners = p.document -> 'owners', jobs_from = now() + interval '14 days'
     from policy_version p where p.hash = w.hash`,

  // Records with an open case of a workflow, by its name.
  `alter table mark_queue drop constraint mark_queue_marked_by_check`,
  `alter table mark_queue add check (marked_by in ('owner', 'account', 'key', 'case-owner', 'case-workflow'))`,
  `create index exception_workflow_open on exception (connection_id, workflow, object_type, record_id)
     where status = 'open'`,
]

/** The one place that works out `lane_holder`. */
const PROJECTION: readonly string[] = [
  // A runtime may store a zone that this server has no file for: the day is then that of UTC, at most one day off.
  `create function day_in_zone(zone text, at timestamptz) returns date language plpgsql stable as $$
   begin
     return (at at time zone coalesce(zone, 'UTC'))::date;
   exception when invalid_parameter_value then
     return (at at time zone 'UTC')::date;
   end $$`,
  `create function end_of_day_in_zone(zone text, day date) returns timestamptz language plpgsql stable as $$
   begin
     return (day + 1)::timestamp at time zone coalesce(zone, 'UTC');
   exception when invalid_parameter_value then
     return (day + 1)::timestamp at time zone 'UTC';
   end $$`,

  // Everybody who may hold a job at all. Where a CRM knows somebody, its word counts: whoever is deactivated or frozen in
  // every CRM that knows them has left, whatever other sign-in they still have.
  `create function active_people() returns table (person_id text, has_crm_user boolean, has_sign_in boolean, zone text)
   language sql stable set plan_cache_mode = force_custom_plan as $$
     select p.id, coalesce(bool_or(u.is_here), false),
       coalesce(bool_or(i.kind in ('oidc', 'mail')), false),
       min(u.time_zone) filter (where u.is_here)
     from person p
     left join identity i on i.person_id = p.id and i.state = 'confirmed'
     left join connection c on i.kind = 'crm' and i.issuer = c.crm || ':' || c.account_id and c.status <> 'disconnected'
     left join lateral (
       select x.time_zone, x.active and x.gone_at is null and x.frozen is not true and x.integration is not true as is_here
       from crm_user x where x.connection_id = c.id and x.user_id = i.subject and x.kind = 'person') u on true
     where p.ended_at is null
     group by p.id
     having coalesce(bool_or(u.is_here), true) $$`,

  // Who may act in which lane at this moment, by the tables. Null: of every workflow.
  `create function lane_holders_now(of_workflow text)
   returns table (workflow text, lane text, circle text, person_id text, role text, until timestamptz)
   language sql stable set plan_cache_mode = force_custom_plan as $$
     with held as (
       select j.workflow, j.lane, coalesce(j.circle, '') as circle, j.person_id, j.deputy, j.confirm_by,
         coalesce(a.zone, d.document #>> '{calendar,timeZone}') as zone
       from job j
       join active_people() a on a.person_id = j.person_id
       left join workflow w on w.workflow = j.workflow
       left join policy_version d on d.hash = w.hash
       where (of_workflow is null or j.workflow = of_workflow)
         and j.accepted_at is not null and j.ended_at is null
         and (j.confirm_by is null or j.confirm_by > clock_timestamp())
         -- a reviewer gets tasks in a CRM; the first admin may not even have an address
         and case j.lane when 'review' then a.has_crm_user when 'admin' then true
           else a.has_crm_user or a.has_sign_in end
     ), stands_in as (
       select h.workflow, h.lane, h.circle, s.person_id,
         least(end_of_day_in_zone(h.zone, b.until_day), s.confirm_by) as until
       from held h
       join absence b on b.person_id = h.person_id and b.ended_at is null
         and day_in_zone(h.zone, clock_timestamp()) between b.from_day and b.until_day
       join held s on s.person_id = b.delegate_id and s.workflow = h.workflow and s.lane = h.lane and s.circle = h.circle
         and (h.lane = 'review' or s.deputy) and s.person_id <> h.person_id
     )
     select h.workflow, h.lane, h.circle, h.person_id, case when h.deputy then 'deputy' else 'holder' end, h.confirm_by
     from held h
     union all
     select s.workflow, s.lane, s.circle, s.person_id, 'delegate', max(s.until) from stands_in s group by 1, 2, 3, 4 $$`,

  // Under the permits of the workflow, so that the gate never asks while this is changing. True: somebody came or went.
  `create function refresh_lane_holders(of_workflow text) returns boolean language plpgsql
   set plan_cache_mode = force_custom_plan as $$
   declare
     gone integer;
     came integer;
   begin
     perform lock_permits(null, case when of_workflow is not null then array[of_workflow] end);
     -- of the installation no workflow has a permit
     perform pg_advisory_xact_lock(permit_lock('', coalesce(of_workflow, '')));
     delete from lane_holder l where (of_workflow is null or l.workflow = of_workflow)
       and not exists (select 1 from lane_holders_now(of_workflow) n where (n.workflow, n.lane, n.circle, n.person_id, n.role)
         = (l.workflow, l.lane, l.circle, l.person_id, l.role));
     get diagnostics gone = row_count;
     insert into lane_holder as l (workflow, lane, circle, person_id, role, until)
     select n.workflow, n.lane, n.circle, n.person_id, n.role, n.until from lane_holders_now(of_workflow) n
     on conflict (workflow, lane, circle, person_id, role) do update set until = excluded.until
       where l.until is distinct from excluded.until;
     get diagnostics came = row_count;
     return gone + came > 0;
   end $$`,
]

export const STATEMENTS: readonly string[] = [...JOBS, ...PROJECTION]
