import { rm } from 'node:fs/promises'
import { loadKeys } from '../../config/settings/key-file.ts'
import { readSettings, type Settings } from '../../config/settings/settings.ts'
import type { Database } from '../../store/database/database.ts'
import { checkpointFile } from '../../store/ledger/ledger-checkpoints.ts'
import { type ChildDeath, type SupervisedChild, superviseChild } from './child-process.ts'
import { lockDataDir, makeDataDir, temporaryDirectory } from './data-directory.ts'
import { claimPort, freePort } from './free-port.ts'
import { noteInstance, readInstanceNote, sandboxWanted } from './running-instance.ts'
import { runSandbox, type Sandbox, type SandboxInfo } from './sandbox-process.ts'
import { uploadProject } from './sandbox-project.ts'
import { openStackDatabase, type StackDatabase } from './stack-database.ts'
import { localUrl, untilReady } from './until-ready.ts'

export type StackOptions = {
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Data in a directory that is made now and removed at the end, on free ports. For demo and tests. */
  readonly temporary?: boolean
  /** A temporary stack whose database keeps its promises all the same (fsync on): for measuring. */
  readonly durable?: boolean
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
  /** Settings of one child alone, for tests: two machines are never alike. */
  readonly environmentOf?: Readonly<Partial<Record<'service' | 'workers', Readonly<Record<string, string>>>>>
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

/** Batches need a tenth of it. With code and buffers beside the heap a process stays below its 512 MB (promise 15). */
const HEAP_MAX_MB = 256
const CHILD_STOP_MS = 7_000

/** Starts everything that one machine needs and resolves when the service says that it is ready. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const start: Start = {
    options,
    onProgress: options.onProgress ?? (() => undefined),
    onLine: (name) => (line) => options.onLog?.(name, line),
    signal: options.signal ?? new AbortController().signal,
    undo: [],
    stopped: null,
  }
  try {
    const { settings, environment } = await settle(start)
    await makeDataDir(settings.dataDir)
    const wasKilled = await lockDataDir(settings, start.undo)
    await claimPort(settings.port, settings.host, wasKilled ? 6_000 : 0)
    // The console does not depend on the database, so both are made at the same time.
    const building = options.buildConsole === false ? Promise.resolve() : buildConsole(start.onProgress)
    building.catch(() => undefined)
    const webhookUrl = settings.hubspot?.webhookUrl ?? `http://127.0.0.1:${settings.port}/webhooks/hubspot`
    const early = (await isSandboxLikely(options, settings))
      ? beginSandbox(start, environment, settings, webhookUrl)
      : null
    const database = await openDatabase(start, settings)
    await noteInstance(settings, database.withSandbox)
    const sandboxStarting = database.withSandbox
      ? (early ?? beginSandbox(start, environment, settings, webhookUrl))
      : null
    if (early !== null && sandboxStarting === null) await early.dismiss()
    // The chain of a sandbox begins again, so checkpoints of the last one would accuse it.
    if (database.withSandbox) await rm(checkpointFile(settings.dataDir, { sandbox: true }), { force: true })
    await loadKeys(settings)
    await building
    if (database.withSandbox) start.onProgress('Starting the sandbox CRMs')
    const sandbox = sandboxStarting === null ? null : await sandboxStarting.running
    const children = startChildren(start, {
      ...environment,
      DATABASE_URL: database.url,
      DATA_DIR: settings.dataDir,
      PORT: String(settings.port),
      LANEKEEPER_SANDBOX: database.withSandbox ? 'on' : 'off',
      ...(sandbox ? { ...credentialsOf(sandbox.info), LANEKEEPER_HUBSPOT_WEBHOOK_URL: webhookUrl } : {}),
    })
    await untilReady(localUrl(settings), start)
    return stackOf(start, settings, database, sandbox, children)
  } catch (error) {
    await stop(start)
    throw error
  }
}

/** What the steps of one start share. */
type Start = {
  readonly options: StackOptions
  readonly onProgress: (step: string) => void
  readonly onLine: (name: string) => (line: string) => void
  readonly signal: AbortSignal
  /** Takes back what was started, the last first. */
  readonly undo: (() => Promise<unknown>)[]
  stopped: Promise<void> | null
}

type Environment = Readonly<Record<string, string | undefined>>

function stop(start: Start): Promise<void> {
  start.stopped ??= (async () => {
    for (const step of start.undo.toReversed()) await step().catch(() => undefined)
  })()
  return start.stopped
}

function stackOf(
  start: Start,
  settings: Settings,
  database: StackDatabase,
  sandbox: Sandbox | null,
  children: Stack['children'],
): Stack {
  return {
    settings,
    url: settings.publicUrl,
    databaseUrl: database.url,
    db: database.db,
    sandbox: sandbox?.info ?? null,
    children,
    stop: () => stop(start),
    kill() {
      children.service.kill()
      children.workers.kill()
      sandbox?.kill()
    },
  }
}

/** The settings with a free port and, for a temporary stack, a directory of its own. */
async function settle({ options, undo }: Start): Promise<{ settings: Settings; environment: Environment }> {
  const environment: Record<string, string | undefined> = { ...(options.environment ?? process.env) }
  if (options.temporary) {
    environment.DATA_DIR = await temporaryDirectory(undo)
    environment.PORT = '0'
  }
  const asked = readSettings(environment)
  if (asked.port === 0) environment.PORT = String(await freePort(asked.host))
  return { settings: readSettings(environment), environment }
}

async function openDatabase({ options, onProgress, signal, undo }: Start, settings: Settings): Promise<StackDatabase> {
  const database = await openStackDatabase({
    databaseUrl: settings.databaseUrl,
    dataDir: settings.dataDir,
    settings: options.temporary && !options.durable ? TEMPORARY_POSTGRES : [],
    sandbox: options.own ? 'off' : sandboxWanted(settings),
    onProgress,
    signal,
  })
  undo.push(async () => {
    await database.db.destroy()
    await database.embedded?.stop()
    if (options.temporary && database.embedded) await rm(database.embedded.directory, { recursive: true, force: true })
  })
  return database
}

/**
 * Whether to start the sandbox CRMs before the database can say whether they are wanted: making their records takes longer
 * than anything else, and nearly always it is as it was the last time.
 */
async function isSandboxLikely({ own }: StackOptions, settings: Settings): Promise<boolean> {
  const wanted = own ? 'off' : sandboxWanted(settings)
  if (wanted !== 'unless-connected') return wanted === 'on'
  return (await readInstanceNote(settings.dataDir))?.sandbox ?? settings.databaseUrl === null
}

type StartingSandbox = { readonly running: Promise<Sandbox>; dismiss(): Promise<void> }

/** Stopped with the rest, even while it is still starting. */
function beginSandbox(
  { options, onLine, signal, undo }: Start,
  environment: Environment,
  settings: Settings,
  webhookUrl: string,
): StartingSandbox {
  const unwanted = new AbortController()
  const running = runSandbox({
    webhookUrl,
    args: options.sandboxArgs ?? [],
    environment,
    onLine: onLine('sandbox'),
    onDeath: (death) => {
      if (!unwanted.signal.aborted) options.onDeath?.(death)
    },
    signal: AbortSignal.any([signal, unwanted.signal]),
  }).then(async (sandbox) => {
    await uploadProject(sandbox.info, settings)
    return sandbox
  })
  let isUp = false
  // Awaited later; until then a failure is not unhandled.
  running.then(
    () => {
      isUp = true
    },
    () => undefined,
  )
  const stopped = async () => {
    // A start that failed does not wait for records that are still being made.
    if (!isUp) unwanted.abort()
    const sandbox = await running.catch(() => null)
    await sandbox?.stop(CHILD_STOP_MS)
  }
  undo.push(stopped)
  return {
    running,
    dismiss() {
      unwanted.abort()
      return stopped()
    },
  }
}

function startChildren(
  { options, onLine, onProgress, undo }: Start,
  environment: NodeJS.ProcessEnv,
): Stack['children'] {
  const supervise = (name: 'service' | 'workers', file: string) =>
    superviseChild({
      name,
      file: new URL(file, import.meta.url),
      heapMaxMb: HEAP_MAX_MB,
      environment: { ...environment, ...options.environmentOf?.[name] },
      onLine: onLine(name),
      onDeath: (death) => options.onDeath?.(death),
    })
  onProgress('Starting the service and the workers')
  const service = supervise('service', '../../api/serve.ts')
  const workers = supervise('workers', '../../../workers/main.ts')
  undo.push(() => Promise.all([service.stop(CHILD_STOP_MS), workers.stop(CHILD_STOP_MS)]))
  return { service, workers }
}

/** This data need not survive a power cut. */
const TEMPORARY_POSTGRES = ['fsync=off', 'full_page_writes=off', 'shared_buffers=64MB']

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
