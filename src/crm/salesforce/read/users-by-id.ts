import type { ConnectionId } from '../../../model/record/change-event.ts'
import type { CrmUser } from '../../../model/record/crm-user.ts'
import type { UserAnswer } from '../../crm-client.ts'
import { longId } from '../http/record-id.ts'
import type { SalesforceCall } from '../rest/call.ts'
import { chunks, everyRow, query } from '../rest/query.ts'
import { soqlIds } from '../rest/soql.ts'
import { readPeople } from './people.ts'
import { asQueues, isGroup } from './queues.ts'

const IDS_PER_QUERY = 200

/** Key prefix of User. */
const isUser = (id: string): boolean => id.startsWith('005')

/** Salesforce deactivates users and never deletes one: what it does not show, it hides from our user. */
const HIDDEN = 'Salesforce does not show this user to ours'

export async function readUsersById(
  call: SalesforceCall,
  connectionId: ConnectionId,
  userIds: readonly string[],
): Promise<UserAnswer[]> {
  const long = new Map(userIds.map((id) => [id, longId(id)]))
  const known = [...new Set([...long.values()].filter((id) => id !== null))]
  const people = known.filter(isUser)
  const groups = known.filter(isGroup)
  const found = new Map<string, CrmUser>()
  const all = [
    ...(people.length === 0 ? [] : await readPeople(call, connectionId, people)),
    ...(groups.length === 0 ? [] : await readQueuesById(call, connectionId, groups)),
  ]
  for (const user of all) found.set(user.userId, user)
  const areGroupsShown = groups.every((id) => found.has(id)) || (await isAnyGroupShown(call))
  return userIds.map((userId): UserAnswer => {
    const id = long.get(userId) ?? null
    const user = id === null ? undefined : found.get(id)
    if (user !== undefined) return { userId, answer: 'there', user: { ...user, userId } }
    if (id !== null && isUser(id)) return { userId, answer: 'unknown', why: HIDDEN }
    if (id !== null && isGroup(id) && areGroupsShown) return { userId, answer: 'gone' }
    return { userId, answer: 'unknown', why: `${userId.slice(0, 40)} is neither a user nor a queue that we may see` }
  })
}

async function readQueuesById(
  call: SalesforceCall,
  connectionId: ConnectionId,
  ids: readonly string[],
): Promise<CrmUser[]> {
  const rows = await everyRow(call, { fields: ['Name'], from: 'Group', where: `Id IN ${soqlIds(ids)}` })
  if (rows.length === 0) return []
  return asQueues(call, connectionId, rows, async (memberIds) => {
    const members = new Map<string, CrmUser>()
    for (const part of chunks(memberIds, IDS_PER_QUERY)) {
      for (const user of await readPeople(call, connectionId, part)) members.set(user.userId, user)
    }
    return members
  })
}

/** Every org has groups of its own, such as all internal users. */
async function isAnyGroupShown(call: SalesforceCall): Promise<boolean> {
  return (await query(call, 'SELECT Id FROM Group LIMIT 1')).rows.length > 0
}
