import type { ConnectionId, Crm } from '../model/record/change-event.ts'

/** One account is one connection, however often it is connected. */
export function connectionIdOf(crm: Crm, accountId: string): ConnectionId {
  return `${crm}-${accountId}` as ConnectionId
}
