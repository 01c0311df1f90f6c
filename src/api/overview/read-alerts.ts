import { sql } from 'kysely'
import type { Database } from '../../store/database/database.ts'
import { noticeTitle } from '../connections/notice-view.ts'
import { loadErrorLine, readLoadError } from '../workflows/load-error.ts'
import type { Overview } from './overview-types.ts'

type Alert = Overview['alerts'][number]

/** A write whose outcome stays unknown this long was not found by reading back: a person has to look. */
const UNKNOWN_WRITE_MINUTES = 15

const REFUSED_TOLERATED = 50

const NOTICES_SHOWN_MAX = 50

/** What needs a person besides the cases themselves, worst first. */
export async function readAlerts(db: Database, now: Date): Promise<Alert[]> {
  const groups = await Promise.all([
    connectionsToReconnect(db),
    workflowsRefused(db),
    workflowsNotReady(db),
    writesUnknown(db, now),
    pausedByCrm(db, now),
    unknownPortals(db, now),
    refusedWebhooks(db, now),
    openNotices(db),
  ])
  return groups.flat().sort((a, b) => Number(b.level === 'stop') - Number(a.level === 'stop'))
}

async function connectionsToReconnect(db: Database): Promise<Alert[]> {
  const { rows } = await sql<{ title: string; status_reason: string | null }>`
    select title, status_reason from connection where status = 'reconnect-needed' order by title`.execute(db)
  return rows.map((row) => ({
    level: 'stop',
    title: `${row.title} has to be reconnected`,
    detail: 'Events are kept, but nothing can be read from or written to this CRM until then.',
    remedy: row.status_reason ?? 'Connect it again on its card.',
    about: 'connection',
  }))
}

/**
 * What happened to a connection and still lasts, one per cause: three fields that are gone are one thing to attend to.
 * A lost grant is told by the connection's own status.
 */
async function openNotices(db: Database): Promise<Alert[]> {
  const { rows } = await sql<{
    title: string
    code: string
    level: 'warn' | 'stop'
    message: string
    remedy: string | null
    n: number
  }>`
    select c.title, n.code, case when bool_or(n.level = 'stop') then 'stop' else 'warn' end as level,
           (array_agg(n.message order by n.last_at desc))[1] as message, (array_agg(n.remedy order by n.last_at desc))[1] as remedy,
           count(*) as n
    from notice n join connection c on c.id = n.connection_id
    where n.ended_at is null and n.level in ('warn', 'stop') and c.status <> 'disconnected'
      and not (n.code = 'reconnect' and c.status = 'reconnect-needed')
    group by c.id, c.title, n.code order by c.title, n.code limit ${NOTICES_SHOWN_MAX}`.execute(db)
  return rows.map((row) => ({
    level: row.level,
    title: `${row.title}: ${noticeTitle(row.code)}`,
    detail: row.n > 1 ? `${row.message} And ${row.n - 1} more of the kind.` : row.message,
    remedy: row.remedy ?? 'Nothing; it ends by itself.',
    about: 'connection',
  }))
}

async function workflowsRefused(db: Database): Promise<Alert[]> {
  const { rows } = await sql<{ workflow: string; load_error: unknown }>`
    select workflow, load_error from workflow where load_error is not null order by workflow`.execute(db)
  return rows.map(({ workflow, load_error: stored }) => ({
    level: 'stop',
    title: `Workflow ${workflow} was refused`,
    detail: loadErrorText(stored),
    remedy: 'Correct the file and start again; the other workflows run.',
    about: 'workflow',
  }))
}

function loadErrorText(stored: unknown): string {
  const error = readLoadError(stored)
  return error ? loadErrorLine(error) : 'The policy file could not be read.'
}

async function workflowsNotReady(db: Database): Promise<Alert[]> {
  const { rows } = await sql<{
    workflow: string
    title: string
    effective_mode: string
    problems: { job?: string; email?: string | null; problem?: string }[]
  }>`
    select workflow, title, effective_mode, problems from workflow
    where load_error is null and jsonb_array_length(problems) > 0 order by workflow`.execute(db)
  return rows.map((row) => ({
    level: 'warn',
    title: `${row.title} is not ready`,
    detail: row.problems
      .map((p) => `${p.job ?? 'a job'}: ${p.email ? `${p.email}, ` : ''}${p.problem ?? 'vacant'}`)
      .join('. '),
    remedy: `It runs in ${row.effective_mode} mode until an active person has accepted each job.`,
    about: 'workflow',
  }))
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
      title: `${n} ${n === 1 ? 'write' : 'writes'} to a CRM without an answer`,
      detail: `They may or may not have arrived, and reading back has not settled it for ${UNKNOWN_WRITE_MINUTES} minutes.`,
      remedy: 'Look at the task or owner in the CRM. Nothing is written a second time while this is open.',
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
    title: `${row.title} asked us to wait`,
    detail: `${row.paused_why ?? 'Its call limit is used up'}. Calls resume at ${row.paused_until.toISOString().slice(0, 16).replace('T', ' ')} UTC.`,
    remedy: 'Nothing is lost. A larger allowance in the CRM shortens the wait.',
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
    title: `Webhooks from a portal that is not connected${row.detail ? `: ${row.detail}` : ''}`,
    detail: `${row.n} in the last day were answered and dropped.`,
    remedy: 'Connect that portal, or remove this address from its app.',
    about: 'events',
  }))
}

async function refusedWebhooks(db: Database, now: Date): Promise<Alert[]> {
  const { rows } = await sql<{ n: number }>`
    select coalesce(sum(n), 0)::bigint as n from counter
    where name like '%refused%' and name like '%webhook%' and last_at > ${new Date(+now - 600_000)}`.execute(db)
  const n = rows[0]?.n ?? 0
  // A handful is the weather of a public address, and some come before a new connection is known; more, and still
  // coming, is a wrong secret or an attack.
  if (n < REFUSED_TOLERATED) return []
  return [
    {
      level: 'warn',
      title: `${n} webhooks were refused, and it goes on`,
      detail: 'Their signature, age or form was wrong, so nothing of them was stored.',
      remedy: 'If the client secret was changed in the CRM, change it here as well.',
      about: 'events',
    },
  ]
}
