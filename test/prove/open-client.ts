import type { CallBudget, CrmClient } from '../../src/crm/crm-client.ts'
import type { TokenStore, Tokens } from '../../src/crm/grant.ts'
import { hubSpotClient } from '../../src/crm/hubspot/client.ts'
import { openPortal } from '../../src/crm/hubspot/portal/portal.ts'
import { openSalesforce } from '../../src/crm/salesforce/open.ts'
import type { ConnectionId, Crm } from '../../src/model/record/change-event.ts'
import { SHIPPED_TIMING } from '../../src/store/writes/write-timing.ts'

/** What a process needs to open the client of a sandbox that another process runs. */
export type CrmAddressOfProof = {
  readonly crm: Crm
  readonly keyed: boolean
  readonly url: string
  readonly grant: Grant
}
type Grant =
  | { readonly token: string; readonly appId: number }
  | { readonly clientId: string; readonly clientSecret: string; readonly pubsubAddress: string }

/** PROVE_SHIPPED=1: every time as it ships, also in the processes that are killed. */
export const IS_SHIPPED = process.env.PROVE_SHIPPED === '1'
export const DEADLINE_MS = IS_SHIPPED ? SHIPPED_TIMING.deadlineMs : 1_000
export const NO_BUDGET: CallBudget = {
  take: async () => undefined,
  pauseUntil: async () => undefined,
  observe: async () => undefined,
}

export function openClient({ crm, keyed, url, grant }: CrmAddressOfProof): CrmClient {
  if ('token' in grant) {
    const portal = openPortal({
      connectionId: connectionIdOf(crm, keyed),
      baseUrl: url,
      appId: String(grant.appId),
      token: async () => grant.token,
      budget: NO_BUDGET,
      taskKey: { enforced: keyed, field: 'lanekeeper_key', why: '' },
      deadlineMs: DEADLINE_MS,
      nowMs: Date.now,
    } as unknown as Parameters<typeof openPortal>[0])
    return hubSpotClient(portal)
  }
  return openSalesforce({
    connectionId: connectionIdOf(crm, keyed),
    grant: { kind: 'salesforce-client-credentials', clientId: grant.clientId, clientSecret: grant.clientSecret },
    address: { baseUrl: url, apiVersion: '67.0', pubsubAddress: grant.pubsubAddress },
    tokens: tokensInMemory(),
    budget: NO_BUDGET,
    taskKey: undefined,
    accountId: undefined,
    pagesUrl: undefined,
    nowMs: Date.now,
    deadlineMs: DEADLINE_MS,
  }).client
}

export function connectionIdOf(crm: Crm, keyed: boolean): ConnectionId {
  return `${crm}-${keyed ? 'keyed' : 'plain'}` as ConnectionId
}

/** A login of its own for each client. Two at once log in twice, which a sandbox does not mind. */
function tokensInMemory(): TokenStore {
  let held: { readonly tokens: Tokens | null; readonly version: number } = { tokens: null, version: 0 }
  return {
    read: async () => held,
    async renew(seenVersion, fetchNew) {
      if (held.tokens === null || held.version <= seenVersion) {
        held = { tokens: await fetchNew(held.tokens), version: held.version + 1 }
      }
      return { tokens: held.tokens!, version: held.version }
    },
  }
}
