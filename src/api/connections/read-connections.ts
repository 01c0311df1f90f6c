import { sql } from 'kysely'
import type { Crm } from '../../model/record/change-event.ts'
import type { AccessFindings } from '../../model/record/crm-facts.ts'
import { isKnownCrm } from '../../model/record/crm-profile.ts'
import { baselineObjects as importedObjects } from '../../model/record/object-shape.ts'
import { type PresentText, presentTexts } from '../../notices/present-counts.ts'
import { baselineProgress } from '../../pipeline/read/baseline-progress.ts'
import type { Baseline } from '../../store/connections/baseline.ts'
import type { Database } from '../../store/database/database.ts'
import { listNotices, type Notice } from '../../store/notices/notices.ts'
import { notSentText } from '../../store/writes/not-sent.ts'
import { writesNotSent } from '../../store/writes/writes-not-sent.ts'
import { type CrmLinks, safeUrl } from '../cases/crm-links.ts'
import type { ConnectionsReply, ConnectionView } from './connection-types.ts'
import { noticeView } from './notice-view.ts'
import { readWriting } from './read-writing.ts'

type ConnectionRow = {
  id: string
  crm: Crm
  title: string
  account_id: string
  base_url: string
  pages_url: string | null
  status: ConnectionView['status']
  status_reason: string | null
  grant_kind: string | null
  made_by: ConnectionView['madeBy']
  actor_name: string | null
  edition: string | null
  feed: ConnectionView['feed']
  webhook_url: string | null
  writes_since: Date | null
  writes_by: string | null
  /** Of the person who turned writing on. */
  writes_name: string | null
  access: AccessFindings | null
  access_checked_at: Date | null
  baseline: Baseline
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
  window_share: number
  day_share: number
  day_used: number
  calls_total: number
  used_today: number | null
  limit_today: number | null
  paused_until: Date | null
  paused_why: string | null
}

type PollRow = {
  connection_id: string
  object_type: string
  last_run_at: Date | null
  last_found: number
}

type UnreadableRow = { connection_id: string; object_type: string; unreadable: string[] }

/** Counting further than this says nothing more to a person, and has to be cheap during a burst. */
const WAITING_COUNTED_MAX = 100_000

/** Of what is over; the open ones of a connection are all shown. */
const NOTICES_READ_MAX = 400
const NOTICES_ENDED_MAX = 20

type Context = { readonly links: CrmLinks; readonly now: Date; readonly pollSeconds: number }

export async function readConnections(db: Database, context: Context): Promise<ConnectionsReply> {
  const [connections, budgets, polls, schemas, notices, notSent, present] = await Promise.all([
    selectConnections(db),
    selectBudgets(db),
    sql<PollRow>`select connection_id, object_type, last_run_at, last_found from poll_cursor`.execute(db),
    sql<UnreadableRow>`
      select connection_id, object_type, unreadable from object_schema where cardinality(unreadable) > 0`.execute(db),
    listNotices(db, { limit: NOTICES_READ_MAX }),
    writesNotSent(db),
    presentTexts(db),
  ])
  const readOnly = connections.rows.filter((row) => row.writes_since === null && row.status !== 'disconnected')
  const writing = await readWriting(
    db,
    readOnly.map(({ id }) => id),
  )
  return {
    connections: connections.rows.map((row): ConnectionView => {
      const isOfRow = (one: { readonly connection_id: string }) => one.connection_id === row.id
      return {
        ...connectionView(row, context),
        writing: writing.get(row.id) ?? null,
        budget: budgetView(budgets.rows.find(isOfRow), context.now),
        pollChanges: polls.rows.filter(isOfRow).map((poll) => ({
          object: poll.object_type,
          lastRunAt: poll.last_run_at?.toISOString() ?? null,
          lastFound: poll.last_found,
        })),
        unreadable: schemas.rows
          .filter(isOfRow)
          .map(({ object_type, unreadable }) => ({ object: object_type, fields: unreadable })),
        notices: noticesOf(notices, row.id, present),
        notSent: notSent
          .filter(({ connectionId }) => connectionId === row.id)
          .map(({ reason, n }) => ({ reason, says: notSentText(reason), n })),
      }
    }),
  }
}

function selectConnections(db: Database) {
  return sql<ConnectionRow>`
    select c.id, c.crm, c.title, c.account_id, c.base_url, c.pages_url, c.status, c.status_reason, c.grant_kind,
           c.made_by, c.actor_name, c.edition, c.feed, c.webhook_url, c.writes_since, c.writes_by,
           (select p.name from person p where c.writes_by = 'person:' || p.id) as writes_name, c.access,
           c.access_checked_at, c.baseline, c.stream_state, c.stream_seen_at, c.task_key,
           (select count(*) from crm_user u where u.connection_id = c.id and u.active) as users,
           (select received_at from change_event v where v.connection_id = c.id order by id desc limit 1) as last_event_at,
           (select count(*) from (select 1 from change_event v where v.connection_id = c.id and v.state = 'received'
              limit ${WAITING_COUNTED_MAX}) w) as events_waiting
    from connection c order by (c.status = 'disconnected'), c.title, c.id`.execute(db)
}

