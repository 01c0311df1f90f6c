import { sql } from 'kysely'
import { startApplication } from '../src/pipeline/decide/apply-to-backlog.ts'
import type { Database } from '../src/store/database/database.ts'
import { previewBacklog } from '../src/store/decisions/backlog-view.ts'
import { claimIntents } from '../src/store/writes/intents.ts'
import { askGate } from '../src/store/writes/write-gate.ts'
import { SHIPPED_TIMING } from '../src/store/writes/write-timing.ts'
import type { BenchRow } from './bench-row.ts'
import { type BenchWorld, baselineEvent, CONNECTION, withBenchWorld } from './bench-world.ts'

const RECORDS = 100_000
const MADE = 2_000
const PER_HOUR = 10_000
/** Of those that wait: twenty rounds of six minutes. */
const CAP = 20_000
const PREVIEWS = 20
/** HubSpot's batch size. */
const WRITES = 100

/**
 * A version that wants an owner for 100,000 records that nothing happened to: they come to wait, are previewed, and the
 * version is applied to a part of them. Time is moved on six minutes whenever nothing is let go any more; decide, the claims and
 * the gate are the real ones, and the CRM is left out.
 */
export async function benchBacklog(tell: (text: string) => void): Promise<BenchRow[]> {
  return withBenchWorld(async (world) => {
    const { db } = world
    tell(`${RECORDS} records come to wait`)
    await makeRecords(world)
    const waits: number[] = []
    await world.decideAll((ms) => waits.push(ms))
    const preview = (await previewBacklog(db, 'bench-routing'))!
    await sql`analyze`.execute(db)
    const before = process.memoryUsage().rss
    const previews: number[] = []
    for (let n = 0; n < PREVIEWS; n += 1) await timed(previews, () => previewBacklog(db, 'bench-routing'))
    const previewMb = (process.memoryUsage().rss - before) / 2 ** 20
    const { versionId, upTo } = preview
    const applying = { workflow: 'bench-routing', versionId, upTo, cap: CAP, perHour: PER_HOUR, by: 'bench' }
    await db.transaction().execute((trx) => startApplication(trx, preview, applying))
    const run = await applyAll(world, tell)
    const { rows } = await sql<{ state: string }>`select state from backlog_application`.execute(db)
    const waiting = `${preview.waiting.toLocaleString('en-US')} records wait`
    return [
      {
        what: `a batch of 250 records that come to wait, up to ${waiting}`,
        budget: 'last fifth <= 1.3x the first',
        measured: ratio(waits),
      },
      {
        what: `the preview while ${waiting}`,
        budget: 'p99 <= 1 s, memory that does not grow with them',
        measured: `${shown(previews)}; ${previewMb.toFixed(0)} MB more after ${PREVIEWS}`,
      },
      {
        what: `applying to ${CAP.toLocaleString('en-US')} of them at ${PER_HOUR.toLocaleString('en-US')} an hour`,
        budget: `each six minutes ${PER_HOUR / 10}, and ${PER_HOUR.toLocaleString('en-US')} in no hour more`,
        measured: `${run.rounds} rounds, ${Math.min(...run.perRound)} to ${Math.max(...run.perRound)} written, ${run.most.toLocaleString('en-US')} in the busiest hour; ended as ${rows[0]!.state}`,
      },
      {
        what: 'a batch of 250 let go and decided meanwhile',
        budget: 'last fifth <= 1.3x the first',
        measured: ratio(run.batches),
      },
      {
        what: `the gate for ${WRITES} of them`,
        budget: 'p50 <= 50 ms',
        measured: `${shown(run.gates)}; last fifth ${ratio(run.gates)}`,
      },
      {
        what: 'memory of the process, all of this in it',
        budget: '< 512 MB',
        measured: `${Math.round(process.memoryUsage().rss / 2 ** 20)} MB`,
      },
    ]
  })
}

