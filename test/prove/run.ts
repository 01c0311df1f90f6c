import '../../src/crm/registry.ts'
import { parseArgs } from 'node:util'
import { POINTS } from './points.ts'
import { prove } from './prove.ts'
import { seededPlan } from './seeded-plan.ts'

/** Broken invariants shown; more say nothing new. */
const SHOWN_MAX = 20
const PLACES_EACH = 3

/** Ends workers at every named point between claim and record, by the seed, and says whether anything was written twice. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '2000' },
      real: { type: 'string', default: '200' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log('Usage: npm run prove -- [--runs N] [--real N, of them with SIGKILL or SIGSTOP] [--seed S]')
    return
  }
  const runs = Number(values.runs)
  const first = Number(values.seed)
  const startedAt = performance.now()
  const { ends, broken } = await prove(PLACES_EACH, (place, places) =>
    Array.from({ length: runs }, (_, n) => n)
      .filter((n) => n % places === place)
      .map((n) => seededPlan(first + n, n < Number(values.real))),
  )
  const seconds = Math.round((performance.now() - startedAt) / 1_000)
  console.log(`seeds ${first} to ${first + runs - 1}: ${runs} crashes in ${seconds} s`)
  console.log(`abandoned in process ${ends.abandoned}, SIGKILL ${ends.SIGKILL}, SIGSTOP and SIGCONT ${ends.SIGSTOP}`)
  console.log(`points: ${POINTS.join(', ')}; HubSpot and Salesforce, with and without enforced keys`)
  console.log(
    `duplicate tasks, overwritten owners, writes without a row in the write log, lost outcomes: ${broken.length}`,
  )
  for (const line of broken.slice(0, SHOWN_MAX)) console.log(`  ${line}`)
  if (broken.length > 0) process.exitCode = 1
}

await main()
process.exit()
