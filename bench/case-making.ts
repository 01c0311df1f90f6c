import { sql } from 'kysely'
import type { BenchRow } from './bench-row.ts'
import { type BenchWorld, baselineEvent, changeEvent, withBenchWorld } from './bench-world.ts'

const RECORDS = 20_000
const AT_ONCE = 2_000

/**
 * Every record gets a case, and all of them one task with a list, in a database that was analyzed while it was empty and never since: the
 * last batches must cost what the first did. Then the same with the foreign key from `intent` to `task` that there was.
 */
export async function benchCaseMaking(): Promise<BenchRow[]> {
  const now = await withBenchWorld((world) => makeCases(world))
  const before = await withBenchWorld(async (world) => {
    await sql`alter table intent add constraint intent_task_id_fkey foreign key (task_id) references task`.execute(
      world.db,
    )
    return makeCases(world)
  })
  return [
    {
      what: `${RECORDS.toLocaleString('en-US')} cases made, in one task with a list, statistics of an empty database`,
      budget: 'linear: last fifth of the batches <= 1.3x the first',
      measured: `${shown(now)}; with the former foreign key ${shown(before)}`,
    },
  ]
}

type Made = { readonly seconds: number; readonly firstMs: number; readonly lastMs: number }

async function makeCases({ db, receive, applyAll, decideAll }: BenchWorld): Promise<Made> {
  for (const name of ['task', 'intent', 'exception', 'ledger', 'record', 'record_trace']) {
    await sql`alter table ${sql.table(name)} set (autovacuum_enabled = off)`.execute(db)
  }
  await sql`analyze`.execute(db)
  for (let n = 0; n < RECORDS; n += AT_ONCE) {
    await receive(AT_ONCE, (i) => baselineEvent(n + i))
    await applyAll()
  }
  await decideAll()
  for (let n = 0; n < RECORDS; n += AT_ONCE) {
    await receive(AT_ONCE, (i) => changeEvent(n + i, n + i, { country: null }))
    await applyAll()
  }
  const batches: number[] = []
  await decideAll((ms) => batches.push(ms))
  const fifth = Math.floor(batches.length / 5)
  const mean = (some: readonly number[]) => some.reduce((sum, ms) => sum + ms, 0) / some.length
  return {
    seconds: batches.reduce((sum, ms) => sum + ms, 0) / 1_000,
    firstMs: mean(batches.slice(0, fifth)),
    lastMs: mean(batches.slice(-fifth)),
  }
}

function shown({ seconds, firstMs, lastMs }: Made): string {
  return `${seconds.toFixed(1)} s, a batch of 250 ${firstMs.toFixed(0)} ms at first and ${lastMs.toFixed(0)} ms at last (${(lastMs / firstMs).toFixed(2)}x)`
}
