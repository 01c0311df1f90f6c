import type { Grant } from '../crm/grant.ts'
import type { ConnectionId, Crm } from '../model/record/change-event.ts'
import type { ConnectionRow } from '../store/connections/connections.ts'

/** HubSpot calls us only where it can reach us, and only with a secret to sign by can we believe it. */
export function feedOf(grant: Grant, webhookUrl: string | null): ConnectionRow['feed'] {
  if (grant.kind !== 'hubspot-token' && grant.kind !== 'hubspot-oauth') return 'stream'
  return webhookUrl !== null && grant.clientSecrets.length > 0 ? 'push' : 'poll'
}

/** One portal or org is one connection, however often it is connected. */
export function connectionIdOf(crm: Crm, accountId: string): ConnectionId {
  return `${crm}-${accountId}` as ConnectionId
}
