import { sql } from 'kysely'
import type { RecordRef } from '../../model/record/crm-record.ts'
import type { DatabaseTransaction } from '../database/database.ts'
import { eraseEventValues } from '../events/change-events.ts'
import { eraseLedgerBodies } from '../ledger/erasures.ts'
import { markDirty } from '../records/mark-dirty.ts'
import { requestTaskWrites } from '../writes/request-task-writes.ts'

/**
 * Takes what a privacy deletion must reach out of everything that was made from the record, by the lineage that was kept
 * as it was written (`record_trace`): its events, its cases, the words of their tasks, what was sent and written, and the
 * ledger's bodies, whose hashes stay. Cases of other records that name it lose their words and are decided again. Writes
 * that were not sent are withdrawn, and tasks that stand in a CRM are written again without it.
 */
export async function eraseTraces(trx: DatabaseTransaction, record: RecordRef): Promise<void> {
  await eraseEventValues(trx, record)
  await sql`delete from difference where ${named(record)}`.execute(trx)
  await sql`delete from backlog_write where ${named(record)}`.execute(trx)
  await sql`delete from wake_up where ${named(record)}`.execute(trx)
  const own = await eraseOwnCases(trx, record)
  const others = await eraseFromOtherCases(trx, record)
  const tasks = await eraseTasks(trx, record, [...own, ...others])
  await withdrawWrites(trx, record, tasks)
  const subjects = [
    `${record.connectionId}/${record.objectType}/${record.recordId}`,
    ...tasks.map(({ connectionId, taskId }) => `${connectionId}/task/${taskId}`),
  ]
  await eraseLedgerBodies(
    trx,
    // A resolution says only which case ended and how.
    sql`kind <> 'exception-resolved' and (subject = any(${subjects}::text[]) or seq = any(array(
      select row_id from record_trace where ${named(record)} and kind = 'ledger')))`,
    { subject: subjects[0]!, because: 'The CRM erased the record for privacy' },
  )
  for (const [connectionId, ofConnection] of Map.groupBy(tasks, (task) => task.connectionId)) {
    const toWrite = ofConnection.filter(({ isWritten, isConnected }) => isWritten && isConnected)
    await requestTaskWrites(trx, connectionId, toWrite)
  }
}

const named = ({ connectionId, objectType, recordId }: RecordRef) =>
  sql<boolean>`connection_id = ${connectionId} and object_type = ${objectType} and record_id = ${recordId}`

type TaskId = number | null

async function eraseOwnCases(trx: DatabaseTransaction, record: RecordRef): Promise<TaskId[]> {
  const { rows } = await sql<{ task_id: TaskId }>`
    update exception set title = 'Erased record', class_because = '', what = 'The record was erased.', would_have = '',
      todo = '', cause = 'erased/' || id, cause_title = null, evidence = '{}'::jsonb, involves = '[]'::jsonb,
      branch = null, changed_facts = null, evidence_key = null, reopened_for = '{}', waited_for = '{}', waits_closer = null, resolution = case when status = 'resolved' then 'erased' end
    where ${named(record)}
    returning task_id`.execute(trx)
  return rows.map((row) => row.task_id)
}

async function eraseFromOtherCases(trx: DatabaseTransaction, record: RecordRef): Promise<TaskId[]> {
  const { connectionId, objectType, recordId } = record
  const involved = JSON.stringify([{ connectionId, objectType, recordId }])
  const { rows } = await sql<{ connection_id: string; object_type: string; record_id: string; task_id: TaskId }>`
    update exception e set what = 'One of the records was erased.', would_have = '', todo = '', evidence = '{}'::jsonb,
      cause_title = null, changed_facts = null,
      involves = (select coalesce(jsonb_agg(i), '[]'::jsonb) from jsonb_array_elements(e.involves) i
                  where not (${involved}::jsonb @> jsonb_build_array(i)))
    where e.id = any(array(select row_id from record_trace where ${named(record)} and kind = 'exception'))
      and e.involves @> ${involved}::jsonb
    returning e.connection_id, e.object_type, e.record_id, e.task_id`.execute(trx)
  await markDirty(
    trx,
    rows.map((o) => ({ connectionId: o.connection_id, objectType: o.object_type, recordId: o.record_id })),
  )
  return rows.map((row) => row.task_id)
}

