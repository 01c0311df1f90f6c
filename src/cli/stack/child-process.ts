import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

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

/** `retryInMs` null: it died too often, nobody starts it again. */
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

/** Doubled at each death, back to the first after a minute of life. */
const RETRY_MS = { first: 250, largest: 15_000 }
const DEATHS_MAX = 8
const LONG_LIFE_MS = 60_000

/** Keeps one process of ours running. It ends when we end, however that happens. */
export function superviseChild(options: ChildOptions): SupervisedChild {
  const { name, file, args = [], heapMaxMb, environment, onLine, onDeath } = options
  let child: ChildProcess | null = null
  let stopping = false
  let deaths = 0
  let timer: NodeJS.Timeout | undefined

  function start(): void {
    const lastLines: string[] = []
    const bornAt = performance.now()
    const started = spawn(
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
    child = started
    // Held open and never written to. Its end tells the child that we are gone.
    started.stdin?.on('error', () => undefined)
    for (const stream of [started.stdout, started.stderr]) {
      if (!stream) continue
      createInterface({ input: stream }).on('line', (line) => {
        lastLines.push(line)
        if (lastLines.length > 20) lastLines.shift()
        onLine(line)
      })
    }
    started.once('error', (error) => lastLines.push(error.message))
    started.once('close', (code, signal) => {
      child = null
      if (stopping) return
      deaths = performance.now() - bornAt > LONG_LIFE_MS ? 1 : deaths + 1
      const retryInMs = deaths > DEATHS_MAX ? null : Math.min(RETRY_MS.first * 2 ** (deaths - 1), RETRY_MS.largest)
      onDeath({ name, how: signal ? `killed by ${signal}` : `ended with code ${code}`, lastLines, retryInMs })
      // Whoever was told may have decided to stop.
      if (retryInMs !== null && !stopping) timer = setTimeout(start, retryInMs)
    })
  }
  start()

  return {
    name,
    pid: () => child?.pid ?? null,
    async stop(withinMs) {
      stopping = true
      clearTimeout(timer)
      const running = child
      if (!running) return
      const closed = once(running, 'close')
      running.kill('SIGTERM')
      const timeout = new AbortController()
      const isLate = delay(withinMs, true, { signal: timeout.signal }).catch(() => false)
      if (await Promise.race([closed.then(() => false), isLate])) running.kill('SIGKILL')
      timeout.abort()
      await closed
    },
    kill() {
      stopping = true
      clearTimeout(timer)
      child?.kill('SIGKILL')
    },
  }
}
