import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { loadKeys } from '../../config/key-file.ts'
import { readSettings, type Settings } from '../../config/settings.ts'
import type { Database } from '../../store/database/database.ts'
import { writeCheckpoints } from '../../store/ledger/ledger-checkpoints.ts'
import { pidLockHolder, takePidLock } from '../../store/postgres/pid-lock.ts'
import { type ChildDeath, type SupervisedChild, superviseChild } from './child-process.ts'
import { claimPort, freePort } from './free-port.ts'
import { noteInstance, readInstanceNote, sandboxWanted } from './running-instance.ts'
import { runSandbox, type Sandbox, type SandboxInfo } from './sandbox-process.ts'
import { openStackDatabase } from './stack-database.ts'

export type StackOptions = {
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Data in a directory that is made now and removed at the end, on free ports. For demo and tests. */
  readonly temporary?: boolean
  /** More arguments for `sandbox/run.ts`, such as `--small` or `--living`. */
  readonly sandboxArgs?: readonly string[]
  /** No sandbox CRMs, whatever the settings say: for connecting a CRM of one's own. */
  readonly own?: boolean
  /** False leaves the console as it is: tests of the pipeline need none. */
  readonly buildConsole?: boolean
  readonly onProgress?: (step: string) => void
  /** A child died; with `retryInMs` null for good. */
  readonly onDeath?: (death: ChildDeath) => void
  /** Each line of log of a child. Kept in `logs` of the data directory either way. */
  readonly onLog?: (name: string, line: string) => void
  /** Gives up starting. */
  readonly signal?: AbortSignal
}

export type Stack = {
  readonly settings: Settings
  readonly url: string
  readonly databaseUrl: string
  readonly db: Database
  readonly sandbox: SandboxInfo | null
  readonly children: { readonly service: SupervisedChild; readonly workers: SupervisedChild }
  /** Everything down within about 9 s, in order: children, queues and all, then the database. Safe to call twice. */
  stop(): Promise<void>
  /** Everything down now. The database recovers at the next start. */
  kill(): void
}

const READY_WITHIN_MS = 120_000
/** Batches need a tenth of it. With code and buffers beside the heap a process stays below its 512 MB (promise 15). */
const HEAP_MAX_MB = 256
const CHILD_STOP_MS = 7_000
const CHECKPOINT_EVERY_MS = 10_000

