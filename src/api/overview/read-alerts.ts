import { sql } from 'kysely'
import { versionText } from '../../model/policy/version-text.ts'
import { presentTexts } from '../../notices/present-counts.ts'
import type { Database } from '../../store/database/database.ts'
import { runningVersions } from '../../store/decisions/running-versions.ts'
import { listQuarantined } from '../../store/events/failed-events.ts'
import { noticeTitle } from '../connections/notice-view.ts'
import { loadErrorLine, readLoadError } from '../workflows/load-error.ts'
import type { Overview } from './overview-types.ts'
import { markAlerts } from './read-mark-alerts.ts'
import { readNoticeCounts } from './read-notice-counts.ts'
import { pauseAlerts } from './read-pause-alerts.ts'
import { readStillNamed } from './read-still-named.ts'
import { upgradeAlerts } from './read-upgrade-alerts.ts'
import { jobsToAccept, workflowsNotReady } from './read-workflow-alerts.ts'

/** Nearly all are about no person. */
type Alert = Omit<Overview['alerts'][number], 'departed'> & { readonly departed?: string | null }

/** A write still unconfirmed after this long was not found by read-back either: an admin has to check it. */
const UNKNOWN_WRITE_MINUTES = 15

const REFUSED_TOLERATED = 50

const NOTICES_SHOWN_MAX = 50

/** Problems outside the cases that need an admin, worst first. */
export async function readAlerts(db: Database, now: Date): Promise<Overview['alerts']> {
  const groups = await Promise.all([
    connectionsToReconnect(db),
    workflowsRefused(db),
    workflowsNotReady(db, now),
    jobsToAccept(db),
    writesUnknown(db, now),
    pausedByCrm(db, now),
    unknownPortals(db, now),
    refusedWebhooks(db, now),
    quarantinedEvents(db),
    openNotices(db, now),
    upgradeAlerts(db, now),
    pauseAlerts(db),
    markAlerts(db),
  ])
  const rank = ({ level, needsAction }: Alert) => (level === 'stop' ? 2 : 0) + (needsAction ? 1 : 0)
  return groups
    .flat()
    .map((alert) => ({ departed: null, ...alert }))
    .sort((a, b) => rank(b) - rank(a))
}

async function connectionsToReconnect(db: Database): Promise<Alert[]> {
  const { rows } = await sql<{ title: string; status_reason: string | null }>`
    select title, status_reason from connection where status = 'reconnect-needed' order by title`.execute(db)
  return rows.map((row) => ({
    level: 'stop',
    title: `Reconnect ${row.title}`,
    detail: 'We keep receiving changes, but cannot read or write until you reconnect.',
    remedy: row.status_reason ?? 'Reconnect it on its card.',
    needsAction: true,
    about: 'connection',
  }))
}

/** How an alert without a remedy ends. */
const CLEARS_WHEN: Readonly<Record<string, string>> = {
  busy: 'the CRM accepts our calls again',
  outage: 'the CRM answers again',
  'odd-answers': 'the CRM answers correctly again',
  'lost-answer': 'we have confirmed every write',
  'stream-silent': 'change events arrive again',
  'stream-lost-place': 'we have read all records again',
  gap: 'we have read the missing changes',
  overflow: 'we have read the missing changes',
  downtime: 'we have read the missed changes',
  'repeated-events': 'the duplicates stop',
  'delivery-too-large': 'no webhook is too large for ten minutes',
  clock: 'the clocks agree again',
  'owner-gone': 'every record has an active owner',
  'missed-events': 'no webhook is missed for a while',
  'out-of-sync': 'all records match again',
}

/**
 * The open notices of the connections, one per cause: three removed fields are one alert. `reconnect` is left out where
 * the connection's own status already raises an alert.
 */
async function openNotices(db: Database, now: Date): Promise<Alert[]> {
  const [counted, present, named] = await Promise.all([readNoticeCounts(db), presentTexts(db), readStillNamed(db, now)])
  const { rows } = await sql<{
    id: string
    title: string
    code: string
    level: 'warn' | 'stop'
    message: string
    subject: string
    remedy: string | null
    n: number
  }>`
    select c.id, c.title, n.code, case when bool_or(n.level = 'stop') then 'stop' else 'warn' end as level,
           (array_agg(n.message order by n.last_at desc))[1] as message,
           (array_agg(n.subject order by n.last_at desc))[1] as subject, (array_agg(n.remedy order by n.last_at desc))[1] as remedy,
           count(*) as n
    from notice n join connection c on c.id = n.connection_id
    where n.ended_at is null and n.level in ('warn', 'stop') and c.status <> 'disconnected'
      and not (n.code = 'reconnect' and c.status = 'reconnect-needed')
    -- each person who left is an alert of their own
    group by c.id, c.title, n.code, case when n.code = 'owner-gone' then n.subject end order by c.title, n.code limit ${NOTICES_SHOWN_MAX}`.execute(
    db,
  )
  return rows.map((row) => {
    const person = row.code === 'owner-gone' ? named(row.id, row.subject) : undefined
    const remedy = person?.needsAction ? NAME_ANOTHER : row.remedy
    return {
      level: row.level,
      title: counted(row.id, row) ?? `${row.title}: ${noticeTitle(row.code)}`,
      detail: [present(row.id, row), person?.says, row.n > 1 ? `And ${row.n - 1} more like this.` : null]
        .filter(Boolean)
        .join(' '),
      remedy: remedy ?? noAction(row.code),
      needsAction: remedy !== null,
      about: 'connection',
      departed: person?.email ?? null,
    }
  })
}

