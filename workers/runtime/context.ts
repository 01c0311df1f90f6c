import type { Logger } from 'pino'
import type { OpenConnection } from '../../src/connections/open-connection.ts'
import type { FieldsNeeded } from '../../src/model/patterns/contract/fields-needed.ts'
import type { Crm } from '../../src/model/record/change-event.ts'
import type { WorkflowReader } from '../../src/pipeline/decide/running-workflows.ts'
import type { Queues } from '../../src/queue/wake.ts'
import type { Database } from '../../src/store/database/database.ts'
import type { WriteTiming } from '../../src/store/writes/write-timing.ts'

/** What every worker role is given. Assembled once in main.ts. */
export type WorkerContext = {
  readonly db: Database
  readonly databaseUrl: string
  readonly queues: Queues
  readonly logger: Logger
  /** Names this process in leases and heartbeats. */
  readonly instance: string
  /** What this process does, as its heartbeat says it. Absent: everything. */
  readonly roles?: readonly string[]
  readonly publicUrl: string
  readonly pollEveryS: number
  readonly nowMs: () => number
  /** Left out: as shipped. */
  readonly timing?: WriteTiming
  readonly workflows: WorkflowReader
  /** The client of a connection, or undefined while it is not connected in this process. */
  readonly clientOf: (connectionId: string) => ConnectedClient | undefined
  readonly connectionIds: () => string[]
  /** People or connections changed: computes again which workflows are ready. */
  readonly refreshReadiness: () => Promise<void>
  readonly fieldsOf: (crm: Crm, objectType: string) => FieldsNeeded
  /** Another version is in force or being prepared: from here on its fields are read. Left out: nothing changes here. */
  readonly followPolicies?: () => Promise<void>
  readonly signal: AbortSignal
}

/** A connection as this process uses it: the adapter with the API limit and the tokens that all processes share. */
export type ConnectedClient = OpenConnection & {
  /** Aborted when the connection is ended or changed, so that work with this client stops at its next step. */
  readonly over?: AbortSignal
}
