import type { FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { signInAsCast } from '../../people/sign-in.ts'
import { isCastOpen, readCast } from '../../store/people/sign-in-cast.ts'
import { ProblemError } from '../server/problem.ts'
import { ProblemReply } from '../server/problem-types.ts'
import { browserOf, giveSession } from './session-guard.ts'
import { sessionReply } from './session-reply.ts'
import { SessionReply, WaysReply } from './session-types.ts'
import type { SessionRoutes } from './sign-in-set-up.ts'

/** How people can sign in here, and the sandbox's way: as anybody of its cast. */
export const castRoutes: FastifyPluginAsyncZod<SessionRoutes> = async (app, { db, publicUrl, signIn }) => {
  app.get(
    '/api/session/ways',
    { schema: { response: { 200: WaysReply } }, config: { rateLimit: { max: 120, timeWindow: '1 minute' } } },
    async (request) => {
      const isOpen = isFromHere(request) && (await isCastOpen(db, signIn.sandbox))
      const cast = isOpen ? await readCast(db) : null
      const provider = signIn.provider === null ? null : new URL(signIn.provider.issuer).hostname
      const code = signIn.mailer !== null
      return { provider, code, cast: cast?.map(({ lanes, ...member }) => ({ ...member, lanes: [...lanes] })) ?? null }
    },
  )

  app.post(
    '/api/session/cast',
    {
      schema: {
        body: z.object({ personId: z.string().min(1).max(64) }),
        response: { 200: SessionReply, 404: ProblemReply },
      },
      config: { rateLimit: { max: 60, timeWindow: '1 minute' } },
    },
    async (request, reply) => {
      const { personId } = request.body
      const made = isFromHere(request)
        ? await signInAsCast(db, { personId, browser: browserOf(request), sandbox: signIn.sandbox })
        : null
      if (made === null) {
        throw new ProblemError(
          'not-found',
          404,
          'Only the sandbox has a cast to sign in as, and only while no other CRM is connected. Sign in as yourself.',
        )
      }
      await giveSession(db, publicUrl, { request, reply, made })
      return sessionReply(made.session)
    },
  )
}

/** A proxy on this machine may pass on what others asked, and says so. */
function isFromHere({ headers }: FastifyRequest): boolean {
  return headers['x-forwarded-for'] === undefined && headers.forwarded === undefined && headers.via === undefined
}
