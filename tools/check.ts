import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runAsProgram, runCommand } from '../src/cli/terminal/command.ts'
import { findClockReaders } from './clock-rule.ts'
import { findImportViolations } from './import-rules.ts'
import { measure } from './structure/measurements.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

type Result = { readonly ok: boolean; readonly output: string }

/** Everything that can be said about the code without running it. All of it is run, whatever fails first. */
const CHECKS: readonly { readonly name: string; readonly run: () => Promise<Result> }[] = [
  { name: 'types', run: () => tool('typescript/bin/tsc', ['--noEmit', '-p', '.']) },
  {
    name: 'lint and format',
    run: () => tool('@biomejs/biome/bin/biome', ['check', '--no-errors-on-unmatched', '--diagnostic-level=error', '.']),
  },
  {
    name: 'import rules',
    run: async () => {
      const found = await findImportViolations()
      return { ok: found.length === 0, output: found.join('\n') }
    },
  },
  {
    name: 'no circles',
    run: async () => {
      const { typeCircles, folderCircles } = await measure(ROOT)
      return {
        ok: typeCircles.length + folderCircles.length === 0,
        output: circleLines([...typeCircles, ...folderCircles]),
      }
    },
  },
  {
    name: 'one clock',
    run: async () => {
      const found = await findClockReaders()
      return { ok: found.length === 0, output: found.join('\n') }
    },
  },
  { name: 'unused code', run: () => tool('knip/bin/knip.js', ['--no-progress', '--no-config-hints']) },
]

/** Each file or folder of a circle knows the next, perhaps only its types. */
function circleLines(circles: readonly (readonly string[])[]): string {
  return circles.map((members) => `know each other: ${members.join(', ')}`).join('\n')
}

const HELP = `npm run check

Everything that can be said about the code without running it: ${CHECKS.map(({ name }) => name).join(', ')}.

Exit code 0: nothing is wrong. 1: something is. 64: the command was not understood.`

async function check(): Promise<number> {
  let failed = 0
  for (const { name, run } of CHECKS) {
    const from = performance.now()
    const { ok, output } = await run().catch((error: Error) => ({ ok: false, output: error.stack ?? error.message }))
    const seconds = ((performance.now() - from) / 1000).toFixed(1)
    process.stdout.write(`${ok ? '✔' : '✖'} ${name}  ${seconds} s\n`)
    if (!ok) {
      failed++
      process.stdout.write(`${output.trim()}\n\n`)
    }
  }
  process.stdout.write(`${CHECKS.length - failed} passed, ${failed} failed, 0 skipped\n`)
  return failed > 0 ? 1 : 0
}

function tool(file: string, args: readonly string[]): Promise<Result> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(ROOT, 'node_modules', file), ...args], { cwd: ROOT })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk
      })
    }
    child.once('close', (code) => resolve({ ok: code === 0, output }))
  })
}

await runAsProgram((args, _environment, streams) => runCommand({ help: HELP, options: {}, run: check }, args, streams))
