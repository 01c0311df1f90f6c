import type { CrmClient } from '../crm.ts'
import { createHubSpotRecords } from './hubspot-records.ts'
import { createHubSpotTasks } from './hubspot-tasks.ts'
import { readUsers } from './hubspot-users.ts'
import { writeOwnerFields } from './owner-writes.ts'
import type { Portal } from './portal.ts'

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
