import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Logger } from 'pino'
import { nowMs } from '../../src/clock/clock.ts'
import { namedAdmins } from '../../src/config/company/named-admins.ts'
import { namedMarks } from '../../src/config/company/named-marks.ts'
import { configFolder, type Settings } from '../../src/config/settings/settings.ts'
import { seedPeople } from '../../src/people/seed-people.ts'
import { refreshReadiness } from '../../src/pipeline/decide/publish-policies.ts'
import { createWorkflowReader } from '../../src/pipeline/decide/running-workflows.ts'
import { createQueues } from '../../src/queue/wake.ts'
import type { Database } from '../../src/store/database/database.ts'
import type { ConnectedClient, WorkerContext } from './context.ts'
import type { FollowedPolicies } from './followed-policies.ts'

/** Builds what every part of this process shares. `clients` starts empty and is filled by whoever opens connections. */
export function createContext(
  settings: Settings,
  shared: {
    readonly db: Database
    readonly databaseUrl: string
    readonly logger: Logger
    readonly policies: FollowedPolicies
    readonly clients: ReadonlyMap<string, ConnectedClient>
    readonly roles: readonly string[]
    readonly signal: AbortSignal
  },
): WorkerContext {
  const { db, databaseUrl, logger, policies, clients, roles, signal } = shared
  return {
    db,
    databaseUrl,
    queues: createQueues({ databaseUrl, redisUrl: settings.redisUrl ?? undefined, logger }),
    logger,
    instance: `${hostname()}/${process.pid}/${randomUUID().slice(0, 8)}`,
    roles,
    publicUrl: settings.publicUrl,
    pollEveryS: settings.pollSeconds,
    nowMs,
    timing: {
      grantMs: settings.grantMs,
      deadlineMs: settings.callDeadlineMs,
      marginMs: settings.callDeadlineMs / 4,
      deadAfterMs: settings.beatMs * 4,
    },
    workflows: createWorkflowReader(db),
    clientOf: (connectionId) => clients.get(connectionId),
    connectionIds: () => [...clients.keys()],
    refreshReadiness: async () => {
      const folder = configFolder(settings)
      await seedPeople(db, {
        isSandbox: settings.sandbox === 'on',
        admins: folder === null ? [] : namedAdmins(folder),
        marks: folder === null ? [] : namedMarks(folder),
      })
      const { changed } = await refreshReadiness(db)
      if (changed.length > 0) logger.info({ changed }, 'workflows run differently now')
    },
    fieldsOf: policies.fieldsOf,
    followPolicies: policies.follow,
    signal,
  }
}
