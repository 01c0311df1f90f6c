import type { CrmClient } from '../../crm/crm-client.ts'
import type { Crm } from '../../model/record/change-event.ts'
import type { ConnectionRow } from '../../store/connections/connections.ts'
import type { Database } from '../../store/database/database.ts'
import type { WriteTiming } from '../../store/writes/write-timing.ts'

/** `read`: records were read from the CRM, so apply has events to fold. */
export type Acted = { readonly taken: number; readonly written: number; readonly read: boolean }

export type ActDependencies = {
  readonly db: Database
  readonly client: CrmClient
  readonly connection: Pick<ConnectionRow, 'id' | 'crm' | 'timeZone' | 'taskKey'>
  /** Fields that a fresh read of an object must bring, so that the read is a complete event. */
  readonly fieldsOf: (crm: Crm, objectType: string) => { fields: readonly string[]; historyFields: readonly string[] }
  readonly workflowTitle: (workflow: string) => string
  readonly caseUrl: (exceptionId: number) => string
  /** The page with all cases of a task. */
  readonly listUrl: (taskId: number) => string
  readonly nowMs: () => number
  /** Left out: as shipped. */
  readonly timing?: WriteTiming
  /** This process, as its heartbeat names it: the holder of an intent's lease. */
  readonly instance: string
}
