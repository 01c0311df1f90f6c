import { readFile, writeFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { type Given, knownWord, runAsProgram, runCommand } from '../src/cli/terminal/command.ts'
import { liveLine } from '../src/cli/terminal/live-line.ts'
import { benchBacklog } from './backlog.ts'
import type { BenchRow } from './bench-row.ts'
import { benchCaseMaking } from './case-making.ts'
import { benchDecideCore } from './decide-core.ts'
import { benchGate } from './gate.ts'
import { benchMayAct } from './may-act.ts'
import { benchMillion, benchMillionUnlimited } from './million.ts'
import { benchOwnerLeaves } from './owner-leaves.ts'
import { benchReceiveDecided } from './receive-decided.ts'
import { benchStack } from './stack-load.ts'

const BENCHES: Readonly<Record<string, (tell: (text: string) => void) => Promise<BenchRow[]> | BenchRow[]>> = {
  'decide-core': () => benchDecideCore(),
  'receive-decided': () => benchReceiveDecided(),
  stack: benchStack,
  'case-making': () => benchCaseMaking(),
  gate: () => benchGate(),
  'may-act': () => benchMayAct(),
  backlog: benchBacklog,
  'owner-leaves': benchOwnerLeaves,
  million: benchMillion,
  'million-unlimited': benchMillionUnlimited,
}

/** These take minutes to half an hour and gigabytes each, so they run only when named. */
const ONLY_BY_NAME = new Set(['backlog', 'owner-leaves', 'million', 'million-unlimited'])

const DOCUMENT = new URL('../docs/performance.md', import.meta.url)
const BEGIN = '<!-- measured: begin -->'
const END = '<!-- measured: end -->'

const HELP = `npm run bench -- [--write] [NAME ...]

Measures and compares with the budgets. Names: ${Object.keys(BENCHES).join(', ')}; without a name all but ${[...ONLY_BY_NAME].join(' and ')}.

  --write   puts the results into docs/performance.md

Exit code 0: measured. 1: it failed. 64: the command was not understood.`

const OPTIONS = { write: { type: 'boolean', default: false } } as const

async function bench({ values, words }: Given<typeof OPTIONS>): Promise<number> {
  const names = words.map((word) => knownWord('benchmark', word, Object.keys(BENCHES)))
  const line = liveLine(process.stderr)
  const rows: BenchRow[] = []
  for (const name of names.length > 0 ? names : Object.keys(BENCHES).filter((one) => !ONLY_BY_NAME.has(one))) {
    line.show(`measuring ${name}`)
    rows.push(...(await BENCHES[name]!((text) => line.show(`${name}: ${text}`))))
  }
  line.end()
  const report = [
    `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), ` +
      `${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}. Command: \`npm run bench${words.length > 0 ? ` -- ${words.join(' ')}` : ''}\`.`,
    '',
    '| What | Budget | Measured |',
    '|---|---|---|',
    ...rows.map((row) => `| ${row.what} | ${row.budget} | ${row.measured} |`),
  ].join('\n')
  process.stdout.write(`${report}\n`)
  if (values.write) {
    const text = await readFile(DOCUMENT, 'utf8')
    const from = text.indexOf(BEGIN)
    const to = text.indexOf(END)
    if (from === -1 || to === -1) throw new Error(`docs/performance.md has lost its marks ${BEGIN} and ${END}`)
    await writeFile(DOCUMENT, `${text.slice(0, from + BEGIN.length)}\n${report}\n${text.slice(to)}`)
  }
  return 0
}

await runAsProgram(
  (args, _environment, streams) =>
    runCommand({ help: HELP, options: OPTIONS, words: Number.POSITIVE_INFINITY, run: bench }, args, streams),
  { stopsInOrder: true },
)
