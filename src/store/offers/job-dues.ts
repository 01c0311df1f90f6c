import { type Kysely, sql } from 'kysely'
import type { BusinessCalendar } from '../../model/calendar/business-calendar.ts'
import { type JobDue, type JobReason, PLAIN_CALENDAR } from '../../model/jobs/job-clock.ts'
import type { Mode } from '../../model/policy/policy.ts'
import type { Tables } from '../database/tables.ts'

/** A workflow, as far as the clock of its jobs needs it. */
export type ClockedWorkflow = {
  readonly workflow: string
  readonly title: string
  readonly mode: Mode
  readonly calendar: BusinessCalendar
  /** A first job was offered: until then the people of its file go on, and nothing is vacant. */
  readonly hasBegun: boolean
}

/** Workflows in force. */
export async function clockedWorkflows(db: Kysely<Tables>): Promise<ClockedWorkflow[]> {
  const { rows } = await sql<ClockedWorkflow>`
    select w.workflow, w.title, w.mode, p.document->'calendar' as calendar,
      w.jobs_from is not null as "hasBegun"
    from workflow w join policy_version p on p.hash = w.hash order by w.workflow`.execute(db)
  return rows.map((row) => ({ ...row, calendar: row.calendar ?? PLAIN_CALENDAR }))
}

/** Rows for what will be due about these jobs; those that are there stay as they are. */
export async function planDues(
  db: Kysely<Tables>,
  dues: readonly (JobDue & { readonly jobId: number })[],
): Promise<void> {
  if (dues.length === 0) return
  await sql`
    insert into job_due (job_id, reason, at, of_at)
    select id, r, at, of_at from jsonb_to_recordset(${JSON.stringify(
      dues.map(({ jobId, reason, atMs, ofMs }) => ({
        id: jobId,
        r: reason,
        at: new Date(atMs).toISOString(),
        of_at: new Date(ofMs).toISOString(),
      })),
    )}::jsonb) as x(id bigint, r text, at timestamptz, of_at timestamptz)
    on conflict do nothing`.execute(db)
}

export type DueJob = { readonly jobId: number; readonly reason: JobReason; readonly of: Date }

/** What is due by the database's clock, the oldest first. */
export async function duesNow(db: Kysely<Tables>, limit: number): Promise<DueJob[]> {
  const { rows } = await sql<DueJob>`
    select job_id as "jobId", reason, of_at as of from job_due
    where done_at is null and at <= clock_timestamp() order by at, job_id limit ${limit}`.execute(db)
  return rows
}

/** False: another process did it. */
export async function finishDue(trx: Kysely<Tables>, { jobId, reason, of }: DueJob): Promise<boolean> {
  const { rows } = await sql`
    update job_due set done_at = clock_timestamp()
    where job_id = ${jobId} and reason = ${reason} and of_at = ${of} and done_at is null returning 1`.execute(trx)
  return rows.length > 0
}

/** Jobs of which somebody was reminded to confirm them, with until when they were confirmed. */
export async function confirmReminders(db: Kysely<Tables>): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ key: string }>`
    select job_id || '/' || (extract(epoch from of_at) * 1000)::bigint as key from job_due
    where reason = 'confirm-remind' and done_at is not null`.execute(db)
  return new Set(rows.map(({ key }) => key))
}

export async function noteReminded(trx: Kysely<Tables>, jobId: number): Promise<void> {
  await sql`update job set reminded_at = clock_timestamp() where id = ${jobId}`.execute(trx)
}

/** Every CRM that is connected runs on this machine: it is the sandbox, and each task says so. */
export async function isSandbox(db: Kysely<Tables>): Promise<boolean> {
  const { rows } = await sql<{ all: boolean | null }>`
    select bool_and(base_url ~ '^https?://(127\\.|localhost[:/]|\\[::1\\])') as all from connection
    where status <> 'disconnected'`.execute(db)
  return rows[0]?.all === true
}
