import type {
  AssociationSpec,
  PublicAssociationMultiPost,
} from '@hubspot/api-client/lib/codegen/crm/associations/v4/models/all.js'
import { AssociationTypes } from '@hubspot/api-client/lib/src/enums/AssociationTypes.js'
import { CrmBusyError, CrmReconnectError, CrmRefusedError, CrmUnknownError, type TaskWrite } from '../../crm-client.ts'
import type { HubSpotHttp } from '../http/call.ts'
import type { HubSpotPaths } from '../http/paths.ts'
import type { Wire } from '../http/wire.ts'

export type TaskLink = { readonly taskId: string; readonly about: NonNullable<TaskWrite['about']> }

/** Makes the association between a task and its record where the write of the task cannot. */
export type TaskLinks = { add(links: readonly TaskLink[]): Promise<void> }

const LINK_TYPE_IDS: ReadonlyMap<string, AssociationTypes> = new Map([
  ['contacts', AssociationTypes.taskToContact],
  ['companies', AssociationTypes.taskToCompany],
  ['deals', AssociationTypes.taskToDeal],
  ['tickets', AssociationTypes.taskToTicket],
])

/** HubSpot's own type of association from a task to a record. Null: HubSpot defines none for these records. */
export function linkType(objectType: string): Wire<AssociationSpec> | null {
  const associationTypeId = LINK_TYPE_IDS.get(objectType)
  return associationTypeId === undefined ? null : { associationCategory: 'HUBSPOT_DEFINED', associationTypeId }
}

// Links that failed and wait. Each is two ids, and a restart only loses the link, never the task.
const WAITING_MAX = 1_000

/**
 * An upsert cannot associate, so one call per object type follows it. The owner sees a task without its link too, so a
 * failed link never makes the task a failure: it waits for the next call.
 */
export function createTaskLinks(http: HubSpotHttp, paths: HubSpotPaths): TaskLinks {
  let waiting: TaskLink[] = []

  async function add(links: readonly TaskLink[]): Promise<void> {
    const all = [...waiting, ...links]
    waiting = []
    for (const [objectType, group] of Map.groupBy(all, (link) => link.about.objectType)) {
      const type = linkType(objectType)
      if (type === null) continue
      // 2,000 pairs fit into one call; a hundred tasks and what waited stay below.
      const failed = await link(objectType, group, type)
      waiting.push(...failed)
    }
    waiting = waiting.slice(-WAITING_MAX)
  }

  async function link(
    objectType: string,
    group: readonly TaskLink[],
    type: Wire<AssociationSpec>,
  ): Promise<readonly TaskLink[]> {
    try {
      await http({
        kind: 'write',
        method: 'POST',
        path: `${paths.associations('tasks', objectType)}/create`,
        body: {
          inputs: group.map(
            ({ taskId, about }): Wire<PublicAssociationMultiPost> => ({
              from: { id: taskId },
              to: { id: about.recordId },
              types: [type],
            }),
          ),
        },
        attempt: `link tasks to ${objectType}`,
        repeatable: true, // linking twice makes one link
      })
      return []
    } catch (error) {
      if (error instanceof CrmRefusedError) {
        // HubSpot refuses the whole call for one deleted record: find the others by halving. A deleted record needs no link.
        if (group.length <= 1) return []
        const half = Math.ceil(group.length / 2)
        return [
          ...(await link(objectType, group.slice(0, half), type)),
          ...(await link(objectType, group.slice(half), type)),
        ]
      }
      const later =
        error instanceof CrmBusyError || error instanceof CrmUnknownError || error instanceof CrmReconnectError
      if (!later) throw error
      return group
    }
  }

  return { add }
}
