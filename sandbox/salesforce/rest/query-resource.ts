import { randomBytes } from 'node:crypto'
import { ApiError } from '../org/api-error.ts'
import type { Org } from '../org/org.ts'
import { withSuffix } from '../org/record-id.ts'
import { type QueryResult, runSoql } from '../soql/soql-query.ts'
import type { ApiRequest, ApiResponse } from '../wire/api-request.ts'

const BATCH_MAX = 2_000
const BATCH_MIN = 200
const CURSORS_PER_USER = 10 // an eleventh open cursor costs the oldest one (SOQL limits)
const CURSOR_LIFETIME_MS = 2 * 86_400_000 // two days; from the vendor's texts, not verified against an org

type Cursor = { readonly result: QueryResult; readonly userId: string; readonly expiresAtMs: number }

/** `/query`, `/queryAll` and the pages after the first. A cursor keeps the rows as they were when the query ran. */
export class QueryResource {
  private readonly org: Org
  private readonly cursors = new Map<string, Cursor>()

  constructor(org: Org) {
    this.org = org
  }

  run(seen: Org, request: ApiRequest, all: boolean): ApiResponse {
    const soql = request.query.get('q')
    if (soql === null) throw new ApiError(400, 'MALFORMED_QUERY', 'A query must be given in the parameter q')
    const result = runSoql(seen, soql, { all })
    const size = batchSize(request.headers['sforce-query-options'])
    if (result.rowCount <= size)
      return { status: 200, body: this.page(result, 0, result.rowCount, request.version, null) }
    if (result.aggregate) {
      throw new ApiError(
        400,
        'EXCEEDED_ID_LIMIT',
        'Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch',
      )
    }
    const cursor = withSuffix(`01gLk${randomBytes(16).toString('hex').slice(0, 10)}`)
    this.keep(cursor, {
      result,
      userId: request.session.userId,
      expiresAtMs: this.org.clock.steady() + CURSOR_LIFETIME_MS,
    })
    return { status: 200, body: this.page(result, 0, size, request.version, cursor) }
  }

  more(request: ApiRequest, locator: string): ApiResponse {
    const [id = '', position = ''] = locator.split('-')
    const cursor = this.cursors.get(id)
    const from = Number(position)
    const known = cursor && cursor.userId === request.session.userId && cursor.expiresAtMs > this.org.clock.steady()
    if (!known || !Number.isInteger(from) || from < 0 || from >= cursor.result.rowCount) {
      throw new ApiError(400, 'INVALID_QUERY_LOCATOR', 'invalid query locator')
    }
    const to = Math.min(from + batchSize(request.headers['sforce-query-options']), cursor.result.rowCount)
    if (to === cursor.result.rowCount) this.cursors.delete(id)
    return { status: 200, body: this.page(cursor.result, from, to, request.version, id) }
  }

  private page(result: QueryResult, from: number, to: number, version: string, cursor: string | null): object {
    const done = to >= result.rowCount
    const next = done ? {} : { nextRecordsUrl: `/services/data/v${version}/query/${cursor}-${to}` }
    return { totalSize: result.totalSize, done, ...next, records: result.page(from, to, version) }
  }

  private keep(id: string, cursor: Cursor): void {
    const own = [...this.cursors].filter(([, candidate]) => candidate.userId === cursor.userId)
    if (own.length >= CURSORS_PER_USER) this.cursors.delete(own[0]![0])
    this.cursors.set(id, cursor)
  }
}

function batchSize(options: string | undefined): number {
  const wanted = Number(/batchSize=(\d+)/.exec(options ?? '')?.[1] ?? BATCH_MAX)
  return Math.min(BATCH_MAX, Math.max(BATCH_MIN, wanted))
}