/** Some that were really received, and copies of their rows. */
async function makeRecords({ db, receive, applyAll: apply }: BenchWorld): Promise<void> {
  await sql`update workflow set mode = 'live', effective_mode = 'live'`.execute(db)
  await receive(MADE, (n) => {
    const event = baselineEvent(n)
    return { ...event, fields: { ...event.fields, hubspot_owner_id: null } }
  })
  await apply()
  const { rows } = await sql<{ name: string }>`
    select column_name as name from information_schema.columns where table_schema = current_schema()
      and table_name = 'record' and is_generated = 'NEVER' and is_identity = 'NO' and column_name <> 'record_id'`.execute(
    db,
  )
  const columns = sql.join(rows.map(({ name }) => sql.ref(name)))
  await sql`insert into record (record_id, ${columns})
    select c.n || '-' || r.record_id, ${sql.join(rows.map(({ name }) => sql.ref(`r.${name}`)))}
    from record r cross join generate_series(1, ${RECORDS / MADE - 1}::int) c(n)`.execute(db)
  await sql`update workflow_connection set effective_mode = 'live'`.execute(db)
  await sql`update call_budget set window_limit = 1000000000, limit_today = null, day_ends_at = now() + interval '10 days'`.execute(
    db,
  )
  await sql`analyze`.execute(db)
}

type Run = {
  readonly rounds: number
  readonly perRound: number[]
  readonly most: number
  readonly batches: number[]
  readonly gates: number[]
}

async function applyAll({ db, decideAll }: BenchWorld, tell: (text: string) => void): Promise<Run> {
  const batches: number[] = []
  const gates: number[] = []
  const perRound: number[] = []
  let most = 0
  for (;;) {
    await decideAll((ms) => batches.push(ms))
    const written = await writeAll(db, gates)
    if (written === 0) break
    perRound.push(written)
    most = Math.max(most, await writtenThisHour(db))
    tell(`${perRound.reduce((sum, n) => sum + n, 0)} written`)
    await sql`update intent set granted_at = granted_at - interval '6 minutes'
      where backlog and granted_at > now() - interval '1 hour'`.execute(db)
  }
  return { rounds: perRound.length, perRound, most, batches, gates }
}

/** Claims what is to be written, asks the gate, and notes that the CRM did it. */
async function writeAll(db: Database, gates: number[]): Promise<number> {
  let written = 0
  for (;;) {
    const claimed = await claimIntents(db, CONNECTION.id, 'owner', WRITES, 'bench')
    if (claimed.length === 0) return written
    const { verdicts } = await timed(gates, () => askGate(db, CONNECTION.id, claimed, SHIPPED_TIMING))
    const left = claimed.filter(({ id }) => 'attemptId' in (verdicts.get(id) ?? {})).map(({ id }) => id)
    const ids = claimed.map(({ id }) => id)
    await sql`
      with done as (
        update intent set state = case when id = any(${left}::bigint[]) then 'done' else 'cancelled' end,
          finished_at = clock_timestamp(), lease_until = null
        where id = any(${ids}::bigint[]) returning *)
      update record r set owner_id = d.payload->>'to',
        values = r.values || jsonb_build_object('hubspot_owner_id', d.payload->>'to')
      from done d where d.state = 'done' and r.connection_id = d.connection_id and r.object_type = d.object_type
        and r.record_id = d.record_id`.execute(db)
    written += left.length
  }
}

async function writtenThisHour(db: Database): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from intent where backlog and granted_at > now() - interval '1 hour'`.execute(db)
  return rows[0]!.n
}

async function timed<T>(times: number[], work: () => Promise<T>): Promise<T> {
  const from = performance.now()
  const done = await work()
  times.push(performance.now() - from)
  return done
}

function quantile(times: readonly number[], part: number): number {
  const sorted = times.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!
}

function shown(times: readonly number[]): string {
  return `p50 ${quantile(times, 0.5).toFixed(0)} ms, p99 ${quantile(times, 0.99).toFixed(0)} ms`
}

/** The last fifth beside the first. */
function ratio(times: readonly number[]): string {
  const fifth = Math.max(1, Math.floor(times.length / 5))
  const mean = (some: readonly number[]) => some.reduce((sum, ms) => sum + ms, 0) / some.length
  const [first, last] = [mean(times.slice(0, fifth)), mean(times.slice(-fifth))]
  return `${first.toFixed(0)} ms at first and ${last.toFixed(0)} ms at last (${(last / first).toFixed(2)}x)`
}
