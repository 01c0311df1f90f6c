import type { ConnectionId } from '../../../model/record/change-event.ts'
import type { CrmUser } from '../../../model/record/crm-user.ts'
import { longId } from '../http/record-id.ts'
import type { SalesforceCall } from '../rest/call.ts'
import { chunks, everyRow, type Row, text } from '../rest/query.ts'
import { soqlIds } from '../rest/soql.ts'

const IDS_PER_QUERY = 200

export async function readUsers(call: SalesforceCall, connectionId: ConnectionId): Promise<CrmUser[]> {
  const rows = await everyRow(call, { fields: ['Email', 'Name', 'IsActive', 'TimeZoneSidKey'], from: 'User' })
  const people = rows.flatMap((row) => readPerson(row, connectionId))
  const active = new Set(people.filter((user) => user.active).map((user) => user.userId))
  return [...people, ...(await readQueues(call, connectionId, active))]
}

function readPerson(row: Row, connectionId: ConnectionId): CrmUser[] {
  const userId = longId(text(row.Id) ?? '')
  if (userId === null) return []
  return [
    {
      connectionId,
      userId,
      kind: 'person',
      email: text(row.Email)?.trim().toLowerCase() ?? null,
      name: text(row.Name) ?? userId,
      active: row.IsActive === true,
      activeMembers: 0,
      timeZone: text(row.TimeZoneSidKey),
    },
  ]
}

async function readQueues(
  call: SalesforceCall,
  connectionId: ConnectionId,
  activeUsers: ReadonlySet<string>,
): Promise<CrmUser[]> {
  const queues = await everyRow(call, { fields: ['Name'], from: 'Group', where: "Type = 'Queue'" })
  const queueIds = queues.map((row) => longId(text(row.Id) ?? '')).filter((id) => id !== null)
  const members = await readMembers(call, queueIds)
  const nestedIds = [...new Set([...members.values()].flat().filter(isGroup))]
  const nested = await readMembers(call, nestedIds)

  return queues.flatMap((row) => {
    const userId = longId(text(row.Id) ?? '')
    if (userId === null) return []
    const direct = members.get(userId) ?? []
    // One level of nesting. A group whose members Salesforce does not list (a role, all users) counts as one worker:
    // calling its queue empty would raise a false alarm on all of its records.
    const working = new Set<string>()
    for (const member of direct) {
      if (!isGroup(member)) working.add(member)
      else for (const inner of nested.get(member) ?? [member]) working.add(inner)
    }
    const activeMembers = [...working].filter((id) => isGroup(id) || activeUsers.has(id)).length
    return [
      {
        connectionId,
        userId,
        kind: 'queue',
        email: null,
        name: text(row.Name) ?? userId,
        active: true,
        activeMembers,
        timeZone: null,
      } satisfies CrmUser,
    ]
  })
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
const isGroup = (id: string): boolean => id.startsWith('00G')
