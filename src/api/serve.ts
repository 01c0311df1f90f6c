import { fstatSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import closeWithGrace from 'close-with-grace'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import type { Logger } from 'pino'
import { nowMs, skewMachineClock } from '../clock/clock.ts'
import { webhookUrlOf } from '../config/settings/environment-grants.ts'
import { followKeys } from '../config/settings/key-file.ts'
import { createLogger } from '../config/settings/logger.ts'
import { readSettings, type Settings, SettingsError } from '../config/settings/settings.ts'
import { knownAdapters } from '../crm/registry.ts'
import { explainPolicy } from '../model/decision/explain-policy.ts'
import type { Crm } from '../model/record/change-event.ts'
import { createQueues, type Queues } from '../queue/wake.ts'
import { keepToDatabaseClock } from '../store/database/clock.ts'
import { databaseCode } from '../store/database/connection-errors.ts'
import { type Database, openDatabase } from '../store/database/database.ts'
import { migrate } from '../store/database/migrate.ts'
import { SchemaRefusedError } from '../store/database/schema-refusal.ts'
import { createSecretBox, type SecretBox } from '../store/secrets/secret-box.ts'
import { buildApp } from './app.ts'
import { CRM_PAGES } from './cases/crm-pages.ts'
import { connectSetUp } from './connections/build-connection-service.ts'
import { beatChecks, type ReadinessCheck, roleCheck, workflowCheck } from './server/health.ts'
import { keepCheckpoints } from './server/keep-checkpoints.ts'
import { signInSetUp } from './sessions/read-sign-in-set-up.ts'
import { webhookReceivers } from './webhooks/webhook-receivers.ts'
import { webhookRoutes } from './webhooks/webhook-routes.ts'

/** The one file of the HTTP side that reads the environment, listens and handles signals. */

/** Promise 16: a stop takes at most ten seconds, whatever hangs. */
const STOP_WITHIN_MS = 10_000
/** Of those, for what is still being answered. */
const DRAIN_MS = 5_000
const DATABASE_RETRY_MS = { first: 250, largest: 2_000 }
/** Said again this often, so that a log that starts late still tells. */
const STILL_WAITING_MS = 30_000
const POOL_MAX = 12

/** What a supervisor that started us with a channel is told. */
export type ServiceMessage =
  | { readonly kind: 'listening'; readonly publicUrl: string }
  | { readonly kind: 'ready'; readonly publicUrl: string }

async function main(): Promise<void> {
  const settings = await withPort(settingsOrExit())
  const logger = createLogger(settings.logLevel, 'api')
  skewMachineClock(settings.clockSkewMs)
  if (settings.databaseUrl === null) {
    exitSaying('DATABASE_URL is not set. "npm start" sets it; the service alone needs a database of yours.')
  }
  const db = openDatabase(settings.databaseUrl, {
    max: POOL_MAX,
    applicationName: 'lanekeeper-api',
    onConnectionLost: (error) => logger.debug({ err: error }, 'an idle database connection was lost'),
  })
  const queues = createQueues({
    databaseUrl: settings.databaseUrl,
    redisUrl: settings.redisUrl ?? undefined,
    logger,
  })
  let waitingFor: string | null = 'the database'
  let stopping = false
  const called = calledAddresses(settings)
  const box = createSecretBox(await followKeys(settings))
  const app = buildApp({
    db,
    publicUrl: settings.publicUrl,
    extraHosts: [...called.map(({ webhookUrl }) => new URL(webhookUrl).hostname), settings.host],
    logger,
    consoleDir: fileURLToPath(new URL('../../console/dist', import.meta.url)),
    plugins: called.map(({ crm, webhookUrl }) => webhookPlugin({ db, box, queues, crm, webhookUrl })),
    readiness: [...beatChecks(db, ['worker']), roleCheck(db), queueCheck(() => queues.problem()), workflowCheck(db)],
    started: () => (stopping ? 'the stop that has begun' : waitingFor),
    links: CRM_PAGES,
    explain: explainPolicy,
    connect: await connectSetUp(db, settings),
    signIn: signInSetUp(settings),
  })
  const aborting = new AbortController()
  let stopCheckpoints = async () => {}
  const grace = closeWithGrace({ delay: STOP_WITHIN_MS, logger: false, skip: [...UNCAUGHT] }, async () => {
    stopping = true
    aborting.abort()
    // Stop accepting first, then let go of what the last answers needed.
    await within(DRAIN_MS, app.close())
    await within(2_000, queues.close(1_500))
    await within(1_000, stopCheckpoints())
    await within(2_000, db.destroy())
    // Otherwise a stop after a fault would look like one that was asked for.
    if (process.exitCode === 1) process.exit(1)
  })
  surviveLostConnections(logger, () => grace.close())
  stopWithParent()

  await listen(app, settings)
  tell({ kind: 'listening', publicUrl: settings.publicUrl })
  await prepareDatabase(db, logger, aborting.signal)
  if (aborting.signal.aborted) return
  await keepToDatabaseClock(db, aborting.signal)
  waitingFor = null
  stopCheckpoints = keepCheckpoints(db, settings, logger).stop
  logger.info({ publicUrl: settings.publicUrl }, 'the service is ready')
  tell({ kind: 'ready', publicUrl: settings.publicUrl })
}

/** The address that each CRM with webhooks calls. */
function calledAddresses(settings: Settings): { readonly crm: Crm; readonly webhookUrl: string }[] {
  return knownAdapters().flatMap(({ webhook, profile: { crm } }) =>
    webhook === null ? [] : [{ crm, webhookUrl: webhookUrlOf(settings, crm) }],
  )
}

function webhookPlugin(of: {
  readonly db: Database
  readonly box: SecretBox
  readonly queues: Queues
  readonly crm: Crm
  readonly webhookUrl: string
}): FastifyPluginAsync {
  const { db, queues, crm } = of
  return webhookRoutes({
    db,
    crm,
    connections: webhookReceivers(of, nowMs),
    wakeApply: (connectionId) => queues.wake('apply', connectionId),
    nowMs,
  })
}

function settingsOrExit(): Settings {
  try {
    return readSettings(process.env)
  } catch (error) {
    if (error instanceof SettingsError) exitSaying(error.message)
    throw error
  }
}

/** PORT=0 asks for any free port. It is chosen before anything is built, because the public URL has to name it. */
async function withPort(settings: Settings): Promise<Settings> {
  if (settings.port !== 0) return settings
  const port = await freePort(settings.host)
  const url = new URL(settings.publicUrl)
  if (url.port === '0') url.port = String(port)
  return { ...settings, port, publicUrl: url.origin }
}

function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, host, () => {
      const address = probe.address()
      probe.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))))
    })
  })
}

