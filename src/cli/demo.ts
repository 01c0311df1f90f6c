import { printResults } from './demo/demo-report.ts'
import { playTuesday } from './demo/play-tuesday.ts'
import { type Stack, startStack } from './stack/stack.ts'
import { type Given, runAsProgram, runCommand, type Streams } from './terminal/command.ts'
import { liveLine } from './terminal/live-line.ts'
import { UsageError } from './terminal/usage.ts'

/** Short, because the demo must also show that polling finds changes whose webhook was lost. */
const POLL_S = 5

const USAGE = `npm run demo -- [--json] [--verbose] [--kill-workers N]
  Plays a messy Tuesday through two sandbox CRMs on temporary data and free ports, waits until the pipeline is quiet
  and shows what was found, who owns it and what rules decided.
  --json            print one JSON object instead of the table
  --verbose         name each defect that was missed or found without a label
  --kill-workers N  kill -9 the worker process N times while the day is played
  --small           with a tenth of the data

Exit code 0: played. 1: it failed, and why. 64: the command was not understood.`

const OPTIONS = {
  json: { type: 'boolean', default: false },
  verbose: { type: 'boolean', default: false },
  'kill-workers': { type: 'string', default: '0' },
  small: { type: 'boolean', default: false },
} as const

type DemoOptions = {
  readonly json: boolean
  readonly verbose: boolean
  readonly small: boolean
  readonly kills: number
}

/** Answers the exit code. */
export function runDemo(
  args: readonly string[],
  _environment: Readonly<Record<string, string | undefined>>,
  streams: Streams,
): Promise<number> {
  return runCommand({ help: USAGE, options: OPTIONS, run: play }, args, streams)
}

function play({ values: { json, verbose, small, ...more } }: Given<typeof OPTIONS>): Promise<number> {
  const kills = /^\d+$/.test(more['kill-workers']) ? Number(more['kill-workers']) : Number.NaN
  if (!(kills <= 20)) throw new UsageError('--kill-workers takes a whole number from 0 to 20')
  return showDemo({ json, verbose, small, kills })
}

async function showDemo(options: DemoOptions): Promise<number> {
  const started = performance.now()
  const line = liveLine(process.stderr)
  const tell = (text: string) =>
    line.show(`${((performance.now() - started) / 1000).toFixed(0).padStart(3)} s  ${text}`)
  const stopped = new AbortController()
  const onSignal = () => stopped.abort(new Error('stopped'))
  process.once('SIGINT', onSignal)
  process.once('SIGTERM', onSignal)
  let stack: Stack | null = null
  try {
    stack = await startDemoStack(options, { tell, say: line.say, signal: stopped.signal })
    const { kills, verbose } = options
    const results = await playTuesday(stack, { kills, tell, say: line.say, verbose, signal: stopped.signal, started })
    line.end()
    if (options.json) process.stdout.write(`${JSON.stringify(results)}\n`)
    else printResults(results, process.stdout)
    return 0
  } catch (error) {
    line.end()
    if (stopped.signal.aborted) return 130
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  } finally {
    process.removeListener('SIGINT', onSignal)
    process.removeListener('SIGTERM', onSignal)
    await stack?.stop()
  }
}

function startDemoStack(
  { small, verbose }: DemoOptions,
  { tell, say, signal }: { tell: (text: string) => void; say: (text: string) => void; signal: AbortSignal },
): Promise<Stack> {
  return startStack({
    temporary: true,
    environment: {
      ...withoutOurs(process.env),
      LANEKEEPER_POLL_SECONDS: String(POLL_S),
      LANEKEEPER_SANDBOX: 'on',
    },
    sandboxArgs: small ? ['--small'] : [],
    buildConsole: false,
    onProgress: tell,
    onLog: (name, text) => {
      if (verbose && /"level":[456]0/.test(text)) say(`${name}: ${text}`)
    },
    signal,
  })
}

/** The demo is about itself: settings of a real installation must not reach it. */
function withoutOurs(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !/^(LANEKEEPER_|DATABASE_URL$|DATA_DIR$|PORT$|HOST$)/.test(name)),
  )
}

if (import.meta.main) await runAsProgram(runDemo, { stopsInOrder: true })
