import { spawn } from 'node:child_process'
import { chmod, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { type Stack, startStack } from '../src/cli/stack/stack.ts'
import { requestComparison } from '../src/store/compare/comparisons.ts'
import type { BenchRow } from './bench-row.ts'
import { childrenOf, cpuOfTree, processUse } from './process-use.ts'

/** Ten times apart: what grows faster than the records shows. Others with BENCH_RECORDS=20000,200000. */
const SIZES = (process.env.BENCH_RECORDS ?? '100000,1000000').split(',').map(Number)
const LIMIT_MS = 3_600_000
const BUDGET = '< 10 min for 1,000,000 with the scan, RSS of each process < 512 MB; 10x records, <= 11x time'

type Phase = { readonly seconds: number; readonly cpuS: Readonly<Record<string, number>> }
type Run = {
  readonly records: number
  readonly imported: Phase
  readonly decided: Phase
  readonly scanned: Phase & { readonly rssMb: number; readonly summary: string }
  /** Every record held against the CRMs', as the button "Compare now" does. */
  readonly compared: Phase & { readonly differences: number; readonly calls: Readonly<Record<string, number>> }
  readonly rssMb: Readonly<Record<string, number>>
  readonly calls: Readonly<Record<string, number>>
  readonly cases: number
  readonly databaseMb: number
}

/** The CRMs answer as fast as their published limits allow: HubSpot's of a Professional portal, 190 calls in 10 s. */
export function benchMillion(tell: (text: string) => void): Promise<BenchRow[]> {
  return compare(tell, 'limits as in reality')
}

/** The same without HubSpot's limit: what we cost, not what we wait for. */
export function benchMillionUnlimited(tell: (text: string) => void): Promise<BenchRow[]> {
  return compare(tell, 'without limits of the CRM')
}

type Limits = 'limits as in reality' | 'without limits of the CRM'

async function compare(tell: (text: string) => void, limits: Limits): Promise<BenchRow[]> {
  const runs: Run[] = []
  for (const records of SIZES) runs.push(await measure(records, limits, tell))
  return runs.flatMap((run, n) => rowsOf(run, n === 0 ? null : runs[n - 1]!, limits))
}

/** Everything as `npm start` has it, on a Postgres that keeps its promises, with policies that only observe. */
async function measure(records: number, limits: Limits, tell: (text: string) => void): Promise<Run> {
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
    const postgres = await postmaster(stack)
    const cpu = () => cpuOf(stack, postgres)
    const none = Object.fromEntries(Object.keys(cpu()).map((name) => [name, 0]))
    const startedAt = await importStartedAt(stack)
    await until(
      stack,
      importIsDone,
      async () => `${shown}: ${await readSoFar(stack)} read, ${Math.round((Date.now() - startedAt) / 1_000)} s`,
      tell,
    )
    const importedAt = Date.now()
    const atImported = cpu()
    await until(
      stack,
      allIsDecided,
      async () => `${shown}: deciding, ${Math.round((Date.now() - importedAt) / 1_000)} s`,
      tell,
    )
    const decidedAt = Date.now()
    const atDecided = cpu()
    tell(`${shown}: scanning`)
    const scan = await runScan(stack, join(dataDir, 'scan.html'))
    const atScanned = cpu()
    const calls = await callsOf(stack)
    const comparing = Date.now()
    await compareAll(stack)
    await until(
      stack,
      allIsCompared,
      async () => `${shown}: comparing, ${Math.round((Date.now() - comparing) / 1_000)} s`,
      tell,
    )
    const comparedAt = Date.now()
    const { rows: out } = await sql<{ n: number }>`
      select count(*) as n from difference where differs_since is not null`.execute(stack.db)
    const counts = await sql<{ records: number; cases: number; intents: number; mb: number }>`
      select (select count(*) from record where not deleted) as records,
             (select count(*) from exception where status = 'open') as cases,
             (select count(*) from intent) as intents,
             pg_database_size(current_database()) / 1048576 as mb`.execute(stack.db)
    const { records: known, cases, intents, mb } = counts.rows[0]!
    if (intents > 0) throw new Error(`Nothing was to be written, and ${intents} intents were made`)
    return {
      records: known,
      imported: { seconds: (importedAt - startedAt) / 1_000, cpuS: minus(atImported, none) },
      decided: { seconds: (decidedAt - importedAt) / 1_000, cpuS: minus(atDecided, atImported) },
      scanned: { ...scan, cpuS: minus(atScanned, atDecided) },
      compared: {
        seconds: (comparedAt - comparing) / 1_000,
        cpuS: minus(cpu(), atScanned),
        differences: out[0]!.n,
        calls: minus(await callsOf(stack), calls),
      },
      rssMb: rssOf(stack),
      calls,
      cases,
      databaseMb: mb,
    }
  } finally {
    await stack.stop()
    await rm(configDir, { recursive: true, force: true })
    await rm(dataDir, { recursive: true, force: true })
  }
}

