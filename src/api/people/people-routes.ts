import type { FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { setAbsence } from '../../people/absence.ts'
import { answerOffer, giveBack, offerJob } from '../../people/appoint.ts'
import { invite } from '../../people/invite.ts'
import { makeSignInLink } from '../../people/make-link.ts'
import { actorOfSession, ledgerActor, requireMay } from '../../people/permitted.ts'
import type { Database } from '../../store/database/database.ts'
import { findPerson } from '../../store/people/persons.ts'
import type { Session } from '../../store/people/sessions.ts'
import { LINK_HOURS } from '../../store/people/sign-in-links.ts'
import type { CrmLinks } from '../cases/crm-links.ts'
import { ProblemError } from '../server/problem.ts'
import {
  AbsenceRequest,
  AnswerRequest,
  Done,
  InviteReply,
  InviteRequest,
  JobRequest,
  PeopleReply,
  PersonLinkReply,
  UserQuery,
  UsersReply,
} from './people-types.ts'
import { readPeople } from './read-people.ts'
import { readUsers } from './read-person-facts.ts'

type PeopleRoutes = {
  readonly db: Database
  readonly publicUrl: string
  readonly links: CrmLinks
  readonly hasMail: boolean
  readonly now: () => Date
  readonly requireSession: (request: FastifyRequest) => Promise<Session>
}

const JobParams = z.object({ id: z.string().regex(/^\d{1,15}$/) })
const PersonParams = z.object({ id: z.string().regex(/^[0-9a-f]{16}$/) })
const config = { rateLimit: { max: 60, timeWindow: '1 minute' } }

/** Who does what here, and what people do about it. Each act asks whether its person may. */
export const peopleRoutes: FastifyPluginAsyncZod<PeopleRoutes> = async (app, options) => {
  const { db, links, hasMail, now, requireSession } = options
  const actor = async (request: FastifyRequest) => actorOfSession(await requireSession(request))

  app.get('/people', { schema: { response: { 200: PeopleReply } } }, async (request) => {
    const { personId: you } = await requireSession(request)
    return readPeople(db, { you, hasMail, links, now: now() })
  })

  app.post('/people/jobs', { schema: { body: JobRequest, response: { 200: Done } }, config }, async (request) => {
    await offerJob(db, await actor(request), request.body)
    return { done: true as const }
  })

  app.post(
    '/people/jobs/:id/answer',
    { schema: { params: JobParams, body: AnswerRequest, response: { 200: Done } }, config },
    async (request) => {
      const { answer } = request.body
      const job = await answerOffer(db, await actor(request), { jobId: Number(request.params.id), answer })
      if (job === null) throw isOver()
      return { done: true as const }
    },
  )

  app.post(
    '/people/jobs/:id/give-back',
    { schema: { params: JobParams, response: { 200: Done } }, config },
    async (request) => {
      const job = await giveBack(db, await actor(request), { jobId: Number(request.params.id) })
      if (job === null) throw isOver()
      return { done: true as const }
    },
  )

  app.post(
    '/people/absences',
    { schema: { body: AbsenceRequest, response: { 200: Done } }, config },
    async (request) => {
      const { from, until } = request.body
      if (until < from) {
        const errors = [{ field: 'until', problem: 'The last day is before the first.' }]
        throw new ProblemError('bad-request', 400, 'The last day is before the first.', { errors })
      }
      await setAbsence(db, await actor(request), request.body)
      return { done: true as const }
    },
  )

  await app.register(invitationRoutes, options)
}

/** An admin's: who can be invited, inviting, and a link for somebody whom nothing else reaches. */
const invitationRoutes: FastifyPluginAsyncZod<PeopleRoutes> = async (app, { db, publicUrl, requireSession }) => {
  app.get(
    '/people/users',
    { schema: { querystring: UserQuery, response: { 200: UsersReply } }, config },
    async (request) => {
      await requireMay(db, actorOfSession(await requireSession(request)), 'invite', {})
      return readUsers(db, request.query.q)
    },
  )

  app.post('/people', { schema: { body: InviteRequest, response: { 200: InviteReply } }, config }, async (request) => {
    const invited = await invite(db, actorOfSession(await requireSession(request)), request.body)
    if (invited === null) throw new ProblemError('not-found', 404, 'This user is no longer active in the CRM.')
    return invited
  })

  app.post(
    '/people/:id/link',
    { schema: { params: PersonParams, response: { 200: PersonLinkReply } }, config },
    async (request) => {
      const by = actorOfSession(await requireSession(request))
      const person = await findPerson(db, request.params.id)
      if (person === null || person.endedAt !== null)
        throw new ProblemError('not-found', 404, 'There is no such person.')
      await requireMay(db, by, 'make-link', { personId: person.id })
      const url = await makeSignInLink(db, publicUrl, { personId: person.id, by: ledgerActor(by) })
      return { url, hours: LINK_HOURS }
    },
  )
}

function isOver(): ProblemError {
  return new ProblemError('out-of-date', 409, 'This job is no longer open: it was answered, withdrawn or ended before.')
}
