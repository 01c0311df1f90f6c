import { type Kysely, sql } from 'kysely'
import type { Lane } from '../../model/authority/acts.ts'
import type { ReviewCircle } from '../../model/classes/class.ts'
import type { Tables } from '../database/tables.ts'
import type { PersonId } from './persons.ts'

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
  of: { readonly workflow?: string; readonly personId?: PersonId; readonly openOnly?: boolean } = {},
): Promise<Job[]> {
  const { rows } = await sql<Job>`
    select ${COLUMNS} from job j
    where (${of.workflow ?? null}::text is null or j.workflow = ${of.workflow ?? null})
      and (${of.personId ?? null}::text is null or j.person_id = ${of.personId ?? null})
      and (not ${of.openOnly ?? false} or j.ended_at is null)
    order by j.workflow, j.lane, j.circle, j.deputy, j.place, j.id`.execute(db)
  return rows
}

/** Held until the transaction ends, so that of two answers at once the second sees the first. Null: no such job. */
export async function lockJob(trx: Kysely<Tables>, id: number): Promise<Job | null> {
  const { rows } = await sql<Job>`select ${COLUMNS} from job j where j.id = ${id} for update`.execute(trx)
  return rows[0] ?? null
}