/** Our own policies with their mode set to observe: the surface is decided and nothing is written to a CRM. */
async function observingConfig(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'lanekeeper-config-'))
  await cp(fileURLToPath(new URL('../config', import.meta.url)), directory, { recursive: true })
  for (const name of await readdir(join(directory, 'workflows'))) {
    const file = join(directory, 'workflows', name)
    await writeFile(file, (await readFile(file, 'utf8')).replace(/^mode: live$/m, 'mode: observe'))
  }
  return directory
}

async function liftLimits({ sandbox }: Stack): Promise<void> {
  const response = await fetch(`${sandbox!.hubspot.baseUrl}/__sandbox/settings`, {
    method: 'POST',
    headers: { 'x-sandbox-control': sandbox!.hubspot.controlSecret, 'content-type': 'application/json' },
    body: JSON.stringify({ rateLimit: 100_000, dailyLimit: 50_000_000 }),
  })
  if (!response.ok) throw new Error(`The sandbox refused its settings: ${response.status}`)
}

async function importStartedAt({ db }: Stack): Promise<number> {
  for (;;) {
    const { rows } = await sql<{ at: number | null; connections: number }>`
      select min((baseline->>'startedAtMs')::bigint) as at, count(*) as connections from connection`.execute(db)
    if (rows[0]!.connections === 2 && rows[0]!.at !== null) return rows[0]!.at
    await wait(100)
  }
}

async function importIsDone({ db }: Stack): Promise<boolean> {
  const { rows } = await sql<{ done: boolean }>`
    select bool_and((baseline->>'done')::boolean) and not exists (
      select 1 from change_event where state = 'received' limit 1) as done from connection`.execute(db)
  return rows[0]!.done
}

