import { type Kysely, sql } from 'kysely'
import type { ConnectionId } from '../../model/record/change-event.ts'
import type { CrmUser } from '../../model/record/crm-user.ts'
import type { Tables } from '../database/tables.ts'

/** Of every connection that has not been ended. */
export async function listUsers(db: Kysely<Tables>): Promise<CrmUser[]> {
  const { rows } = await sql<{
    connection_id: string
    user_id: string
    kind: 'person' | 'queue'
    email: string | null
    name: string
    active: boolean
    active_members: number
    time_zone: string | null
  }>`select connection_id, user_id, kind, email, name, active, active_members, time_zone from crm_user u
     where exists (select 1 from connection c where c.id = u.connection_id and c.status <> 'disconnected')`.execute(db)
  return rows.map((row) => ({
    connectionId: row.connection_id as ConnectionId,
    userId: row.user_id,
    kind: row.kind,
    email: row.email,
    name: row.name,
    active: row.active,
    activeMembers: row.active_members,
    timeZone: row.time_zone,
  }))
}

/** A zone that this runtime knows. Another would fail every decision that counts somebody's working hours. */
function knownZone(timeZone: string | null): string | null {
  if (timeZone === null) return null
  try {
    return Intl.DateTimeFormat('en', { timeZone }) && timeZone
  } catch {
    return null
  }
}

/**
 * Stores the users as the CRM lists them now and returns the ids of those whose standing changed: came, left, came
 * back, or a queue that gained its first or lost its last active member. Users that the CRM no longer lists are removed.
 */
export async function saveUsers(
  trx: Kysely<Tables>,
  connectionId: ConnectionId,
  users: readonly CrmUser[],
): Promise<string[]> {
  const zones = new Map([...new Set(users.map((u) => u.timeZone))].map((zone) => [zone, knownZone(zone)]))
  const rows = users.map((u) => ({
    u: u.userId,
    k: u.kind,
    e: u.email,
    n: u.name,
    a: u.active,
    m: u.activeMembers,
    z: zones.get(u.timeZone) ?? null,
  }))
  const { rows: changed } = await sql<{ user_id: string }>`
    with x as materialized (
      select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
        as x(u text, k text, e text, n text, a boolean, m int, z text)
    ), before as materialized (
      select * from crm_user where connection_id = ${connectionId}
    ), gone as (
      delete from crm_user c where c.connection_id = ${connectionId} and not exists (select 1 from x where x.u = c.user_id)
      returning c.user_id
    ), saved as (
      insert into crm_user (connection_id, user_id, kind, email, name, active, active_members, time_zone)
      select ${connectionId}, u, k, e, n, a, m, z from x
      on conflict (connection_id, user_id) do update set kind = excluded.kind, email = excluded.email,
        name = excluded.name, active = excluded.active, active_members = excluded.active_members,
        time_zone = excluded.time_zone, seen_at = now()
    )
    select user_id from gone
    union all
    select x.u from x left join before b on b.user_id = x.u
    where b.user_id is null or b.active is distinct from x.a or b.email is distinct from x.e
       or (b.active_members > 0) is distinct from (x.m > 0)`.execute(trx)
  return changed.map((row) => row.user_id)
}
