import { sql } from 'kysely'
import { EXCEPTION_CLASSES, type ExceptionClass } from '../../model/classes/class.ts'
import type { Database } from '../../store/database/database.ts'
import { GONE } from '../../store/decisions/gone-tasks.ts'
import { countToDecide } from '../../store/records/records-to-decide.ts'
import { patternTitle } from '../cases/pattern-titles.ts'
import { readPeople } from '../cases/people.ts'
import type { Overview, Point } from './overview-types.ts'
import { readAlerts } from './read-alerts.ts'

const HOURS = 48
const DAYS = 30
/** Reading the traffic scans at most this many events, whatever the volume. */
const EVENTS_LOOKED_AT_MAX = 1_000_000

export async function readOverview(db: Database, now: Date): Promise<Overview> {
  const [open, setUp, week, hours, days, events, tasks, alerts] = await Promise.all([
    readOpen(db, now),
    readSetUp(db),
    readWeek(db, now),
    readPoints(db, now, { unit: 'hour', count: HOURS }),
    readPoints(db, now, { unit: 'day', count: DAYS }),
    readEvents(db, now),
    readTasks(db),
    readAlerts(db, now),
  ])
  return { at: now.toISOString(), setUp, ...open, last7Days: week, hours, days, events, tasks, alerts }
}

type OpenRow = {
  class: ExceptionClass
  pattern: string
  workflow: string
  owner_email: string
  posture: string
  n: number
  overdue: number
  waiting: number
  oldest: Date
}

/** One pass over the open cases; every breakdown sums the same rows, so the numbers always agree. */
async function readOpen(
  db: Database,
  now: Date,
): Promise<Pick<Overview, 'open' | 'byClass' | 'byPattern' | 'byWorkflow' | 'byOwner'>> {
  const { rows } = await sql<OpenRow>`
    select class, pattern, workflow, owner_email, posture, count(*) as n,
           count(*) filter (where due_at < ${now} and waits_since is null) as overdue,
           count(*) filter (where waits_since is not null) as waiting, min(opened_at) as oldest
    from exception where status = 'open'
    group by class, pattern, workflow, owner_email, posture`.execute(db)
  const titles = await sql<{ workflow: string; title: string }>`select workflow, title from workflow`.execute(db)
  const titleOf = new Map(titles.rows.map((row) => [row.workflow, row.title]))
  const person = await readPeople(
    db,
    rows.map((row) => row.owner_email),
  )
  const sum = (some: readonly OpenRow[], of: 'n' | 'overdue' | 'waiting') =>
    some.reduce((total, row) => total + row[of], 0)
  const tally = <Key extends string>(key: (row: OpenRow) => Key, title: (key: Key) => string) =>
    [...Map.groupBy(rows, key)]
      .map(([name, some]) => ({ key: name, title: title(name), n: sum(some, 'n'), overdue: sum(some, 'overdue') }))
      .sort((a, b) => b.n - a.n || a.title.localeCompare(b.title))
  const byClass = tally(
    (row) => row.class,
    (name) => name,
  )
  return {
    open: {
      total: sum(rows, 'n'),
      overdue: sum(rows, 'overdue'),
      closedWithoutChange: sum(rows, 'waiting'),
      stopped: sum(
        rows.filter((row) => row.posture === 'stop'),
        'n',
      ),
      unknown: byClass.find((count) => count.key === 'unknown')?.n ?? 0,
      oldestOpenedAt: rows.length === 0 ? null : new Date(Math.min(...rows.map((row) => +row.oldest))).toISOString(),
    },
    // All five, always in the same order: each class keeps its place on the page.
    byClass: EXCEPTION_CLASSES.map(
      (name) => byClass.find((count) => count.key === name) ?? { key: name, title: name, n: 0, overdue: 0 },
    ),
    byPattern: tally((row) => row.pattern, patternTitle),
    byWorkflow: tally(
      (row) => row.workflow,
      (workflow) => titleOf.get(workflow) ?? workflow,
    ),
    byOwner: tally(
      (row) => row.owner_email,
      (email) => person(email).name,
    ).map((count) => ({ ...count, person: person(count.key) })),
  }
}

async function readSetUp(db: Database): Promise<Overview['setUp']> {
  const { rows } = await sql<Overview['setUp']>`
    select (select count(*) from connection where status <> 'disconnected') as connections,
           (select count(*) from connection where status <> 'disconnected' and not (baseline->>'done')::boolean) as "baselinesRunning",
           (select count(*) from connection where status = 'connected' and writes_since is null
              and (baseline->>'done')::boolean) as "onlyRead",
           array(select title from connection where status = 'connected' and writes_since is null
              and (baseline->>'done')::boolean order by title) as "readOnlyTitles",
           (select count(*) from workflow where hash is not null) as workflows`.execute(db)
  return rows[0]!
}

