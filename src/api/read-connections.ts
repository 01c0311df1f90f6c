import { sql } from 'kysely'
import type { Crm } from '../model/record/change-event.ts'
import { watchedObjects } from '../model/record/object-shape.ts'
import type { Database } from '../store/database.ts'
import type { BaselineProgress } from '../store/tables.ts'
import type { ConnectionsReply } from './console-types.ts'
import { type CrmLinks, safeUrl } from './crm-links.ts'

type ConnectionView = ConnectionsReply['connections'][number]

type ConnectionRow = {
  id: string
  crm: Crm
  title: string
  account_id: string
  base_url: string
  status: 'connected' | 'reconnect-needed'
  status_reason: string | null
  baseline: BaselineProgress
  stream_state: string | null
  stream_seen_at: Date | null
  task_key: { enforced?: boolean; why?: string } | null
  users: number
  last_event_at: Date | null
  events_waiting: number
}

type BudgetRow = {
  connection_id: string
  window_ms: number
  window_used: number
  window_limit: number
  calls_total: number
  used_today: number | null
  limit_today: number | null
  paused_until: Date | null
  paused_why: string | null
}

/** Counting further than this says nothing more to a person, and has to be cheap during a burst. */
const WAITING_COUNTED_MAX = 100_000

export async function readConnections(db: Database, links: CrmLinks, now: Date): Promise<ConnectionsReply> {
  const [connections, budgets, reconcile, schemas] = await Promise.all([
    sql<ConnectionRow>`
      select c.id, c.crm, c.title, c.account_id, c.base_url, c.status, c.status_reason, c.baseline, c.stream_state,
             c.stream_seen_at, c.task_key,
             (select count(*) from crm_user u where u.connection_id = c.id and u.active) as users,
             (select received_at from change_event v where v.connection_id = c.id order by id desc limit 1) as last_event_at,
             (select count(*) from (select 1 from change_event v where v.connection_id = c.id and v.state = 'received'
                limit ${WAITING_COUNTED_MAX}) w) as events_waiting
      from connection c order by c.title, c.id`.execute(db),
    // A window that is over counts as empty, even when nobody has called since.
    sql<BudgetRow>`
      select connection_id, window_ms, window_limit, calls_total, used_today, limit_today, paused_until, paused_why,
             case when window_started_at < now() - make_interval(secs => window_ms / 1000.0) then 0 else window_used end
               as window_used
      from call_budget`.execute(db),
    sql<{ connection_id: string; object_type: string; last_run_at: Date | null; last_found: number }>`
      select connection_id, object_type, last_run_at, last_found from reconcile_watermark`.execute(db),
    sql<{ connection_id: string; object_type: string; unreadable: string[] }>`
      select connection_id, object_type, unreadable from object_schema where cardinality(unreadable) > 0`.execute(db),
  ])
  return {
    connections: connections.rows.map((row): ConnectionView => {
      const budget = budgets.rows.find((b) => b.connection_id === row.id)
      return {
        id: row.id,
        crm: row.crm,
        title: row.title,
        accountId: row.account_id,
        status: row.status,
        statusReason: row.status_reason,
        url: safeUrl(links.accountUrl({ id: row.id, crm: row.crm, accountId: row.account_id, baseUrl: row.base_url })),
        baseline: { done: row.baseline.done, objects: baselineObjects(row) },
        stream: { state: row.stream_state, seenAt: row.stream_seen_at?.toISOString() ?? null },
        lastEventAt: row.last_event_at?.toISOString() ?? null,
        eventsWaiting: row.events_waiting,
        budget: budget
          ? {
              windowMs: budget.window_ms,
              windowUsed: budget.window_used,
              windowLimit: budget.window_limit,
              total: budget.calls_total,
              usedToday: budget.used_today,
              limitToday: budget.limit_today,
              pausedUntil: budget.paused_until && budget.paused_until > now ? budget.paused_until.toISOString() : null,
              pausedWhy: budget.paused_why,
            }
          : null,
        reconcile: reconcile.rows
          .filter((r) => r.connection_id === row.id)
          .map((r) => ({
            object: r.object_type,
            lastRunAt: r.last_run_at?.toISOString() ?? null,
            lastFound: r.last_found,
          })),
        unreadable: schemas.rows
          .filter((s) => s.connection_id === row.id)
          .map((s) => ({ object: s.object_type, fields: s.unreadable })),
        taskKey: row.task_key && { enforced: row.task_key.enforced ?? false, why: row.task_key.why ?? '' },
        users: row.users,
      }
    }),
  }
}

/** In the order of the import, with those that have not begun. */
function baselineObjects(row: ConnectionRow): ConnectionView['baseline']['objects'] {
  const order = watchedObjects(row.crm)
  const begun = Object.entries(row.baseline.objects)
  const names = row.baseline.done
    ? begun.map(([name]) => name)
    : [...new Set([...order, ...begun.map(([name]) => name)])]
  return names
    .sort((a, b) => (order.indexOf(a) + 1 || 99) - (order.indexOf(b) + 1 || 99))
    .map((object) => {
      const progress = row.baseline.objects[object]
      return {
        object,
        done: progress?.done ?? false,
        count: progress?.count ?? 0,
        total: progress?.total ?? null,
      }
    })
}
