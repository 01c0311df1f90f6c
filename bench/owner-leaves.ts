import { sql } from 'kysely'
import { redecideFor } from '../src/pipeline/read/people-changed.ts'
import { inTransaction } from '../src/store/database/transaction.ts'
import { saveUsers } from '../src/store/decisions/people.ts'
import { markNextRedecisions } from '../src/store/decisions/redecide-queue.ts'
import type { BenchRow } from './bench-row.ts'
import { type BenchWorld, baselineEvent, benchUsers, CONNECTION, withBenchWorld } from './bench-world.ts'
import { processUse } from './process-use.ts'

/** Ten times apart, to show what grows faster than the records. Other sizes: BENCH_RECORDS=5000,50000. */
const SIZES = (process.env.BENCH_RECORDS ?? '50000,500000').split(',').map(Number)
/** Decided of them: as many in both runs, so that the time of a batch can be compared. */
const DECIDED = Math.min(10_000, ...SIZES)
const LEAVER = 'user-0'

type Leaving = {
  readonly records: number
  readonly noteMs: number
  readonly marked: Batches
  readonly decided: Batches
  readonly rssMb: number
}
type Batches = { readonly n: number; readonly totalMs: number; readonly longestMs: number }

/** Somebody who owns 50,000 and then 500,000 records leaves: how long anything else may have to wait for that. */
export async function benchOwnerLeaves(tell: (text: string) => void): Promise<BenchRow[]> {
  const runs: Leaving[] = []
  for (const records of SIZES) {
    tell(`${shown(records)} records`)
    runs.push(await withBenchWorld((world) => leave(world, records)))
  }
  return runs.flatMap((run, n) => rowsOf(run, runs[n - 1]))
}

function rowsOf({ records, noteMs, marked, decided, rssMb }: Leaving, smaller: Leaving | undefined): BenchRow[] {
  const growth = smaller === undefined ? '' : `, ${(marked.totalMs / smaller.marked.totalMs).toFixed(1)}x`
  const perBatch = ({ n, totalMs }: Batches) => totalMs / n
  const batch =
    smaller === undefined ? '' : `, ${(perBatch(decided) / perBatch(smaller.decided)).toFixed(2)}x the time per batch`
  return [
    {
      what: `an owner of ${shown(records)} records leaves: the transaction that notes it`,
      budget: '(the same whatever they own)',
      measured: `${noteMs.toFixed(0)} ms`,
    },
    {
      what: `their ${shown(records)} records marked for another decision`,
      budget: 'linear, no transaction > 1 s',
      measured: `${(marked.totalMs / 1_000).toFixed(1)} s in ${marked.n} transactions, the longest ${marked.longestMs.toFixed(0)} ms${growth}`,
    },
    {
      what: `${shown(DECIDED)} of them decided, each a case of one departure`,
      budget: 'linear, no transaction > 2 s, RSS < 512 MB',
      measured: `${decided.n} batches, the longest ${decided.longestMs.toFixed(0)} ms${batch}; RSS ${rssMb} MB`,
    },
  ]
}

async function leave(world: BenchWorld, records: number): Promise<Leaving> {
  const { db } = world
  await ownRecords(world, records)
  const users = benchUsers().map((user) => (user.userId === LEAVER ? { ...user, active: false } : user))
  const from = performance.now()
  await inTransaction(db, async (trx) => {
    await saveUsers(trx, CONNECTION.id, users)
    await redecideFor(trx, CONNECTION.id, [LEAVER], users)
  })
  const noteMs = performance.now() - from
  // The rules of this workflow give records to the leaver too, which has everything decided again; here only their own are.
  await sql`delete from redecide_queue`.execute(db)
  const marking: number[] = []
  for (let more = true; more; ) {
    const at = performance.now()
    more = await markNextRedecisions(db, CONNECTION.id)
    marking.push(performance.now() - at)
  }
  const { rows } = await sql<{
    n: number
  }>`select count(*)::int as n from record where dirty_since is not null`.execute(db)
  if (rows[0]!.n !== records) throw new Error(`${rows[0]!.n} of ${records} records are marked`)
  const deciding: number[] = []
  for (let decided = 0; decided < DECIDED; ) {
    const taken = await world.decideOnce((ms) => deciding.push(ms))
    if (taken === 0) throw new Error('Nothing was decided')
    decided += taken
  }
  return {
    records,
    noteMs,
    marked: batches(marking),
    decided: batches(deciding),
    rssMb: processUse(process.pid)?.rssMb ?? Number.NaN,
  }
}

/** Copies of one record that the stages made, because reading half a million one by one is another benchmark. */
async function ownRecords({ db, receive, applyAll, decideAll }: BenchWorld, records: number): Promise<void> {
  await receive(1, () => ({
    ...baselineEvent(0),
    fields: { ...baselineEvent(0).fields, hubspot_owner_id: LEAVER, email: null },
  }))
  await applyAll()
  await decideAll()
  await sql`
    insert into record (connection_id, object_type, record_id, values, stamps, owner_history, owner_id)
    select connection_id, object_type, n::text, values, stamps, owner_history, owner_id
    from record, generate_series(1, ${records - 1}::int) n`.execute(db)
  // The database has seen the records come; nobody analyzes the tables that are about to grow.
  await sql`analyze record`.execute(db)
}

function batches(ms: readonly number[]): Batches {
  return { n: ms.length, totalMs: ms.reduce((sum, one) => sum + one, 0), longestMs: Math.max(...ms) }
}

function shown(n: number): string {
  return n.toLocaleString('en-US')
}
