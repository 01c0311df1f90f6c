import { type Kysely, sql } from 'kysely'
import type { Lane } from '../../model/authority/acts.ts'
import type { ReviewCircle } from '../../model/classes/class.ts'
import type { Tables } from '../database/tables.ts'
import type { PersonId } from './persons.ts'
import { workflowDrafts } from './workflow-names.ts'

/** What somebody is asked to do, or does. */
export type JobKey = {
  /** Empty: of the installation, which only admin is. */
  readonly workflow: string
  readonly lane: Lane
  /** Of review alone. */
  readonly circle: ReviewCircle | null
  readonly deputy: boolean
}

export type JobState = 'offered' | 'accepted' | 'ended'

export type JobEnd = 'declined' | 'given-back' | 'replaced' | 'not-confirmed' | 'not-answered' | 'left' | 'withdrawn'

export type Job = JobKey & {
  readonly id: number
  readonly personId: PersonId
  /** Of review: the order in which the circle is asked. */
  readonly place: number
  readonly state: JobState
  readonly offeredAt: Date
  readonly offeredBy: string
  readonly remindedAt: Date | null
  readonly acceptedAt: Date | null
  /** The day of acceptance was typed into a file, before people could accept. */
  readonly acceptedBeforePeople: boolean
  readonly confirmBy: Date | null
  readonly endedAt: Date | null
  readonly endedBy: string | null
  readonly endReason: JobEnd | null
}

const COLUMNS = sql`
  j.id, j.workflow, j.lane, j.circle, j.deputy, j.person_id as "personId", j.place,
  case when j.ended_at is not null then 'ended' when j.accepted_at is not null then 'accepted' else 'offered' end as state,
  j.offered_at as "offeredAt", j.offered_by as "offeredBy", j.reminded_at as "remindedAt", j.accepted_at as "acceptedAt",
  j.accepted_before_people as "acceptedBeforePeople", j.confirm_by as "confirmBy", j.ended_at as "endedAt",
  j.ended_by as "endedBy", j.end_reason as "endReason"`

/** Jobs with their history, those of one workflow by lane, circle and place. Left out: of every workflow, of everybody. */
export async function jobsOf(
  db: Kysely<Tables>,
  of: {
    readonly workflow?: string
    readonly personId?: PersonId
    readonly id?: number
    readonly openOnly?: boolean
  } = {},
): Promise<Job[]> {
  const { rows } = await sql<Job>`
    select ${COLUMNS} from job j
    where (${of.workflow ?? null}::text is null or j.workflow = ${of.workflow ?? null})
      and (${of.personId ?? null}::text is null or j.person_id = ${of.personId ?? null})
      and (${of.id ?? null}::bigint is null or j.id = ${of.id ?? null})
      and (not ${of.openOnly ?? false} or j.ended_at is null)
    order by j.workflow, j.lane, j.circle, j.deputy, j.place, j.id`.execute(db)
  return rows
}

/** Held until the transaction ends, so that of two answers at once the second sees the first. Null: no such job. */
export async function lockJob(trx: Kysely<Tables>, id: number): Promise<Job | null> {
  const { rows } = await sql<Job>`select ${COLUMNS} from job j where j.id = ${id} for update`.execute(trx)
  return rows[0] ?? null
}

/** Offers the job. Null: the same person has been offered it before, or holds it. */
export async function insertOffer(
  trx: Kysely<Tables>,
  { workflow, lane, circle, deputy }: JobKey,
  of: { readonly personId: PersonId; readonly by: string },
): Promise<number | null> {
  const { rows } = await sql<{ id: number }>`
    insert into job (workflow, lane, circle, deputy, person_id, offered_by, offered_at, place)
    select ${workflow}, ${lane}, ${circle}, ${deputy}, ${of.personId}, ${of.by}, clock_timestamp(),
      coalesce(max(place) + 1, 0) from job
      where workflow = ${workflow} and lane = ${lane} and circle is not distinct from ${circle} and ended_at is null
    on conflict (workflow, lane, coalesce(circle, ''), deputy, person_id) where ended_at is null do nothing
    returning id`.execute(trx)
  return rows[0]?.id ?? null
}

/** How long a job is held before its holder says again that they hold it: shorter for those whom no CRM knows. */
const CONFIRM_MONTHS = 12
const CONFIRM_DAYS_WITHOUT_CRM = 90

const CONFIRM_BY = (hasCrmUser: boolean) =>
  hasCrmUser
    ? sql`clock_timestamp() + make_interval(months => ${CONFIRM_MONTHS})`
    : sql`clock_timestamp() + make_interval(days => ${CONFIRM_DAYS_WITHOUT_CRM})`

/** Accepts offers, or confirms again what is held. */
export async function holdJobs(trx: Kysely<Tables>, ids: readonly number[], hasCrmUser: boolean): Promise<void> {
  await sql`update job set accepted_at = coalesce(accepted_at, clock_timestamp()), confirm_by = ${CONFIRM_BY(hasCrmUser)},
      reminded_at = null
    where id = any(${[...ids]}::bigint[]) and ended_at is null`.execute(trx)
}

export async function endJobs(
  trx: Kysely<Tables>,
  ids: readonly number[],
  { by, reason }: { readonly by: string; readonly reason: JobEnd },
): Promise<void> {
  await sql`update job set ended_at = clock_timestamp(), ended_by = ${by}, end_reason = ${reason},
      declined_at = case when ${reason} = 'declined' then clock_timestamp() end
    where id = any(${[...ids]}::bigint[]) and ended_at is null`.execute(trx)
}

export type WorkflowStanding = {
  readonly isLive: boolean
  /** Circles, lanes and modes are read elsewhere: here only whether there is such a workflow. */
  readonly title: string
}

/** Null: there is no such workflow, and no draft of one: its jobs are taken before two people can publish it. */
export async function workflowStanding(db: Kysely<Tables>, workflow: string): Promise<WorkflowStanding | null> {
  const { rows } = await sql<WorkflowStanding>`
    select effective_mode = 'live' as "isLive", title from workflow where workflow = ${workflow}`.execute(db)
  if (rows[0] !== undefined) return rows[0]
  const draft = (await workflowDrafts(db)).find((one) => one.workflow === workflow)
  return draft === undefined ? null : { isLive: false, title: draft.title }
}

/** Until people hold the jobs: how long those of the file go on once the first was offered. */
export const FILE_GOES_ON_DAYS = 14

/** From the first offer on there is a day from which jobs alone count. */
export async function beginJobs(trx: Kysely<Tables>, workflow: string, days = FILE_GOES_ON_DAYS): Promise<void> {
  await sql`update workflow set jobs_from = clock_timestamp() + make_interval(days => ${days})
    where workflow = ${workflow} and jobs_from is null`.execute(trx)
}

/** Whether somebody may hold a job now, and where they are known. Null: they ended, or every CRM that knows them has ended them. */
export async function presenceOf(
  db: Kysely<Tables>,
  personId: PersonId,
): Promise<{ readonly hasCrmUser: boolean; readonly hasSignIn: boolean } | null> {
  const { rows } = await sql<{ hasCrmUser: boolean; hasSignIn: boolean }>`
    select has_crm_user as "hasCrmUser", has_sign_in as "hasSignIn" from active_people() where person_id = ${personId}`.execute(
    db,
  )
  return rows[0] ?? null
}