type TracedTask = {
  readonly connectionId: string
  readonly taskId: number
  readonly workflow: string
  readonly policyHash: string
  readonly isWritten: boolean
  readonly isConnected: boolean
}

/** Also tasks that named the record in an earlier text. */
async function eraseTasks(
  trx: DatabaseTransaction,
  record: RecordRef,
  linked: readonly TaskId[],
): Promise<TracedTask[]> {
  const { rows } = await sql<{
    id: number
    connection_id: string
    workflow: string
    policy_hash: string
    is_written: boolean
    is_connected: boolean
  }>`
    update task k set written_subject = null, written_body = null, written_digest = null, reopen_reason = null, rests_until = null
    where k.id = any(${linked.filter((id) => id !== null)}::bigint[])
      or k.id = any(array(select row_id from record_trace where ${named(record)} and kind = 'task'))
      or (${named(record)})
    returning k.id, k.connection_id, k.workflow, k.crm_task_id is not null as is_written,
      exists (select 1 from connection c where c.id = k.connection_id and c.status <> 'disconnected') as is_connected,
      coalesce(
      (select i.policy_hash from intent i where i.task_id = k.id order by i.id desc limit 1), '') as policy_hash`.execute(
    trx,
  )
  return rows.map((row) => ({
    connectionId: row.connection_id,
    taskId: row.id,
    workflow: row.workflow,
    policyHash: row.policy_hash,
    isWritten: row.is_written,
    isConnected: row.is_connected,
  }))
}

/**
 * What was not sent yet is not sent: owner writes of the record, and tasks that would be about nothing else. A task whose
 * answer is open is found without what was sent for it; an owner write still needs its own.
 */
async function withdrawWrites(
  trx: DatabaseTransaction,
  record: RecordRef,
  tasks: readonly TracedTask[],
): Promise<void> {
  const taskIds = tasks.map(({ taskId }) => taskId)
  const unwritten = tasks.filter(({ isWritten }) => !isWritten).map(({ taskId }) => taskId)
  await sql`
    update intent i set state = 'cancelled', outcome = 'The record was erased', finished_at = clock_timestamp()
    where i.state = 'pending' and ((i.kind = 'owner' and ${named(record)})
      or (i.kind = 'task' and i.task_id = any(${unwritten}::bigint[]) and not exists (
        select 1 from exception e where e.task_id = i.task_id and e.status = 'open'
          and (e.connection_id, e.object_type, e.record_id)
            <> (${record.connectionId}, ${record.objectType}, ${record.recordId}))))`.execute(trx)
  // Nor does a task wait for the report of an upgrade: the CRM still shows what is to go.
  await sql`update intent set payload = '{}'::jsonb, outcome = case when state = 'cancelled' then outcome end,
      next_attempt_at = case when upgrade_id is not null and state = 'pending' then least(next_attempt_at, clock_timestamp())
        else next_attempt_at end,
      upgrade_id = null
    where task_id = any(${taskIds}::bigint[])
      or (kind = 'owner' and ${named(record)} and state in ('done', 'refused', 'cancelled'))`.execute(trx)
  await eraseWriteLog(trx, record, taskIds)
}

/** That something was written, when and with what outcome stays; to which record and which values goes. */
async function eraseWriteLog(trx: DatabaseTransaction, record: RecordRef, taskIds: readonly number[]): Promise<void> {
  const ofRecord = sql`(a.task_id = any(${taskIds}::bigint[]) or (a.connection_id = ${record.connectionId}
    and a.object_type = ${record.objectType} and a.record_id = ${record.recordId}))`
  await sql`update write_answer w set why = null, after = null
    from write_attempt a where a.id = w.attempt_id and ${ofRecord}`.execute(trx)
  await sql`update write_attempt a set before = null, value = null, record_id = null where ${ofRecord}`.execute(trx)
}