/** What ended: by a rule, by a change of the record in the CRM, or because nothing was left to decide. */
const ENDED = sql`case when status = 'settled-by-rule' or resolution = 'settled-by-rule' then 'rules'
  when resolution in ('condition-cleared', 'fixed-by-owner') then 'crm' else 'other' end`

async function readWeek(db: Database, now: Date): Promise<Overview['last7Days']> {
  const { rows } = await sql<Overview['last7Days']>`
    select count(*) filter (where opened_at >= since) as opened,
           count(*) filter (where resolved_at >= since and how = 'crm') as "fixedInCrm",
           count(*) filter (where resolved_at >= since and how = 'rules') as "fixedByRules",
           count(*) filter (where resolved_at >= since and how = 'other') as "endedOtherwise"
    from (select opened_at, resolved_at, ${ENDED} as how from exception) e,
      (select ${now}::timestamptz - interval '7 days' as since) week
    where opened_at >= since or resolved_at >= since`.execute(db)
  return rows[0]!
}

/** Buckets in UTC; the console labels them in the reader's own zone. Empty hours count as zeros. */
async function readPoints(
  db: Database,
  now: Date,
  { unit, count }: { unit: 'hour' | 'day'; count: number },
): Promise<Point[]> {
  const stepMs = unit === 'hour' ? 3_600_000 : 86_400_000
  const first = Math.floor(+now / stepMs) * stepMs - (count - 1) * stepMs
  const opened = await sql<{ at: Date; class: ExceptionClass; n: number }>`
    select date_trunc(${unit}, opened_at, 'UTC') as at, class, count(*) as n
    from exception where opened_at >= ${new Date(first)} group by 1, 2`.execute(db)
  const ended = await sql<{ at: Date; how: keyof Point['ended']; n: number }>`
    select date_trunc(${unit}, resolved_at, 'UTC') as at, ${ENDED} as how, count(*) as n
    from exception where status <> 'open' and resolved_at >= ${new Date(first)} group by 1, 2`.execute(db)
  const points = Array.from({ length: count }, (_, i) => ({
    at: new Date(first + i * stepMs).toISOString(),
    opened: { expected: 0, risky: 0, 'customer-facing': 0, 'revenue-impacting': 0, unknown: 0 },
    ended: { rules: 0, crm: 0, other: 0 },
  }))
  const at = (time: Date) => points[Math.round((+time - first) / stepMs)]
  for (const row of opened.rows) {
    const point = at(row.at)
    if (point) point.opened[row.class] += row.n
  }
  for (const row of ended.rows) {
    const point = at(row.at)
    if (point) point.ended[row.how] += row.n
  }
  return points
}

async function readEvents(db: Database, now: Date): Promise<Overview['events']> {
  const since = new Date(+now - 86_400_000)
  const [byState, waiting, duplicates, toDecide] = await Promise.all([
    sql<{ state: string; reason: string | null; n: number }>`
      select state, skip_reason as reason, count(*) as n from change_event
      where id > (select coalesce(max(id), 0) - ${EVENTS_LOOKED_AT_MAX} from change_event) and received_at >= ${since}
      group by state, skip_reason`.execute(db),
    // Per connection, because the index of waiting events starts with it.
    sql<{ oldest: Date | null }>`
      select min(e.received_at) as oldest from connection c cross join lateral
        (select received_at from change_event where connection_id = c.id and state = 'received' order by id limit 1) e`.execute(
      db,
    ),
    sql<{ n: number }>`
      select coalesce(sum(n), 0)::bigint as n from counter
      where name like '%duplicate%' and day >= (${since}::timestamptz at time zone 'UTC')::date`.execute(db),
    countToDecide(db),
  ])
  const total = (state: string) =>
    byState.rows.filter((row) => row.state === state).reduce((sum, row) => sum + row.n, 0)
  const oldest = waiting.rows[0]?.oldest ?? null
  return {
    received: byState.rows.reduce((sum, row) => sum + row.n, 0),
    duplicate: duplicates.rows[0]?.n ?? 0,
    applied: total('applied'),
    waiting: total('received'),
    skipped: byState.rows
      .filter((row) => row.state === 'skipped')
      .map((row) => ({ reason: row.reason ?? 'no reason given', n: row.n }))
      .sort((a, b) => b.n - a.n),
    lagMs: oldest === null ? null : Math.max(0, +now - +oldest),
    recordsToDecide: toDecide,
  }
}

async function readTasks(db: Database): Promise<Overview['tasks']> {
  const { rows } = await sql<Overview['tasks']>`
    select (select count(*) from task where status = 'open') as open,
           (select count(*) from task where status = 'done' and closed_by is distinct from ${GONE}) as done,
           count(*) filter (where kind = 'task' and state in ('pending', 'sending')) as "waitingToBeWritten",
           count(*) filter (where state = 'unknown') as "outcomeUnknown"
    from intent where state in ('pending', 'sending', 'unknown')`.execute(db)
  return rows[0]!
}
