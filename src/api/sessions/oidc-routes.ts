import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { beginOidc, finishOidc } from '../../people/sign-in-oidc.ts'
import { type Provider, ProviderError } from '../../people/sign-in-provider.ts'
import type { Session } from '../../store/people/sessions.ts'
import { ProblemError } from '../server/problem.ts'
import { ProblemReply } from '../server/problem-types.ts'
import type { Refused } from './refusal-types.ts'
import { browserOf, giveSession, sessionGuard } from './session-guard.ts'
import { keepSignInCookie, ownPage, signInCookie } from './sign-in-cookie.ts'
import type { SessionRoutes } from './sign-in-set-up.ts'

const CALLBACK = '/sign-in/callback'

const Purpose = z.enum(['sign-in', 'add', 'again'])

/** Signing in through the identity provider: sends the browser there, and takes what it comes back with. */
export const oidcRoutes: FastifyPluginAsyncZod<SessionRoutes & { readonly provider: Provider }> = async (
  app,
  { db, publicUrl, signIn, provider },
) => {
  const requireSession = sessionGuard(db, publicUrl, signIn.sandbox)
  const rateLimit = { max: 30, timeWindow: '1 minute' }

  app.post(
    '/api/session/oidc',
    {
      schema: {
        body: z.object({ returnTo: z.string().max(600).optional(), purpose: Purpose }),
        response: { 200: z.object({ url: z.string() }), 503: ProblemReply },
      },
      config: { rateLimit },
    },
    async (request, reply) => {
      const { purpose, returnTo } = request.body
      const session = purpose === 'add' ? await requireSession(request) : null
      const cookie = keepSignInCookie(request, reply, publicUrl)
      try {
        const url = await beginOidc(
          { db, provider },
          {
            cookie,
            redirectUri: new URL(CALLBACK, publicUrl).href,
            returnTo: ownPage(returnTo, publicUrl),
            forPerson: session?.personId ?? null,
            again: purpose === 'again',
          },
        )
        return { url }
      } catch (error) {
        if (!(error instanceof ProviderError)) throw error
        request.log.warn({ err: error }, 'the identity provider does not answer')
        throw new ProblemError(
          'sign-in-unavailable',
          503,
          `${new URL(provider.issuer).hostname} does not answer as an identity provider. Try again, sign in another way, or ask an admin to check LANEKEEPER_OIDC_ISSUER.`,
          { retryable: true, cause: error },
        )
      }
    },
  )

  app.get(CALLBACK, { schema: { hide: true }, config: { rateLimit } }, async (request, reply) => {
    const session = await requireSession(request).catch((error: unknown): Session | null => {
      if (error instanceof ProblemError) return null
      throw error
    })
    const answer = await finishOidc(
      { db, provider },
      {
        callback: new URL(request.url, publicUrl),
        cookie: signInCookie(request, publicUrl),
        session,
        browser: browserOf(request),
      },
    )
    if (answer.is === 'refused') {
      if (answer.cause !== undefined) request.log.warn({ err: answer.cause }, 'a sign-in was refused')
      const why: Refused = answer.why
      // Whoever is signed in stays so, and sees there what came of it.
      return reply.redirect(session === null ? `/sign-in?refused=${why}` : `/sessions?refused=${why}`, 303)
    }
    if (answer.is === 'added') return reply.redirect(answer.returnTo ?? '/sessions?added=provider', 303)
    await giveSession(db, publicUrl, { request, reply, made: answer.made })
    return reply.redirect(answer.returnTo ?? '/overview', 303)
  })
}
