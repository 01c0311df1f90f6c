import { sql } from 'kysely'
import type { BenchRow } from './bench-row.ts'
import { type BenchWorld, baselineEvent, changeEvent, withBenchWorld } from './bench-world.ts'

/** Each event changes a different record in both runs; otherwise the smaller run would write and decide less. */
const EVENTS = 10_000

/**
 * Sustained receive → apply → decide on an embedded Postgres with fsync on, the three stages side by side in one
 * process. The events are a steady stream: each changes one field of a known record, and one in 50 opens a case.
 */
export async function benchReceiveDecided(): Promise<BenchRow[]> {
  const small = await run(10_000)
  const large = await run(100_000)
  return [
    {
      what: 'sustained receive → decided, embedded Postgres, fsync on, 10,000 records known',
      budget: '>= 5,000 events/s',
      measured: `${rate(EVENTS, small.seconds)} events/s, ${small.cases} cases opened`,
    },
    {
      what: 'the same with 100,000 records known',
      budget: 'cost growth linear: time per event <= 1.1x',
      measured: `${rate(EVENTS, large.seconds)} events/s, ${(large.seconds / small.seconds).toFixed(2)}x the time per event`,
    },
    {
      what: 'baseline events received and applied',
      budget: '(1,000,000 in 10 min: >= 1,667/s)',
      measured: `${rate(100_000, large.baselineSeconds)} records/s, ${rate(10_000, small.baselineSeconds)} at a tenth of them`,
    },
  ]
}

type Run = { readonly seconds: number; readonly baselineSeconds: number; readonly cases: number }

async function run(records: number): Promise<Run> {
  return withBenchWorld(async (world) => {
    const baselineSeconds = await seconds(() => receiveBaseline(world, records))
    await world.decideAll()
    const before = await world.openCases()
    // A record with a case costs another amount, so the baseline must open none.
    if (before > 0) throw new Error(`${before} of ${records} records of the baseline have a case`)
    await sql`vacuum analyze`.execute(world.db)
    const took = await seconds(() => steadyStream(world, records))
    return { seconds: took, baselineSeconds, cases: await world.openCases() }
  })
}

async function receiveBaseline({ receive, applyAll }: BenchWorld, records: number): Promise<void> {
  for (let n = 0; n < records; n += 2_000) {
    await receive(2_000, (i) => baselineEvent(n + i))
    await applyAll()
  }
}

/** One in 50 clears a required field, which opens a case of one task; the others are ordinary edits. */
async function steadyStream({ db, receive, applyAll, decideAll }: BenchWorld, records: number): Promise<void> {
  let receiving = true
  const waiting = async () => {
    const { rows } = await sql<{ any: boolean }>`
      select exists (select from change_event where state = 'received')
        or exists (select from record where dirty_since is not null) as any`.execute(db)
    return receiving || rows[0]!.any
  }
  const receiver = receive(EVENTS, (n) =>
    changeEvent(n % records, n, n % 50 === 0 ? { country: null } : { numemployees: String((n * 41) % 5_000) }),
  ).finally(() => {
    receiving = false
  })
  const applier = (async () => {
    while (await waiting()) await applyAll()
  })()
  const decider = (async () => {
    while (await waiting()) await decideAll()
  })()
  await Promise.all([receiver, applier, decider])
  await decideAll()
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now()
  await work()
  return (performance.now() - from) / 1_000
}

function rate(n: number, inSeconds: number): string {
  return Math.round(n / inSeconds).toLocaleString('en-US')
}
