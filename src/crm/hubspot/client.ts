import type { CrmClient } from '../crm-client.ts'
import type { Portal } from './portal/portal.ts'
import { createHubSpotRecords } from './read/records.ts'
import { readUsers } from './read/users.ts'
import { writeOwnerFields } from './write/owners.ts'
import { createHubSpotTasks } from './write/tasks.ts'

/** HubSpot through the verbs that both CRMs share. Why it speaks HTTP itself: docs/decisions/0003-hubspot-client.md. */
export function hubSpotClient(portal: Portal): CrmClient {
  const { connectionId, appId, http, paths, schemas, taskKey, nowMs } = portal
  const records = createHubSpotRecords({ connectionId, appId, http, paths, schemas, nowMs })
  const tasks = createHubSpotTasks({ http, paths, schemas, taskKey })
  return {
    crm: 'hubspot',
    connectionId,
    identify: portal.identify,
    users: () => readUsers(http, paths, connectionId),
    describe: async (objectType) => (await schemas.of(objectType)).object,
    changedSince: records.changedSince,
    readRecords: records.readRecords,
    writeTasks: tasks.writeTasks,
    findTasks: tasks.findTasks,
    writeOwners: (writes) => writeOwnerFields(http, paths, writes),
    clockAheadMs: portal.clockAheadMs,
    recordUrl: portal.recordUrl,
    taskUrl: portal.taskUrl,
  }
}
