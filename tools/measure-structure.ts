import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Given, runAsProgram, runCommand } from '../src/cli/terminal/command.ts'
import { measure } from './structure/measurements.ts'
import { reportOf } from './structure/report.ts'

/**
 * How the code is laid out, in figures: sizes, circles, vendor names, phrases. It reads any checkout, also an older one,
 * and judges nothing: it ends with 0 whatever it finds.
 */
const HELP = `npm run measure -- [--json] [--root DIRECTORY]

The layout of the code in figures.

  --json             as JSON
  --root DIRECTORY   another checkout than this one

Exit code 0: measured. 1: it failed. 64: the command was not understood.`

const OPTIONS = {
  json: { type: 'boolean', default: false },
  root: { type: 'string', default: fileURLToPath(new URL('..', import.meta.url)) },
} as const

async function report({ values: { root, json } }: Given<typeof OPTIONS>): Promise<number> {
  const measured = await measure(resolve(root))
  process.stdout.write(json ? `${JSON.stringify(measured, null, 2)}\n` : reportOf(measured))
  return 0
}

await runAsProgram((args, _environment, streams) =>
  runCommand({ help: HELP, options: OPTIONS, run: report }, args, streams),
)
