import { type Kysely, sql } from 'kysely'
import { knownZone } from '../../model/calendar/known-zone.ts'
import type { KnownUser } from '../../model/people/compare-list.ts'
import type { ConnectionId } from '../../model/record/change-event.ts'
import type { CrmUser, Standing } from '../../model/record/crm-user.ts'
import type { Tables } from '../database/tables.ts'

type Row = {
  connection_id: string
  user_id: string
  kind: 'person' | 'queue'
  email: string | null
  name: string
  active: boolean
  active_members: number | null
  time_zone: string | null
  frozen: boolean | null
  integration: boolean | null
  members: string[] | null
  unlisted_since: Date | null
  answered_at: Date | null
  gone_at: Date | null
}

/** Of every connection that has not been ended, also those who are proven gone. */
export async function listUsers(db: Kysely<Tables>): Promise<CrmUser[]> {
  const { rows } = await sql<Row>`select u.* from crm_user u
     where exists (select 1 from connection c where c.id = u.connection_id and c.status <> 'disconnected')`.execute(db)
  return rows.map(userOf)
}

/** Of one connection, with what was learned when. */
export async function knownUsers(db: Kysely<Tables>, connectionId: ConnectionId): Promise<KnownUser[]> {
  const { rows } = await sql<Row>`select * from crm_user where connection_id = ${connectionId}`.execute(db)
  return rows.map((row) => ({
    ...userOf(row),
    unlistedSinceMs: row.unlisted_since?.getTime() ?? null,
    answeredAtMs: row.answered_at?.getTime() ?? null,
  }))
}

function userOf(row: Row): CrmUser {
  const standing = standingOf(row)
  return {
    connectionId: row.connection_id as ConnectionId,
    userId: row.user_id,
    kind: row.kind,
    email: row.email,
    name: row.name,
    active: row.active,
    frozen: row.frozen,
    ...(row.integration === null ? {} : { integration: row.integration }),
    ...(row.members === null ? {} : { members: row.members }),
    activeMembers: row.active_members,
    timeZone: row.time_zone,
    ...(standing === null ? {} : { standing }),
  }
}

function standingOf({ unlisted_since, answered_at, gone_at }: Row): Standing | null {
  if (gone_at !== null) return 'gone'
  return unlisted_since !== null && (answered_at === null || answered_at < unlisted_since) ? 'unlisted' : null
}

/** Stores users as a list or the CRM's answers for their ids have them: they are there. */
export async function saveUsers(
  trx: Kysely<Tables>,
  connectionId: ConnectionId,
  users: readonly CrmUser[],
  from: 'list' | 'answers' = 'list',
): Promise<void> {
  if (users.length === 0) return
  const zones = new Map([...new Set(users.map((u) => u.timeZone))].map((zone) => [zone, knownZone(zone)]))
  const rows = users.map((u) => ({
    u: u.userId,
    l: u.loginId ?? null,
    k: u.kind,
    e: u.email,
    n: u.name,
    a: u.active,
    f: u.frozen ?? null,
    p: u.integration ?? null,
    q: u.members ?? null,
    m: u.activeMembers,
    z: zones.get(u.timeZone) ?? null,
  }))
  const isList = from === 'list'
  await sql`
    insert into crm_user as c (connection_id, user_id, login_id, kind, email, name, active, frozen, integration, members,
      active_members, time_zone, answered_at)
    select ${connectionId}, u, l, k, e, n, a, f, p, q, m, z, case when ${!isList} then clock_timestamp() end
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as x(u text, l text, k text, e text, n text, a boolean, f boolean, p boolean, q text[], m int, z text)
    order by u
    on conflict (connection_id, user_id) do update set login_id = coalesce(excluded.login_id, c.login_id),
      kind = excluded.kind, email = excluded.email,
      name = excluded.name, active = excluded.active, frozen = excluded.frozen,
      integration = excluded.integration, members = excluded.members, active_members = excluded.active_members, time_zone = excluded.time_zone, seen_at = now(), gone_at = null,
      unlisted_since = case when ${isList} then null else c.unlisted_since end,
      answered_at = coalesce(excluded.answered_at, c.answered_at)`.execute(trx)
}

/** The last list left these out: they stay as last known, in doubt until the CRM answers for each. */
export async function markUnlisted(
  trx: Kysely<Tables>,
  connectionId: ConnectionId,
  userIds: readonly string[],
): Promise<void> {
  if (userIds.length === 0) return
  await sql`update crm_user set unlisted_since = clock_timestamp()
    where connection_id = ${connectionId} and user_id = any(${userIds}::text[]) and unlisted_since is null`.execute(trx)
}

/** The CRM itself said that it has none of these. The row stays, for the name and so that nobody asks again. */
export async function markGone(
  trx: Kysely<Tables>,
  connectionId: ConnectionId,
  userIds: readonly string[],
): Promise<void> {
  if (userIds.length === 0) return
  await sql`
    insert into crm_user (connection_id, user_id, kind, name, active, answered_at, gone_at)
    select ${connectionId}, id, 'person', id, false, clock_timestamp(), clock_timestamp()
    from unnest(${userIds}::text[]) as x(id) order by id
    on conflict (connection_id, user_id) do update set active = false, answered_at = excluded.answered_at,
      gone_at = excluded.gone_at`.execute(trx)
}

/** Which of the CRM's territories each user works. Null: it does not show that, or has none. */
export async function saveTerritoriesOf(
  trx: Kysely<Tables>,
  connectionId: ConnectionId,
  territories: readonly { readonly name: string; readonly memberIds: readonly string[] | null }[] | null,
): Promise<void> {
  const isShown = territories?.every(({ memberIds }) => memberIds !== null) ?? false
  const rows = (territories ?? []).flatMap(({ name, memberIds }) => (memberIds ?? []).map((u) => ({ u, n: name })))
  await sql`
    with works as (
      select u, array_agg(distinct n order by n) as names
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x(u text, n text) group by 1
    ), next as (
      select c.user_id, case when ${isShown} then coalesce(w.names, '{}') end as names
      from crm_user c left join works w on w.u = c.user_id
      where c.connection_id = ${connectionId} and c.kind = 'person'
    )
    update crm_user c set territories = n.names from next n
    where c.connection_id = ${connectionId} and c.user_id = n.user_id and c.territories is distinct from n.names`.execute(
    trx,
  )
}
