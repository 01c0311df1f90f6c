import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Actor } from '../model/authority/acts.ts'
import { actorOfSession, actorOfToken } from '../people/permitted.ts'
import type { Database } from '../store/database/database.ts'
import { actsRoutes } from './acts/acts-routes.ts'
import { installAsking } from './authority/asks.ts'
import { CaseReply, HeldReply, ListQuery, ListReply } from './cases/case-types.ts'
import type { CrmLinks } from './cases/crm-links.ts'
import { readCase, readHeldPage } from './cases/read-case.ts'
import { readExceptions } from './cases/read-exceptions.ts'
import { changeRoutes } from './changes/change-routes.ts'
import { markRoutes } from './changes/mark-routes.ts'
import { tryRoutes } from './changes/try-routes.ts'
import type { ConnectSetUp } from './connections/connect-options.ts'
import { connectionRoutes } from './connections/connection-routes.ts'
import { ConnectionsReply } from './connections/connection-types.ts'
import { draftRoutes } from './connections/draft-routes.ts'
import { readConnections } from './connections/read-connections.ts'
import { controlRoutes } from './control/control-routes.ts'
import { departureRoutes } from './departures/departure-routes.ts'
import { LiveChanges } from './overview/live-changes.ts'
import { Overview } from './overview/overview-types.ts'
import { readOverview } from './overview/read-overview.ts'
import { peopleRoutes } from './people/people-routes.ts'
import { ProblemError } from './server/problem.ts'
import { machineGuard } from './sessions/machine-guard.ts'
import { ownSessionRoutes } from './sessions/own-session-routes.ts'
import { sessionGuard } from './sessions/session-guard.ts'
import type { SignInSetUp } from './sessions/sign-in-set-up.ts'
import { failedEventRoutes } from './sync-status/failed-event-routes.ts'
import { syncStatusRoutes } from './sync-status/sync-status-routes.ts'
import { readUpgradesReply } from './upgrades/read-upgrades-reply.ts'
import { UpgradesReply } from './upgrades/upgrade-types.ts'
import { backlogRoutes } from './workflows/backlog-routes.ts'
import { modeRoutes } from './workflows/mode-routes.ts'
import type { ExplainPolicy } from './workflows/read-workflows.ts'
import { workflowRoutes } from './workflows/workflow-routes.ts'

/** As settings have it unless they say otherwise. */
const POLL_SECONDS = 60

export type ConsoleOptions = {
  readonly db: Database
  readonly publicUrl: string
  readonly links: CrmLinks
  readonly explain: ExplainPolicy | null
  readonly now: () => Date
  /** How connections are made, changed and ended; null where nobody may. */
  readonly connect: ConnectSetUp | null
  readonly signIn: SignInSetUp
}

/** What the console reads, and below it what an admin changes. All of it behind a session. */
export const consoleRoutes: FastifyPluginAsyncZod<ConsoleOptions> = async (app, options) => {
  const { db, publicUrl, links, explain, now, connect, signIn } = options
  const requireSession = sessionGuard(db, publicUrl, signIn.sandbox)
  const requireActor = actorGuard(db, publicUrl, requireSession)
  installAsking(app, db, requireActor)
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })
  const rateLimit = { max: 600, timeWindow: '1 minute' }

  app.get('/overview', { schema: { response: { 200: Overview } }, config: { rateLimit } }, () =>
    readOverview(db, now()),
  )

  app.get(
    '/exceptions',
    { schema: { querystring: ListQuery, response: { 200: ListReply } }, config: { rateLimit } },
    (request) => readExceptions(db, request.query, now()),
  )

  app.get(
    '/exceptions/:id',
    {
      // Fifteen digits: every id of ours, and still exact as a number.
      schema: { params: z.object({ id: z.string().regex(/^\d{1,15}$/) }), response: { 200: CaseReply } },
      config: { rateLimit },
    },
    async (request) => {
      const found = await readCase(db, Number(request.params.id), links)
      if (!found) throw new ProblemError('not-found', 404, 'There is no case with this number.')
      return found
    },
  )

  app.get(
    '/exceptions/:id/held',
    {
      schema: {
        params: z.object({ id: z.string().regex(/^\d{1,15}$/) }),
        querystring: z.object({ offset: z.coerce.number().int().min(0).max(10_000_000).default(0) }),
        response: { 200: HeldReply },
      },
      config: { rateLimit },
    },
    (request) => readHeldPage(db, Number(request.params.id), request.query.offset, links),
  )

  app.get('/upgrades', { schema: { response: { 200: UpgradesReply } }, config: { rateLimit } }, () =>
    readUpgradesReply(db),
  )

  app.get('/connections', { schema: { response: { 200: ConnectionsReply } }, config: { rateLimit } }, () =>
    readConnections(db, { links, now: now(), pollSeconds: connect?.pollSeconds ?? POLL_SECONDS }),
  )

  await app.register(topicRoutes, {
    db,
    publicUrl,
    links,
    explain,
    now,
    connect,
    signIn,
    requireSession,
    requireActor,
  })
  installLiveChanges(app, new LiveChanges(db), requireSession)
}

type Topics = ConsoleOptions & {
  readonly requireSession: ReturnType<typeof sessionGuard>
  readonly requireActor: (request: FastifyRequest) => Promise<Actor>
}

/** Each topic of the console in a room of its own. */
const topicRoutes: FastifyPluginAsyncZod<Topics> = async (app, options) => {
  const { db, publicUrl, links, explain, now, connect, signIn, requireSession, requireActor } = options
  await app.register(syncStatusRoutes, { db, links, now })
  await app.register(failedEventRoutes, { db, requireSession })
  await app.register(actsRoutes, { db })
  await app.register(departureRoutes, { db, now })
  await app.register(workflowRoutes, { db, explain })
  await app.register(ownSessionRoutes, { db, publicUrl, signIn, requireSession })
  await app.register(backlogRoutes, { db, requireSession })
  await app.register(modeRoutes, { db, requireSession })
  await app.register(peopleRoutes, { db, publicUrl, links, mailer: signIn.mailer, now, requireSession })
  const askUser = connect?.connecting.isUserActive ?? null
  await app.register(controlRoutes, { db, requireSession, requireActor, askUser })
  await app.register(changeRoutes, { db, explain, requireSession, askUser })
  await app.register(tryRoutes, { db, links, requireSession })
  await app.register(markRoutes, { db, requireSession, askUser })
  if (connect) {
    await app.register(draftRoutes, { setUp: connect, requireSession })
    await app.register(connectionRoutes, { db, setUp: connect, requireSession })
  }
}

/** Who asks: somebody's session, or a program by its token. */
function actorGuard(db: Database, publicUrl: string, requireSession: ReturnType<typeof sessionGuard>) {
  const machineOf = machineGuard(db, publicUrl)
  return async (request: FastifyRequest) => {
    const token = await machineOf(request)
    return token === null ? actorOfSession(await requireSession(request)) : actorOfToken(token)
  }
}

function installLiveChanges(
  app: FastifyInstance,
  live: LiveChanges,
  requireSession: ReturnType<typeof sessionGuard>,
): void {
  app.addHook('preClose', async () => live.close())
  app.get(
    '/live',
    { schema: { hide: true }, config: { personsOnly: true, pausePage: true } },
    async (request, reply) => {
      await live.listen(reply, () =>
        requireSession(request).then(
          () => true,
          (error) => !(error instanceof ProblemError),
        ),
      )
      return reply
    },
  )
}
