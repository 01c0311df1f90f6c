/** What a rule settled is found as closed. */
export const STATEMENTS: readonly string[] = [
  // A case that a rule settles ends its task as one that was resolved does.
  `drop index exception_task_resolved`,
  // Before, one that was open was resolved and a second one inserted in the same commit, so it counted twice.
  `with twin as (
     select o.id, t.id as second, t.settled_by_rule, t.receipt_seq, t.class, t.class_because, t.posture, t.branch
     from exception o join exception t on t.status = 'settled-by-rule' and t.opened_at = o.resolved_at
       and t.connection_id = o.connection_id and t.workflow = o.workflow and t.pattern = o.pattern
       and t.subject = o.subject
     where o.status = 'resolved' and o.resolution = 'settled-by-rule'
   ), gone as (delete from exception e using twin where e.id = twin.second)
   update exception o set status = 'settled-by-rule', settled_by_rule = twin.settled_by_rule,
     receipt_seq = twin.receipt_seq, class = twin.class, class_because = twin.class_because, posture = twin.posture,
     branch = twin.branch
   from twin where o.id = twin.id`,
  `create index exception_task_closed on exception (task_id, resolved_at desc) where status <> 'open'`,
]
