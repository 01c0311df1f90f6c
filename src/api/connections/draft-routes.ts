import type { FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { CrmAddress, Grant } from '../../crm/grant.ts'
import type { DraftView } from '../../store/connections/drafts.ts'
import { ProblemError } from '../server/problem.ts'
import type { Session } from '../sessions/session.ts'
import { accessView } from './access-view.ts'
import { type ConnectSetUp, redirectUriOf } from './connect-options.ts'
import { connectProblems } from './connect-problems.ts'
import {
  AuthorizeReply,
  type DraftReply,
  DraftReply as DraftReplySchema,
  DraftsReply,
  NewDraft,
  NewDraftReply,
  Shares,
  StartReply,
  TaskKeyView,
} from './connect-types.ts'

const Params = z.object({ id: z.string().regex(/^[\w-]{1,80}$/) })
/** Slower than a person clicks; a script that fills the table or floods a CRM with checks is stopped. */
const CHANGES = { rateLimit: { max: 60, timeWindow: '1 minute' } }
/** A page that waits for checks asks every second. */
const READS = { rateLimit: { max: 600, timeWindow: '1 minute' } }

/**
 * Connections being made. Registered below the console's guards: every route needs a session, and what changes
 * something is not a GET.
 */
export const draftRoutes: FastifyPluginAsyncZod<{
  readonly setUp: ConnectSetUp
  readonly requireSession: (request: FastifyRequest) => Promise<Session>
}> = async (app, { setUp, requireSession }) => {
  const { connecting, checks, publicUrl, sandbox, pollSeconds } = setUp

  async function known(id: string): Promise<DraftView> {
    const draft = await connecting.readDraft(id)
    if (!draft) {
      throw new ProblemError(
        'not-found',
        404,
        'There is no such unfinished connection. It may be started already: look at Connections, or begin again.',
      )
    }
    return draft
  }

  app.get('/drafts', { schema: { response: { 200: DraftsReply } }, config: READS }, async () => ({
    drafts: (await connecting.listDrafts()).map((draft) => draftReply(draft, pollSeconds)),
  }))

  app.post(
    '/drafts',
    { schema: { body: NewDraft, response: { 201: NewDraftReply } }, config: CHANGES },
    async (request, reply) => {
      if (sandbox) {
        throw new ProblemError(
          'sandbox-runs',
          409,
          'The sandbox CRMs are running, and what is connected beside them is gone at the next start. ' +
            'Stop Lanekeeper, run "npm start -- --own" and connect your CRM there.',
        )
      }
      const { webhookUrl, connectionId, grant, address, crm } = entered(request.body)
      if (webhookUrl !== null && grant.kind === 'hubspot-token' && grant.clientSecrets.length === 0) {
        throw new ProblemError('bad-request', 400, 'Push needs the client secret of the app.', {
          errors: [
            {
              field: 'clientSecret',
              problem:
                'Paste the client secret: without it a notification cannot be told from a forged one. Or choose polling.',
            },
          ],
        })
      }
      const { draftId } = await connectProblems(() =>
        connecting.createDraft({ crm, grant, address, webhookUrl, madeBy: 'console', connectionId }),
      )
      const next = grant.kind === 'hubspot-oauth' || grant.kind === 'salesforce-pkce' ? 'authorize' : 'check'
      if (next === 'check') checks.start(draftId, request.log)
      return reply.code(201).send({ draftId, next })
    },
  )

  app.get(
    '/drafts/:id',
    { schema: { params: Params, response: { 200: DraftReplySchema } }, config: READS },
    async (request) => draftReply(await known(request.params.id), pollSeconds),
  )

  app.delete(
    '/drafts/:id',
    { schema: { params: Params, response: { 204: z.null() } }, config: CHANGES },
    async (request, reply) => {
      const { id } = await known(request.params.id)
      await connectProblems(() => connecting.discardDraft(id))
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/drafts/:id/check',
    { schema: { params: Params, response: { 202: z.object({ draftId: z.string() }) } }, config: CHANGES },
    async (request, reply) => {
      const draft = await known(request.params.id)
      if (draft.status === 'authorizing') {
        throw new ProblemError('not-ready', 409, 'Sign in to the CRM first; the checks run by themselves after that.')
      }
      checks.start(draft.id, request.log)
      return reply.code(202).send({ draftId: draft.id })
    },
  )

  app.post(
    '/drafts/:id/authorize',
    { schema: { params: Params, response: { 200: AuthorizeReply } }, config: CHANGES },
    async (request) => {
      const [draft, session] = await Promise.all([known(request.params.id), requireSession(request)])
      const { authorizeUrl } = await connectProblems(() =>
        connecting.beginAuthorization({
          draftId: draft.id,
          sessionHash: session.tokenHash,
          redirectUri: redirectUriOf(publicUrl, draft.crm),
        }),
      )
      return { authorizeUrl }
    },
  )

  app.post(
    '/drafts/:id/task-key',
    {
      schema: {
        params: Params,
        response: { 200: TaskKeyView },
      },
      config: CHANGES,
    },
    async (request) => {
      const { id } = await known(request.params.id)
      return connectProblems(() => connecting.createDraftTaskKey(id))
    },
  )

  app.post(
    '/drafts/:id/start',
    { schema: { params: Params, body: Shares, response: { 200: StartReply } }, config: CHANGES },
    async (request) => {
      const { id } = await known(request.params.id)
      const { connectionId } = await connectProblems(() => connecting.startDraft(id, request.body))
      return { connectionId }
    },
  )
}

function draftReply(draft: DraftView, pollSeconds: number): DraftReply {
  const feed = draft.crm === 'salesforce' ? 'stream' : draft.webhookUrl === null ? 'poll' : 'push'
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

function entered(body: NewDraft): {
  readonly crm: 'hubspot' | 'salesforce'
  readonly grant: Grant
  readonly address: CrmAddress
  readonly webhookUrl: string | null
  readonly connectionId: string | null
} {
  const { baseUrl, apiVersion, connectionId } = body
  switch (body.kind) {
    case 'hubspot-token': {
      const { token, clientSecret, appId, webhookUrl } = body
      const grant: Grant = { kind: body.kind, token, clientSecrets: clientSecret ? [clientSecret] : [], appId }
      return { crm: 'hubspot', grant, address: hubspot(), webhookUrl, connectionId }
    }
    case 'hubspot-oauth': {
      const { clientId, clientSecret, appId, webhookUrl } = body
      const grant: Grant = { kind: body.kind, clientId, clientSecrets: [clientSecret], appId }
      return { crm: 'hubspot', grant, address: hubspot(), webhookUrl, connectionId }
    }
    case 'salesforce-client-credentials': {
      const { kind, clientId, clientSecret } = body
      return salesforce({ kind, clientId, clientSecret }, body.pubsubAddress)
    }
    case 'salesforce-pkce': {
      const { kind, clientId, clientSecret } = body
      return salesforce({ kind, clientId, clientSecret }, body.pubsubAddress)
    }
    case 'salesforce-jwt': {
      const { kind, clientId, privateKey, username } = body
      return salesforce({ kind, clientId, privateKey, username }, body.pubsubAddress)
    }
  }

  function hubspot(): CrmAddress {
    return { baseUrl, apiVersion, pubsubAddress: null }
  }
  function salesforce(grant: Grant, pubsubAddress: string) {
    return {
      crm: 'salesforce' as const,
      grant,
      address: { baseUrl, apiVersion, pubsubAddress },
      webhookUrl: null,
      connectionId,
    }
  }
}
