import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Database } from '../../store/database/database.ts'
import { ProblemError } from '../server/problem.ts'
import { MatrixReply } from './matrix-types.ts'
import { readMatrix } from './read-matrix.ts'
import { type ExplainPolicy, readWorkflows } from './read-workflows.ts'
import { WorkflowsReply } from './workflow-types.ts'

const READS = { rateLimit: { max: 300, timeWindow: '1 minute' } }

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
      schema: { params: z.object({ workflow: z.string().min(1).max(200) }), response: { 200: MatrixReply } },
      config: READS,
    },
    async (request) => {
      const found = await readMatrix(db, request.params.workflow)
      if (!found) throw new ProblemError('not-found', 404, 'No workflow with this name runs.')
      return found
    },
  )
}
