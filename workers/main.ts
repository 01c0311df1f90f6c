import { randomUUID } from 'node:crypto'
import { fstatSync } from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import closeWithGrace from 'close-with-grace'
import { sql } from 'kysely'
import { type Logger, pino } from 'pino'
import { followKeys } from '../src/config/key-file.ts'
import { loadPolicies } from '../src/config/policy-files.ts'
import { readSettings, type Settings, SettingsError } from '../src/config/settings.ts'
import { accessNeeds } from '../src/connections/access/required-access.ts'
import type { ConnectDeps } from '../src/connections/context.ts'
import { crmAddressRule } from '../src/connections/draft/address-rule.ts'
import '../src/crm/registry.ts'
import { type FieldsNeeded, fieldsNeeded } from '../src/model/policy/fields.ts'
import type { Crm } from '../src/model/record/change-event.ts'
import { policiesOf, publishPolicies, refreshReadiness } from '../src/pipeline/decide/publish-policies.ts'
import { createWorkflowReader } from '../src/pipeline/decide/running-workflows.ts'
import { startSweeper } from '../src/queue/sweeper.ts'
import { createQueues } from '../src/queue/wake.ts'
import { beat } from '../src/store/database/counters.ts'
import { type Database, openDatabase } from '../src/store/database/database.ts'
import { refuseUnusableSchema } from '../src/store/database/migrate.ts'
import { SchemaRefusedError } from '../src/store/database/schema-refusal.ts'
import { findOverdue } from '../src/store/records/overdue-stages.ts'
import { createSecretBox } from '../src/store/secrets/secret-box.ts'
import { connectUntilItWorks, environmentGrants } from './background/connect-from-environment.ts'
import { finishDisconnects } from './background/finish-disconnects.ts'
import { followConnections } from './background/follow-connections.ts'
import { runWatch } from './background/watch.ts'
import type { ConnectedClient, WorkerContext } from './runtime/context.ts'
import { runAct } from './stages/act.ts'
import { runApply } from './stages/apply.ts'
import { runComparisons } from './stages/compare.ts'
import { runDecide } from './stages/decide.ts'
import { runPoll } from './stages/poll.ts'
import { runRefresh } from './stages/refresh.ts'
import { runVerify } from './stages/verify.ts'

/** Promise 16: a stop takes at most ten seconds; half of that for work under way, the rest for connections. */
const DRAIN_MS = 5_000

/** Connections to Postgres per worker process: one per stage that may run at once, and some for beats and budgets. */
const POOL_MAX = 12

const ROLES = ['apply', 'refresh', 'decide', 'act', 'verify', 'poll', 'stream'] as const
type Role = (typeof ROLES)[number]

async function main(): Promise<void> {
  const settings = settingsOrExit()
  const roles = rolesOf(process.argv.slice(2))
  const logger = pino({ level: settings.logLevel, base: { role: 'worker' } })
  if (settings.databaseUrl === null) {
    logger.fatal(
      'DATABASE_URL is not set. npm start sets it for its workers; alone, a worker needs a database of yours',
    )
    process.exit(2)
  }
  const stopping = new AbortController()
  const db = openDatabase(settings.databaseUrl, { max: POOL_MAX, applicationName: 'lanekeeper-worker' })
  await databaseAnswers(db, logger, stopping.signal)
  await run(settings, settings.databaseUrl, db, logger, roles, stopping)
}

