import type { CrmClient } from '../../src/crm/crm-client.ts'
import type { Database } from '../../src/store/database/database.ts'
import type { CrmOfProof } from './crms.ts'
import type { Kind, Point } from './points.ts'

export type Place = {
  readonly of: CrmOfProof
  readonly db: Database
  readonly url: string
  readonly client: CrmClient
  readonly people: readonly string[]
}

export type Plan = {
  readonly seed: number
  readonly kind: Kind
  readonly point: Point
  /**
   * `kill`: it never goes on. `stop`: it goes on when another has taken over. `crash`: Postgres crashes under it, and it goes on
   * when another has taken over. `restart`: Postgres is stopped under it, and it goes on while nobody can connect.
   */
  readonly end: 'kill' | 'stop' | 'crash' | 'restart'
  /** A process of its own that is ended by a signal, or a real crash of the database. */
  readonly real: boolean
  /** Somebody gives the record another owner while the worker stands still. */
  readonly personActs: boolean
}
