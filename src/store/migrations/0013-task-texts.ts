/**
 * Texts of tasks name people and outlived their erasure. Events no longer keep them (`withoutTaskTexts`), and what was
 * kept before goes.
 */
export const STATEMENTS: readonly string[] = [
  `update change_event
   set fields = fields - '{hs_task_subject,hs_task_body,Subject,Description}'::text[]
   where object_type in ('tasks', 'Task') and fields ?| '{hs_task_subject,hs_task_body,Subject,Description}'::text[]`,
  `update record
   set "values" = "values" - '{hs_task_subject,hs_task_body,Subject,Description}'::text[]
   where object_type in ('tasks', 'Task') and "values" ?| '{hs_task_subject,hs_task_body,Subject,Description}'::text[]`,
]