const NAME_ANOTHER = 'Name somebody else in each of these places; Lanekeeper moves the open tasks.'

function noAction(code: string): string {
  const when = CLEARS_WHEN[code]
  return when ? `No action needed; clears when ${when}.` : 'No action needed; clears by itself.'
}

async function workflowsRefused(db: Database): Promise<Alert[]> {
  const [{ rows }, running] = await Promise.all([
    sql<{ workflow: string; title: string; load_error: unknown }>`
      select workflow, title, load_error from workflow where load_error is not null order by workflow`.execute(db),
    runningVersions(db),
  ])
  return rows.map(({ workflow, title, load_error: stored }) => {
    const version = running.get(workflow)?.version ?? null
    return {
      level: version === null ? 'stop' : 'warn',
      title:
        version === null
          ? `Workflow ${title} has errors and does not run`
          : `The file of ${title} has errors; ${versionText(version)} keeps running`,
      detail: loadErrorText(stored),
      remedy: 'Fix the file and restart Lanekeeper. The other workflows keep running.',
      needsAction: true,
      about: 'workflow',
    }
  })
}

function loadErrorText(stored: unknown): string {
  const error = readLoadError(stored)
  return error ? loadErrorLine(error) : 'The policy file could not be read.'
}

async function writesUnknown(db: Database, now: Date): Promise<Alert[]> {
  const before = new Date(+now - UNKNOWN_WRITE_MINUTES * 60_000)
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from intent where state = 'unknown' and created_at < ${before}`.execute(db)
  const n = rows[0]?.n ?? 0
  if (n === 0) return []
  return [
    {
      level: 'warn',
      title: `${n} unconfirmed ${n === 1 ? 'write' : 'writes'}`,
      detail: `The CRM did not answer, and read-back has not confirmed ${n === 1 ? 'it' : 'them'} for ${UNKNOWN_WRITE_MINUTES} minutes.`,
      remedy: 'Check the task or owner in the CRM. Lanekeeper does not repeat a write while it is unconfirmed.',
      needsAction: true,
      about: 'writes',
    },
  ]
}

async function pausedByCrm(db: Database, now: Date): Promise<Alert[]> {
  const { rows } = await sql<{ title: string; paused_until: Date; paused_why: string | null }>`
    select c.title, b.paused_until, b.paused_why from call_budget b join connection c on c.id = b.connection_id
    where b.paused_until > ${new Date(+now + 60_000)} and c.status <> 'disconnected'
      and not exists (select 1 from notice n where n.connection_id = c.id and n.code = 'busy' and n.ended_at is null
        and n.level <> 'info')
    order by c.title`.execute(db)
  return rows.map((row) => ({
    level: 'warn',
    title: `${row.title} rate-limited us`,
    detail: `${row.paused_why ?? 'Its call limit is used up'}. Calls resume at ${row.paused_until.toISOString().slice(0, 16).replace('T', ' ')} UTC; nothing is lost.`,
    remedy: 'No action needed. A higher API limit in the CRM shortens the wait.',
    needsAction: false,
    about: 'connection',
  }))
}

async function unknownPortals(db: Database, now: Date): Promise<Alert[]> {
  const { rows } = await sql<{ detail: string; n: number }>`
    select detail, sum(n)::bigint as n from counter
    where name like '%unknown-portal%' and last_at > ${new Date(+now - 86_400_000)}
    group by detail order by n desc limit 5`.execute(db)
  return rows.map((row) => ({
    level: 'warn',
    title: `Webhooks from an unknown portal${row.detail ? `: ${row.detail}` : ''}`,
    detail: `${row.n} in the last day, all ignored.`,
    remedy: "Connect that portal, or remove Lanekeeper's webhook address from its app.",
    needsAction: true,
    about: 'events',
  }))
}

async function quarantinedEvents(db: Database): Promise<Alert[]> {
  const { total, events } = await listQuarantined(db, { limit: 1 })
  if (total === 0) return []
  return [
    {
      level: 'warn',
      title: `${total} ${total === 1 ? 'change' : 'changes'} from the CRM could not be applied`,
      detail: `We tried ${total === 1 ? 'it' : 'each'} three times. The last reason: ${events[0]?.reason ?? 'unknown'}.`,
      remedy: 'Once the reason is fixed, replay them under Sync health of the connection.',
      needsAction: true,
      about: 'events',
    },
  ]
}

async function refusedWebhooks(db: Database, now: Date): Promise<Alert[]> {
  const { rows } = await sql<{ n: number }>`
    select coalesce(sum(n), 0)::bigint as n from counter
    where name like '%refused%' and name like '%webhook%' and last_at > ${new Date(+now - 600_000)}`.execute(db)
  const n = rows[0]?.n ?? 0
  // Every public address gets a few forged calls, and some webhooks precede a new connection. More than that is a wrong
  // secret or an attack.
  if (n < REFUSED_TOLERATED) return []
  return [
    {
      level: 'warn',
      title: `${n} webhooks rejected in the last 10 minutes`,
      detail: 'Their signature, age or format was wrong. None of them was stored.',
      remedy: 'If the client secret changed in the CRM, change it on the connection, too.',
      needsAction: true,
      about: 'events',
    },
  ]
}
