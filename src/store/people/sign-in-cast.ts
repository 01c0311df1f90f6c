import { type Kysely, sql } from 'kysely'
import type { JobTable } from '../database/tables/people.ts'
import type { Tables } from '../database/tables.ts'
import type { PersonId } from './persons.ts'

/** Base addresses of the sandbox CRMs that came with this start. Null: there are none, or others can reach this service. */
export type SandboxAddresses = readonly string[] | null

export type CastMember = {
  readonly personId: PersonId
  readonly name: string
  /** Jobs they have accepted, the first first. */
  readonly lanes: readonly JobTable['lane'][]
}

/** Whether anybody may sign in as anybody: as long as no CRM is connected but those of the sandbox. */
export async function isCastOpen(db: Kysely<Tables>, addresses: SandboxAddresses): Promise<boolean> {
  if (addresses === null || addresses.length === 0) return false
  const { rows } = await sql<{ open: boolean }>`
    select not exists (
      select 1 from connection where status <> 'disconnected'
        and (made_by <> 'environment' or base_url <> all(${[...addresses]}::text[]))) as open`.execute(db)
  return rows[0]!.open
}

/** The people with an accepted job; everybody where nobody has one yet. */
export async function readCast(db: Kysely<Tables>): Promise<CastMember[]> {
  const { rows } = await sql<CastMember>`
    select p.id as "personId", p.name, coalesce(j.lanes, '{}') as lanes from person p
    left join lateral (
      select array_agg(lane order by first) as lanes from (
        select lane, min(id) as first from job
        where person_id = p.id and accepted_at is not null and ended_at is null group by lane) taken) j on true
    where p.ended_at is null
    order by p.name, p.id`.execute(db)
  const withJobs = rows.filter(({ lanes }) => lanes.length > 0)
  return withJobs.length > 0 ? withJobs : rows
}
