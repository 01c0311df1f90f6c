import { sql } from 'kysely'
import type { RecordRef } from '../../model/record/crm-record.ts'
import type { DatabaseTransaction } from '../database/database.ts'
import { eraseLedgerBodies } from '../ledger/erasures.ts'
import { markDirty } from './mark-dirty.ts'

export type ErasedTask = { readonly taskId: number; readonly workflow: string; readonly policyHash: string }

/**
 * Takes what a privacy deletion must reach out of everything that was made from the record: its cases, the words of their
 * tasks, what was sent and written, and the ledger's bodies, whose hashes stay. Cases of other records that name it lose
 * their evidence and are decided again. Returns the tasks whose words in the CRM have to be written anew.
 */
export async function eraseTraces(trx: DatabaseTransaction, record: RecordRef): Promise<ErasedTask[]> {
  const { connectionId: c, objectType: t, recordId: r } = record
  const involved = JSON.stringify([{ connectionId: c, objectType: t, recordId: r }])
  const { rows: own } = await sql<{ id: number; task_id: number | null }>`
    update exception set title = 'Erased record', class_because = '', what = 'The record was erased.', would_have = '',
      todo = '', cause = 'erased/' || id, cause_title = null, evidence = '{}'::jsonb, involves = '[]'::jsonb,
      branch = null, resolution = case when status = 'resolved' then 'erased' end
    where connection_id = ${c} and object_type = ${t} and record_id = ${r}
    returning id, task_id`.execute(trx)
  const { rows: others } = await sql<{
    connection_id: string
    object_type: string
    record_id: string
    task_id: number | null
  }>`
    update exception e set what = 'One of the records was erased.', evidence = '{}'::jsonb, cause_title = null,
      involves = (select coalesce(jsonb_agg(i), '[]'::jsonb) from jsonb_array_elements(e.involves) i
                  where not (${involved}::jsonb @> jsonb_build_array(i)))
    where e.involves @> ${involved}::jsonb
    returning e.connection_id, e.object_type, e.record_id, e.task_id`.execute(trx)
  const refs = others.map((o) => ({ connectionId: o.connection_id, objectType: o.object_type, recordId: o.record_id }))
  await markDirty(trx, refs)

  const linked = [...own, ...others].map((row) => row.task_id).filter((id) => id !== null)
  const { rows: tasks } = await sql<{ id: number; workflow: string; policy_hash: string; is_written: boolean }>`
    update task k set written_subject = null, written_body = null, written_digest = null, reopen_reason = null
    where k.id = any(${linked}::bigint[])
      or (k.connection_id = ${c} and k.object_type = ${t} and k.record_id = ${r})
    returning k.id, k.workflow, k.crm_task_id is not null as is_written, coalesce(
      (select i.policy_hash from intent i where i.task_id = k.id order by i.id desc limit 1), '') as policy_hash`.execute(
    trx,
  )
  const taskIds = tasks.map((task) => task.id)
  // Nothing reads what was sent for a task; an owner write that is not over still needs its own.
  await sql`update intent set payload = '{}'::jsonb, outcome = null
    where task_id = any(${taskIds}::bigint[])
      or (connection_id = ${c} and kind = 'owner' and object_type = ${t} and record_id = ${r}
          and state in ('done', 'refused', 'cancelled'))`.execute(trx)
  await sql`delete from written_value
    where connection_id = ${c} and object_type = ${t} and record_id = ${r}`.execute(trx)

  const subjects = [`${c}/${t}/${r}`, ...taskIds.map((id) => `${c}/task/${id}`)]
  const otherSubjects = refs.map((o) => `${o.connectionId}/${o.objectType}/${o.recordId}`)
  await eraseLedgerBodies(
    trx,
    sql`subject = any(${subjects}::text[]) or (subject = any(${otherSubjects}::text[]) and kind like 'exception-%'
      and body::jsonb->'involves' @> ${involved}::jsonb)`,
    { subject: subjects[0]!, because: 'The CRM erased the record for privacy' },
  )
  return tasks
    .filter((task) => task.is_written)
    .map((task) => ({ taskId: task.id, workflow: task.workflow, policyHash: task.policy_hash }))
}
