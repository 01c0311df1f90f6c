import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { MailError } from '../../mail/mail-error.ts'
import type { Mailer } from '../../mail/send-mail.ts'
import { answerCode, askForCode } from '../../people/sign-in-code.ts'
import type { Session } from '../../store/people/sessions.ts'
import { ProblemError } from '../server/problem.ts'
import { ProblemReply } from '../server/problem-types.ts'
import { REFUSED } from './refusal-types.ts'
import { browserOf, giveSession, sessionGuard } from './session-guard.ts'
import { sessionReply } from './session-reply.ts'
import { CodeReply } from './session-types.ts'
import { keepSignInCookie, ownPage, signInCookie } from './sign-in-cookie.ts'
import type { SessionRoutes } from './sign-in-set-up.ts'

const Address = z.email('Enter an e-mail address').max(254)
/** As people type it: with a blank or a hyphen in the middle. */
const Code = z
  .string()
  .max(20)
  .transform((text) => text.replace(/[\s-]/g, ''))

/** Signing in with a code that is mailed. */
export const codeRoutes: FastifyPluginAsyncZod<SessionRoutes & { readonly mailer: Mailer }> = async (app, options) => {
  const { db, publicUrl, signIn, mailer } = options
  const requireSession = sessionGuard(db, publicUrl, signIn.sandbox)

  app.post(
    '/api/session/code',
    {
      schema: {
        body: z.object({
          address: Address,
          returnTo: z.string().max(600).optional(),
          purpose: z.enum(['sign-in', 'add']),
        }),
        response: { 204: z.null(), 429: ProblemReply, 503: ProblemReply },
      },
      // By IP address; for each mail address there is a limit of its own.
      config: { rateLimit: { max: 10, timeWindow: '10 minutes' } },
    },
    async (request, reply) => {
      const { address, returnTo, purpose } = request.body
      const session = purpose === 'add' ? await requireSession(request) : null
      const cookie = keepSignInCookie(request, reply, publicUrl)
      const onFailure = (error: unknown) => request.log.warn({ err: error }, 'a code could not be mailed')
      const asked = await askForCode(
        { db, mailer, publicUrl, onFailure },
        { address, cookie, returnTo: ownPage(returnTo, publicUrl), forPerson: session?.personId ?? null },
      ).catch(mailProblem)
      if (asked === 'too-many') {
        const says = 'Five codes were asked for, for this address. Wait ten minutes, then ask again.'
        throw new ProblemError('too-many-requests', 429, says, { retryable: true })
      }
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/api/session/code/answer',
    {
      schema: {
        body: z.object({ address: Address, code: Code }),
        response: { 200: CodeReply, 401: ProblemReply },
      },
      config: { rateLimit: { max: 30, timeWindow: '10 minutes' } },
    },
    async (request, reply) => {
      const session = await requireSession(request).catch((error: unknown): Session | null => {
        if (error instanceof ProblemError) return null
        throw error
      })
      const answer = await answerCode(db, {
        ...request.body,
        cookie: signInCookie(request, publicUrl),
        session,
        browser: browserOf(request),
      })
      if (answer.is === 'refused') {
        const left = answer.triesLeft ? ` ${answer.triesLeft} ${answer.triesLeft === 1 ? 'try' : 'tries'} left.` : ''
        throw new ProblemError('sign-in-refused', 401, `${REFUSED[answer.why]}${left}`)
      }
      if (answer.is === 'added') return { session: sessionReply(session!), returnTo: null, isAdded: true }
      await giveSession(db, publicUrl, { request, reply, made: answer.made })
      return { session: sessionReply(answer.made.session), returnTo: answer.returnTo, isAdded: false }
    },
  )
}

/** The sentence is an admin's; whoever signs in needs to know only that no code comes. */
function mailProblem(error: unknown): never {
  if (!(error instanceof MailError)) throw error
  const says =
    error.what === 'recipient'
      ? 'The mail server does not take mail for this address. Check how it is spelled.'
      : 'No mail can be sent now. Sign in another way, or tell an admin that the mail server fails.'
  throw new ProblemError('sign-in-unavailable', 503, says, { retryable: true, cause: error })
}
