import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { strToU8, zipSync } from 'fflate'
import { z } from 'zod'
import { AppProjectError } from '../../crm/app-project.ts'
import type { CrmAdapter } from '../../crm/crm-adapter.ts'
import { knownAdapters } from '../../crm/registry.ts'
import { type Asked, actorOfSession, whileAllowed } from '../../people/permitted.ts'
import { sayYesToWriting, stopWriting } from '../../people/writing.ts'
import type { Database } from '../../store/database/database.ts'
import { namesOf } from '../../store/people/persons.ts'
import type { Session } from '../../store/people/sessions.ts'
import { type Asks, asks, asksByItself, ofConnection } from '../authority/asks.ts'
import { ProblemError } from '../server/problem.ts'
import { accessView } from './access-view.ts'
import { type ConnectSetUp, canCallUs, connectOptions, redirectUriOf } from './connect-options.ts'
import { connectProblems } from './connect-problems.ts'
import {
  AccessView,
  ClientSecretRequest,
  ConnectOptionsReply,
  DisconnectReply,
  DisconnectRequest,
  Shares,
  TaskKeyView,
  WritingReply,
  WritingRequest,
} from './connect-types.ts'

const Params = z.object({ id: z.string().regex(/^[\w:.-]{1,200}$/) })
const CHANGES = { rateLimit: { max: 30, timeWindow: '1 minute' }, asks: asks('connect', ofConnection) }
const KEYS = { ...CHANGES, asks: asks('change-keys', ofConnection) }
/** Who else has to say yes stands in rows, so it is asked in the transaction that turns writing on. */
const WRITING = { ...CHANGES, asks: asksByItself('allow-writing', 'stop-writing') }
const ENDING: { readonly rateLimit: object; readonly asks: Asks } = {
  ...CHANGES,
  asks: { acts: ['disconnect', 'erase'], of: whatItEnds, hasOwnEntry: true },
}
const READS = { rateLimit: { max: 300, timeWindow: '1 minute' } }
/** Below the console's own patience, so that a sentence arrives rather than a cut connection. */
const ANSWER_WITHIN_MS = 55_000

type ConnectionRoutes = {
  readonly db: Database
  readonly setUp: ConnectSetUp
  readonly requireSession: (request: FastifyRequest) => Promise<Session>
}

type App = Parameters<FastifyPluginAsyncZod>[0]

/** What an admin does with a connection that stands, and what the page for connecting has to know first. */
export const connectionRoutes: FastifyPluginAsyncZod<ConnectionRoutes> = async (app, options) => {
  app.get('/connect-options', { schema: { response: { 200: ConnectOptionsReply } }, config: READS }, async () =>
    connectOptions(options.setUp),
  )
  for (const adapter of knownAdapters()) appProjectRoute(app, options, adapter)
  accessRoutes(app, options)
  limitRoutes(app, options)
  decisionRoutes(app, options)
}

/** Files that make our app in an account, for a CRM that takes such. */
function appProjectRoute(app: App, { setUp }: ConnectionRoutes, { profile: { crm }, appProject }: CrmAdapter): void {
  if (appProject === null) return
  app.get(
    `/${crm}-project.zip`,
    {
      schema: {
        hide: true,
        querystring: z.object({ kind: z.enum(['static', 'oauth']), push: z.enum(['true', 'false']).default('true') }),
      },
      config: READS,
    },
    async (request, reply) => {
      const { kind: login, push } = request.query
      const files = withAddressProblems(() =>
        appProject.files({
          login,
          webhookUrl: push === 'true' && canCallUs(setUp, crm) ? setUp.webhookUrlOf(crm) : null,
          redirectUrl: login === 'oauth' ? redirectUriOf(setUp.publicUrl, crm) : null,
          needs: setUp.needsOf(crm),
        }),
      )
      const zip = zipSync(
        Object.fromEntries(files.map(({ path, content }) => [`lanekeeper/${path}`, strToU8(content)])),
      )
      return reply
        .type('application/zip')
        .header('content-disposition', `attachment; filename="lanekeeper-${crm}-project.zip"`)
        .send(Buffer.from(zip))
    },
  )
}

function withAddressProblems<T>(make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof AppProjectError)) throw error
    const detail = `${error.message}. Set LANEKEEPER_PUBLIC_URL to such an address and start again.`
    throw new ProblemError('bad-request', 400, detail, { cause: error })
  }
}

