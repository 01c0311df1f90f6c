import type { ConnectionId } from '../../../model/record/change-event.ts'
import type { CrmUser } from '../../../model/record/crm-user.ts'
import type { SalesforceCall } from '../rest/call.ts'
import { everyRow } from '../rest/query.ts'
import { readPeople } from './people.ts'
import { asQueues } from './queues.ts'

export async function readUsers(call: SalesforceCall, connectionId: ConnectionId): Promise<CrmUser[]> {
  const people = await readPeople(call, connectionId, null)
  const known = new Map(people.map((user) => [user.userId, user]))
  const rows = await everyRow(call, { fields: ['Name'], from: 'Group', where: "Type = 'Queue'" })
  return [...people, ...(rows.length === 0 ? [] : await asQueues(call, connectionId, rows, async () => known))]
}