/** Starts everything that one machine needs and resolves when the service says that it is ready. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const onProgress = options.onProgress ?? (() => undefined)
  const signal = options.signal ?? new AbortController().signal
  const undo: (() => Promise<unknown>)[] = []
  const children: SupervisedChild[] = []
  let sandbox: Sandbox | null = null
  let stopped: Promise<void> | null = null
  const stop = () => {
    stopped ??= (async () => {
      for (const step of undo.toReversed()) await step().catch(() => undefined)
    })()
    return stopped
  }
  try {
    const environment: Record<string, string | undefined> = { ...(options.environment ?? process.env) }
    if (options.temporary) {
      environment.DATA_DIR = await temporaryDirectory(undo)
      environment.PORT = '0'
    }
    const asked = readSettings(environment)
    if (asked.port === 0) environment.PORT = String(await freePort(asked.host))
    const settings = readSettings(environment)
    await makeDataDir(settings.dataDir)
    const wasKilled = await lockDataDir(settings, undo)
    await claimPort(settings.port, settings.host, wasKilled ? 6_000 : 0)

    // The console does not depend on the database, so both are made at the same time.
    const building = options.buildConsole === false ? Promise.resolve() : buildConsole(onProgress)
    building.catch(() => undefined)
    const database = await openStackDatabase({
      databaseUrl: settings.databaseUrl,
      dataDir: settings.dataDir,
      settings: options.temporary ? TEMPORARY_POSTGRES : [],
      sandbox: options.own ? 'off' : sandboxWanted(settings),
      onProgress,
      signal,
    })
    const { withSandbox } = database
    undo.push(async () => {
      await database.db.destroy()
      await database.embedded?.stop()
      if (options.temporary && database.embedded)
        await rm(database.embedded.directory, { recursive: true, force: true })
    })
    await noteInstance(settings, withSandbox)
    const webhookUrl = settings.hubspot?.webhookUrl ?? `http://127.0.0.1:${settings.port}/webhooks/hubspot`
    const sandboxStarting = withSandbox
      ? runSandbox({
          webhookUrl,
          args: options.sandboxArgs ?? [],
          environment,
          onLine: log('sandbox'),
          onDeath: (death) => options.onDeath?.(death),
          signal,
        })
      : Promise.resolve(null)
    sandboxStarting.catch(() => undefined)
    undo.push(async () => {
      const running = await sandboxStarting.catch(() => null)
      await running?.stop(CHILD_STOP_MS)
    })
    const checkpointFile = join(settings.dataDir, withSandbox ? 'checkpoints-sandbox.log' : 'checkpoints.log')
    // The chain of a sandbox begins anew, so checkpoints of the last one would accuse it.
    if (withSandbox) await rm(checkpointFile, { force: true })
    await loadKeys(settings)
    await building
    if (withSandbox) onProgress('Starting the sandbox CRMs')
    sandbox = await sandboxStarting

    const childEnvironment: NodeJS.ProcessEnv = {
      ...environment,
      DATABASE_URL: database.url,
      DATA_DIR: settings.dataDir,
      PORT: String(settings.port),
      LANEKEEPER_SANDBOX: withSandbox ? 'on' : 'off',
      ...(sandbox ? { ...credentialsOf(sandbox.info), LANEKEEPER_HUBSPOT_WEBHOOK_URL: webhookUrl } : {}),
    }
    const supervise = (name: string, file: string) => {
      const child = superviseChild({
        name,
        file: new URL(file, import.meta.url),
        heapMaxMb: HEAP_MAX_MB,
        environment: childEnvironment,
        onLine: log(name),
        onDeath: (death) => options.onDeath?.(death),
      })
      children.push(child)
      return child
    }
    undo.push(() => Promise.all(children.map((child) => child.stop(CHILD_STOP_MS))))
    onProgress('Starting the service and the workers')
    const service = supervise('service', '../../api/serve.ts')
    const workers = supervise('workers', '../../../workers/main.ts')
    const url = `http://${settings.host.includes(':') ? `[${settings.host}]` : settings.host}:${settings.port}`
    await untilReady(url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:'), { onProgress, signal })
    const checkpoints = keepCheckpoints(database.db, checkpointFile)
    undo.push(checkpoints.stop)

    return {
      settings,
      url: settings.publicUrl,
      databaseUrl: database.url,
      db: database.db,
      sandbox: sandbox?.info ?? null,
      children: { service, workers },
      stop,
      kill() {
        for (const child of children) child.kill()
        sandbox?.kill()
      },
    }
  } catch (error) {
    await stop()
    throw error
  }

  function log(name: string): (line: string) => void {
    return (line) => options.onLog?.(name, line)
  }
}

/** Nobody misses this data after a power cut. */
const TEMPORARY_POSTGRES = ['fsync=off', 'full_page_writes=off', 'shared_buffers=64MB']

async function temporaryDirectory(undo: (() => Promise<unknown>)[]): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'lanekeeper-'))
  undo.push(() => rm(directory, { recursive: true, force: true }))
  // Others may pass through, as Postgres has to when we are root, and may not look.
  await chmod(directory, 0o711)
  return directory
}

