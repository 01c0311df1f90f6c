import { sql } from 'kysely'
import type { Actor, Circumstances, LaneHeld, Subject } from '../src/model/authority/acts.ts'
import { mayAct } from '../src/model/authority/may-act.ts'
import { mayActAll } from '../src/people/permitted-all.ts'
import { lanesHeld, refreshLaneHolders } from '../src/store/people/lane-holders.ts'
import { personWithJobs } from '../test/support/lanes.ts'
import type { BenchRow } from './bench-row.ts'
import { withBenchWorld } from './bench-world.ts'

const SUBJECTS = 20_000
const WORKFLOWS = 20
const RUNS = 7

/** May somebody do this to each of 20,000 cases: one by one by the pure function, and all at once by the database. */
export async function benchMayAct(): Promise<BenchRow[]> {
  return withBenchWorld(async ({ db }) => {
    const names = Array.from({ length: WORKFLOWS }, (_, n) => `workflow-${n}`)
    const lanes = ['override', 'rollback', 'boundary', 'data', 'workflow'] as const
    const personId = await personWithJobs(
      db,
      'Olga Override',
      names.filter((_, n) => n % 2 === 0).map((workflow) => ({ workflow, lane: 'override' })),
    )
    for (const lane of lanes) {
      await personWithJobs(
        db,
        `Deputy of ${lane}`,
        names.map((workflow) => ({ workflow, lane, deputy: true })),
      )
    }
    await refreshLaneHolders(db, null)
    await sql`analyze lane_holder`.execute(db)
    const actor: Actor = {
      kind: 'person',
      personId,
      strength: 'strong',
      signedInAtMs: Date.now(),
      isActive: true,
      isActiveInCrm: true,
    }
    const subjects: Subject[] = Array.from({ length: SUBJECTS }, (_, n) => ({
      workflow: names[n % WORKFLOWS]!,
      class: 'risky',
      excluded: [n % 5 === 0 ? personId : 'somebody else'],
    }))
    const held = await lanesHeld(db, null)
    const now: Circumstances = { lanes: held, nowMs: Date.now(), hasSignInProvider: true }
    const bound = { budget: '1 s', rows: held }
    return [
      row('`mayAct` for 20,000 cases, one by one', bound, await median(() => pure(actor, subjects, now))),
      row(
        '`mayActAll` for 20,000 cases, joined in Postgres',
        bound,
        await median(() => mayActAll(db, actor, 'override', subjects)),
      ),
    ]
  })
}

function pure(actor: Actor, subjects: readonly Subject[], now: Circumstances): boolean[] {
  return subjects.map((subject) => mayAct(actor, 'override', subject, now).allowed)
}

type Measured = { readonly ms: number; readonly allowed: number }

/** The median of several, so that the first, which compiles, does not count. */
async function median(work: () => boolean[] | Promise<boolean[]>): Promise<Measured> {
  const times: number[] = []
  let allowed = 0
  for (let run = 0; run < RUNS; run += 1) {
    const from = performance.now()
    allowed = (await work()).filter(Boolean).length
    times.push(performance.now() - from)
  }
  return { ms: times.sort((a, b) => a - b)[RUNS >> 1]!, allowed }
}

function row(
  what: string,
  of: { readonly budget: string; readonly rows: readonly LaneHeld[] },
  { ms, allowed }: Measured,
): BenchRow {
  const each = ((ms * 1_000) / SUBJECTS).toFixed(1)
  return {
    what: `${what}, ${of.rows.length} lanes held`,
    budget: of.budget,
    measured: `${Math.round(ms)} ms (${each} µs each), ${allowed.toLocaleString('en-US')} allowed`,
  }
}
