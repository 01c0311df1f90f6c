import type { HubSpotHttp } from '../http/call.ts'
import type { HubSpotPaths } from '../http/paths.ts'
import type { HubSpotSchemas } from '../read/schemas.ts'
import type { TaskKey } from './task-key.ts'

/** What writing needs to know of an opened portal. */
export type WriteContext = {
  readonly http: HubSpotHttp
  readonly paths: HubSpotPaths
  readonly schemas: HubSpotSchemas
  readonly taskKey: TaskKey
}
