import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { MailError } from '../../mail/mail-error.ts'
import { endOneSession, endOtherSessions } from '../../people/end-session.ts'
import { answerJoin, endWay, type JoinAnswered } from '../../people/join-answers.ts'
import { actorOfSession, requireMay } from '../../people/permitted.ts'
import { sendTestMail } from '../../people/sign-in-code.ts'
import { asksByItself } from '../authority/asks.ts'
import { ProblemError } from '../server/problem.ts'
import { ProblemReply } from '../server/problem-types.ts'
import { SessionsReply } from './own-session-types.ts'
import { readOwnSessions } from './read-own-sessions.ts'
import type { RequireSession } from './session-guard.ts'
import type { SessionRoutes } from './sign-in-set-up.ts'
import { tokenRoutes } from './token-routes.ts'

export type OwnSessionRoutes = SessionRoutes & { readonly requireSession: RequireSession }

const LIMIT = { max: 120, timeWindow: '1 minute' }
const config = { personsOnly: true, rateLimit: LIMIT } as const
/** Ending what is one's own asks nobody; that of others asks by itself. */
const ENDS = { ...config, asks: asksByItself('read') } as const
const JOINS = { ...config, asks: asksByItself('confirm-join') } as const
const Id = z.object({ id: z.string().min(1).max(64) })
const Nothing = { 204: z.null() }

/** Whoever is signed in: their sessions, their ways to sign in; for an admin those of others. */
export const ownSessionRoutes: FastifyPluginAsyncZod<OwnSessionRoutes> = async (app, options) => {
  const { db, publicUrl, signIn, requireSession } = options
  app.get('/sessions', { schema: { response: { 200: SessionsReply } }, config }, async (request) =>
    readOwnSessions(db, await requireSession(request), signIn),
  )

  app.delete(
    '/sessions/:id',
    { schema: { params: Id, querystring: z.object({ person: z.string().max(64) }), response: Nothing }, config: ENDS },
    async (request, reply) => {
      const of = { id: request.params.id, personId: request.query.person }
      if (!(await endOneSession(db, await requireSession(request), of))) {
        throw new ProblemError('not-found', 404, 'This session has ended already.')
      }
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/sessions/end-others',
    { schema: { response: { 200: z.object({ ended: z.number() }) } }, config: ENDS },
    async (request) => ({
      ended: await endOtherSessions(db, await requireSession(request)),
    }),
  )

  app.delete(
    '/sign-in-ways/:id',
    { schema: { params: Join, response: Nothing }, config: ENDS },
    async (request, reply) => {
      if (!(await endWay(db, await requireSession(request), Number(request.params.id)))) {
        throw new ProblemError('not-found', 404, 'This is no way to sign in as you.')
      }
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/joins/:id',
    {
      schema: {
        params: Join,
        body: z.object({ personId: z.string().max(64), answer: z.enum(['confirm', 'refuse']) }),
        response: { ...Nothing, 409: ProblemReply },
      },
      config: JOINS,
    },
    async (request, reply) => {
      const of = { id: Number(request.params.id), ...request.body }
      const answered = await answerJoin(db, await requireSession(request), of)
      if (answered !== 'done') throw new ProblemError('out-of-date', 409, NOT_DONE[answered])
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/mail/test',
    {
      schema: {
        body: z.object({ to: z.email('Enter an e-mail address') }),
        response: { ...Nothing, 503: ProblemReply },
      },
      config: { personsOnly: true, rateLimit: { max: 10, timeWindow: '1 minute' }, asks: asksByItself('invite') },
    },
    async (request, reply) => {
      await requireMay(db, actorOfSession(await requireSession(request)), 'invite', {})
      if (signIn.mailer === null) throw new ProblemError('sign-in-unavailable', 503, NO_SERVER)
      await sendTestMail(signIn.mailer, request.body.to, publicUrl).catch((error: unknown) => {
        if (!(error instanceof MailError)) throw error
        throw new ProblemError('sign-in-unavailable', 503, error.message, { cause: error })
      })
      return reply.code(204).send(null)
    },
  )
  await app.register(tokenRoutes, options)
}

const Join = z.object({ id: z.string().regex(/^\d{1,15}$/) })

const NOT_DONE: Readonly<Record<Exclude<JoinAnswered, 'done'>, string>> = {
  gone: 'This was answered already.',
  'somebody-elses':
    'This account or address belongs to somebody else here, and nobody is two people. Nothing was changed.',
  'made-the-link':
    'You made the link of the session that proposed this, so somebody else has to confirm it: another admin, or the person after signing in another way.',
}

const NO_SERVER = 'No mail server is set. Set LANEKEEPER_SMTP_URL and LANEKEEPER_MAIL_FROM, then restart Lanekeeper.'
