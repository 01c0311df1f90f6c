import type { FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Actor } from '../../model/authority/acts.ts'
import { actorOfSession } from '../../people/permitted.ts'
import { type AskUser, askedNow } from '../../people/user-now.ts'
import { MarkError, type MarkProblem } from '../../publishing/mark-error.ts'
import { agreeToMark, endMark, proposeMark } from '../../publishing/mark-rule.ts'
import type { Database } from '../../store/database/database.ts'
import type { Session } from '../../store/people/sessions.ts'
import { asksByItself } from '../authority/asks.ts'
import { ProblemError } from '../server/problem.ts'
import { EndMarkRequest, MarkReply, MarksReply, NewMarkRequest } from './mark-types.ts'
import { readMarks } from './read-marks.ts'

type MarkRoutes = {
  readonly db: Database
  readonly requireSession: (request: FastifyRequest) => Promise<Session>
  readonly askUser: AskUser | null
}

const Id = z.object({ id: z.string().regex(/^\d{1,15}$/) })
const READS = { rateLimit: { max: 600, timeWindow: '1 minute' } }
/** Who wrote the rule and who proposed the mark stand in rows, so each act asks by itself. */
const MARKS = { rateLimit: { max: 60, timeWindow: '1 minute' }, asks: asksByItself('mark') }
const NARROWS = { rateLimit: { max: 60, timeWindow: '1 minute' }, asks: asksByItself('narrow') }

/** Marks: a rule may settle cases beyond expected because two people said so, until a day. */
export const markRoutes: FastifyPluginAsyncZod<MarkRoutes> = async (app, { db, requireSession, askUser }) => {
  const actorOf = async (request: FastifyRequest): Promise<Actor> => actorOfSession(await requireSession(request))
  app.get('/changes/marks', { schema: { response: { 200: MarksReply } }, config: READS }, async (request) => {
    const actor = await actorOf(request)
    // For showing a button nobody asks a CRM; the acts themselves do.
    return readMarks(db, actor.kind === 'person' ? { ...actor, isActiveInCrm: 'no-user' } : actor)
  })
  app.post(
    '/changes/marks',
    { schema: { body: NewMarkRequest, response: { 201: MarkReply } }, config: MARKS },
    async (request, reply) => {
      const id = await said(proposeMark(db, await actorOf(request), request.body))
      return reply.code(201).send({ id })
    },
  )
  app.post(
    '/changes/marks/:id/agree',
    { schema: { params: Id, response: { 204: z.null() } }, config: MARKS },
    async (request, reply) => {
      await said(agreeToMark(db, await actorOf(request), Number(request.params.id)))
      return reply.code(204).send(null)
    },
  )
  app.post(
    '/changes/marks/:id/end',
    { schema: { params: Id, body: EndMarkRequest, response: { 204: z.null() } }, config: NARROWS },
    async (request, reply) => {
      const actor = await askedNow(db, await actorOf(request), askUser)
      await said(endMark(db, actor, Number(request.params.id), request.body.reason))
      return reply.code(204).send(null)
    },
  )
}

const STATUS: Partial<Record<MarkProblem, number>> = { 'no-mark': 404, 'no-rule': 404 }

async function said<Value>(act: Promise<Value>): Promise<Value> {
  try {
    return await act
  } catch (error) {
    if (!(error instanceof MarkError)) throw error
    const status = STATUS[error.problem] ?? 409
    throw new ProblemError(status === 404 ? 'not-found' : 'not-marked', status, error.message)
  }
}
