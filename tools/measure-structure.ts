import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { measure } from './structure/measurements.ts'
import { reportOf } from './structure/report.ts'

/**
 * How the code is laid out, in figures: sizes, circles, vendor names, phrases. It reads any checkout, also an older one,
 * and judges nothing: it ends with 0 whatever it finds.
 */
const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
    root: { type: 'string', default: fileURLToPath(new URL('..', import.meta.url)) },
  },
})

if (values.help) {
  process.stdout.write('Usage: npm run measure -- [--json] [--root DIRECTORY]\n')
} else {
  const measured = await measure(resolve(values.root))
  process.stdout.write(values.json ? `${JSON.stringify(measured, null, 2)}\n` : reportOf(measured))
}