async function allIsDecided({ db }: Stack): Promise<boolean> {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from (select 1 from record where dirty_since is not null limit 1) r`.execute(db)
  return rows[0]!.n === 0
}

async function compareAll({ db }: Stack): Promise<void> {
  const { rows } = await sql<{ id: string }>`select id from connection`.execute(db)
  for (const { id } of rows) await requestComparison(db, id, 'person', 'full')
}

async function allIsCompared({ db }: Stack): Promise<boolean> {
  const { rows } = await sql<{ done: boolean }>`
    select bool_and(state = 'idle' and last_full_at is not null) as done from comparison`.execute(db)
  return rows[0]!.done
}

async function readSoFar({ db }: Stack): Promise<string> {
  const { rows } = await sql<{ n: number }>`
    select sum((o.value->>'count')::bigint)::bigint as n from connection c, jsonb_each(c.baseline->'objects') o`.execute(
    db,
  )
  return (rows[0]?.n ?? 0).toLocaleString('en-US')
}

async function until(
  stack: Stack,
  isDone: (stack: Stack) => Promise<boolean>,
  says: () => Promise<string>,
  tell: (text: string) => void,
): Promise<void> {
  const givesUpAt = Date.now() + LIMIT_MS
  for (let turn = 0; !(await isDone(stack)); turn += 1) {
    if (Date.now() > givesUpAt) throw new Error(`Not done within ${LIMIT_MS / 60_000} minutes: ${await says()}`)
    if (turn % 8 === 0) tell(await says())
    await wait(250)
  }
}

/** The command as a person runs it, with its own highest memory. */
async function runScan(stack: Stack, out: string): Promise<{ seconds: number; rssMb: number; summary: string }> {
  const from = performance.now()
  const child = spawn(process.execPath, [fileURLToPath(new URL('../src/cli/scan.ts', import.meta.url)), '--out', out], {
    // Found as a person's is: by the directory and the port of the one that runs.
    env: { ...process.env, DATA_DIR: stack.settings.dataDir, PORT: String(stack.settings.port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  let rssMb = 0
  const timer = setInterval(() => {
    rssMb = Math.max(rssMb, processUse(child.pid!)?.rssMb ?? 0)
  }, 100)
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  clearInterval(timer)
  if (code !== 0) throw new Error(`scan ended with ${code}: ${said}`)
  return { seconds: (performance.now() - from) / 1_000, rssMb, summary: said.trim() }
}

async function postmaster({ db }: Stack): Promise<number> {
  const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db)
  const stat = await readFile(`/proc/${rows[0]!.pid}/stat`, 'utf8')
  return Number(stat.split(') ').at(-1)!.split(' ')[1])
}

function cpuOf({ children }: Stack, postgres: number): Record<string, number> {
  const ours = [children.service.pid(), children.workers.pid()]
  const others = childrenOf(process.pid).filter((pid) => !ours.includes(pid) && pid !== postgres)
  return {
    service: ours[0] ? cpuOfTree(ours[0]) : 0,
    workers: ours[1] ? cpuOfTree(ours[1]) : 0,
    Postgres: cpuOfTree(postgres),
    sandboxes: others.reduce((sum, pid) => sum + cpuOfTree(pid), 0),
  }
}

function minus(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(a).map(([name, value]) => [name, value - (b[name] ?? 0)]))
}

function rssOf({ children }: Stack): Record<string, number> {
  const of = (pid: number | null) => (pid === null ? 0 : (processUse(pid)?.rssMb ?? 0))
  return { service: of(children.service.pid()), workers: of(children.workers.pid()) }
}

async function callsOf({ db }: Stack): Promise<Record<string, number>> {
  const { rows } = await sql<{ crm: string; n: number }>`
    select c.crm, b.calls_total as n from call_budget b join connection c on c.id = b.connection_id order by 1`.execute(
    db,
  )
  return Object.fromEntries(rows.map(({ crm, n }) => [crm, n]))
}

function inWords(calls: Readonly<Record<string, number>>): string {
  return Object.entries(calls)
    .map(([crm, n]) => `${crm} ${n.toLocaleString('en-US')}`)
    .join(', ')
}

function rowsOf(run: Run, smaller: Run | null, limits: Limits): BenchRow[] {
  const size = `${run.records.toLocaleString('en-US')} records, ${limits}`
  const total = (of: Run) => of.imported.seconds + of.decided.seconds + of.scanned.seconds
  const growth = (seconds: number, before: number | undefined) =>
    before === undefined || smaller === null
      ? ''
      : `, ${(seconds / before).toFixed(1)}x the time of ${(run.records / smaller.records).toFixed(1)}x fewer records`
  const phase = (of: Phase, before: Phase | undefined) => {
    const cpu = Object.entries(of.cpuS).map(([name, seconds]) => `${name} ${Math.round(seconds)} s`)
    return (
      `${of.seconds.toFixed(1)} s, ${Math.round(run.records / of.seconds).toLocaleString('en-US')} records/s` +
      `${growth(of.seconds, before?.seconds)}; processor: ${cpu.join(', ')}`
    )
  }
  const bound =
    limits === 'limits as in reality' && run.calls.hubspot !== undefined
      ? `; HubSpot: ${(run.calls.hubspot / run.imported.seconds).toFixed(1)} calls/s of the 15.2 that are our share`
      : ''
  return [
    {
      what: `first import of ${size}`,
      budget: BUDGET,
      measured: phase(run.imported, smaller?.imported) + bound,
    },
    {
      what: `every decision of ${size}`,
      budget: '(in the above)',
      measured: `${phase(run.decided, smaller?.decided)}; ${run.cases.toLocaleString('en-US')} cases`,
    },
    {
      what: `scan of ${size}`,
      budget: '(in the above)',
      measured: `${run.scanned.seconds.toFixed(1)} s${growth(run.scanned.seconds, smaller?.scanned.seconds)}, RSS ${run.scanned.rssMb} MB`,
    },
    {
      what: `comparing all of ${size}`,
      budget: '(at night, none of its own)',
      measured: `${phase(run.compared, smaller?.compared)}; ${run.compared.differences} out of step; calls ${inWords(run.compared.calls)}`,
    },
    {
      what: `together: ${size}`,
      budget: BUDGET,
      measured:
        `${total(run).toFixed(0)} s${growth(total(run), smaller ? total(smaller) : undefined)}; RSS at most ` +
        `${Object.entries(run.rssMb)
          .map(([name, mb]) => `${name} ${mb} MB`)
          .join(', ')}; calls ${inWords(run.calls)}; database ${Math.round(run.databaseMb).toLocaleString('en-US')} MB`,
    },
  ]
}
