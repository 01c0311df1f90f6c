/**
 * What follows a task that was created asks the gate as every write does: hanging it on its record where the CRM's own
 * write could not, and closing a second task of one case. And the values that we wrote are read from the write log, so
 * that nothing can say that we wrote what no attempt and no answer say.
 */
export const STATEMENTS: readonly string[] = [
  // link: hang the task on its record. repair: close the extra task named in crm_id.
  `alter table intent drop constraint intent_kind_check`,
  `alter table intent add constraint intent_kind_check check (kind in ('task', 'owner', 'link', 'repair'))`,
  `create unique index intent_one_link on intent (task_id) where kind = 'link' and state = 'pending'`,
  // One case for each extra task, however often it is found again.
  `create unique index intent_one_repair on intent (connection_id, crm_id) where kind = 'repair'`,

  // What a permit calls the kind of an intent.
  `create function permit_kind(of_intent text) returns text language sql immutable as $$
     select case of_intent when 'owner' then 'action' when 'link' then 'task' when 'repair' then 'task' else of_intent end $$`,

  // The gate of 0002, which asks permit_kind, and also keeps back a write to a field that an open case holds. Which of these
  // intents may be in the body of one request that leaves now: an attempt each, or why not. In one call and one commit; each
  // statement sees what was committed before it. Locks in the order permit, intents, budget. A row without an intent: all
  // could leave, and no call is left.
  `create or replace function gate_writes(of_connection text, ids bigint[], epochs integer[], answered_within_ms integer,
     look_again_ms integer)
   returns table (intent_id bigint, attempt_id bigint, refused text) language plpgsql as $$
   declare
     allowed bigint[] := '{}';
     this_call bigint;
   begin
     perform pg_advisory_xact_lock_shared(permit_lock(of_connection, x.workflow)) from (
       select distinct i.workflow from intent i where i.id = any(ids) and i.connection_id = of_connection
       order by 1) x;
     for intent_id, refused in
       with held as materialized (
         select i.* from intent i join unnest(ids, epochs) as w(id, epoch) on w.id = i.id
         where i.connection_id = of_connection and i.state = 'sending' and i.lease_epoch = w.epoch
           and i.lease_until > clock_timestamp() + answered_within_ms * interval '1 millisecond'
         order by i.id for update of i skip locked
       )
       select w.id, case
         when h.id is null then 'overtaken'
         when p.workflow is null then 'no-permit'
         when not (permit_kind(h.kind) = any(p.kinds)) then p.why
         when h.kind = 'owner' and f.hash is distinct from h.policy_hash then 'policy-changed'
         when h.kind = 'owner' and h.created_at < c.writes_since then 'before-writing'
         when h.kind = 'owner' and (r.record_id is null or r.deleted or r.merged_into is not null
           or r.dirty_since is not null or r.needs_read is not null) then 'record-changed'
         when h.kind = 'owner' and exists (
           select 1 from change_event e where e.connection_id = h.connection_id and e.object_type = h.object_type
             and e.record_id = h.record_id and e.state = 'received') then 'record-changed'
         when h.kind = 'owner' and exists (
           select 1 from exception l where l.connection_id = h.connection_id and l.object_type = h.object_type
             and l.record_id = h.record_id and l.status = 'open' and l.holds_field = h.payload->>'field') then 'loop'
         end
       from unnest(ids) as w(id)
       left join held h on h.id = w.id
       left join permit p on p.connection_id = h.connection_id and p.workflow = h.workflow
       left join workflow f on f.workflow = h.workflow
       left join connection c on c.id = h.connection_id
       left join record r on h.kind = 'owner' and r.connection_id = h.connection_id
         and r.object_type = h.object_type and r.record_id = h.record_id
     loop
       attempt_id := null;
       if refused is null then allowed := allowed || intent_id; else return next; end if;
     end loop;
     if allowed = '{}' then return; end if;
     if not take_call(of_connection, false, 1, look_again_ms) then
       intent_id := null; refused := 'no-call';
       return next;
       return;
     end if;
     this_call := nextval('write_call');
     update intent i set granted_at = clock_timestamp(), not_sent = null, not_sent_at = null,
       -- nobody takes it over before the CRM has surely ended its work on this request
       next_attempt_at = clock_timestamp() + answered_within_ms * interval '1 millisecond'
       where i.id = any(allowed);
     refused := null;
     for intent_id, attempt_id in
       insert into write_attempt as a (connection_id, call, intent_id, lease_epoch, workflow, kind, object_type,
         record_id, task_id, field, before, value)
       select i.connection_id, this_call, i.id, i.lease_epoch, i.workflow,
         case i.kind when 'owner' then 'action' else i.kind end, i.object_type, i.record_id, i.task_id,
         case i.kind when 'owner' then i.payload->>'field' end, case i.kind when 'owner' then i.payload->>'from' end,
         case i.kind when 'owner' then i.payload->>'to' end
       from intent i where i.id = any(allowed) order by i.id
       returning a.intent_id, a.id
     loop
       return next;
     end loop;
   end $$`,

  // Values that were written before there was a log get their rows in it.
  `with old as (
     insert into write_attempt (connection_id, call, intent_id, lease_epoch, workflow, kind, object_type, record_id,
       field, before, value, granted_at)
     select v.connection_id, nextval('write_call'), v.intent_id, 0, coalesce(i.workflow, ''), 'action', v.object_type,
       v.record_id, v.field, v.before, v.value, v.written_at
     from written_value v left join intent i on i.id = v.intent_id
     where not exists (
       select 1 from write_attempt a join write_answer w on w.attempt_id = a.id and w.outcome = 'done'
       where a.intent_id = v.intent_id and a.field = v.field)
     returning id, connection_id, granted_at)
   insert into write_answer (connection_id, attempt_id, outcome, why, at)
   select connection_id, id, 'done', 'Before there was a log', granted_at from old`,
  `drop table written_value`,

  // The newest value that we wrote to a field. A subquery by index for each row, so that no plan reads the whole log.
  `create view written_value as
   select a.connection_id, a.object_type, a.record_id, a.field, coalesce(d.after, a.value) as value, a.before,
     a.intent_id, d.at as written_at
   from write_attempt a
   cross join lateral (
     select w.after, w.at from write_answer w where w.attempt_id = a.id and w.outcome = 'done'
     order by (w.after is null), w.id limit 1) d
   where a.record_id is not null and a.field is not null and a.id = (
     select b.id from write_attempt b
     where b.connection_id = a.connection_id and b.object_type = a.object_type and b.record_id = a.record_id
       and b.field = a.field
       and exists (select 1 from write_answer x where x.attempt_id = b.id and x.outcome = 'done')
     order by b.id desc limit 1)`,
]
