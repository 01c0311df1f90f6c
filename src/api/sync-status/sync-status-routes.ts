import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { rereadDifferences } from '../../pipeline/compare/recheck-differences.ts'
import { requestComparison } from '../../store/compare/comparisons.ts'
import type { Database } from '../../store/database/database.ts'
import { asks, ofConnection } from '../authority/asks.ts'
import type { CrmLinks } from '../cases/crm-links.ts'
import { ProblemError } from '../server/problem.ts'
import { readLedgerCheck, readSyncStatus } from './read-sync-status.ts'
import { ComparisonReply, RereadBody, RereadReply, SyncStatusReply } from './sync-status-types.ts'

const Params = z.object({ id: z.string().regex(/^[\w:.-]{1,200}$/) })
const READS = { rateLimit: { max: 300, timeWindow: '1 minute' } }
const CHANGES = { rateLimit: { max: 30, timeWindow: '1 minute' }, asks: asks('scan', ofConnection) }

/**
 * The sync status of a connection, behind the console's session guard. A comparison or re-sync requested here is a row
 * that the worker picks up.
 */
export const syncStatusRoutes: FastifyPluginAsyncZod<{
  readonly db: Database
  readonly links: CrmLinks
  readonly now: () => Date
}> = async (app, { db, links, now }) => {
  app.get(
    '/connections/:id/sync-status',
    { schema: { params: Params, response: { 200: SyncStatusReply } }, config: READS },
    async (request) => {
      const found = await readSyncStatus(db, links, request.params.id, now())
      if (!found) throw noSuchConnection()
      return found
    },
  )

  app.post(
    '/connections/:id/comparison',
    { schema: { params: Params, response: { 202: ComparisonReply } }, config: CHANGES },
    async (request, reply) => {
      const { id } = request.params
      const connection = await connectionToAsk(id)
      if (!connection.baseline.done) {
        throw new ProblemError('not-ready', 409, 'The first import is still running. Compare again when it is done.')
      }
      await requestComparison(db, id, 'person', 'full')
      return reply.code(202).send({ check: await readLedgerCheck(db, id) })
    },
  )

  app.post(
    '/connections/:id/reread',
    { schema: { params: Params, body: RereadBody, response: { 202: RereadReply } }, config: CHANGES },
    async (request, reply) => {
      await connectionToAsk(request.params.id)
      const asked = await rereadDifferences(db, request.params.id, request.body)
      return reply.code(202).send({ asked })
    },
  )

  async function connectionToAsk(id: string) {
    const row = await db.selectFrom('connection').select(['status', 'baseline']).where('id', '=', id).executeTakeFirst()
    if (!row) throw noSuchConnection()
    if (row.status !== 'connected') {
      throw new ProblemError('not-ready', 409, 'Reconnect this CRM first.')
    }
    return row
  }
}

function noSuchConnection(): ProblemError {
  return new ProblemError('not-found', 404, 'Connection not found. It may have been erased.')
}
