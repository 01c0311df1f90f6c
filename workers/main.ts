import '../src/crm/registry.ts'
import { skewMachineClock } from '../src/clock/clock.ts'
import { loadPolicies, reloadPolicy } from '../src/config/policies/policy-files.ts'
import { environmentGrants } from '../src/config/settings/environment-grants.ts'
import { followKeys } from '../src/config/settings/key-file.ts'
import { createLogger } from '../src/config/settings/logger.ts'
import { configFolder, readSettings, type Settings, SettingsError } from '../src/config/settings/settings.ts'
import { accessNeeds } from '../src/connections/access/required-access.ts'
import type { ConnectDeps } from '../src/connections/context.ts'
import { crmAddressRule } from '../src/connections/draft/address-rule.ts'
import { endExamples } from '../src/publishing/end-examples.ts'
import { seedFromFiles } from '../src/publishing/follow-files.ts'
import { adoptWhatRuns, runWhatIsPublished } from '../src/publishing/put-in-force.ts'
import { startSweeper } from '../src/queue/sweeper.ts'
import { followDatabaseClock } from '../src/store/database/clock.ts'
import { beat } from '../src/store/database/counters.ts'
import { type Database, openDatabase } from '../src/store/database/database.ts'
import { findOverdue } from '../src/store/decisions/overdue-stages.ts'
import { createSecretBox } from '../src/store/secrets/secret-box.ts'
import { runBeat } from './background/beat.ts'
import { connectUntilItWorks } from './background/connect-from-environment.ts'
import { runErasures } from './background/erase-due.ts'
import { finishDisconnects } from './background/finish-disconnects.ts'
import { followConnections } from './background/follow-connections.ts'
import { runJobs } from './background/job-clock.ts'
import { runQuickChecks } from './background/quick-checks.ts'
import { runPublishing } from './background/run-publishing.ts'
import { runWatch } from './background/watch.ts'
import { awaitDatabase } from './runtime/await-database.ts'
import type { ConnectedClient, WorkerContext } from './runtime/context.ts'
import { createContext } from './runtime/create-context.ts'
import { type FollowedPolicies, followedPolicies } from './runtime/followed-policies.ts'
import { type Role, rolesOf } from './runtime/roles.ts'
import { stopWithGrace } from './runtime/stop.ts'
import { runComparisons } from './stages/compare.ts'
import { startStages } from './stages/start-stages.ts'

/** Connections to Postgres per worker process: one per stage that may run at once, and some for beats and budgets. */
const POOL_MAX = 12

async function main(): Promise<void> {
  const settings = settingsOrExit()
  skewMachineClock(settings.clockSkewMs)
  const roles = rolesOf(process.argv.slice(2))
  const logger = createLogger(settings.logLevel, 'worker')
  const { databaseUrl } = settings
  if (databaseUrl === null) {
    logger.fatal(
      'DATABASE_URL is not set. npm start sets it for its workers; alone, a worker needs a database of yours',
    )
    process.exit(2)
  }
  const stopping = new AbortController()
  const { signal } = stopping
  const db = openDatabase(databaseUrl, { max: POOL_MAX, applicationName: 'lanekeeper-worker' })
  await awaitDatabase(db, logger, signal)
  await followDatabaseClock(db)
  const { changed } = await putInForceAtStart(db, settings, logger)
  if (changed.length > 0) logger.info({ changed }, 'workflows in force')
  // As they run and not as the files say: the last good version of a file that was refused needs its fields as well.
  const policies = await followedPolicies(db)
  const clients = new Map<string, ConnectedClient>()
  const context = createContext(settings, { db, databaseUrl, logger, policies, clients, roles: [...roles], signal })
  // Before anything is claimed: the claim of a process without a heartbeat may be taken over at once.
  await beat(db, 'worker', context.instance, { pid: process.pid, roles: context.roles })
  startStages(context, roles)
  const sweeper = startSweeper({
    findOverdue: () => findOverdue(db, settings.pollSeconds),
    wake: context.queues.sweep,
    logger,
  })
  const deps = await connectDeps(context, settings, policies)
  const background = startBackground(context, deps, clients, settings, roles)
  stopWithGrace(context, { stopping, sweeper, background })
  logger.info({ roles: [...roles] }, 'worker runs')
}

/** The sandbox shows its files at once. Anywhere else files are drafts, and what is published runs as it did. */
async function putInForceAtStart(
  db: Database,
  settings: Settings,
  logger: WorkerContext['logger'],
): Promise<{ readonly changed: readonly string[] }> {
  const folder = configFolder(settings)
  if (folder !== null) {
    const files = { ...loadPolicies(folder), reload: reloadPolicy }
    for (const { file, errors } of files.refused) logger.info({ file, errors }, 'policy refused')
    if (settings.sandbox === 'on') return seedFromFiles(db, folder, files)
  }
  const { changed: left } = await endExamples(db)
  if (left.length > 0) logger.info({ changed: left }, 'the examples of the sandbox ended')
  await adoptWhatRuns(db)
  return runWhatIsPublished(db)
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

async function connectDeps(
  { db, nowMs, instance }: WorkerContext,
  settings: Settings,
  policies: FollowedPolicies,
): Promise<ConnectDeps> {
  return {
    db,
    box: createSecretBox(await followKeys(settings)),
    needsOf: (crm) => accessNeeds(policies.policies(), crm),
    ...crmAddressRule(settings),
    callDeadlineMs: settings.callDeadlineMs,
    nowMs,
    instance,
  }
}

/** Null: the sandbox's files are in force at once. */
function draftsFolder(settings: Settings): string | null {
  return settings.sandbox === 'on' ? null : configFolder(settings)
}

/** What no job wakes. A task that ends with an error is logged, and the others run on. */
function startBackground(
  context: WorkerContext,
  deps: ConnectDeps,
  clients: Map<string, ConnectedClient>,
  settings: Settings,
  roles: ReadonlySet<Role>,
): Promise<void>[] {
  const { logger, signal } = context
  return [
    runBeat({ ...context, beatMs: settings.beatMs }),
    runWatch(context),
    runPublishing(context, draftsFolder(settings)),
    ...(roles.has('poll') ? [runComparisons(context), runQuickChecks(context)] : []),
    followConnections(context, deps, clients, { withStreams: roles.has('stream') }),
    finishDisconnects(context, deps),
    runErasures(context),
    runJobs(context, settings),
    ...environmentGrants(settings).map((wanted) => connectUntilItWorks(deps, wanted, context)),
  ].map((task) =>
    task.catch((error) => {
      if (!signal.aborted) logger.error({ err: error }, 'background task ended')
    }),
  )
}

await main()
