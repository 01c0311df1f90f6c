import type { TaskKeySupport, TaskWrite } from '../../crm-client.ts'
import type { HubSpotSchemas } from '../read/schemas.ts'
import { bodyHtml, shortKeyOf, subjectText } from './task-text.ts'

export const STATUS = { open: 'NOT_STARTED', done: 'COMPLETED' } as const
const PRIORITY = { high: 'HIGH', normal: 'MEDIUM' } as const

/** The options that this account offers for a property of tasks. */
export type OfferedOptions = (property: string) => readonly string[]

/** HubSpot documents its task options incompletely, so the account's own list decides. */
export async function offeredOptions(schemas: HubSpotSchemas): Promise<OfferedOptions> {
  const { fields } = await schemas.of('tasks')
  return (property) => fields.get(property)?.options ?? []
}

/** A task as HubSpot's properties, or the option that this account lacks for it. */
export function taskProperties(
  task: TaskWrite,
  keyed: TaskKeySupport,
  offered: OfferedOptions,
): { readonly properties: Record<string, string> } | { readonly missing: string } {
  const status = STATUS[task.status]
  const priority = PRIORITY[task.priority]
  if (!offered('hs_task_status').includes(status)) return { missing: `the status ${status}` }
  if (!offered('hs_task_priority').includes(priority)) return { missing: `the priority ${priority}` }
  return {
    properties: {
      hs_task_subject: subjectText(task.subject, keyed.field === null ? shortKeyOf(task.key) : null),
      hs_task_body: bodyHtml(task.body),
      // The due date, in spite of its name; as an instant it means the same in every zone.
      hs_timestamp: String(task.dueAtMs),
      hs_task_status: status,
      hs_task_priority: priority,
      hubspot_owner_id: task.ownerId,
      ...(offered('hs_task_type').includes('TODO') ? { hs_task_type: 'TODO' } : {}),
      ...(keyed.field === null ? {} : { [keyed.field]: task.key }),
    },
  }
}
