import type { FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Mailer } from '../../mail/send-mail.ts'
import type { Actor } from '../../model/authority/acts.ts'
import { setAbsence, takeBackAbsence } from '../../people/absence.ts'
import { answerOffer, confirmJobs, giveBack } from '../../people/answer-offer.ts'
import { offerJob, withdrawOffer } from '../../people/appoint.ts'
import { endPerson } from '../../people/end-person.ts'
import { invite } from '../../people/invite.ts'
import { makeSignInLink } from '../../people/make-link.ts'
import { actorOfSession, ledgerActor, requireMay } from '../../people/permitted.ts'
import type { Database } from '../../store/database/database.ts'
import { findPerson } from '../../store/people/persons.ts'
import type { Session } from '../../store/people/sessions.ts'
import { LINK_HOURS } from '../../store/people/sign-in-links.ts'
import { asksByItself } from '../authority/asks.ts'
import type { CrmLinks } from '../cases/crm-links.ts'
import { ProblemError } from '../server/problem.ts'
import { castRoutes } from './cast-routes.ts'
import { done } from './job-problem.ts'
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
  /** Tells whom a link was made for. */
  readonly mailer: Mailer | null
  readonly links: CrmLinks
  readonly now: () => Date
  readonly requireSession: (request: FastifyRequest) => Promise<Session>
}

const JobParams = z.object({ id: z.string().regex(/^\d{1,15}$/) })
const PersonParams = z.object({ id: z.string().regex(/^[0-9a-f]{16}$/) })
const rateLimit = { max: 60, timeWindow: '1 minute' }
/** What an act is about stands in rows, so each asks by itself. */
const APPOINTS = { rateLimit, asks: asksByItself('appoint') }
const ANSWERS_OFFER = { rateLimit, asks: asksByItself('accept', 'decline', 'give-back') }
const ABSENCES = { rateLimit, asks: asksByItself('set-absence') }
const INVITES = { rateLimit, asks: asksByItself('invite') }
const LINKS = { rateLimit, asks: asksByItself('make-link') }

/** Who does what here, and what people do about it. Each act asks whether its person may. */
export const peopleRoutes: FastifyPluginAsyncZod<PeopleRoutes> = async (app, options) => {
  const { db, links, mailer, now, requireSession } = options
  const actor = async (request: FastifyRequest) => actorOfSession(await requireSession(request))

  app.get('/people', { schema: { response: { 200: PeopleReply } } }, async (request) => {
    const { personId: you } = await requireSession(request)
    return readPeople(db, { you, hasMail: mailer !== null, links, now: now() })
  })

  app.post(
    '/people/jobs',
    { schema: { body: JobRequest, response: { 200: Done } }, config: APPOINTS },
    async (request) => {
      const by = await actor(request)
      return done(() => offerJob(db, by, request.body))
    },
  )

  app.post(
    '/people/jobs/:id/answer',
    { schema: { params: JobParams, body: AnswerRequest, response: { 200: Done } }, config: ANSWERS_OFFER },
    async (request) => {
      const by = await actor(request)
      return done(() => ANSWERS[request.body.answer](db, by, Number(request.params.id)))
    },
  )

  app.post(
    '/people/absences',
    { schema: { body: AbsenceRequest, response: { 200: Done } }, config: ABSENCES },
    async (request) => {
      const { personId, from: fromDay, until: untilDay, delegateId } = request.body
      const by = await actor(request)
      return done(() => setAbsence(db, by, { personId, fromDay, untilDay, delegateId }))
    },
  )

  app.delete(
    '/people/absences/:id',
    { schema: { params: JobParams, response: { 200: Done } }, config: ABSENCES },
    async (request) => {
      const by = await actor(request)
      return done(() => takeBackAbsence(db, by, Number(request.params.id)))
    },
  )

  await app.register(castRoutes, options)
  await app.register(invitationRoutes, options)
}

/** An admin's: who can be invited, inviting, and a link for somebody whom nothing else reaches. */
const invitationRoutes: FastifyPluginAsyncZod<PeopleRoutes> = async (
  app,
  { db, publicUrl, mailer, requireSession },
) => {
  app.get(
    '/people/users',
    { schema: { querystring: UserQuery, response: { 200: UsersReply } }, config: INVITES },
    async (request) => {
      await requireMay(db, actorOfSession(await requireSession(request)), 'invite', {})
      return readUsers(db, request.query.q)
    },
  )

  app.post(
    '/people',
    { schema: { body: InviteRequest, response: { 200: InviteReply } }, config: INVITES },
    async (request) => {
      const invited = await invite(db, actorOfSession(await requireSession(request)), request.body)
      if (invited === null) throw new ProblemError('not-found', 404, 'This user is no longer active in the CRM.')
      return invited
    },
  )

  app.post(
    '/people/:id/end',
    { schema: { params: PersonParams, response: { 200: Done } }, config: INVITES },
    async (request) => {
      const by = actorOfSession(await requireSession(request))
      return done(() => endPerson(db, by, request.params.id))
    },
  )

  app.post(
    '/people/:id/link',
    { schema: { params: PersonParams, response: { 200: PersonLinkReply } }, config: LINKS },
    async (request) => {
      const by = actorOfSession(await requireSession(request))
      const person = await findPerson(db, request.params.id)
      if (person === null || person.endedAt !== null)
        throw new ProblemError('not-found', 404, 'There is no such person.')
      await requireMay(db, by, 'make-link', { personId: person.id })
      const url = await makeSignInLink(db, publicUrl, { personId: person.id, by: ledgerActor(by), mailer })
      return { url, hours: LINK_HOURS }
    },
  )
}

/** Whatever the person of a job, or who offered it, may say about it. */
const ANSWERS: Readonly<
  Record<z.infer<typeof AnswerRequest>['answer'], (db: Database, by: Actor, jobId: number) => Promise<void>>
> = {
  accept: (db, by, jobId) => answerOffer(db, by, { jobId, answer: 'accept' }),
  decline: (db, by, jobId) => answerOffer(db, by, { jobId, answer: 'decline' }),
  confirm: (db, by, jobId) => confirmJobs(db, by, { jobId }),
  'give-back': (db, by, jobId) => giveBack(db, by, { jobId }),
  withdraw: (db, by, jobId) => withdrawOffer(db, by, { jobId }),
}
