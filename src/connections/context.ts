import type { AccessNeeds } from '../crm/crm-setup.ts'
import type { Crm } from '../model/record/change-event.ts'
import type { Database } from '../store/database/database.ts'
import type { SecretBox } from '../store/secrets/secret-box.ts'

/** What everything around connecting is given. */
export type ConnectDeps = {
  readonly db: Database
  readonly box: SecretBox
  readonly needsOf: (crm: Crm) => AccessNeeds
  /** The sandbox and tests: a CRM may be on this machine. */
  readonly allowsLoopback: boolean
  /** Hosts besides the vendors' own, see `HostRule`. */
  readonly extraHosts: readonly string[]
  /** Of one call. Left out: as shipped. */
  readonly callDeadlineMs?: number
  readonly nowMs: () => number
  /** Names this process. */
  readonly instance: string
}
