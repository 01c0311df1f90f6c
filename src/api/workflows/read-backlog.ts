import { sql } from 'kysely'
import { databaseNowMs } from '../../store/database/clock.ts'
import type { Database } from '../../store/database/database.ts'
import {
  type Application,
  lastApplications,
  type OwnerMove,
  previewBacklog,
} from '../../store/decisions/backlog-view.ts'
import { POLICY_COLUMNS, type PolicyRow, policyOf } from '../../store/decisions/policies.ts'
import { namesOf } from '../../store/people/persons.ts'
import { PER_HOUR_DEFAULT, PER_HOUR_MAX } from '../../store/writes/backlog-applications.ts'
import type { ApplicationView, BacklogReply } from './backlog-types.ts'

const HOUR_MS = 3_600_000

/** What applying the version in force to the backlog of a workflow would mean. Null: no such workflow runs. */
export async function readBacklog(db: Database, workflow: string): Promise<BacklogReply | null> {
  const { rows } = await sql<PolicyRow & { mode: string }>`
    select ${POLICY_COLUMNS}, w.effective_mode as mode from workflow w join policy_version p on p.hash = w.hash
    where w.workflow = ${workflow}`.execute(db)
  const [row] = rows
  if (row === undefined) return null
  const preview = await previewBacklog(db, workflow)
  const rate = { default: PER_HOUR_DEFAULT, max: PER_HOUR_MAX }
  const perDay = row.mode === 'pilot' ? (policyOf(row).pilot?.dailyCap ?? null) : null
  if (preview === null) return { backlog: null, rate, perDay }
  const { workflow: _, moves, branches, upTo, oldest, ...backlog } = preview
  const named = await withNames(db, moves)
  const view = { ...backlog, upTo: String(upTo), oldest: oldest.toISOString(), moves: named, branches: [...branches] }
  return { backlog: view, rate, perDay }
}

type NamedMove = NonNullable<BacklogReply['backlog']>['moves'][number]

async function withNames(db: Database, moves: readonly OwnerMove[]): Promise<NamedMove[]> {
  const connections = moves.map(({ connectionId }) => connectionId)
  const { rows } = await sql<{ connectionId: string; userId: string; name: string }>`
    select u.connection_id as "connectionId", u.user_id as "userId", coalesce(u.email, u.name) as name
    from crm_user u join unnest(${[...connections, ...connections]}::text[],
      ${[...moves.map(({ from }) => from), ...moves.map(({ to }) => to)]}::text[]) as m(c, u)
      on m.c = u.connection_id and m.u = u.user_id`.execute(db)
  const users = new Map(rows.map(({ connectionId, userId, name }) => [`${connectionId}\n${userId}`, name]))
  const { rows: titled } = await sql<{ id: string; title: string }>`
    select id, title from connection where id = any(${connections}::text[])`.execute(db)
  const titles = new Map(titled.map(({ id, title }) => [id, title]))
  return moves.map(({ connectionId, from, to, records }) => {
    const name = (id: string | null) => (id === null ? null : (users.get(`${connectionId}\n${id}`) ?? `user ${id}`))
    return { connection: titles.get(connectionId) ?? connectionId, from: name(from), to: name(to), records }
  })
}

/** What was last applied to each workflow's backlog. */
export async function readApplications(db: Database): Promise<ReadonlyMap<string, ApplicationView>> {
  const applications = await lastApplications(db)
  if (applications.length === 0) return new Map()
  const nowMs = await databaseNowMs(db)
  const actors = applications.flatMap(({ startedBy, endedBy }) => [startedBy, ...(endedBy === null ? [] : [endedBy])])
  const ids = actors.flatMap((actor) => (actor.startsWith('person:') ? [actor.slice('person:'.length)] : []))
  const names = await namesOf(db, ids)
  const nameOf = (actor: string) => names.get(actor.replace('person:', '')) ?? 'Lanekeeper'
  return new Map(applications.map((one) => [one.workflow, toView(one, nameOf, nowMs)]))
}

function toView(application: Application, nameOf: (actor: string) => string, nowMs: number): ApplicationView {
  const { cap, perHour, written, underWay, refused, startedBy, startedAt, endedBy, endedAt } = application
  // Another version is in force, and nobody has noted the end yet.
  const state = application.state === 'running' && !application.isInForce ? 'superseded' : application.state
  const remaining = Math.max(0, cap - written - underWay - refused)
  return {
    state,
    cap,
    perHour,
    written,
    underWay,
    refused,
    remaining,
    startedBy: nameOf(startedBy),
    startedAt: startedAt.toISOString(),
    endedBy: endedBy === null ? null : nameOf(endedBy),
    endedAt: endedAt?.toISOString() ?? null,
    endsAt: state === 'running' ? new Date(nowMs + (remaining / perHour) * HOUR_MS).toISOString() : null,
  }
}
