import { CrmBusyError, CrmReconnectError, CrmRefusedError, CrmUnknownError, type TaskWrite } from '../../crm-client.ts'
import type { HubSpotHttp } from '../http/http.ts'
import type { HubSpotPaths } from '../http/paths.ts'

export type TaskLink = { readonly taskId: string; readonly about: NonNullable<TaskWrite['about']> }

// HubSpot's own association types from a task to what it hangs on.
const LINK_TYPE_IDS: Readonly<Record<string, number>> = { contacts: 204, companies: 192, deals: 216, tickets: 230 }

export function linkType(objectType: string): { associationCategory: string; associationTypeId: number } | null {
  const associationTypeId = Object.hasOwn(LINK_TYPE_IDS, objectType) ? LINK_TYPE_IDS[objectType] : undefined
  return associationTypeId === undefined ? null : { associationCategory: 'HUBSPOT_DEFINED', associationTypeId }
}

// Links waiting for a better moment. Small: each is two ids, and a restart only loses the link, never the task.
const WAITING_MAX = 1_000

/**
 * Hangs tasks on their records after an upsert, which cannot do it itself: one call per object type. A task without its
 * link is still a task that its owner sees, so a failure here never turns a written task into a failed one; the link
 * waits and goes along with the next call.
 */
export function createTaskLinks(
  http: HubSpotHttp,
  paths: HubSpotPaths,
): { add(links: readonly TaskLink[]): Promise<void> } {
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
    type: NonNullable<ReturnType<typeof linkType>>,
  ): Promise<readonly TaskLink[]> {
    try {
      await http({
        kind: 'write',
        method: 'POST',
        path: `${paths.associations('tasks', objectType)}/create`,
        body: {
          inputs: group.map(({ taskId, about }) => ({
            from: { id: taskId },
            to: { id: about.recordId },
            types: [type],
          })),
        },
        attempt: `link tasks to ${objectType}`,
        repeatable: true, // a link that stands already stays as it is
      })
      return []
    } catch (error) {
      if (error instanceof CrmRefusedError) {
        // One record that is gone refuses the whole call: find the others by halving. Alone, it has no link to wait for.
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
