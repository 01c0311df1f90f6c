import type { CrmClient } from '../../src/crm/crm-client.ts'
import type { ActDependencies } from '../../src/pipeline/act/contract.ts'
import type { Database } from '../../src/store/database/database.ts'
import { SHIPPED_TIMING, type WriteTiming } from '../../src/store/writes/write-timing.ts'
import { type CrmAddressOfProof, connectionIdOf, DEADLINE_MS, IS_SHIPPED } from './open-client.ts'

/** Shortened: a grant is over before anybody else can have taken the write over. */
export const TIMING: WriteTiming = IS_SHIPPED
  ? SHIPPED_TIMING
  : { ...SHIPPED_TIMING, grantMs: 400, deadlineMs: DEADLINE_MS, marginMs: 100 }

/** What a worker has to know of the CRM that it writes to. */
export type ActingIn = { readonly address: CrmAddressOfProof; readonly ownerField: string }

export function actDependencies(db: Database, of: ActingIn, client: CrmClient, instance: string): ActDependencies {
  const { crm, keyed } = of.address
  return {
    db,
    client,
    connection: { id: connectionIdOf(crm, keyed), crm, timeZone: 'UTC', taskKey: null },
    fieldsOf: () => ({ fields: [of.ownerField], historyFields: [] }),
    workflowTitle: (workflow) => workflow,
    caseUrl: (id) => `http://console/cases/${id}`,
    listUrl: (id) => `http://console/cases?task=${id}`,
    nowMs: Date.now,
    timing: TIMING,
    instance,
  }
}
