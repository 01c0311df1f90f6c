import type { PublicOwner } from '@hubspot/api-client/lib/codegen/crm/owners/models/PublicOwner.js'
import type { ConnectionId } from '../../../model/record/change-event.ts'
import { CrmRefusedError, CrmUnknownError, type UserAnswer } from '../../crm-client.ts'
import type { HubSpotHttp } from '../http/call.ts'
import { categoryOf } from '../http/error-body.ts'
import { HubSpotRefusal } from '../http/errors.ts'
import { idOf } from '../http/json-value.ts'
import type { HubSpotPaths } from '../http/paths.ts'
import type { AnswerOf } from '../http/wire.ts'
import { crmUser } from './users.ts'

/** Owners in a row that got no answer: then HubSpot is down, and each more would cost three attempts. */
const UNANSWERED_MAX = 3

/** Reads owners one by one, because the API has no batch for them. */
export async function readUsersById(
  http: HubSpotHttp,
  paths: HubSpotPaths,
  connectionId: ConnectionId,
  userIds: readonly string[],
): Promise<UserAnswer[]> {
  const answers: UserAnswer[] = []
  let unanswered = 0
  let failure: unknown = null
  for (const userId of userIds) {
    try {
      answers.push(await readOwner(http, paths, connectionId, userId))
      unanswered = 0
    } catch (error) {
      failure = error
      // Rate limits, a missing scope and a revoked token concern every owner: nothing more is asked now.
      if (!(error instanceof CrmRefusedError || error instanceof CrmUnknownError)) break
      answers.push({ userId, answer: 'unknown', why: error.message })
      unanswered = error instanceof CrmUnknownError ? unanswered + 1 : 0
      if (unanswered >= UNANSWERED_MAX) break
    }
  }
  if (answers.length === 0 && failure !== null) throw failure
  return answers
}

async function readOwner(
  http: HubSpotHttp,
  paths: HubSpotPaths,
  connectionId: ConnectionId,
  userId: string,
): Promise<UserAnswer> {
  if (idOf(userId) === undefined) return { userId, answer: 'unknown', why: `"${userId.slice(0, 40)}" is no owner id` }
  // Active ones are asked for last once more: an owner restored between the first two calls is in neither.
  for (const archived of [false, true, false]) {
    const attempt = `read ${archived ? 'archived ' : ''}owner ${userId}`
    let owner: AnswerOf<PublicOwner>
    try {
      const query = { archived: String(archived) }
      owner = (await http({ kind: 'read', method: 'GET', path: `${paths.owners}/${userId}`, query, attempt })).body
    } catch (error) {
      if (isNotFound(error)) continue
      throw error
    }
    const user = crmUser(owner, archived, connectionId)
    if (user?.userId !== userId) {
      throw new CrmUnknownError(`Cannot ${attempt}: HubSpot answered 200 without this owner`, { status: 200 })
    }
    return { userId, answer: 'there', user }
  }
  return { userId, answer: 'gone' }
}

/** HubSpot's own word for it. The 404 of a proxy, or of a path that is not there, proves nothing about the owner. */
function isNotFound(error: unknown): boolean {
  return error instanceof HubSpotRefusal && error.status === 404 && categoryOf(error.body) === 'OBJECT_NOT_FOUND'
}
