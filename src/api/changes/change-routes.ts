import type { FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Actor } from '../../model/authority/acts.ts'
import { actorOfSession } from '../../people/permitted.ts'
import { type AskUser, askedNow } from '../../people/user-now.ts'
import { approveDraft, goBack } from '../../publishing/approve-draft.ts'
import { costOfDraft } from '../../publishing/cost-of-draft.ts'
import { COMPANY_NAMES, inForceOf } from '../../publishing/documents.ts'
import { adoptDraft, editDraft, makeDraft, rebaseDraft, withdrawDraft } from '../../publishing/edit-draft.ts'
import type { Database } from '../../store/database/database.ts'
import { namesOf } from '../../store/people/persons.ts'
import type { Session } from '../../store/people/sessions.ts'
import { findDraft } from '../../store/publishing/drafts.ts'
import { type DocumentName, documentsInForce } from '../../store/publishing/publications.ts'
import { asksByItself } from '../authority/asks.ts'
import { ProblemError } from '../server/problem.ts'
import type { ExplainPolicy } from '../workflows/read-workflows.ts'
import {
  ApproveReply,
  ApproveRequest,
  ChangesReply,
  CostReply,
  DraftReply,
  EditDraftRequest,
  EditedReply,
  GoBackRequest,
  NewDraftRequest,
  TextReply,
  VersionsReply,
} from './change-types.ts'
import { readChanges, readVersions, titleOf } from './read-changes.ts'
import { said } from './said.ts'

type ChangeRoutes = {
  readonly db: Database
  readonly explain: ExplainPolicy | null
  readonly requireSession: (request: FastifyRequest) => Promise<Session>
  readonly askUser: AskUser | null
}

const Id = z.object({ id: z.string().regex(/^\d{1,15}$/) })
const READS = { rateLimit: { max: 600, timeWindow: '1 minute' } }
/** Which jobs count stands in rows, so each act asks by itself. */
const EDITS = { rateLimit: { max: 60, timeWindow: '1 minute' }, asks: asksByItself('edit-draft') }
const PUBLISHES = { rateLimit: { max: 60, timeWindow: '1 minute' }, asks: asksByItself('approve-publish', 'narrow') }
const NARROWS = { rateLimit: { max: 60, timeWindow: '1 minute' }, asks: asksByItself('narrow') }

/** Drafts, approvals and the way back. Who may is asked by each act itself. */
export const changeRoutes: FastifyPluginAsyncZod<ChangeRoutes> = async (app, options) => {
  const { db } = options
  const actorOf = actorOfRequest(options.requireSession)
  const publisherOf = publisherOfRequest(options)
  await app.register(changeReads, options)
  await app.register(costRoute, options)
  app.post(
    '/changes/drafts',
    { schema: { body: NewDraftRequest, response: { 201: DraftReply } }, config: EDITS },
    async (request, reply) => {
      const { document, source } = request.body
      const actor = await actorOf(request)
      const id = await said(makeDraft(db, actor, { document: documentOf(document), source }))
      return reply.code(201).send({ id })
    },
  )
  app.post(
    '/changes/drafts/:id/edit',
    { schema: { params: Id, body: EditDraftRequest, response: { 200: EditedReply } }, config: EDITS },
    async (request) => {
      const id = Number(request.params.id)
      return edited(db, await said(editDraft(db, await actorOf(request), { id, ...request.body })))
    },
  )
  app.post(
    '/changes/drafts/:id/rebase',
    { schema: { params: Id, response: { 200: EditedReply } }, config: EDITS },
    async (request) => edited(db, await said(rebaseDraft(db, await actorOf(request), Number(request.params.id)))),
  )
  for (const [verb, act] of [
    ['adopt', adoptDraft],
    ['withdraw', withdrawDraft],
  ] as const) {
    app.post(
      `/changes/drafts/:id/${verb}`,
      { schema: { params: Id, response: { 204: z.null() } }, config: EDITS },
      async (request, reply) => {
        await said(act(db, await actorOf(request), Number(request.params.id)))
        return reply.code(204).send(null)
      },
    )
  }
  app.post(
    '/changes/drafts/:id/approve',
    { schema: { params: Id, body: ApproveRequest, response: { 200: ApproveReply } }, config: PUBLISHES },
    async (request) =>
      said(approveDraft(db, await publisherOf(request), { id: Number(request.params.id), hash: request.body.hash })),
  )
  app.post(
    '/changes/way-back',
    { schema: { body: GoBackRequest, response: { 202: DraftReply } }, config: NARROWS },
    async (request, reply) => {
      const id = await said(goBack(db, await publisherOf(request), documentOf(request.body.document)))
      return reply.code(202).send({ id })
    },
  )
}