async function makeDataDir(dataDir: string): Promise<void> {
  try {
    // Closed to others, except that as root another account has to pass through to its database.
    await mkdir(dataDir, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 })
    const probe = join(dataDir, `.probe-${process.pid}`)
    await writeFile(probe, 'x')
    await rm(probe)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const why = code === 'ENOSPC' ? 'the disk is full: free some space' : `it cannot be written to (${code})`
    throw new Error(`Cannot keep data in ${dataDir}: ${why}, or set DATA_DIR to another directory`, { cause: error })
  }
}

/** True when the one before us was killed: its children may need a moment to go. */
async function lockDataDir(settings: Settings, undo: (() => Promise<unknown>)[]): Promise<boolean> {
  const file = join(settings.dataDir, 'lanekeeper.pid')
  const wasHeld = existsSync(file)
  const lock = await takePidLock(file, 0)
  if (!lock) {
    const where = (await readInstanceNote(settings.dataDir))?.publicUrl
    throw new Error(
      `Lanekeeper is already running${where ? ` at ${where}` : ''} (process ${await pidLockHolder(file)}) with the data ` +
        `in ${settings.dataDir}. Stop it first, or start this one with another DATA_DIR and PORT`,
    )
  }
  undo.push(() => lock.release())
  // What it will be is known once the database answers; until then nobody finds the address of the start before.
  await noteInstance(settings, sandboxWanted(settings) === 'on')
  return wasHeld
}

async function buildConsole(onProgress: (step: string) => void): Promise<void> {
  const { buildConsoleIfStale } = await import('../../../console/build.ts')
  await buildConsoleIfStale({ onProgress })
}

function credentialsOf({ hubspot, salesforce }: SandboxInfo): Record<string, string> {
  return {
    LANEKEEPER_HUBSPOT_BASE_URL: hubspot.baseUrl,
    LANEKEEPER_HUBSPOT_TOKEN: hubspot.token,
    LANEKEEPER_HUBSPOT_CLIENT_SECRET: hubspot.clientSecret,
    LANEKEEPER_HUBSPOT_APP_ID: String(hubspot.appId),
    LANEKEEPER_SALESFORCE_LOGIN_URL: salesforce.loginUrl,
    LANEKEEPER_SALESFORCE_CLIENT_ID: salesforce.clientId,
    LANEKEEPER_SALESFORCE_CLIENT_SECRET: salesforce.clientSecret,
    LANEKEEPER_SALESFORCE_PUBSUB_ADDRESS: salesforce.pubsubAddress,
  }
}

async function untilReady(
  url: string,
  { onProgress, signal }: { onProgress: (step: string) => void; signal: AbortSignal },
): Promise<void> {
  const from = performance.now()
  let said = 0
  for (;;) {
    signal.throwIfAborted()
    const missing = await readiness(url)
    if (missing === null) return
    const waitedMs = performance.now() - from
    if (waitedMs > READY_WITHIN_MS) throw new Error(`The service did not become ready within two minutes: ${missing}`)
    if (waitedMs > said + 10_000) {
      said = waitedMs
      onProgress(`Still waiting: ${missing}`)
    }
    await delay(40, undefined, { signal })
  }
}

/** Null: ready. Otherwise what is missing. */
async function readiness(url: string): Promise<string | null> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5_000) })
    if (response.ok) {
      await response.body?.cancel()
      return null
    }
    const { checks = [] } = (await response.json()) as { checks?: { problem?: string }[] }
    return checks.flatMap(({ problem }) => problem ?? []).join('; ') || `it answers ${response.status}`
  } catch {
    return 'the service does not answer yet'
  }
}

function keepCheckpoints(db: Database, file: string): { stop: () => Promise<void> } {
  let last: Promise<unknown> = Promise.resolve()
  const timer = setInterval(() => {
    // A database that is away is somebody else's to report; the next turn writes what this one could not.
    last = last.then(() => writeCheckpoints(db, file, Date.now())).catch(() => undefined)
  }, CHECKPOINT_EVERY_MS)
  timer.unref()
  return {
    async stop() {
      clearInterval(timer)
      await last
    },
  }
}
