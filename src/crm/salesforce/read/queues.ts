import type { ConnectionId } from '../../../model/record/change-event.ts'
import type { CrmUser } from '../../../model/record/crm-user.ts'
import { longId } from '../http/record-id.ts'
import type { SalesforceCall } from '../rest/call.ts'
import { chunks, everyRow, query, type Row, text } from '../rest/query.ts'
import { soqlIds } from '../rest/soql.ts'

const IDS_PER_QUERY = 200

/** Of the members of a queue, who is a user that we read, and whether that user may work. */
export type KnownPeople = ReadonlyMap<string, { readonly active: boolean }>

/** Rows of `Group` as queues. `known` gives the people for the members' ids. */
export async function asQueues(
  call: SalesforceCall,
  connectionId: ConnectionId,
  rows: readonly Row[],
  known: (memberIds: readonly string[]) => Promise<KnownPeople>,
): Promise<CrmUser[]> {
  const names = new Map(
    rows.flatMap((row) => {
      const id = longId(text(row.Id) ?? '')
      return id === null ? [] : [[id, text(row.Name) ?? id] as const]
    }),
  )
  const members = await readMembers(call, [...names.keys()])
  const nested = await readMembers(call, [...new Set([...members.values()].flat().filter(isGroup))])
  // No member of any queue: the admins emptied them all, or our user may not see members. Rows elsewhere tell which.
  const isShown = members.size > 0 || (await query(call, 'SELECT Id FROM GroupMember LIMIT 1')).rows.length > 0
  const working = new Map([...names.keys()].map((id) => [id, workersOf(members.get(id) ?? [], nested)]))
  const people = await known([...new Set([...working.values()].flat())].filter((id) => !isGroup(id)))
  return [...names].map(([userId, name]) => {
    const workers = working.get(userId) ?? []
    return {
      connectionId,
      userId,
      kind: 'queue',
      email: null,
      name,
      active: true,
      members: isShown ? workers.filter((id) => !isGroup(id)) : null,
      activeMembers: isShown ? workers.filter((id) => isGroup(id) || people.get(id)?.active === true).length : null,
      unlistedMembers: workers.filter((id) => !isGroup(id) && !people.has(id)),
      timeZone: null,
    }
  })
}

/**
 * One level of nesting. A group whose members Salesforce does not list (a role, all users) counts as one worker: calling
 * its queue empty would raise a false alarm on all of its records.
 */
function workersOf(direct: readonly string[], nested: ReadonlyMap<string, readonly string[]>): string[] {
  const working = new Set<string>()
  for (const member of direct) {
    if (!isGroup(member)) working.add(member)
    else for (const inner of nested.get(member) ?? [member]) working.add(inner)
  }
  return [...working]
}

async function readMembers(call: SalesforceCall, groupIds: readonly string[]): Promise<Map<string, string[]>> {
  const members = new Map<string, string[]>()
  for (const chunk of chunks(groupIds, IDS_PER_QUERY)) {
    const rows = await everyRow(call, {
      fields: ['GroupId', 'UserOrGroupId'],
      from: 'GroupMember',
      where: `GroupId IN ${soqlIds(chunk)}`,
    })
    for (const row of rows) {
      const groupId = longId(text(row.GroupId) ?? '')
      const member = longId(text(row.UserOrGroupId) ?? '')
      if (groupId === null || member === null) continue
      const list = members.get(groupId)
      if (list) list.push(member)
      else members.set(groupId, [member])
    }
  }
  return members
}

/** Key prefix of Group. */
export const isGroup = (id: string): boolean => id.startsWith('00G')
