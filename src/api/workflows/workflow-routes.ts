import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Database } from '../../store/database/database.ts'
import { ProblemError } from '../server/problem.ts'
import { MatrixReply } from './matrix-types.ts'
import { readMatrix } from './read-matrix.ts'
import { readRules } from './read-rules.ts'
import { type ExplainPolicy, readWorkflows } from './read-workflows.ts'
import { RulesReply } from './rules-types.ts'
import { WorkflowsReply } from './workflow-types.ts'

const READS = { rateLimit: { max: 300, timeWindow: '1 minute' } }

const Params = z.object({ workflow: z.string().min(1).max(200) })

function notThere(): never {
  throw new ProblemError('not-found', 404, 'No workflow with this name runs.')
}

/** Workflows as people look at them: all in a list, and each in one picture. */
export const workflowRoutes: FastifyPluginAsyncZod<{
  readonly db: Database
  readonly explain: ExplainPolicy | null
}> = async (app, { db, explain }) => {
  app.get('/workflows', { schema: { response: { 200: WorkflowsReply } }, config: READS }, () =>
    readWorkflows(db, explain),
  )

  app.get(
    '/workflows/:workflow/matrix',
    {
      schema: { params: Params, response: { 200: MatrixReply } },
      config: READS,
    },
    async (request) => (await readMatrix(db, request.params.workflow)) ?? notThere(),
  )

  app.get(
    '/workflows/:workflow/rules',
    { schema: { params: Params, response: { 200: RulesReply } }, config: READS },
    async (request) => (await readRules(db, request.params.workflow)) ?? notThere(),
  )
}
