import type { FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { NotThereError } from '../../connections/errors.ts'
import type { Actor } from '../../model/authority/acts.ts'
import { askForPause, declinePause } from '../../people/ask-for-pause.ts'
import { pause, resume } from '../../people/pause.ts'
import { type AskUser, askedNow } from '../../people/user-now.ts'
import type { Database } from '../../store/database/database.ts'
import type { Session } from '../../store/people/sessions.ts'
import { asksByItself } from '../authority/asks.ts'
import { ProblemError } from '../server/problem.ts'
import {
  AnsweredReply,
  AskedReply,
  ControlReply,
  DeclineBody,
  PauseBody,
  PausedReply,
  ResumedReply,
} from './control-types.ts'
import { readControl, titlesOf } from './read-control.ts'

type ControlRoutes = {
  readonly db: Database
  readonly requireSession: (request: FastifyRequest) => Promise<Session>
  /** Who asks: somebody's session, or a program by its token. */
  readonly requireActor: (request: FastifyRequest) => Promise<Actor>
  /** Whether a user is active, by the CRM itself. Null where this service opens no CRM. */
  readonly askUser: AskUser | null
}

const Id = z.object({ id: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER) })
/** What an act is about stands in rows, so each asks by itself. The page is also read by one that can only pause. */
const READS = {
  rateLimit: { max: 600, timeWindow: '1 minute' },
  asks: asksByItself('read'),
  pausePage: true,
  personsOnly: true,
} as const
const LIMIT = { max: 60, timeWindow: '1 minute' }
const PAUSES = { rateLimit: LIMIT, asks: asksByItself('pause'), pausePage: true, personsOnly: true } as const
const RESUMES = { rateLimit: LIMIT, asks: asksByItself('resume'), pausePage: true, personsOnly: true } as const
const REQUESTS = {
  rateLimit: LIMIT,
  asks: asksByItself('ask-for-pause'),
  pausePage: true,
  tokenScope: 'ask-for-pause',
} as const

/** Pausing, asking for it and resuming. Nothing here asks a CRM but resuming, so a pause works while every CRM is down. */
export const controlRoutes: FastifyPluginAsyncZod<ControlRoutes> = async (
  app,
  { db, requireSession, requireActor: actorOf, askUser },
) => {
  app.get('/control', { schema: { response: { 200: ControlReply } }, config: READS }, async (request) =>
    readControl(db, await requireSession(request)),
  )

  app.post(
    '/pauses',
    { schema: { body: PauseBody, response: { 200: PausedReply } }, config: PAUSES },
    async (request) => {
      const { scope, reason } = request.body
      return withNotThere(pause(db, await actorOf(request), scope, reason))
    },
  )

  app.post(
    '/pauses/:id/resume',
    { schema: { params: Id, response: { 200: ResumedReply } }, config: RESUMES },
    async (request) => {
      const actor = await askedNow(db, await actorOf(request), askUser)
      const resumed = await withNotThere(resume(db, actor, request.params.id))
      const titles = await titlesOf(db)
      const stillPaused = (resumed?.stillPaused ?? []).map((workflow) => titles.get(workflow) ?? workflow)
      return { isResumed: resumed !== null, stillPaused }
    },
  )

  app.post(
    '/pause-requests',
    { schema: { body: PauseBody, response: { 200: AskedReply } }, config: REQUESTS },
    async (request) => {
      const { scope, reason } = request.body
      const { requestId, dueAt } = await withNotThere(askForPause(db, await actorOf(request), scope, reason))
      return { requestId, dueAt: dueAt?.toISOString() ?? null }
    },
  )

  app.post(
    '/pause-requests/:id/decline',
    { schema: { params: Id, body: DeclineBody, response: { 200: AnsweredReply } }, config: RESUMES },
    async (request) => {
      const actor = await askedNow(db, await actorOf(request), askUser)
      const isAnswered = await withNotThere(declinePause(db, actor, request.params.id, request.body.reason))
      return { isAnswered }
    },
  )
}

async function withNotThere<T>(act: Promise<T>): Promise<T> {
  try {
    return await act
  } catch (error) {
    if (error instanceof NotThereError) throw new ProblemError('not-found', 404, error.message)
    throw error
  }
}
