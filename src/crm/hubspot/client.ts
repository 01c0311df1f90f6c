import type { CrmClient } from '../crm-client.ts'
import type { Portal } from './portal/portal.ts'
import { createDeletionRounds } from './read/archived-schedule.ts'
import { changedSince } from './read/changed-since.ts'
import { recordsById } from './read/records-by-id.ts'
import { readUsers } from './read/users.ts'
import { readUsersById } from './read/users-by-id.ts'
import { findTasks } from './write/find-tasks.ts'
import { writeOwnerFields } from './write/owners.ts'
import { linkTasks } from './write/task-links.ts'
import { writeTasks } from './write/tasks.ts'

/** HubSpot through the verbs that every CRM has. How it uses HubSpot's own library: docs/decisions/0003-hubspot-client.md. */
export function hubSpotClient(portal: Portal): CrmClient {
  const { connectionId, appId, http, paths, schemas, taskKey, nowMs } = portal
  const reading = { connectionId, appId, http, paths, schemas, rounds: createDeletionRounds(nowMs) }
  const writing = { http, paths, schemas, taskKey }
  return {
    crm: 'hubspot',
    connectionId,
    identify: portal.identify,
    users: () => readUsers(http, paths, connectionId),
    usersById: (userIds) => readUsersById(http, paths, connectionId, userIds),
    describe: async (objectType) => (await schemas.of(objectType)).object,
    changedSince: (query) => changedSince(reading, query),
    readRecords: (query) => recordsById(reading, query),
    writeTasks: (tasks, gate) => writeTasks(writing, tasks, gate),
    linkTasks: (links, gate) => linkTasks(writing, links, gate),
    findTasks: (lookups) => findTasks(writing, lookups),
    writeOwners: (writes, gate) => writeOwnerFields(http, paths, writes, gate),
    clockAheadMs: portal.clockAheadMs,
    recordUrl: portal.recordUrl,
    taskUrl: portal.taskUrl,
  }
}
