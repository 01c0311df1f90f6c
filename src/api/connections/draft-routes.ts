import type { FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { needsLogin } from '../../connections/draft/draft.ts'
import type { Subject } from '../../model/authority/acts.ts'
import { crmProfile } from '../../model/record/crm-profile.ts'
import type { DraftView } from '../../store/connections/drafts.ts'
import type { Session } from '../../store/people/sessions.ts'
import { asks } from '../authority/asks.ts'
import { ProblemError } from '../server/problem.ts'
import { accessView } from './access-view.ts'
import { type ConnectSetUp, redirectUriOf } from './connect-options.ts'
import { connectProblems } from './connect-problems.ts'
import {
  AuthorizeReply,
  type DraftReply,
  DraftReply as DraftReplySchema,
  DraftsReply,
  NewDraftReply,
  Shares,
  StartReply,
  TaskKeyView,
} from './connect-types.ts'
import { type NewDraft, newDraftSchema } from './new-draft.ts'

const Params = z.object({ id: z.string().regex(/^[\w-]{1,80}$/) })
/** Slower than a person clicks; a script that fills the table or floods a CRM with checks is stopped. */
const CHANGES = { rateLimit: { max: 60, timeWindow: '1 minute' }, asks: asks('connect', ofDraft) }
/** A page that waits for checks asks every second. */
const READS = { rateLimit: { max: 600, timeWindow: '1 minute' } }

type DraftRoutes = {
  readonly setUp: ConnectSetUp
  readonly requireSession: (request: FastifyRequest) => Promise<Session>
}

/**
 * Connections being made. Registered below the console's guards: every route needs a session, and what changes
 * something is not a GET.
 */
export const draftRoutes: FastifyPluginAsyncZod<DraftRoutes> = async (app, options) => {
  listAndCreate(app, options)
  showAndDiscard(app, options)
  checkAndAuthorize(app, options)
  makeKeyAndStart(app, options)
}

type App = Parameters<FastifyPluginAsyncZod>[0]

function listAndCreate(app: App, { setUp }: DraftRoutes): void {
  const { connecting, checks, pollSeconds } = setUp
  app.get('/drafts', { schema: { response: { 200: DraftsReply } }, config: READS }, async () => ({
    drafts: (await connecting.listDrafts()).map((draft) => draftReply(draft, pollSeconds)),
  }))

  app.post(
    '/drafts',
    { schema: { body: newDraftSchema(), response: { 201: NewDraftReply } }, config: CHANGES },
    async (request, reply) => {
      if (setUp.sandbox) throw sandboxRuns()
      const draft: NewDraft = request.body
      const { draftId } = await connectProblems(() => connecting.createDraft({ ...draft, madeBy: 'console' }))
      const next = needsLogin(draft.crm, draft.grant) ? 'authorize' : 'check'
      if (next === 'check') checks.start(draftId, request.log)
      return reply.code(201).send({ draftId, next })
    },
  )
}

function sandboxRuns(): ProblemError {
  return new ProblemError(
    'sandbox-runs',
    409,
    'The sandbox CRMs are running, and what is connected beside them is gone at the next start. ' +
      'Stop Lanekeeper, run "npm start -- --own" and connect your CRM there.',
  )
}

function showAndDiscard(app: App, { setUp }: DraftRoutes): void {
  app.get(
    '/drafts/:id',
    { schema: { params: Params, response: { 200: DraftReplySchema } }, config: READS },
    async (request) => draftReply(await knownDraft(setUp, request.params.id), setUp.pollSeconds),
  )

  app.delete(
    '/drafts/:id',
    { schema: { params: Params, response: { 204: z.null() } }, config: CHANGES },
    async (request, reply) => {
      const { id } = await knownDraft(setUp, request.params.id)
      await connectProblems(() => setUp.connecting.discardDraft(id))
      return reply.code(204).send(null)
    },
  )
}

function checkAndAuthorize(app: App, { setUp, requireSession }: DraftRoutes): void {
  app.post(
    '/drafts/:id/check',
    { schema: { params: Params, response: { 202: z.object({ draftId: z.string() }) } }, config: CHANGES },
    async (request, reply) => {
      const draft = await knownDraft(setUp, request.params.id)
      if (draft.status === 'authorizing') {
        throw new ProblemError('not-ready', 409, 'Sign in to the CRM first; the checks run by themselves after that.')
      }
      setUp.checks.start(draft.id, request.log)
      return reply.code(202).send({ draftId: draft.id })
    },
  )

  app.post(
    '/drafts/:id/authorize',
    { schema: { params: Params, response: { 200: AuthorizeReply } }, config: CHANGES },
    async (request) => {
      const [draft, session] = await Promise.all([knownDraft(setUp, request.params.id), requireSession(request)])
      const { authorizeUrl } = await connectProblems(() =>
        setUp.connecting.beginAuthorization({
          draftId: draft.id,
          sessionHash: session.tokenHash,
          redirectUri: redirectUriOf(setUp.publicUrl, draft.crm),
        }),
      )
      return { authorizeUrl }
    },
  )
}

function makeKeyAndStart(app: App, { setUp, requireSession }: DraftRoutes): void {
  const { connecting } = setUp
  app.post(
    '/drafts/:id/task-key',
    { schema: { params: Params, response: { 200: TaskKeyView } }, config: CHANGES },
    async (request) => {
      const { id } = await knownDraft(setUp, request.params.id)
      return connectProblems(() => connecting.createDraftTaskKey(id))
    },
  )

  app.post(
    '/drafts/:id/start',
    { schema: { params: Params, body: Shares, response: { 200: StartReply } }, config: CHANGES },
    async (request) => {
      const { id } = await knownDraft(setUp, request.params.id)
      const { actor } = await requireSession(request)
      const { connectionId } = await connectProblems(() => connecting.startDraft(id, request.body, actor))
      return { connectionId }
    },
  )
}

/** A draft that is not there yet is about nothing but connecting. */
function ofDraft({ params }: FastifyRequest): Subject {
  const { id } = (params ?? {}) as { readonly id?: string }
  return id === undefined ? {} : { about: `draft/${id}` }
}

async function knownDraft({ connecting }: ConnectSetUp, id: string): Promise<DraftView> {
  const draft = await connecting.readDraft(id)
  if (draft) return draft
  throw new ProblemError(
    'not-found',
    404,
    'There is no such unfinished connection. It may be started already: look at Connections, or begin again.',
  )
}

function draftReply(draft: DraftView, pollSeconds: number): DraftReply {
  const { usualFeed } = crmProfile(draft.crm)
  const feed = usualFeed === 'push' && draft.webhookUrl === null ? 'poll' : usualFeed
  return {
    id: draft.id,
    crm: draft.crm,
    grantKind: draft.grantKind,
    baseUrl: draft.address.baseUrl,
    apiVersion: draft.address.apiVersion,
    webhookUrl: draft.webhookUrl,
    connectionId: draft.connectionId,
    status: draft.status,
    problem: draft.problem,
    access: draft.access && accessView(draft.access),
    taskKey: draft.taskKey && {
      enforced: draft.taskKey.enforced,
      field: draft.taskKey.field,
      why: draft.taskKey.why,
    },
    feed,
    delaySeconds: feed === 'poll' ? pollSeconds : null,
    createdAt: draft.createdAt.toISOString(),
  }
}
