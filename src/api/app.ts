import { randomUUID } from 'node:crypto'
import fastifyCookie from '@fastify/cookie'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import swagger from '@fastify/swagger'
import underPressure from '@fastify/under-pressure'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyPluginAsync, LogController } from 'fastify'
import { jsonSchemaTransform, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import { now as clockNow } from '../clock/clock.ts'
import type { Database } from '../store/database/database.ts'
import { type CrmLinks, NO_LINKS } from './cases/crm-links.ts'
import type { ConnectSetUp } from './connections/connect-options.ts'
import { oauthRoutes } from './connections/oauth-routes.ts'
import { consoleRoutes } from './console-routes.ts'
import { installConsoleFiles, installPageNotFound } from './server/console-files.ts'
import { databaseChecks, installHealth, type ReadinessCheck } from './server/health.ts'
import { installProblems, ProblemError } from './server/problem.ts'
import { installSameOrigin } from './server/same-origin.ts'
import { sessionGuard } from './sessions/session-guard.ts'
import { sessionRoutes } from './sessions/session-routes.ts'
import { LINKS_ONLY, type SignInSetUp } from './sessions/sign-in-set-up.ts'
import type { ExplainPolicy } from './workflows/read-workflows.ts'

export type AppOptions = {
  readonly db: Database
  /** How people reach the console: `http://localhost:3000`. Decides cookies, allowed origin and host name. */
  readonly publicUrl: string
  /** Host names besides the public one under which CRMs or proxies reach us. */
  readonly extraHosts?: readonly string[]
  readonly logger?: FastifyBaseLogger
  /** Where the built console is, `console/dist`; null serves the API alone. */
  readonly consoleDir?: string | null
  readonly now?: () => Date
  /** Routes of other rooms: webhooks. Registered after the guards, so they are under them. */
  readonly plugins?: readonly FastifyPluginAsync[]
  /** Besides the database and its schema, which are always checked. */
  readonly readiness?: readonly ReadinessCheck[]
  /** What the start still waits for, in words; null when started. */
  readonly started?: () => string | null
  readonly links?: CrmLinks
  readonly explain?: ExplainPolicy | null
  /** How connections are made, changed and ended; null serves none of these routes. */
  readonly connect?: ConnectSetUp | null
  /** How people sign in besides by a link, which always works. */
  readonly signIn?: SignInSetUp
}

/** CRMs stay far below this in one delivery of webhooks (100 events, about 40 KB). */
const BODY_MAX_BYTES = 1_048_576
const REQUEST_TIMEOUT_MS = 15_000
const HEADERS_TIMEOUT_MS = 10_000
/** Above the console's heartbeat of 20 s; an idle socket is closed after this. */
const CONNECTION_TIMEOUT_MS = 75_000
/** Averaged over a second. Beyond this, answering "later" is kinder than answering late. */
const EVENT_LOOP_DELAY_MAX_MS = 2_000

const NEVER_TOO_BUSY: ReadonlySet<string> = new Set(['/api/console/control', '/api/console/pauses'])

/** Builds the whole HTTP side and returns it; listens to nothing, reads no environment. */
export function buildApp(options: AppOptions): FastifyInstance {
  const { db, publicUrl } = options
  const app = createServer(options)
  installProblems(app)
  installSameOrigin(app, { publicUrl, extraHosts: options.extraHosts ?? [] })
  installHelmet(app, publicUrl)
  installLimits(app)
  app.register(swagger, {
    openapi: { openapi: '3.1.0', info: { title: 'Lanekeeper', version: '1' } },
    transform: jsonSchemaTransform,
  })
  installHealth(app, {
    checks: [...databaseChecks(db), ...(options.readiness ?? [])],
    started: options.started ?? (() => null),
  })
  registerRoutes(app, options)
  refuseOtherMethods(app)
  return app
}

function createServer({ logger }: AppOptions): FastifyInstance {
  const app = Fastify({
    ...(logger ? { loggerInstance: logger } : { logger: false }),
    bodyLimit: BODY_MAX_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    http: { headersTimeout: HEADERS_TIMEOUT_MS },
    // The caller's own id is not taken over: it would let a stranger write into our logs.
    genReqId: () => randomUUID(),
    // A line per webhook would be most of the log; counters say the same.
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
  })
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  return app
}

function installLimits(app: FastifyInstance): void {
  app.register(fastifyCookie)
  app.register(rateLimit, { global: false })
  app.register(underPressure, {
    maxEventLoopDelay: EVENT_LOOP_DELAY_MAX_MS,
    pressureHandler: (request) => {
      // A busy process is alive; a supervisor that restarts it for that makes it worse.
      if (request.url === '/livez') return
      // Whoever stops something must not be told to come back later.
      if (NEVER_TOO_BUSY.has(pathOf(request.url))) return
      throw Object.assign(new Error('event loop delayed'), { statusCode: 503 })
    },
  })
}

function registerRoutes(app: FastifyInstance, options: AppOptions): void {
  const { db, publicUrl, consoleDir, now = clockNow, signIn = LINKS_ONLY } = options
  app.register(sessionRoutes, { db, publicUrl, signIn })
  app.register(consoleRoutes, {
    prefix: '/api/console',
    db,
    publicUrl,
    now,
    links: options.links ?? NO_LINKS,
    explain: options.explain ?? null,
    connect: options.connect ?? null,
    signIn,
  })
  const requireSession = sessionGuard(db, publicUrl, signIn.sandbox)
  if (options.connect) app.register(oauthRoutes, { db, setUp: options.connect, requireSession })
  app.get('/api/openapi.json', { schema: { hide: true } }, async (request, reply) => {
    await requireSession(request)
    return reply.type('application/json').send(JSON.stringify(app.swagger()))
  })
  for (const plugin of options.plugins ?? []) app.register(plugin)
  if (!consoleDir) return
  app.register(async (scope) => installConsoleFiles(scope, consoleDir))
  installPageNotFound(app, consoleDir)
}

/** A route with another method answers 405 rather than pretending that the address does not exist. */
function refuseOtherMethods(app: FastifyInstance): void {
  app.addHook('onRequest', async (request) => {
    if (!request.is404) return
    const other = METHODS.some(
      (method) => method !== request.method && app.hasRoute({ method, url: pathOf(request.url) }),
    )
    if (other) throw new ProblemError('method-not-allowed', 405, `This address does not take ${request.method}.`)
  })
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

function pathOf(url: string): string {
  return url.split('?', 1)[0]!
}

function installHelmet(app: FastifyInstance, publicUrl: string): void {
  const https = publicUrl.startsWith('https:')
  app.register(helmet, {
    enableCSPNonces: true,
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        // Mantine writes its theme variables into one style element, which carries the nonce.
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    crossOriginEmbedderPolicy: false,
    referrerPolicy: { policy: 'no-referrer' },
    // Browsers remember this for a year; on a laptop without TLS it would lock people out of localhost.
    hsts: https ? { maxAge: 31_536_000 } : false,
  })
}