/** A window that is over counts as empty, even when no call was made since. */
function selectBudgets(db: Database) {
  return sql<BudgetRow>`
    select connection_id, window_ms, window_limit, window_share, day_share, day_used, calls_total, used_today,
           limit_today, paused_until, paused_why,
           case when window_started_at < now() - make_interval(secs => window_ms / 1000.0) then 0 else window_used end
             as window_used
    from call_budget`.execute(db)
}

type OwnFields = Omit<ConnectionView, 'writing' | 'budget' | 'pollChanges' | 'unreadable' | 'notices' | 'notSent'>

function connectionView(row: ConnectionRow, { links, now, pollSeconds }: Context): OwnFields {
  const { id, crm, account_id: accountId, base_url: baseUrl, pages_url: pagesUrl } = row
  return {
    id,
    crm,
    title: row.title,
    accountId,
    status: row.status,
    statusReason: row.status_reason,
    url: safeUrl(links.accountUrl({ id, crm, accountId, baseUrl, pagesUrl })),
    grantKind: row.grant_kind,
    madeBy: row.made_by,
    actorName: row.actor_name,
    edition: row.edition,
    feed: row.feed,
    webhookUrl: row.webhook_url,
    delaySeconds: row.feed === 'poll' ? pollSeconds : null,
    writes: row.writes_since && {
      since: row.writes_since.toISOString(),
      by: row.writes_by?.split(':')[0] ?? null,
      name: row.writes_name,
    },
    access: checkedAccess(row),
    baseline: baselineView(row, now),
    stream: { state: row.stream_state, seenAt: row.stream_seen_at?.toISOString() ?? null },
    lastEventAt: row.last_event_at?.toISOString() ?? null,
    eventsWaiting: row.events_waiting,
    taskKey: row.task_key && { enforced: row.task_key.enforced ?? false, why: row.task_key.why ?? '' },
    users: row.users,
  }
}

function checkedAccess({ access, access_checked_at: checkedAt }: ConnectionRow): ConnectionView['access'] {
  if (access === null || checkedAt === null) return null
  const { checks, limits, streamSlots } = access
  return {
    checkedAt: checkedAt.toISOString(),
    checks: checks.map((check) => ({ ...check })),
    limits,
    streamSlots: streamSlots && {
      max: streamSlots.max,
      taken: [...streamSlots.taken],
      missing: [...streamSlots.missing],
    },
  }
}

function budgetView(budget: BudgetRow | undefined, now: Date): ConnectionView['budget'] {
  if (budget === undefined) return null
  return {
    windowMs: budget.window_ms,
    windowUsed: budget.window_used,
    windowLimit: budget.window_limit,
    windowShare: shareOf(budget.window_share),
    dayShare: shareOf(budget.day_share),
    dayUsed: budget.day_used,
    total: budget.calls_total,
    usedToday: budget.used_today,
    limitToday: budget.limit_today,
    pausedUntil: budget.paused_until && budget.paused_until > now ? budget.paused_until.toISOString() : null,
    pausedWhy: budget.paused_why,
  }
}

/** A `real` column has seven digits; more of them would only show how it is stored. */
function shareOf(stored: number): number {
  return Math.round(stored * 1_000) / 1_000
}

function noticesOf(notices: readonly Notice[], connectionId: string, present: PresentText): ConnectionView['notices'] {
  const own = notices.filter((notice) => notice.connectionId === connectionId)
  return {
    open: own
      .filter((notice) => notice.endedAt === null)
      .map((notice) => ({ ...noticeView(notice), message: present(connectionId, notice) })),
    ended: own
      .filter((notice) => notice.endedAt !== null)
      .slice(0, NOTICES_ENDED_MAX)
      .map(noticeView),
  }
}

function baselineView(row: ConnectionRow, now: Date): ConnectionView['baseline'] {
  const { done, startedAtMs } = row.baseline
  const objects = baselineObjects(row)
  const { perSecond, leftMs } = baselineProgress(row.baseline, orderOf(row), +now)
  return {
    done,
    startedAt: startedAtMs === undefined ? null : new Date(startedAtMs).toISOString(),
    perSecond,
    leftMs,
    objects,
  }
}

/** Of a CRM without an adapter here only what was imported is known. */
function orderOf({ crm }: ConnectionRow): readonly string[] {
  return isKnownCrm(crm) ? importedObjects(crm) : []
}

/** In the order of the import, with those that have not begun. */
function baselineObjects(row: ConnectionRow): ConnectionView['baseline']['objects'] {
  const order = orderOf(row)
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
