import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Stack, startStack } from '../src/cli/stack/stack.ts'
import type { BenchRow } from './bench-row.ts'
import { type MillionLimits, type MillionRun, rowsOf } from './million-rows.ts'
import { runScan } from './million-scan.ts'
import {
  allIsCompared,
  allIsDecided,
  callsOf,
  compareAll,
  countsOf,
  importIsDone,
  importStartedAt,
  liftLimits,
  observingConfig,
  readSoFar,
} from './million-stack.ts'
import { cpuOf, minus, postmaster, rssOf } from './stack-use.ts'

/** Ten times apart, to show what grows faster than the records. Other sizes: BENCH_RECORDS=20000,200000. */
const SIZES = (process.env.BENCH_RECORDS ?? '100000,1000000').split(',').map(Number)
const LIMIT_MS = 3_600_000

type Tell = (text: string) => void

/** The CRMs answer as fast as their published limits allow: HubSpot Professional serves 190 calls in 10 s. */
export function benchMillion(tell: Tell): Promise<BenchRow[]> {
  return compare(tell, 'limits as in reality')
}

/** Without HubSpot's limit: what Lanekeeper costs, without the waiting. */
export function benchMillionUnlimited(tell: Tell): Promise<BenchRow[]> {
  return compare(tell, 'without limits of the CRM')
}

async function compare(tell: Tell, limits: MillionLimits): Promise<BenchRow[]> {
  const runs: MillionRun[] = []
  for (const records of SIZES) runs.push(await measure(records, limits, tell))
  return runs.flatMap((run, n) => rowsOf(run, n === 0 ? null : runs[n - 1]!, limits))
}

/** Everything as `npm start` has it, on a Postgres with fsync on, with policies that only observe. */
async function measure(records: number, limits: MillionLimits, tell: Tell): Promise<MillionRun> {
  const dataDir = await mkdtemp(join(tmpdir(), 'lanekeeper-million-'))
  await chmod(dataDir, 0o711)
  const configDir = await observingConfig()
  const shown = records.toLocaleString('en-US')
  tell(`${shown}: making the records`)
  const stack = await startStack({
    environment: {
      ...process.env,
      DATA_DIR: dataDir,
      PORT: '0',
      LANEKEEPER_CONFIG_DIR: configDir,
      LANEKEEPER_SANDBOX: 'on',
      LOG_LEVEL: 'warn',
    },
    sandboxArgs: ['--records', String(records), '--small'],
    buildConsole: false,
    onLog: (name, line) => {
      if (process.env.BENCH_LOG && !line.startsWith('{"hubspot"')) process.stderr.write(`${name}: ${line}\n`)
    },
  })
  try {
    if (limits === 'without limits of the CRM') await liftLimits(stack)
    return await importDecideScanCompare(stack, join(dataDir, 'scan.html'), (text) => tell(`${shown}${text}`))
  } finally {
    await stack.stop()
    await rm(configDir, { recursive: true, force: true })
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function importDecideScanCompare(stack: Stack, scanFile: string, tell: Tell): Promise<MillionRun> {
  const postgres = await postmaster(stack)
  const cpu = () => cpuOf(stack, postgres)
  const none = Object.fromEntries(Object.keys(cpu()).map((name) => [name, 0]))
  const startedAt = await importStartedAt(stack)
  await until(stack, importIsDone, async () => `: ${await readSoFar(stack)} read, ${secondsSince(startedAt)} s`, tell)
  const importedAt = Date.now()
  const atImported = cpu()
  await until(stack, allIsDecided, async () => `: deciding, ${secondsSince(importedAt)} s`, tell)
  const decidedAt = Date.now()
  const atDecided = cpu()
  tell(': scanning')
  const scan = await runScan(stack, scanFile)
  const atScanned = cpu()
  const calls = await callsOf(stack)
  const comparing = Date.now()
  await compareAll(stack)
  await until(stack, allIsCompared, async () => `: comparing, ${secondsSince(comparing)} s`, tell)
  const comparedAt = Date.now()
  const { differences, ...counts } = await countsOf(stack)
  return {
    ...counts,
    imported: { seconds: (importedAt - startedAt) / 1_000, cpuS: minus(atImported, none) },
    decided: { seconds: (decidedAt - importedAt) / 1_000, cpuS: minus(atDecided, atImported) },
    scanned: { ...scan, cpuS: minus(atScanned, atDecided) },
    compared: {
      seconds: (comparedAt - comparing) / 1_000,
      cpuS: minus(cpu(), atScanned),
      differences,
      calls: minus(await callsOf(stack), calls),
    },
    rssMb: rssOf(stack),
    calls,
  }
}

function secondsSince(atMs: number): number {
  return Math.round((Date.now() - atMs) / 1_000)
}

async function until(
  stack: Stack,
  isDone: (stack: Stack) => Promise<boolean>,
  progress: () => Promise<string>,
  tell: Tell,
): Promise<void> {
  const givesUpAt = Date.now() + LIMIT_MS
  for (let turn = 0; !(await isDone(stack)); turn += 1) {
    if (Date.now() > givesUpAt) throw new Error(`Not done within ${LIMIT_MS / 60_000} minutes${await progress()}`)
    if (turn % 8 === 0) tell(await progress())
    await wait(250)
  }
}