/** What the page shows. */
const changeReads: FastifyPluginAsyncZod<ChangeRoutes> = async (app, { db, explain, requireSession }) => {
  const actorOf = actorOfRequest(requireSession)
  app.get('/changes', { schema: { response: { 200: ChangesReply } }, config: READS }, async (request) =>
    readChanges(db, await actorOf(request), explain),
  )
  app.get(
    '/changes/versions',
    { schema: { querystring: z.object({ document: z.string() }), response: { 200: VersionsReply } }, config: READS },
    (request) => readVersions(db, documentOf(request.query.document)),
  )
  app.get(
    '/changes/text',
    { schema: { querystring: z.object({ document: z.string() }), response: { 200: TextReply } }, config: READS },
    async (request) => {
      const document = documentOf(request.query.document)
      const found = inForceOf(await documentsInForce(db)).documents.get(document)
      if (found === undefined) throw new ProblemError('not-found', 404, 'Nothing of this document is in force.')
      return { document, title: titleOf(document, found.content), hash: null, source: found.source }
    },
  )
  app.get(
    '/changes/drafts/:id/text',
    { schema: { params: Id, response: { 200: TextReply } }, config: READS },
    async (request) => {
      const draft = await findDraft(db, Number(request.params.id))
      if (draft === null) throw new ProblemError('not-found', 404, 'There is no draft with this number.')
      const { document, content, hash, source } = draft
      return { document, title: titleOf(document, content), hash, source }
    },
  )
}

/** Decides a sample of the records twice, so it is asked for and not part of the page. */
const costRoute: FastifyPluginAsyncZod<ChangeRoutes> = async (app, { db }) => {
  app.get(
    '/changes/drafts/:id/cost',
    {
      schema: { params: Id, response: { 200: CostReply } },
      config: { rateLimit: { max: 30, timeWindow: '1 minute' } },
    },
    async (request) => {
      const draft = await findDraft(db, Number(request.params.id))
      if (draft === null || draft.content === null) {
        throw new ProblemError('not-found', 404, 'There is no draft with this number, or it has errors.')
      }
      const { fields, ownerWrites, subscriptions, ownerChanges, tasksPerDay, ...figures } = await costOfDraft(db, draft)
      return {
        ...figures,
        fields: fields.map((one) => ({ ...one, fields: [...one.fields] })),
        ownerWrites: [...ownerWrites],
        subscriptions: [...subscriptions],
        ownerChanges: [...ownerChanges],
        tasksPerDay: [...tasksPerDay],
      }
    },
  )
}

/** Who looks. For showing a button nobody asks a CRM; the acts themselves do. */
function actorOfRequest(requireSession: ChangeRoutes['requireSession']) {
  return async (request: FastifyRequest): Promise<Actor> => {
    const actor = actorOfSession(await requireSession(request))
    return actor.kind === 'person' ? { ...actor, isActiveInCrm: 'no-user' } : actor
  }
}

/** Who publishes: their user is read from the CRM at this moment. */
function publisherOfRequest({ db, requireSession, askUser }: ChangeRoutes) {
  return async (request: FastifyRequest): Promise<Actor> =>
    askedNow(db, actorOfSession(await requireSession(request)), askUser)
}

async function edited(
  db: Database,
  { hash, approvalsEnded }: { readonly hash: string | null; readonly approvalsEnded: readonly string[] },
): Promise<EditedReply> {
  const names = await namesOf(db, approvalsEnded)
  return { hash, approvalsEnded: approvalsEnded.map((id) => ({ id, name: names.get(id) ?? id })) }
}

function documentOf(text: string): DocumentName {
  const isCompany = COMPANY_NAMES.some((name) => text === `company:${name}`)
  if (isCompany || /^workflow:[a-z0-9][a-z0-9-]*$/.test(text)) return text as DocumentName
  throw new ProblemError('bad-request', 400, `Unknown document "${text.slice(0, 80)}".`)
}