async function run(
  settings: Settings,
  databaseUrl: string,
  db: Database,
  logger: Logger,
  roles: ReadonlySet<Role>,
  stopping: AbortController,
): Promise<void> {
  const files = await loadPolicies(settings.configDir)
  for (const { file, errors } of files.refused) logger.info({ file, errors }, 'policy refused')
  const policies = policiesOf(files)
  const queues = createQueues({ databaseUrl, redisUrl: settings.redisUrl ?? undefined, logger })
  const clients = new Map<string, ConnectedClient>()
  const needed = new Map<string, FieldsNeeded>()

  const context: WorkerContext = {
    db,
    databaseUrl,
    queues,
    logger,
    instance: `${hostname()}/${process.pid}/${randomUUID().slice(0, 8)}`,
    publicUrl: settings.publicUrl,
    pollEveryS: settings.pollSeconds,
    nowMs: Date.now,
    workflows: createWorkflowReader(db),
    clientOf: (connectionId) => clients.get(connectionId),
    connectionIds: () => [...clients.keys()],
    refreshReadiness: async () => {
      const { changed } = await refreshReadiness(db)
      if (changed.length > 0) logger.info({ changed }, 'workflows run differently now')
    },
    fieldsOf: (crm: Crm, objectType: string) => {
      const key = `${crm}/${objectType}`
      const known = needed.get(key) ?? fieldsNeeded(policies, crm, objectType)
      needed.set(key, known)
      return known
    },
    signal: stopping.signal,
  }

  const { changed } = await publishPolicies(db, files)
  if (changed.length > 0) logger.info({ changed }, 'workflows in force')
  // Before anything is claimed: a claim of a process without a sign of life may be taken over at once.
  await beat(db, 'worker', context.instance, { pid: process.pid })
  if (roles.has('apply')) runApply(context)
  if (roles.has('refresh')) runRefresh(context)
  if (roles.has('decide')) runDecide(context)
  if (roles.has('act')) runAct(context)
  if (roles.has('verify')) runVerify(context)
  if (roles.has('poll')) runPoll(context)
  const sweeper = startSweeper({
    findOverdue: () => findOverdue(db, settings.pollSeconds),
    wake: queues.sweep,
    logger,
  })
  const deps: ConnectDeps = {
    db,
    box: createSecretBox(await followKeys(settings)),
    needsOf: (crm) => accessNeeds(policies, crm),
    ...crmAddressRule(settings),
    nowMs: context.nowMs,
    instance: context.instance,
  }
  const background = [
    runWatch(context),
    ...(roles.has('poll') ? [runComparisons(context)] : []),
    followConnections(context, deps, clients, { withStreams: roles.has('stream') }),
    finishDisconnects(context, deps),
    ...environmentGrants(settings).map((wanted) => connectUntilItWorks(deps, wanted, context)),
  ].map((task) =>
    task.catch((error) => {
      if (!stopping.signal.aborted) logger.error({ err: error }, 'background task ended')
    }),
  )

  const stop = async () => {
    stopping.abort()
    await sweeper.close()
    await queues.close(DRAIN_MS)
    await Promise.race([Promise.all(background), wait(2_000)])
    await Promise.race([db.destroy(), wait(2_000)])
  }
  closeWithGrace({ delay: 9_000, logger: false }, async ({ err }) => {
    if (err) logger.error({ err }, 'worker stops after an error')
    await stop()
  })
  stopWithParent()
  logger.info({ roles: [...roles] }, 'worker runs')
}

/** Promise 9: the database may be down or still starting. Nothing that remembers a first failure is built before this. */
async function databaseAnswers(db: Database, logger: Logger, signal: AbortSignal): Promise<void> {
  let said = false
  for (;;) {
    signal.throwIfAborted()
    try {
      await refuseUnusableSchema(db)
      await sql`select 1 from connection limit 1`.execute(db)
      return
    } catch (error) {
      if (error instanceof SchemaRefusedError) {
        process.stderr.write(`${error.message}.\n`)
        process.exit(1)
      }
      if (!said) logger.warn({ err: error }, 'waiting for the database')
      said = true
      await wait(500, undefined, { signal })
    }
  }
}

function settingsOrExit(): Settings {
  try {
    return readSettings(process.env)
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(2)
  }
}

/** `--roles apply,decide` runs only those stages in this process; without it, all. */
function rolesOf(args: readonly string[]): Set<Role> {
  const at = args.indexOf('--roles')
  if (at === -1) return new Set(ROLES)
  const names = (args[at + 1] ?? '').split(',').map((name) => name.trim())
  const roles = new Set<Role>()
  for (const name of names) {
    const role = ROLES.find((r) => r === name)
    if (!role) {
      process.stderr.write(`Unknown role "${name}". Known: ${ROLES.join(', ')}\n`)
      process.exit(2)
    }
    roles.add(role)
  }
  return roles
}

/**
 * A supervisor that was killed cannot tell us: its end of our standard input closes. Elsewhere, in a container say, the
 * input is no pipe and its end means nothing.
 */
function stopWithParent(): void {
  const input = fstatSync(0, { throwIfNoEntry: false })
  if (!input?.isFIFO() && !input?.isSocket()) return
  process.stdin.on('end', () => process.kill(process.pid, 'SIGTERM')).on('error', () => undefined)
  process.stdin.resume()
}

await main()
