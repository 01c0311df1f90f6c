import { sql } from 'kysely'
import type { Database } from '../src/store/database/database.ts'
import { claimIntents, nextDeparture } from '../src/store/writes/intents.ts'
import { endPause, insertPause, lockScope, type PauseScope } from '../src/store/writes/pauses.ts'
import type { BenchRow } from './bench-row.ts'
import { CONNECTION, withBenchWorld } from './bench-world.ts'

/** HubSpot's batch size. */
const WRITES = 100
const CALLS = 400
/** Writes that wait under a pause. */
const WAITING = 100_000
const PAUSES = 30

/**
 * The gate as it is beside the gate of before pauses, turn by turn in one database, for a request of one owner write and of a
 * full batch. And what pausing costs while a hundred thousand writes wait.
 */
export async function benchGate(): Promise<BenchRow[]> {
  return withBenchWorld(async ({ db }) => {
    const workflow = await prepare(db)
    const rows: BenchRow[] = []
    for (const [items, what] of [
      [1, 'one owner write'],
      [WRITES, `${WRITES} owner writes`],
    ] as const) {
      const { now, before } = await measureGate(db, items)
      const ratio = quantile(now, 0.5) / quantile(before, 0.5)
      rows.push({
        what: `the gate, a request of ${what}`,
        budget: 'p50 <= 1.1x the gate before pauses',
        measured: `${shown(now)}; before pauses ${shown(before)}; p50 ${ratio.toFixed(2)}x`,
      })
    }
    return [...rows, ...(await measurePausing(db, workflow))]
  })
}

async function prepare(db: Database): Promise<string> {
  const { rows } = await sql<{ workflow: string; hash: string; branch: string }>`
    select w.workflow, w.hash, v.document->'boundary'->0->>'branch' as branch
    from workflow w join policy_version v on v.hash = w.hash`.execute(db)
  const { workflow, hash, branch } = rows[0]!
  await sql`update workflow set mode = 'live', effective_mode = 'live'`.execute(db)
  await sql`update workflow_connection set effective_mode = 'live'`.execute(db)
  await sql`update call_budget set window_limit = 1000000000, limit_today = null, day_ends_at = now() + interval '1 day'`.execute(
    db,
  )
  await sql`insert into record (connection_id, object_type, record_id, values, stamps)
    select ${CONNECTION.id}, 'contacts', n::text, '{}', '{}' from generate_series(1, ${WRITES + WAITING}::int) n`.execute(
    db,
  )
  await sql`update record set dirty_since = null, needs_read = null`.execute(db)
  await sql`insert into intent (connection_id, workflow, kind, object_type, record_id, payload, policy_hash, state,
      lease_epoch, lease_until, created_at)
    select ${CONNECTION.id}, ${workflow}, 'owner', 'contacts', n::text,
      jsonb_build_object('field', 'hubspot_owner_id', 'from', null, 'to', '7', 'branch', ${branch}::text), ${hash},
      'sending', 1, now() + interval '1 day', clock_timestamp() + interval '1 second'
    from generate_series(1, ${WRITES}::int) n`.execute(db)
  // The gate of migration 0024: without the comparisons that pauses and the turn of a version added, and with its settings.
  await sql`do $$
    declare gate text := pg_get_functiondef('gate_writes(text, bigint[], integer[], integer, integer)'::regprocedure);
    begin
      if strpos(gate, '''branch-paused''') = 0 then raise exception 'the gate knows no pause'; end if;
      gate := regexp_replace(gate, E'\\n\\s*when h\\.kind = ''owner'' and h\\.payload->>''branch'' = any\\(p\\.paused_branches\\) then ''branch-paused''', '');
      gate := replace(gate, '(f.hash, f.version_turn) is distinct from (h.policy_hash, h.version_turn)',
        'f.hash is distinct from h.policy_hash');
      execute replace(gate, 'gate_writes(', 'gate_before_pauses(');
    end $$`.execute(db)
  await sql`analyze`.execute(db)
  return workflow
}

async function measureGate(
  db: Database,
  items: number,
): Promise<{ readonly now: number[]; readonly before: number[] }> {
  const { rows } = await sql<{ id: number }>`
    select id from intent where state = 'sending' order by id limit ${items}`.execute(db)
  const ids = rows.map(({ id }) => id)
  const ask = async (gate: string) => {
    const from = performance.now()
    const answer = await sql<{ attempt_id: number | null }>`
      select attempt_id from ${sql.raw(gate)}(${CONNECTION.id}, ${ids}::bigint[], ${ids.map(() => 1)}::int[], 27000, 100)`.execute(
      db,
    )
    if (answer.rows.some(({ attempt_id: id }) => id === null)) throw new Error('The gate kept something back')
    return performance.now() - from
  }
  const now: number[] = []
  const before: number[] = []
  for (let n = 0; n < CALLS; n += 1) {
    // In turn, so that neither has the warmer caches.
    const order = n % 2 === 0 ? [now, before] : [before, now]
    for (const times of order) times.push(await ask(times === now ? 'gate_writes' : 'gate_before_pauses'))
  }
  return { now: now.slice(CALLS / 10), before: before.slice(CALLS / 10) }
}

async function measurePausing(db: Database, workflow: string): Promise<BenchRow[]> {
  // What was let through above has no answer, and a pause lists all of that.
  await sql`truncate write_attempt cascade`.execute(db)
  await sql`delete from intent`.execute(db)
  await sql`insert into intent (connection_id, workflow, kind, object_type, record_id, payload, policy_hash)
    select ${CONNECTION.id}, ${workflow}, 'owner', 'contacts', (${WRITES} + n)::text, '{"branch": "none"}', 'h'
    from generate_series(1, ${WAITING}::int) n`.execute(db)
  await sql`analyze intent`.execute(db)
  const scope: PauseScope = { kind: 'workflow', workflow }
  const pauses: number[] = []
  const claims: number[] = []
  const departures: number[] = []
  for (let n = 0; n < PAUSES; n += 1) {
    const id = await timed(pauses, () =>
      db.transaction().execute(async (trx) => {
        await lockScope(trx, scope)
        return (await insertPause(trx, scope, { reason: '', by: 'bench', askedBy: null })).id
      }),
    )
    await timed(claims, () => claimIntents(db, CONNECTION.id, 'owner', WRITES, 'bench'))
    await timed(departures, () => nextDeparture(db, CONNECTION.id, WRITES))
    await db.transaction().execute(async (trx) => {
      await lockScope(trx, scope)
      await endPause(trx, { id, scope }, { by: 'bench', workflows: [workflow] })
    })
  }
  const waiting = `${WAITING.toLocaleString('en-US')} owner writes wait`
  return [
    { what: `a pause, from asking to its commit, while ${waiting}`, budget: 'p99 <= 100 ms', measured: shown(pauses) },
    {
      what: `a claim that finds nothing, while ${waiting} under a pause`,
      budget: 'p50 <= 300 ms',
      measured: `${shown(claims)}; is there a batch worth a call: ${shown(departures)}`,
    },
  ]
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
  return `p50 ${quantile(times, 0.5).toFixed(2)} ms, p99 ${quantile(times, 0.99).toFixed(2)} ms`
}