async function listen(app: FastifyInstance, { host, port }: Settings): Promise<void> {
  try {
    await app.listen({ host, port })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EADDRINUSE') {
      exitSaying(`Port ${port} on ${host} is taken: stop the program that uses it, or set PORT to another number.`)
    }
    if (code === 'EACCES')
      exitSaying(`Port ${port} on ${host} is not allowed for this user: set PORT to one above 1023.`)
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
      exitSaying(`HOST "${host}" is not an address of this machine: use 127.0.0.1, or 0.0.0.0 for all of them.`)
    }
    throw error
  }
}

/** Promise 9: the database may be down or still starting. /livez answers meanwhile, /readyz says what is missing. */
async function prepareDatabase(db: Database, logger: Logger, signal: AbortSignal): Promise<void> {
  let saidAtMs = Number.NEGATIVE_INFINITY
  for (let pause = DATABASE_RETRY_MS.first; ; pause = Math.min(pause * 2, DATABASE_RETRY_MS.largest)) {
    try {
      const applied = await migrate(db)
      if (applied.length > 0) logger.info({ applied }, 'database schema brought up to date')
      return
    } catch (error) {
      if (error instanceof SchemaRefusedError) exitSaying(`${error.message}.`, 1)
      if (signal.aborted) return
      if (performance.now() - saidAtMs > STILL_WAITING_MS) {
        logger.warn({ err: error }, 'waiting for the database')
        saidAtMs = performance.now()
      }
      await wait(pause, undefined, { signal }).catch(() => undefined)
    }
  }
}

function queueCheck(problem: () => string | null): ReadinessCheck {
  // Without it the sweeper runs the stages itself: slower, but nothing stands still.
  return { name: 'queue', required: false, problem: async () => problem() }
}

const UNCAUGHT = ['uncaughtException', 'unhandledRejection'] as const

/**
 * A connection that breaks between two statements of whoever holds it is told by an event which not every library
 * listens to. The next statement fails or reconnects by itself, so the loss is no reason to stop; anything else is.
 */
function surviveLostConnections(logger: Logger, stop: () => void): void {
  for (const event of UNCAUGHT) {
    process.on(event, (error: unknown) => {
      if (databaseCode(error) !== null) {
        logger.warn({ err: error }, 'a database connection was lost')
        return
      }
      logger.fatal({ err: error }, 'the service stops after an error')
      process.exitCode = 1
      stop()
    })
  }
}

/**
 * A supervisor that was killed cannot tell us, but its end of a pipe closes. Only a pipe counts: under systemd or in a
 * container standard input is /dev/null, which is at its end from the start.
 */
function stopWithParent(): void {
  try {
    const input = fstatSync(0)
    if (!input.isFIFO() && !input.isSocket()) return
  } catch {
    return
  }
  process.stdin.on('end', () => process.kill(process.pid, 'SIGTERM')).on('error', () => undefined)
  process.stdin.resume()
}

function tell(message: ServiceMessage): void {
  process.send?.(message)
}

async function within(capMs: number, work: PromiseLike<unknown>): Promise<void> {
  const timeout = new AbortController()
  await Promise.race([
    Promise.resolve(work).catch(() => undefined),
    wait(capMs, undefined, { signal: timeout.signal }).catch(() => undefined),
  ])
  timeout.abort()
}

/** 2: the settings are wrong. 1: the database is not one that this version can use. */
function exitSaying(sentence: string, code: 1 | 2 = 2): never {
  process.stderr.write(`${sentence}\n`)
  process.exit(code)
}

await main()