function accessRoutes(app: App, { db, setUp: { connecting } }: ConnectionRoutes): void {
  app.post(
    '/connections/:id/check',
    { schema: { params: Params, response: { 200: AccessView } }, config: CHANGES },
    async (request) => {
      const { id } = await known(db, request.params.id)
      return accessView(await connectProblems(() => inTime(connecting.checkConnection(id))))
    },
  )

  app.post(
    '/connections/:id/task-key',
    { schema: { params: Params, response: { 200: TaskKeyView } }, config: CHANGES },
    async (request) => {
      const { id } = await known(db, request.params.id)
      return connectProblems(() => inTime(connecting.createTaskKey(id)))
    },
  )
}

function limitRoutes(app: App, { db, setUp: { connecting }, requireSession }: ConnectionRoutes): void {
  app.post(
    '/connections/:id/shares',
    { schema: { params: Params, body: Shares, response: { 200: Shares } }, config: CHANGES },
    async (request) => {
      const { id } = await known(db, request.params.id)
      await connectProblems(() => connecting.setShares(id, request.body))
      return request.body
    },
  )

  app.post(
    '/connections/:id/client-secret',
    { schema: { params: Params, body: ClientSecretRequest, response: { 204: z.null() } }, config: KEYS },
    async (request, reply) => {
      const { add, retireOld } = request.body
      if (add === undefined && retireOld !== true) {
        throw new ProblemError('bad-request', 400, 'Give the new client secret, or say that the old ones are retired.')
      }
      const [{ id }, session] = await Promise.all([known(db, request.params.id), requireSession(request)])
      const change = { ...(add === undefined ? {} : { add }), ...(retireOld === undefined ? {} : { retireOld }) }
      const asked = [{ act: 'change-keys', subject: ofConnection(request) }] as const
      await connectProblems(() =>
        whileAllowed(db, actorOfSession(session), asked, (still) => connecting.changeClientSecret(id, change, still)),
      )
      return reply.code(204).send(null)
    },
  )
}

function decisionRoutes(app: App, { db, setUp: { connecting }, requireSession }: ConnectionRoutes): void {
  app.post(
    '/connections/:id/writing',
    { schema: { params: Params, body: WritingRequest, response: { 200: WritingReply } }, config: WRITING },
    async (request) => {
      const [{ id }, session] = await Promise.all([known(db, request.params.id), requireSession(request)])
      const actor = actorOfSession(session)
      if (!request.body.allowed) {
        await connectProblems(() => stopWriting(db, actor, id))
        return { isOn: false, waitsFor: [] }
      }
      const { isOn, waitsFor } = await connectProblems(() => sayYesToWriting(db, actor, id))
      const names = await namesOf(db, waitsFor)
      return { isOn, waitsFor: waitsFor.map((personId) => names.get(personId) ?? personId) }
    },
  )

  app.post(
    '/connections/:id/disconnect',
    { schema: { params: Params, body: DisconnectRequest, response: { 200: DisconnectReply } }, config: ENDING },
    async (request) => {
      const [{ id, title }, session] = await Promise.all([known(db, request.params.id), requireSession(request)])
      const { history, title: typed } = request.body
      if (history === 'erase' && typed.trim() !== title) {
        const detail = `To erase what is kept, type the name of the connection exactly: ${title}`
        throw new ProblemError('bad-request', 400, detail)
      }
      const { message } = await connectProblems(() =>
        whileAllowed(db, actorOfSession(session), whatItEnds(request), (still) =>
          inTime(connecting.disconnect(id, { history, by: session.actor, still })),
        ),
      )
      return { message: [...message] }
    },
  )
}

function whatItEnds(request: FastifyRequest): Asked[] {
  const subject = ofConnection(request)
  const { history } = request.body as z.infer<typeof DisconnectRequest>
  return [{ act: 'disconnect', subject }, ...(history === 'erase' ? [{ act: 'erase', subject } as const] : [])]
}

async function known(db: Database, id: string): Promise<{ readonly id: string; readonly title: string }> {
  const row = await db.selectFrom('connection').select(['id', 'title']).where('id', '=', id).executeTakeFirst()
  if (!row) throw new ProblemError('not-found', 404, 'There is no such connection. It may have been erased.')
  return row
}

/** The work goes on when its answer takes too long; only the waiting ends. */
async function inTime<T>(work: Promise<T>): Promise<T> {
  const waiting = new AbortController()
  try {
    return await Promise.race([
      work,
      wait(ANSWER_WITHIN_MS, undefined, { signal: waiting.signal }).then(() => {
        throw new ProblemError(
          'crm-no-answer',
          503,
          'The CRM takes long to answer. What was begun goes on; look again in a minute.',
          { retryable: true },
        )
      }),
    ])
  } finally {
    waiting.abort()
  }
}
