import type { ConnectionId } from '../../../model/record/change-event.ts'
import type { HubSpotHttp } from '../http/call.ts'
import type { HubSpotPaths } from '../http/paths.ts'
import type { DeletionRounds } from './archived-schedule.ts'
import type { HubSpotSchemas } from './schemas.ts'

/** What reading records needs to know of an opened portal. */
export type ReadContext = {
  readonly connectionId: ConnectionId
  readonly appId: string | null
  readonly http: HubSpotHttp
  readonly paths: HubSpotPaths
  readonly schemas: HubSpotSchemas
  /** When the recycle bin is due: one for the life of a client. */
  readonly rounds: DeletionRounds
}
