import { sql } from 'kysely'
import { nowMs } from '../../clock/clock.ts'
import { isKnownCrm } from '../../model/record/crm-profile.ts'
import { baselineObjects } from '../../model/record/object-shape.ts'
import { counted, n } from '../../model/surface/numbers.ts'
import { type BaselineProgress, baselineProgress } from '../../pipeline/read/baseline-progress.ts'
import type { Baseline } from '../../store/connections/baseline.ts'
import type { Database } from '../../store/database/database.ts'
import { countToDecide } from '../../store/records/records-to-decide.ts'

export type LiveStatus = {
  readonly events: number
  readonly waiting: number
  /** Age of the oldest event that has not been applied, in seconds. */
  readonly lagS: number
  readonly openByClass: Readonly<Record<string, number>>
  readonly openTasks: number
  /** Records whose next decision is still to come: until then the cases are not all there. */
  readonly toDecide: number
  /** Connections whose first import is not done, with what is known of its progress. */
  readonly importing: readonly ({ readonly id: string } & Pick<
    BaselineProgress,
    'count' | 'total' | 'perSecond' | 'leftMs'
  >)[]
  readonly reconnect: readonly string[]
}

/** Reads the status as often as asked, counting only what came since the last time. */
export function liveStatus(db: Database): () => Promise<LiveStatus> {
  let countedTo = 0
  let events = 0
  return async () => {
    const fresh = await sql<{ n: number; last: number | null }>`
      select count(*) as n, max(id) as last from change_event where id > ${countedTo}`.execute(db)
    events += fresh.rows[0]?.n ?? 0
    countedTo = Math.max(countedTo, fresh.rows[0]?.last ?? 0)
    const waiting = await sql<{ n: number; lag_s: number | null }>`
      select count(*) as n, extract(epoch from now() - min(received_at))::float8 as lag_s from change_event
      where state = 'received'`.execute(db)
    const classes = await sql<{ class: string; n: number }>`
      select class, count(*) as n from exception where status = 'open' group by class`.execute(db)
    const tasks = await sql<{ n: number }>`select count(*) as n from task where status = 'open'`.execute(db)
    const connections = await db
      .selectFrom('connection')
      .select(['id', 'crm', 'status', 'baseline'])
      .where('status', '<>', 'disconnected')
      .orderBy('id')
      .execute()
    return {
      events,
      waiting: waiting.rows[0]?.n ?? 0,
      lagS: Math.max(0, waiting.rows[0]?.lag_s ?? 0),
      openByClass: Object.fromEntries(classes.rows.map((row) => [row.class, row.n])),
      openTasks: tasks.rows[0]?.n ?? 0,
      toDecide: await countToDecide(db),
      importing: connections
        .filter(({ crm, baseline }) => !baseline.done && isKnownCrm(crm))
        .map(({ id, crm, baseline }) => ({
          id,
          ...baselineProgress(baseline as Baseline, baselineObjects(crm), nowMs()),
        })),
      reconnect: connections.filter(({ status }) => status === 'reconnect-needed').map(({ id }) => id),
    }
  }
}

const CLASS_ORDER = ['unknown', 'revenue-impacting', 'customer-facing', 'risky', 'expected']

/** One calm line. */
export function statusLine(status: LiveStatus): string {
  const open = sum(Object.values(status.openByClass))
  const classes = CLASS_ORDER.filter((name) => status.openByClass[name])
    .map((name) => `${n(status.openByClass[name] ?? 0)} ${name}`)
    .join(', ')
  const parts = [
    counted(status.events, 'event'),
    `${n(open)} open${classes ? ` (${classes})` : ''}`,
    counted(status.openTasks, 'task'),
    ...reading(status),
    ...(status.toDecide === 0 ? [] : [`${counted(status.toDecide, 'record')} to decide`]),
    ...status.importing.map(
      ({ id, count, total, perSecond, leftMs }) =>
        `importing ${id}: ${n(count)}${total === null ? '' : ` of ${n(total)}`}` +
        (perSecond === null ? '' : `, ${n(Math.round(perSecond))}/s`) +
        (leftMs === null ? '' : `, ${timeLeft(leftMs)} left`),
    ),
    ...status.reconnect.map((id) => `${id} has to be connected again`),
  ]
  return parts.join(' · ')
}

/** How far reading is. Nothing is up to date while an import still reads. */
function reading({ waiting, lagS, toDecide, importing }: LiveStatus): string[] {
  if (waiting > 0) return [`${n(waiting)} waiting, ${lagS.toFixed(1)} s behind`]
  if (importing.length > 0) return []
  return [toDecide === 0 ? 'up to date' : 'all read']
}

/** Rounded up, so that it is never early. */
function timeLeft(ms: number): string {
  const seconds = Math.ceil(ms / 1_000)
  if (seconds < 90) return `${seconds} s`
  const minutes = Math.ceil(seconds / 60)
  return minutes < 90 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
