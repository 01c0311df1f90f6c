import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { backOff } from '../../model/calendar/back-off.ts'

export type ChildOptions = {
  /** For people: "service", "workers". */
  readonly name: string
  readonly file: URL
  readonly args?: readonly string[]
  /** Upper bound of the heap. Without one V8 collects so late that a process grows to whatever the machine has. */
  readonly heapMaxMb?: number
  readonly environment: NodeJS.ProcessEnv
  /** Each line of output and of complaint. */
  readonly onLine: (line: string) => void
  readonly onDeath: (death: ChildDeath) => void
}

/** `retryInMs` null: it died too often and is not restarted. */
export type ChildDeath = {
  readonly name: string
  readonly how: string
  readonly lastLines: readonly string[]
  readonly retryInMs: number | null
}

export type SupervisedChild = {
  readonly name: string
  /** Null while it is down. */
  pid(): number | null
  /** SIGTERM, then SIGKILL after `withinMs`. Not started again. */
  stop(withinMs: number): Promise<void>
  kill(): void
}

/** Back to the first after a minute of life. */
const RETRY_MS = { first: 250, largest: 15_000 }
const DEATHS_MAX = 8
const LONG_LIFE_MS = 60_000
/** Of its output, for the report of its death. */
const LAST_LINES_MAX = 20

/** Keeps one process of ours running. It ends when we end, however that happens. */
export function superviseChild(options: ChildOptions): SupervisedChild {
  const supervised: Supervised = { options, child: null, stopping: false, deaths: 0, timer: undefined }
  start(supervised)
  return {
    name: options.name,
    pid: () => supervised.child?.pid ?? null,
    stop: (withinMs) => stop(supervised, withinMs),
    kill() {
      supervised.stopping = true
      clearTimeout(supervised.timer)
      supervised.child?.kill('SIGKILL')
    },
  }
}

type Supervised = {
  readonly options: ChildOptions
  /** Null while it is down. */
  child: ChildProcess | null
  stopping: boolean
  deaths: number
  timer: NodeJS.Timeout | undefined
}

function start(supervised: Supervised): void {
  const { name, onLine, onDeath } = supervised.options
  const lastLines: string[] = []
  const bornAt = performance.now()
  const started = launch(supervised.options)
  supervised.child = started
  // Held open and never written to. Its end tells the child that we are gone.
  started.stdin?.on('error', () => undefined)
  for (const stream of [started.stdout, started.stderr]) {
    if (!stream) continue
    createInterface({ input: stream }).on('line', (line) => {
      lastLines.push(line)
      if (lastLines.length > LAST_LINES_MAX) lastLines.shift()
      onLine(line)
    })
  }
  started.once('error', (error) => lastLines.push(error.message))
  started.once('close', (code, signal) => {
    supervised.child = null
    if (supervised.stopping) return
    supervised.deaths = performance.now() - bornAt > LONG_LIFE_MS ? 1 : supervised.deaths + 1
    const retryInMs = supervised.deaths > DEATHS_MAX ? null : backOff(RETRY_MS, supervised.deaths)
    onDeath({ name, how: signal ? `killed by ${signal}` : `ended with code ${code}`, lastLines, retryInMs })
    // The one who was notified may have stopped it.
    if (retryInMs !== null && !supervised.stopping) supervised.timer = setTimeout(() => start(supervised), retryInMs)
  })
}

function launch({ file, args = [], heapMaxMb, environment }: ChildOptions): ChildProcess {
  return spawn(
    process.execPath,
    [
      ...(heapMaxMb === undefined ? [] : [`--max-old-space-size=${heapMaxMb}`]),
      '--import',
      new URL('../die-with-parent.mjs', import.meta.url).href,
      fileURLToPath(file),
      ...args,
    ],
    {
      env: environment,
      stdio: ['pipe', 'pipe', 'pipe'],
      // Not in the terminal's process group: Ctrl-C reaches us alone and we stop the children in order.
      detached: process.platform !== 'win32',
    },
  )
}

async function stop(supervised: Supervised, withinMs: number): Promise<void> {
  supervised.stopping = true
  clearTimeout(supervised.timer)
  const running = supervised.child
  if (!running) return
  const closed = once(running, 'close')
  running.kill('SIGTERM')
  const timeout = new AbortController()
  const isLate = delay(withinMs, true, { signal: timeout.signal }).catch(() => false)
  if (await Promise.race([closed.then(() => false), isLate])) running.kill('SIGKILL')
  timeout.abort()
  await closed
}
