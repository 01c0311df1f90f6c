import { Readable } from 'node:stream'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type { Database } from '../../store/database/database.ts'
import { csvHeader, csvLine } from './acts-csv.ts'
import { ActsQuery, ActsReply } from './acts-types.ts'
import { readActs } from './read-acts.ts'

const READS = { rateLimit: { max: 300, timeWindow: '1 minute' } }
/** Each may read the whole ledger. */
const EXPORTS = { rateLimit: { max: 10, timeWindow: '1 minute' } }
const PAGE = 1_000
/** About 200 MB of text, years of a large company. */
const ROWS_MAX = 1_000_000

/** Who did what, by person, under the guards of the console's routes. */
export const actsRoutes: FastifyPluginAsyncZod<{ readonly db: Database }> = async (app, { db }) => {
  app.get('/acts', { schema: { querystring: ActsQuery, response: { 200: ActsReply } }, config: READS }, (request) =>
    readActs(db, request.query),
  )

  app.get(
    '/acts.csv',
    { schema: { hide: true, querystring: ActsQuery.omit({ before: true, limit: true }) }, config: EXPORTS },
    async (request, reply) =>
      reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', 'attachment; filename="lanekeeper-acts.csv"')
        .send(Readable.from(csvOf(db, request.query))),
  )
}

/** Page by page, so that memory stays bounded however long the ledger is. */
async function* csvOf(db: Database, asked: Omit<ActsQuery, 'before' | 'limit'>): AsyncGenerator<string> {
  yield csvHeader()
  let before: string | undefined
  for (let rows = 0; rows < ROWS_MAX; rows += PAGE) {
    const { acts, next } = await readActs(db, { ...asked, before, limit: PAGE })
    yield acts.map(csvLine).join('')
    if (next === null) return
    before = next
  }
}
