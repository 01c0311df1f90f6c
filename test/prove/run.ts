import '../../src/crm/registry.ts'
import { type Given, runAsProgram, runCommand } from '../../src/cli/terminal/command.ts'
import { UsageError } from '../../src/cli/terminal/usage.ts'
import { databasePlan, EVERY_STAND, everyRealEnd, seededPlan } from './plans.ts'
import { POINTS } from './points.ts'
import { emptyProof, PLACE_KINDS, type Proof, prove } from './prove.ts'

/** Broken invariants shown; more say nothing new. */
const SHOWN_MAX = 20
/** So many that all cores work while most of the runs wait. The first has the processes: starting one costs a second. */
const PLACES_EACH = 6
const PROGRESS_EVERY_MS = 5_000

/**
 * Ends workers at every named point between claim and record, and says whether anything was written twice. First every
 * point once with each real end, in each CRM with and without enforced keys; the rest by the seed.
 */
const OPTIONS = {
  runs: { type: 'string', default: '2000' },
  real: { type: 'string', default: '200' },
  seed: { type: 'string', default: String(Date.now() % 1_000_000) },
} as const

const HELP =
  'Usage: npm run prove -- [--runs N] [--real N, of them with SIGKILL, SIGSTOP or a Postgres restart] [--seed S]'

async function run({ values }: Given<typeof OPTIONS>): Promise<number> {
  for (const name of ['runs', 'real', 'seed'] as const) {
    if (!/^\d{1,9}$/.test(values[name])) throw new UsageError(`--${name} takes a whole number, not "${values[name]}"`)
  }
  const first = Number(values.seed)
  const startedAt = performance.now()
  const databasePlans = EVERY_STAND.flatMap((_, round) =>
    (['crash', 'restart'] as const).map((end) => databasePlan(round, first + round, end)),
  )
  const fixed = PLACE_KINDS * (databasePlans.length + everyRealEnd(first).length)
  const rest = Array.from({ length: Math.max(0, Number(values.runs) - fixed) }, (_, n) =>
    seededPlan(first + n, n < Number(values.real) - fixed),
  )
  const planned = fixed + rest.length
  const proof = emptyProof()
  let shown = 0
  const progress = setInterval(() => {
    const seconds = secondsSince(startedAt)
    console.log(`${sum(proof)} of ${planned} crashes, ${seconds} s, ${proof.broken.length} broken`)
    for (const line of proof.broken.slice(shown, SHOWN_MAX)) console.log(`  ${line}`)
    shown = Math.min(SHOWN_MAX, proof.broken.length)
  }, PROGRESS_EVERY_MS)
  await prove(
    {
      placesEach: PLACES_EACH,
      databasePlans,
      plansOf: (kind, copy) => {
        const ofKind = rest.filter((_, n) => n % PLACE_KINDS === kind)
        if (copy === 0) return [...everyRealEnd(first), ...ofKind.filter(({ real }) => real)]
        return ofKind.filter(({ real }) => !real).filter((_, n) => n % (PLACES_EACH - 1) === copy - 1)
      },
    },
    proof,
  )
  clearInterval(progress)
  report({ first, planned, seconds: secondsSince(startedAt), proof })
  for (const line of proof.broken.slice(shown, SHOWN_MAX)) console.log(`  ${line}`)
  return proof.broken.length > 0 || sum(proof) < planned ? 1 : 0
}

function sum({ ends }: Proof): number {
  return Object.values(ends).reduce((all, n) => all + n, 0)
}

function secondsSince(startedAt: number): number {
  return Math.round((performance.now() - startedAt) / 1_000)
}

type Report = { readonly first: number; readonly planned: number; readonly seconds: number; readonly proof: Proof }

function report({ first, planned, seconds, proof }: Report): void {
  const { ends, broken, late } = proof
  const real = sum(proof) - ends.abandoned
  console.log(`seed ${first}: ${sum(proof)} of ${planned} crashes in ${seconds} s, ${real} of them real`)
  console.log(
    `abandoned in process ${ends.abandoned}, SIGKILL ${ends.SIGKILL}, SIGSTOP and SIGCONT ${ends.SIGSTOP}, ` +
      `under a Postgres that lost a process ${ends['Postgres crash']}, under one that was stopped and started again ` +
      `${ends['Postgres restart']} (${EVERY_STAND.length} times each); ${late} came too late and were run again`,
  )
  console.log(`points: ${POINTS.join(', ')}; HubSpot and Salesforce, with and without enforced keys`)
  console.log(
    'duplicate tasks, overwritten owners, missing links, writes without a row in the write log, lost outcomes: ' +
      `${broken.length}`,
  )
}

// Ends through `exit`, where the servers of the proof are ended too.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

await runAsProgram((args, _environment, streams) => runCommand({ help: HELP, options: OPTIONS, run }, args, streams))
process.exit()
