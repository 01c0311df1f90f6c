import { text } from 'node:stream/consumers'
import type { SandboxAddresses } from './sandbox-addresses.ts'
import { playTuesday } from './tuesday.ts'

/**
 * Plays the Tuesday against two running CRMs: their addresses as JSON on standard input, a line of JSON per step on
 * standard output, the last one with the day's totals.
 */
const addresses = JSON.parse(await text(process.stdin)) as SandboxAddresses
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)
const { changes, labels, mended } = await playTuesday({
  ...addresses,
  onStep: (step, soFar) => say({ step, changes: soFar }),
})
say({ done: true, changes, labels: labels.length, mended: mended.length })
