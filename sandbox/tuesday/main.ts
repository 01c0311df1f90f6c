import { text } from 'node:stream/consumers'
import type { SandboxAddresses } from './sandbox-addresses.ts'
import { playTuesday } from './tuesday.ts'

/**
 * The scripted Tuesday as a program: takes the JSON of `npm run sandbox -- --json` on standard input, prints one JSON
 * line `{step, changes}` when a step begins and `{changes, labels, mended}` (counts) at the end.
 */
const say = (line: Record<string, unknown>) => process.stdout.write(`${JSON.stringify(line)}\n`)

try {
  const addresses = JSON.parse(await text(process.stdin)) as SandboxAddresses
  const day = await playTuesday({ ...addresses, onStep: (step, changes) => say({ step, changes }) })
  say({ changes: day.changes, labels: day.labels.length, mended: day.mended.length })
} catch (error) {
  process.stderr.write(`tuesday: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
